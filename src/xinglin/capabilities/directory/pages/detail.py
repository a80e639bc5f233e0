"""One institution, department or person of the directory, as everybody may see it; staff without their numbers."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.directory.contract import DIRECTORY, INSTITUTIONS_PAGE, SERVICE_MODES
from xinglin.capabilities.directory.operations.reading import DEPARTMENTS, document, hospital_of, today
from xinglin.capabilities.directory.pages.search import department_of, title_of
from xinglin.capabilities.directory.rules import forms
from xinglin.capabilities.directory.rules.fields import LEVELS, ROLES
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security import credential_forms, institution_forms
from xinglin.security.identifiers import INSTITUTION_LICENCE, USCC
from xinglin.security.institutions import next_verification, verification_state
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import said
from xinglin.web.view import Form, View

Document = dict[str, Any]
FEW: Final = 200
TONES: Final = {"valid": "success", "due-90": "info", "due-60": "info", "due-30": "warning", "overdue": "danger"}


@cites("R2-004")
async def show_institution(work: UnitOfWork, form: Form) -> View:
    """Show an institution: licence information, departments, services, where it is."""
    one = await document(work.fhir, "Organization", form["id"])
    if institution_forms.department_codes(one):
        raise OutcomeError(not_found("Organization", form["id"]))
    reference = f"Organization/{one['id']}"
    departments = await _few(work, "Organization", partof=reference, type=DEPARTMENTS, _sort="name")
    services = await _few(work, "HealthcareService", organization=reference, _sort="name")
    places = await _few(work, "Location", organization=reference, status="active", _sort="name")
    hospital = await hospital_of(work.fhir, reference)
    shown = institution_forms.institution_of(one)
    day = today(work.now)
    return View(
        "directory/institution.html",
        {
            "one": _facts(one, form),
            "licence": shown.licence,
            "open": one.get("active") is not False,
            "suspended": institution_forms.value(
                institution_forms.extension(one, institution_forms.SUSPENDED), "reason"
            ),
            "verification": verification_state(shown, day),
            "tone": TONES.get(verification_state(shown, day), "neutral"),
            "due": due.isoformat() if (due := next_verification(shown)) else "",
            "modes": [
                said(SERVICE_MODES.codes[mode], form.language)
                for mode in sorted(shown.licence.modes)
                if mode in SERVICE_MODES.codes
            ],
            "departments": [_line(each) for each in departments if each.get("active") is not False],
            "services": [_line(each) for each in services if each.get("active") is not False],
            "places": [_line(each) for each in places],
            "hospital": _line(hospital) | {"active": hospital.get("active") is True} if hospital else None,
            "is_hospital": shown.is_internet_hospital,
            "host": _referred(one, "partOf"),
            "edit": f"{INSTITUTIONS_PAGE}/{one['id']}"
            if work.principal.roles & {"regulator"} and not shown.is_internet_hospital
            else "",
        },
    )


async def show_department(work: UnitOfWork, form: Form) -> View:
    """Show a department with who works there."""
    one = await document(work.fhir, "Organization", form["id"])
    codes = institution_forms.department_codes(one)
    if not codes:
        raise OutcomeError(not_found("Organization", form["id"]))
    institution = str((one.get("partOf") or {}).get("reference") or "")
    page = await work.fhir.find(
        "PractitionerRole",
        organization=institution,
        specialty=",".join(f"{institution_forms.SUBJECTS}|{code}" for code in codes),
        active="true",
        _include="PractitionerRole:practitioner",
        _count=str(FEW),
    )
    people = {f"{row.rt}/{row.id}": document_of(row.body()) for row in page.included}
    return View(
        "directory/department.html",
        {
            "one": _line(one),
            "phone": forms.phone(one),
            "code": codes[0],
            "open": one.get("active") is not False,
            "institution": _referred(one, "partOf"),
            "staff": [_worker(document_of(row.body()), people, form) for row in page.matches],
        },
    )


async def show_doctor(work: UnitOfWork, form: Form) -> View:
    """Show who somebody is and where he works: public facts alone."""
    person = await document(work.fhir, "Practitioner", form["id"])
    page = await work.fhir.find(
        "PractitionerRole", practitioner=f"Practitioner/{form['id']}", active="true", _count=str(FEW)
    )
    titled = institution_forms.extension(person, credential_forms.PROFESSIONAL_TITLE)
    level = str(institution_forms.value(titled, "level") or "")
    return View(
        "directory/doctor.html",
        {
            "name": forms.named(person),
            "gender": person.get("gender", ""),
            "title": title_of(person),
            "level": level,
            "open": person.get("active") is not False,
            "places": [_place(document_of(row.body()), form) for row in page.matches],
        },
    )


def _facts(one: Mapping[str, Any], form: Form) -> dict[str, str]:
    address: Mapping[str, Any] = (one.get("address") or ({},))[0]
    level = str((institution_forms.value(one, institution_forms.LEVEL) or {}).get("code") or "")
    return {
        "id": str(one["id"]),
        "name": forms.named(one),
        "category": next((str(each["text"]) for each in one.get("type") or () if each.get("text")), ""),
        "level": said(LEVELS[level], form.language) if level in LEVELS else "",
        "address": str(address.get("text") or ""),
        "district": str(address.get("district") or ""),
        "phone": forms.phone(one),
        "number": institution_forms.identifier(one, INSTITUTION_LICENCE),
        "uscc": institution_forms.identifier(one, USCC),
    }


def _line(one: Mapping[str, Any]) -> dict[str, Any]:
    note = str(one.get("comment") or one.get("description") or "")
    return {"id": str(one["id"]), "name": forms.named(one), "note": note}


def _referred(one: Mapping[str, Any], member: str) -> dict[str, str]:
    """Give id and name of what a reference points to."""
    where: Mapping[str, Any] = one.get(member) or {}
    id = str(where.get("reference") or "").rpartition("/")[2]
    return {"id": id, "name": str(where.get("display") or id)}


def _worker(one: Mapping[str, Any], people: Mapping[str, Document], form: Form) -> dict[str, str]:
    who = str((one.get("practitioner") or {}).get("reference") or "")
    person = people.get(who, {})
    return {
        "href": f"{DIRECTORY}/doctors/{who.rpartition('/')[2]}" if person else "",
        "name": forms.named(person) or str((one.get("practitioner") or {}).get("display") or ""),
        "title": title_of(person),
        "role": _role(one, form),
    }


def _place(one: Mapping[str, Any], form: Form) -> dict[str, str]:
    where: Mapping[str, Any] = one.get("organization") or {}
    id = str(where.get("reference") or "").rpartition("/")[2]
    return {
        "href": f"{DIRECTORY}/institutions/{id}",
        "institution": str(where.get("display") or id),
        "department": department_of(one),
        "role": _role(one, form),
        "site": str(institution_forms.value(one, credential_forms.SITE_KIND) or ""),
    }


def _role(one: Mapping[str, Any], form: Form) -> str:
    codes = institution_forms.codes_of(one.get("code") or (), forms.ROLES)
    return "、".join(said(ROLES[code], form.language) for code in codes if code in ROLES)


async def _few(work: UnitOfWork, type: str, /, **asked: str) -> list[Document]:
    page = await work.fhir.find(type, _count=str(FEW), **asked)
    return [document_of(row.body()) for row in page.matches]
