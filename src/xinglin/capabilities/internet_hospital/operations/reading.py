"""What the use cases read: a visit and whose side one is on, its evidence and messages, hospitals and doctors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.rules import forms, hours
from xinglin.capabilities.internet_hospital.rules.forms import BEIJING, Document
from xinglin.capabilities.internet_hospital.rules.states import Side, Terms
from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Encounter
from xinglin.security import institution_forms
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import Site, Standing, may_practise_online
from xinglin.security.institutions import may_offer
from xinglin.security.principal import Principal
from xinglin.store.door import Fhir, UnitOfWork
from xinglin.store.reading import not_found
from xinglin.store.search import Page
from xinglin.web.asking import ask

MOST: Final = 200  # departments, doctors, evidence, messages: of one hospital, one visit
ROLES: Final = "https://xinglin.health/fhir/CodeSystem/role"


def today(now: datetime) -> date:
    """Give the date in Beijing."""
    return now.astimezone(BEIJING).date()


async def visit(work: UnitOfWork, id: str, *, lock: bool = False) -> Document:
    """Read an online visit with the rights of whoever asks; 404 when it is none."""
    found: Document = document_of((await work.fhir.read("Encounter", id, lock=lock)).body())
    if contract.VISIT.url not in found.get("meta", {}).get("profile", ()):
        raise OutcomeError(not_found("Encounter", id))
    return found


def side(principal: Principal, encounter: Mapping[str, Any]) -> Side:
    """Tell on which side of a visit one is; 403 on none."""
    patient = encounter["subject"]["reference"]
    if principal.roles & {"resident", "guardian"} and patient in {principal.patient, *principal.patients}:
        return "patient"
    if principal.practitioner and principal.practitioner == forms.doctor_of(encounter):
        return "doctor"
    if principal.practitioner and principal.practitioner in forms.colleagues_of(encounter):
        return "colleague"
    raise OutcomeError(
        Issue("forbidden", "visit-not-yours", text="This is for the two sides of the visit."), status=403
    )


async def typed(work: UnitOfWork, id: str) -> Encounter:
    """Give a visit as it stands now."""
    made = codec.decode((await work.platform.read("Encounter", id)).body(), "Encounter")
    if not isinstance(made, Encounter):
        raise TypeError("an Encounter is an Encounter")
    return made


async def evidence(fhir: Fhir, encounter: Mapping[str, Any]) -> tuple[Document, ...]:
    """Give the evidence of a visit, in the order it came."""
    page = await fhir.find(
        "DocumentReference",
        patient=encounter["subject"]["reference"],
        encounter=f"Encounter/{encounter['id']}",
        _sort="date",
        _count=str(MOST),
    )
    documents = (document_of(row.body()) for row in page.matches)
    return tuple(one for one in documents if contract.EVIDENCE.url in one.get("meta", {}).get("profile", ()))


async def messages(work: UnitOfWork, encounter: Mapping[str, Any]) -> tuple[Document, ...]:
    """Give what was said in a visit, in order; what the platform did not seal is no message of the visit."""
    page = await ask(
        work,
        "Communication",
        ("encounter", f"Encounter/{encounter['id']}"),
        ("_profile", contract.MESSAGE.url),
        ("_sort", "-sent"),
        ("_count", str(MOST)),
    )
    found = [document_of(row.body()) for row in page.matches]
    return tuple(one for one in reversed(found) if sealed(work, one))


def seal(work: UnitOfWork, message: Mapping[str, Any]) -> str:
    """Compute what shows that a message was taken by `$say`, and from whom: anybody may write a Communication."""
    sender = message["sender"].get("reference") or message["sender"].get("identifier", {}).get("value", "")
    payload = message["payload"][0]
    said = payload.get("contentString") or payload.get("contentAttachment", {}).get("url", "")
    whole = "\x1f".join((message["encounter"]["reference"], str(sender), message["sent"], said))
    return work.vault.digest("visit-message", whole).hex()


def sealed(work: UnitOfWork, message: Mapping[str, Any]) -> bool:
    """Tell whether a message bears the platform's seal."""
    marks = {one.get("value") for one in message.get("identifier", ()) if one.get("system") == contract.SEAL}
    return seal(work, message) in marks


# -- hospitals and doctors --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hospital:
    """An internet hospital. host: reference of the physical institution. faults: keys of what stands against it.

    departments: name by code, of those open online. own: what it decided itself of the terms (contract.TERMS).
    """

    reference: str
    name: str
    host: str
    address: str
    phone: str
    level: str
    faults: tuple[str, ...]
    departments: Mapping[str, str]
    own: Mapping[str, Any] = field(default_factory=dict)


async def terms_of(work: UnitOfWork, reference: str, terms: Terms) -> Terms:
    """Give the terms of an internet hospital. terms: of the platform."""
    row = await work.platform.read("Organization", reference.removeprefix("Organization/"))
    return terms.with_own(forms.parts(document_of(row.body()), contract.TERMS))


async def hospitals(work: UnitOfWork) -> tuple[Hospital, ...]:
    """Give the internet hospitals that give care today."""
    kind = f"{institution_forms.KINDS}|{institution_forms.INTERNET_HOSPITAL}"
    page = await work.platform.find("Organization", type=kind, active="true", _sort="name", _count=str(MOST))
    found = [await hospital(work, f"Organization/{row.id}") for row in page.matches]
    return tuple(one for one in found if not one.faults and one.departments)


async def hospital(work: UnitOfWork, reference: str) -> Hospital:
    """Read an internet hospital with what stands against it; 404 when it is none."""
    id = reference.removeprefix("Organization/")
    own: Document = document_of((await work.platform.read("Organization", id)).body())
    if not institution_forms.is_internet_hospital(own):
        raise OutcomeError(not_found("Organization", id))
    judged = institution_forms.institution_of(own)
    host: Document = {}
    if judged.host:
        host = document_of((await work.platform.read("Organization", judged.host.removeprefix("Organization/"))).body())
    if judged.naming != "independent":
        # Under a second name the licence is that of the physical institution.
        base = institution_forms.institution_of(host)
        judged = replace(judged, licence=base.licence, active=judged.active and base.active)
    page = await work.platform.find("HealthcareService", organization=reference, active="true", _count=str(MOST))
    offered = [document_of(row.body()) for row in page.matches]
    where = host or own
    return Hospital(
        reference=reference,
        name=str(own.get("name") or ""),
        host=judged.host,
        address=str(next((one.get("text") or "" for one in where.get("address", ())), "")),
        phone=str(
            next((one.get("value") or "" for one in where.get("telecom", ()) if one.get("system") == "phone"), "")
        ),
        level=str((institution_forms.value(where, institution_forms.LEVEL) or {}).get("code") or ""),
        faults=tuple(one.key for one in may_offer(judged, "internet-hospital", today(work.now))),
        departments={
            code: str(one.get("name") or code)
            for one in offered
            for code in institution_forms.codes_of(one.get("specialty") or (), institution_forms.SUBJECTS)
        },
        own=forms.parts(own, contract.TERMS),
    )


@dataclass(frozen=True, slots=True)
class Doctor:
    """A physician as the gate asks. place: institution under which the work online is admitted. title: shown."""

    reference: str
    name: str
    title: str
    place: str
    faults: tuple[Issue, ...]
    departments: tuple[str, ...]


async def doctor(work: UnitOfWork, reference: str, at: Hospital, department: str | None = None) -> Doctor:
    """Judge a physician for a department of an internet hospital, there or at the institution it relies on.

    department: None for whichever the physician works in.
    """
    id = reference.removeprefix("Practitioner/")
    person = codec.decode((await work.platform.read("Practitioner", id)).body(), "Practitioner")
    page = await work.platform.find("PractitionerRole", practitioner=reference, _count=str(MOST))
    sites = tuple(site_of(codec.decode(row.body(), "PractitionerRole")) for row in page.matches)
    return _judged(work, standing_of(person), sites, at, department)


async def doctors(work: UnitOfWork, at: Hospital, department: str | None = None) -> tuple[Doctor, ...]:
    """Give the physicians who may see patients online in a department, or in any."""
    page = await work.platform.find(
        "PractitionerRole",
        organization=",".join(filter(None, (at.reference, at.host))),
        role=f"{ROLES}|physician",
        active="true",
        _include="PractitionerRole:practitioner",
        _count=str(MOST),
    )
    sites = [site_of(codec.decode(row.body(), "PractitionerRole")) for row in page.matches]
    owners = {
        f"PractitionerRole/{row.id}": document_of(row.body()).get("practitioner", {}).get("reference", "")
        for row in page.matches
    }
    found = []
    for row in page.included:
        reference = f"Practitioner/{row.id}"
        held = tuple(one for one in sites if owners.get(one.reference) == reference)
        found.append(_judged(work, standing_of(codec.decode(row.body(), "Practitioner")), held, at, department))
    return tuple(sorted((one for one in found if not one.faults), key=lambda one: (one.title, one.name)))


def _judged(
    work: UnitOfWork, standing: Standing, sites: Sequence[Site], at: Hospital, department: str | None
) -> Doctor:
    places = [at.reference, *([at.host] if at.host else [])]
    judged = [
        (one, may_practise_online(standing, sites, one, today(work.now), department=department)) for one in places
    ]
    place, faults = min(judged, key=lambda pair: len(pair[1]))
    held = tuple(code for one in sites if one.organization in places for code in one.departments)
    return Doctor(standing.reference, standing.name, standing.title, place, faults, held)


async def pharmacist_on_duty(work: UnitOfWork, at: Hospital) -> bool:
    """Tell whether a pharmacist of the hospital, or of the institution it relies on, is at work now (1.3, R1-043)."""
    page: Page = await work.platform.find(
        "PractitionerRole",
        organization=",".join(filter(None, (at.reference, at.host))),
        role=f"{ROLES}|pharmacist",
        active="true",
        _count=str(MOST),
    )
    local = work.now.astimezone(BEIJING)
    return any(hours.at_work(document_of(row.body()).get("availableTime") or (), local) for row in page.matches)
