"""What the gate asks of a visit, read from the record; and the gate itself as an operation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xinglin.capabilities.internet_hospital.contract import CONSENT, NEEDED, WORDING, Gated, Gating
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.internet_hospital.operations.reading import Hospital
from xinglin.capabilities.internet_hospital.rules import forms, wording
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.care.findings import Finding
from xinglin.care.revisit import DEFAULT, Case, Gate, Guardian, Policy, gate
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.credential_forms import first_day
from xinglin.security.institution_forms import is_internet_hospital
from xinglin.security.proofing import age_years, level_reached
from xinglin.store.door import UnitOfWork

VERIFIED = "L2"


async def case_of(
    work: UnitOfWork,
    encounter: Document,
    *,
    diagnoses: Sequence[str] = (),
    acted_at: datetime | None = None,
    guardian: Guardian | None = None,
) -> Case:
    """Read everything that the gate asks of a visit as it stands now. diagnoses: codes that the doctor means."""
    at = await reading.hospital(work, encounter["serviceProvider"]["reference"])
    department = forms.department_of(encounter)
    whose = forms.doctor_of(encounter)
    treats = await reading.doctor(work, whose, at, department) if whose else None
    found = await reading.evidence(work.platform, encounter)
    return Case(
        day=reading.today(work.now),
        # Proved when the visit was asked for; what was proved then is not undone by a later session.
        verified=True,
        consented=await consented(work, encounter),
        evidence=tuple([forms.read_evidence(one, physical=await physical(work, one)) for one in found]),
        department=department,
        open_departments=frozenset(at.departments),
        diagnoses=tuple(diagnoses),
        doctor_faults=tuple(one.key for one in treats.faults) if treats else (),
        hospital_faults=at.faults,
        pharmacist_on_duty=await reading.pharmacist_on_duty(work, at),
        acted_at=acted_at,
        age_years=await age_of(work, encounter["subject"]["reference"]),
        guardian=guardian or forms.guardian_of(encounter),
        specialties=treats.departments if treats else (),
        insured=await insured(work, encounter["subject"]["reference"]),
    )


@cites("R1-002", "R1-041")
async def physical(work: UnitOfWork, evidence: Mapping[str, Any]) -> bool:
    """Tell whether what stands in the record was made by a physical institution: no visit online, no such hospital."""
    related = next((one.get("reference", "") for one in evidence.get("context", {}).get("related", ())), "")
    if not related.startswith("Encounter/"):
        return False
    return await made_physically(work, document_of((await work.platform.read("Encounter", related[10:])).body()))


async def made_physically(work: UnitOfWork, seen: Mapping[str, Any]) -> bool:
    """Tell whether a visit of the record took place at a physical institution."""
    provider = seen.get("serviceProvider", {}).get("reference", "")
    if seen.get("class", {}).get("code") in {"VR", None} or not provider.startswith("Organization/"):
        return False
    body = document_of((await work.platform.read("Organization", provider[13:])).body())
    return not is_internet_hospital(body)


@cites("R1-070", "R1-073")
async def consented(work: UnitOfWork, encounter: Mapping[str, Any]) -> bool:
    """Tell whether the consents that a visit names are in force, in the wording they were given in, the needed two."""
    kinds = set()
    for one in encounter.get("extension", ()):
        if one["url"] == CONSENT:
            consent = document_of((await work.platform.read("Consent", one["valueReference"]["reference"][8:])).body())
            if consent.get("status") == "active" and forms.parts(consent, WORDING):
                kinds |= {coding.get("code") for each in consent.get("category", ()) for coding in each["coding"]}
    return set(NEEDED) <= kinds


async def held_consents(work: UnitOfWork, patient: str, at: Hospital) -> dict[str, str]:
    """Give the consents in force to a hospital in the current wording: reference by kind."""
    page = await work.platform.find("Consent", patient=patient, status="active", _sort="-_lastUpdated", _count="200")
    held: dict[str, str] = {}
    for row in page.matches:
        consent = document_of(row.body())
        said = forms.parts(consent, WORDING)
        actors = [one.get("reference", {}).get("reference") for one in consent.get("provision", {}).get("actor", ())]
        if said.get("version") == wording.current().version and said.get("hospital") == at.reference:
            code = next((c.get("code", "") for one in consent["category"] for c in one.get("coding", ())), "")
            if code not in NEEDED or at.reference in actors:
                held.setdefault(code, f"Consent/{row.id}")
    return held


@cites("R1-044")
async def insured(work: UnitOfWork, patient: str) -> bool:
    """Tell whether a patient is insured: then the fee is claimed, and the shorter age of evidence holds."""
    return await work.platform.count("Coverage", beneficiary=patient, status="active") > 0


async def age_of(work: UnitOfWork, patient: str) -> int | None:
    """Give the age of a patient in whole years; None when the birth date is not known."""
    born = first_day(document_of((await work.platform.read("Patient", patient[8:])).body()).get("birthDate"))
    return age_years(born, reading.today(work.now)) if born is not None else None


@cites("R2-020", "R1-043")
def verified(level: str) -> bool:
    """Tell whether whoever asks was proved by real name well enough for care."""
    return level_reached(level, VERIFIED)


async def revisit_gate(work: UnitOfWork, given: Gating, *, policy: Policy = DEFAULT) -> Gated:
    """Encounter/$revisit-gate: judge a visit for some diagnoses, as of now."""
    encounter = await reading.visit(work, given.id)
    if work.principal.practitioner in forms.colleagues_of(encounter):
        text = "The receiving doctor diagnoses and prescribes, not who was asked to join."
        raise OutcomeError(Issue("forbidden", "visit-not-yours", text=text), status=403)
    found = gate(await case_of(work, encounter, diagnoses=given.diagnoses, acted_at=work.now), policy)
    return Gated(found.passed, found.code, tuple(f"{one.code} {one.rule} {one.text.zh}" for one in found.findings))


def issues(found: Gate) -> tuple[Issue, ...]:
    """Say why the gate is shut, as the reasons of a refusal."""
    return tuple(_issue(one) for one in found.findings if one.weight == "block")


def _issue(one: Finding) -> Issue:
    return Issue("business-rule", f"gate-{one.code.lower().replace('_', '-')}", text=f"{one.text.en} ({one.rule})")
