"""Asking for a visit: what the record shows, the four consents, the evidence, and the order itself."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.consents.contract import GIVE, Give
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Request
from xinglin.capabilities.internet_hospital.operations import admitting, paying, reading
from xinglin.capabilities.internet_hospital.operations.reading import Hospital
from xinglin.capabilities.internet_hospital.rules import asking, forms, wording
from xinglin.capabilities.internet_hospital.rules.forms import Shown
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.care.revisit import DEFAULT, Case, Evidence, Guardian, Policy, entrance
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Binary, Encounter
from xinglin.fhir.sources import cites
from xinglin.security.labels import SPECIAL_CODES
from xinglin.store.door import UnitOfWork
from xinglin.tables.catalogues import service

LOOKED: Final = 200  # diagnoses of the record, the newest first


@cites("R1-042", "R1-041")
async def shown(work: UnitOfWork, patient: str) -> tuple[Shown, ...]:
    """Find the visits of the record that show a diagnosis, the newest first, with the rights of whoever asks."""
    page = await work.fhir.find(
        "Condition",
        patient=f"Patient/{patient}",
        category="encounter-diagnosis",
        _include="Condition:encounter",
        _sort="-recorded-date",
        _count=str(LOOKED),
    )
    visits = {f"Encounter/{row.id}": row for row in page.included}
    by_visit: dict[str, list[Any]] = {}
    for row in page.matches:
        condition = document_of(row.body())
        by_visit.setdefault(condition.get("encounter", {}).get("reference", ""), []).append(condition)
    found = []
    for reference, conditions in by_visit.items():
        if reference not in visits:
            continue
        raw = visits[reference].body()
        seen = document_of(raw)
        kind = asking.kind_of(seen)
        if kind:
            physically = await admitting.made_physically(work, seen)
            found.append(_shown(reference, kind, seen, conditions, physical=physically, raw=raw))
    return tuple(sorted(found, key=lambda one: str(one.on or ""), reverse=True))


def _shown(
    reference: str, kind: str, seen: Mapping[str, Any], conditions: Sequence[Any], *, physical: bool, raw: bytes
) -> Shown:
    provider = seen.get("serviceProvider", {})
    digest = hashlib.sha256(raw + b"".join(bytes_of(one) for one in conditions)).hexdigest()
    return Shown(
        encounter=reference,
        kind=kind,
        on=asking.day_of(seen),
        source=str(provider.get("reference") or ""),
        source_name=str(provider.get("display") or ""),
        physical=physical,
        diagnoses=tuple(asking.coded(one) for one in conditions if asking.coded(one)[1]),
        digest=digest,
    )


async def request_visit(work: UnitOfWork, given: Request, *, terms: Terms, policy: Policy = DEFAULT) -> Encounter:
    """Patient/$request-visit: ask for a re-visit; refused with every reason, a first visit among them (R1-040)."""
    who = work.principal
    if f"Patient/{given.id}" not in {who.patient, *who.patients}:
        raise OutcomeError(Issue("forbidden", "visit-not-yours", text="You may not act for this person."), status=403)
    at = await reading.hospital(work, given.hospital)
    held = await admitting.held_consents(work, f"Patient/{given.id}", at)
    refuse(
        (
            *asking.request_faults(given, reading.today(work.now)),
            *wording.agreement_faults(given.agreed, frozenset(held), given.version),
        )
    )
    chosen = tuple(one for one in await shown(work, given.id) if one.encounter[10:] in given.encounters)
    treats = await reading.doctor(work, given.doctor, at, given.department) if given.doctor else None
    guardian = await _guardian(work, given)
    case = Case(
        day=reading.today(work.now),
        verified=admitting.verified(who.level),
        consented=True,  # judged above, with its own reasons
        evidence=(*(_held(one) for one in chosen), *(_sent(given) for _ in given.files)),
        department=given.department,
        open_departments=frozenset(at.departments),
        doctor_faults=tuple(one.key for one in treats.faults) if treats else (),
        hospital_faults=at.faults,
        age_years=await admitting.age_of(work, f"Patient/{given.id}"),
        guardian=guardian,
        insured=await admitting.insured(work, f"Patient/{given.id}"),
    )
    refuse(admitting.issues(entrance(case, policy)))
    consents = held | {kind: await _agree(work, given, kind, at) for kind in given.agreed if kind not in held}
    return await _written(work, given, at, chosen, tuple(consents.values()), guardian, terms)


async def _written(
    work: UnitOfWork,
    given: Request,
    at: Hospital,
    chosen: Sequence[Shown],
    consents: Sequence[str],
    guardian: Guardian | None,
    terms: Terms,
) -> Encounter:
    terms, owed = terms.with_own(at.own), fee(at)
    until = work.now + terms.promise
    made = forms.visit(
        given, now=work.now, until=until, fee=owed, consents=consents, name=at.departments[given.department]
    )
    if guardian is not None:
        beside = forms.guardian(guardian.name, guardian.number, guardian.relation, verified=True, present=False)
        made = forms.with_extension(made, beside)
    made = forms.with_move(made, "requested", now=work.now, by=work.principal.id)
    written = await work.platform.create(bytes_of(made), type="Encounter")
    for one in chosen:
        paper = forms.evidence_of(one, patient=given.id, visit=written.id, now=work.now)
        await work.platform.create(bytes_of(paper), type="DocumentReference")
    for file in given.files:
        await _keep(work, given, written.id, file)
    made = made | {"id": written.id}
    if owed:
        bill = await paying.charge(work, written.id, given.id, at, owed)
        made = forms.with_extension(made, {"url": contract.BILL, "valueReference": {"reference": f"Invoice/{bill}"}})
        made = forms.with_extension(made, {"url": contract.PAYMENT, "valueCode": "due"})
        await work.platform.update(bytes_of(made), type="Encounter", id=written.id)
    else:
        await paying.promised(work, made, terms)
    work.note("visit-requested", type="Encounter", refs=(f"Encounter/{written.id}",), patient=None)
    return await reading.typed(work, written.id)


async def _keep(work: UnitOfWork, given: Request, visit: str, file: Binary) -> None:
    """Keep a file that was sent as evidence: a Binary of the patient, and the paper that names it."""
    body = b64decode(file.data or "")
    kept = await keep_file(work, f"Patient/{given.id}", file)
    paper = forms.sent_evidence(
        kept,
        file.contentType or "",
        given.kind,
        hashlib.sha256(body).hexdigest(),
        patient=given.id,
        visit=visit,
        now=work.now,
    )
    await work.platform.create(bytes_of(paper), type="DocumentReference")


async def keep_file(work: UnitOfWork, patient: str, file: Binary) -> str:
    """Keep a file of a patient, after it was looked at; gives the id of its Binary."""
    refuse(asking.file_faults(file.contentType or "", b64decode(file.data or "")))
    document = {
        "resourceType": "Binary",
        "contentType": file.contentType,
        "securityContext": {"reference": patient},
        "data": file.data,
    }
    return (await work.platform.create(bytes_of(document), type="Binary")).id


@cites("R1-070", "R1-072", "R1-073")
async def _agree(work: UnitOfWork, given: Request, kind: str, at: Hospital) -> str:
    """Give one consent, and write down what was agreed to: version, hash of the text, device, who, and for whom."""
    actors = (at.reference,) if kind in contract.NEEDED else ()
    asked = Give(
        given.id,
        kind,
        actors=actors,
        roles=("retail-pharmacist",) if kind == "sharing" else (),
        purposes=("TREAT",) if kind in {"sharing", "sensitive"} else (),
        classes=tuple(SPECIAL_CODES) if kind == "sensitive" else (),
    )
    consent = await work.fhir.operate(GIVE, asked)
    who = work.principal
    of_another = f"Patient/{given.id}" != who.patient
    said = forms.nested(
        contract.WORDING,
        version=wording.current().version,
        hash=wording.current().digest(kind, given.language),
        language=given.language,
        hospital=at.reference,
        account=who.id,
        level=who.level,
        device=who.device,
        guardian=(who.patient or "") if of_another else "",
    )
    id = str(consent.id)
    await work.platform.patch(lambda one: forms.with_extension(one, said), type="Consent", id=id)
    return f"Consent/{id}"


@cites("R1-055")
async def _guardian(work: UnitOfWork, given: Request) -> Guardian | None:
    """Name who accompanies a child: whoever asks, by the name and number under which the account was proved."""
    if not given.guardian_name:
        return None
    own = work.principal.patient
    known = document_of((await work.platform.read("Patient", own[8:])).body()) if own else {}
    proved = admitting.verified(work.principal.level)
    return Guardian(
        given.guardian_name.strip(),
        given.guardian_number.strip(),
        given.guardian_relation.strip(),
        verified=proved and asking.is_person(known, given.guardian_name, given.guardian_number),
        present=False,
    )


def _held(one: Shown) -> Evidence:
    codes = tuple(code for _, code, _ in one.diagnoses)
    return Evidence(one.encounter, one.source, one.physical, one.kind, one.on, codes, "regional-platform")


def _sent(given: Request) -> Evidence:
    return Evidence("", "", physical=True, kind=given.kind, on=None, diagnoses=(), origin="patient-upload")


def fee(at: Hospital) -> int:
    """Give the fee of a re-visit in fen: the hospital's own, else that of the catalogue of services."""
    return int(at.own.get("fee", service(asking.service_of(at.level)).price_fen))
