"""Adding, changing and closing what an institution has; nothing is deleted, and every version says why it was written.

Writing passes the door with the rights of whoever keeps the institution. Only who somebody is (Practitioner) is written
by the platform: a person may work elsewhere too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.directory.operations.reading import document, found, hospital_of, today
from xinglin.capabilities.directory.rules import forms
from xinglin.capabilities.directory.rules.fields import FIELDS, Values, spelled
from xinglin.capabilities.practitioners.contract import VERIFY_NEW
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import IDENTITY_CARD, USCC
from xinglin.security.institution_forms import CHANGE_REASON, DEPARTMENT, TYPES, Json, value
from xinglin.store.door import Fhir, UnitOfWork
from xinglin.store.executor import Written
from xinglin.store.identity import accounts, events
from xinglin.store.identity.sessions import end_sessions
from xinglin.store.reading import not_found

Document = dict[str, Any]
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """What is kept. type: its FHIR type. write: makes the JSON after of the fields; None: `keep` knows how."""

    name: str
    type: str
    write: Callable[[Values, Json | None, Json], Document] | None = None


KINDS: Final[Mapping[str, Kind]] = {
    one.name: one
    for one in (
        Kind("departments", "Organization", forms.department),
        Kind("locations", "Location", forms.location),
        Kind("services", "HealthcareService", forms.service),
        Kind("staff", "PractitionerRole"),
        Kind("institutions", "Organization"),
    )
}


@cites("R2-001")
async def keep(work: UnitOfWork, kind: Kind, id: str, given: Values, reason: str) -> str:
    """Add (id empty) or change one thing of the institution; gives its id. OutcomeError with all that is wrong."""
    before = await kept(work, kind, id) if id else None
    values, faults = spelled(asked(kind, before), given, today=today(work.now))
    refuse((*faults, *_reason_faults(reason, before)))
    if before is not None:
        # What was asked once stays: numbers, names, roles.
        stays = {one.name for one in FIELDS[kind.name] if one.new}
        values |= {name: text for name, text in (await values_of(work, kind, before)).items() if name in stays}
    institution = {} if kind.name == "institutions" else await own(work)
    return (await write(work, work.fhir, kind, values, before, reason, institution=institution)).id


async def write(
    work: UnitOfWork, fhir: Fhir, kind: Kind, values: Values, before: Json | None, reason: str, *, institution: Document
) -> Written:
    """Write what is spelled right already, by *fhir*, of an *institution*; an import does so row by row."""
    if kind.name == "institutions":
        await _must_be_new(work, "Organization", before, {"identifier": f"{USCC}|{values.get('uscc', '')}"})
        made = forms.institution(values, before)
        return await _written(fhir, kind.type, made, before, reason)
    await work.lock(f"Organization/{institution['id']}")
    if kind.name == "staff":
        return await _engage(work, fhir, values, before, institution, reason)
    if kind.write is None:
        raise LookupError(kind.name)
    if kind.name == "services":
        institution = await _offering(work, institution, values)
    if kind.name == "departments":
        await _no_other_department(work, values["code"], before, institution)
    return await _written(fhir, kind.type, kind.write(values, before, institution), before, reason)


async def set_open(work: UnitOfWork, kind: Kind, id: str, reason: str, *, open: bool) -> None:
    """Close one thing, or open it again; staff whose place of work closes are signed out and lose their roles there."""
    before = await kept(work, kind, id)
    refuse(_reason_faults(reason, before))
    await work.fhir.patch(
        lambda one: forms.with_reason(forms.opened(one, open=open), reason.strip()), type=kind.type, id=id
    )
    if kind.name == "staff" and not open:
        await _leave(work, before)


async def kept(work: UnitOfWork, kind: Kind, id: str) -> Document:
    """Read one thing that the reader keeps; OutcomeError 404 for what is another's, as if it were not there."""
    one = await document(work.fhir, kind.type, id)
    if not await _is_kept(work, kind, one):
        raise OutcomeError(not_found(kind.type, id))
    return one


async def values_of(work: UnitOfWork, kind: Kind, one: Json) -> dict[str, str]:
    """Read one thing into its fields."""
    if kind.name == "staff":
        person = await document(work.platform, "Practitioner", _id(one, "practitioner"))
        return forms.staff_fields(one, person)
    found = forms.READERS[kind.name](one)
    if kind.name == "services":
        here = _id(one, "providedBy") == _own_id(work)
        return found | {"where": "here" if here else "online"}
    return found


async def own(work: UnitOfWork) -> Document:
    """Read the institution of whoever acts; OutcomeError 403 for somebody of none."""
    if not work.principal.organization:
        raise OutcomeError(Issue("forbidden", "no-institution", text="Your account belongs to no institution."))
    return await document(work.fhir, "Organization", _own_id(work))


async def staff_of(work: UnitOfWork, card: str) -> Document | None:
    """Find a Practitioner by identity number; None when there is none."""
    page = await work.platform.find("Practitioner", identifier=f"{IDENTITY_CARD}|{card}", _count="1")
    return document_of(page.matches[0].body()) if page.matches else None


def asked(kind: Kind, before: Json | None) -> tuple[Any, ...]:
    """Give the fields of a form: some are asked only when something is new."""
    fields = FIELDS[kind.name]
    return fields if before is None else tuple(one for one in fields if not one.new)


def reason_of(one: Json) -> str:
    """Give why a version was written."""
    return str(value(one, CHANGE_REASON) or "")


# -- writing ----------------------------------------------------------------------------------------------------------


async def _written(fhir: Fhir, type: str, made: Document, before: Json | None, reason: str) -> Written:
    raw = bytes_of(forms.with_reason(made, reason.strip()) if reason.strip() else made)
    if before is None:
        return await fhir.create(raw, type=type)
    return await fhir.update(raw, type=type, id=str(before["id"]))


async def _engage(
    work: UnitOfWork, fhir: Fhir, values: Values, before: Json | None, institution: Json, reason: str
) -> Written:
    """Write a place of work, and who works there when nobody with that number is known (CD-13).

    Who may change places of work here may open one for somebody whose identity number he has.
    """
    if work.fhir.reach("update", "PractitionerRole").nothing:
        raise OutcomeError(Issue("forbidden", "forbidden", text="You may not keep the staff of an institution."))
    if before is not None:
        person: Document | None = await document(work.platform, "Practitioner", _id(before, "practitioner"))
    else:
        person = await staff_of(work, values["card"])
    day = today(work.now)
    made = forms.practitioner(values, person, today=day)
    if person is None:
        id = (await work.platform.create(bytes_of(made), type="Practitioner")).id
        made |= {"id": id}
    elif forms.named(person) != values.get("name", forms.named(person)):
        text = "Somebody of another name has this identity number."
        raise OutcomeError(Issue("business-rule", "staff-name", "name", text))
    elif made != person:
        await work.platform.update(bytes_of(made), type="Practitioner", id=str(person["id"]))
    if before is None:
        who, where = f"Practitioner/{made['id']}", f"Organization/{institution['id']}"
        role = f"{forms.ROLES}|{values['role']}"
        await _must_be_new(work, "PractitionerRole", before, {"practitioner": who, "organization": where, "role": role})
        await work.defer(VERIFY_NEW, practitioner=str(made["id"]))
    keeper = work.platform if before is None else fhir
    return await _written(keeper, "PractitionerRole", forms.role(values, before, institution, made), before, reason)


async def _must_be_new(work: UnitOfWork, type: str, before: Json | None, asked: Mapping[str, str]) -> None:
    if before is not None:
        return
    page = await work.platform.find(type, _count="1", **asked)
    if page.matches:
        raise OutcomeError(Issue("conflict", "directory-exists", text="This is in the directory already."))


async def _no_other_department(work: UnitOfWork, code: str, before: Json | None, institution: Json) -> None:
    for one in await found(work.platform, "Organization", partof=f"Organization/{institution['id']}"):
        same = forms.department_fields(one).get("code") == code
        if same and (before is None or one["id"] != before["id"]):
            raise OutcomeError(
                Issue("conflict", "directory-exists", "code", "The institution has this department already.")
            )


async def _offering(work: UnitOfWork, institution: Document, values: Values) -> Document:
    """Give who offers a service: the institution, or its internet hospital."""
    if values.get("where") != "online":
        return institution
    hospital = await hospital_of(work.fhir, f"Organization/{institution['id']}")
    if hospital is None:
        text = "The institution has no internet hospital yet; set one up first."
        raise OutcomeError(Issue("business-rule", "no-hospital", "where", text))
    return hospital


async def _leave(work: UnitOfWork, role: Json) -> None:
    """Let nobody go on working in the name of an institution that he left."""
    practitioner = f"Practitioner/{_id(role, 'practitioner')}"
    where = f"Organization/{_id(role, 'organization')}"
    page = await work.platform.find(
        "PractitionerRole", practitioner=practitioner, organization=where, active="true", _count="1"
    )
    if page.matches:
        return  # another place of work there stays
    for account in await accounts.of_person(work.executor, practitioner):
        for one in await accounts.assignments(work.executor, account.id, work.now):
            if one.organization == where:
                await accounts.unassign(work.executor, account.id, one.id, work.now)
                events.note(work, "role", detail=f"ended {one.role} of {account.id}: left the institution")
    await end_sessions(work.executor, why="left the institution", practitioner=practitioner)


# -- whose it is ------------------------------------------------------------------------------------------------------


async def _is_kept(work: UnitOfWork, kind: Kind, one: Json) -> bool:
    """Tell whether something is of the institution of whoever acts, or an institution for who opens those."""
    types = {
        coding.get("code")
        for concept in one.get("type") or ()
        for coding in concept.get("coding") or ()
        if coding.get("system") == TYPES
    }
    if kind.name == "institutions":
        return DEPARTMENT not in types and bool(work.principal.roles & {"regulator", "developer", "system"})
    member = {"departments": "partOf", "locations": "managingOrganization", "services": "providedBy"}
    holder = _id(one, member.get(kind.name, "organization"))
    if kind.name == "departments" and DEPARTMENT not in types:
        return False
    if holder and holder == _own_id(work):
        return True
    hospital = await hospital_of(work.fhir, f"Organization/{_own_id(work)}") if _own_id(work) else None
    return hospital is not None and holder == hospital["id"]


def _own_id(work: UnitOfWork) -> str:
    return (work.principal.organization or "").removeprefix("Organization/")


def _id(one: Json, member: str) -> str:
    return str((one.get(member) or {}).get("reference") or "").rpartition("/")[2]


def _reason_faults(reason: str, before: Json | None) -> tuple[Issue, ...]:
    """Ask why something that stands is changed; what is new explains itself."""
    if before is not None and not reason.strip():
        return (Issue("required", "change-reason", "reason", "Say why this is changed."),)
    if len(reason) > LONGEST:
        return (Issue("value", "field-long", "reason", f"At most {LONGEST} characters."),)
    return ()
