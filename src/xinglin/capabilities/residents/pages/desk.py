"""The registration desk: register a person or a newborn, see who it is, open and close the record."""

from typing import Any, Final

from xinglin.capabilities.residents.contract import (
    CLOSE_RECORD,
    CLOSED,
    NEWBORN_PAGE,
    OPEN_RECORD,
    REGISTER,
    REGISTER_NEWBORN,
    REGISTER_PAGE,
    REOPEN_RECORD,
    Closing,
    Newborn,
    Opening,
    Registration,
    Reopening,
)
from xinglin.capabilities.residents.operations import matching, people
from xinglin.capabilities.residents.pages import shown, villages
from xinglin.capabilities.residents.rules import registration as rules
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Patient
from xinglin.matching.persons import DIVISION, division_of
from xinglin.security.identifiers import DOCUMENT_KINDS, IDENTITY_CARD, normal
from xinglin.store.door import UnitOfWork
from xinglin.tables.divisions import place_of
from xinglin.web.view import Form, Redirect, Rejected, View

GENDERS: Final = ("female", "male", "unknown")
_FIELDS: Final = ("name", "kind", "number", "gender", "born", "phone", "village", "address", "mother")


async def show_register(_work: UnitOfWork, form: Form) -> View:
    """Ask who is to be registered."""
    return _register(form, ())


async def send_register(work: UnitOfWork, form: Form, *, terms: matching.Terms) -> Redirect:
    """Register the person; or show who may be the same, and ask again."""
    confirmed = form["confirmed"] == "yes"
    try:
        person = _patient(form)
        made = await work.fhir.operate(REGISTER, Registration(person, confirmed))
    except OutcomeError as refused:
        candidates = await _candidates(work, refused, form, terms)
        raise Rejected(_register(form, refused.issues, candidates)) from refused
    return Redirect(f"/desk/persons/{made.id}?done=registered")


async def _candidates(
    work: UnitOfWork, refused: OutcomeError, form: Form, terms: matching.Terms
) -> list[dict[str, Any]]:
    """Give those who may be the same, when that was why the registration was refused."""
    if not any(issue.code == "duplicate" for issue in refused.issues):
        return []
    found = await matching.same_as(work, codec.to_dict(_patient(form)), terms)
    shown_ones = [shown.candidate(one, reached=await people.reachable(work, one.id)) for one in found[:10]]
    work.note("match", type="Patient", refs=tuple(f"Patient/{one['id']}" for one in shown_ones))
    return shown_ones


def _register(form: Form, issues: tuple[Issue, ...], candidates: list[dict[str, Any]] | None = None) -> View:
    return View(
        "residents/register.html",
        {
            "filled": {name: form[name] for name in _FIELDS},
            "kinds": list(DOCUMENT_KINDS),
            "genders": GENDERS,
            "villages": villages.choices(form["village"]),
            "issues": [one for one in issues if one.code != "duplicate"],
            "candidates": candidates or [],
            "path": REGISTER_PAGE,
        },
        status=422 if issues else 200,
    )


def _patient(form: Form) -> Patient:
    """Make the Patient of a form; OutcomeError when it is none."""
    born = form["born"].strip()
    kind = form["kind"] or "01"
    document: dict[str, Any] = {"resourceType": "Patient", "active": True, "gender": form["gender"] or "unknown"}
    if name := " ".join(form["name"].split()):
        document["name"] = [{"use": "official", "text": name}]
    if born:
        document["birthDate"] = born
    if number := normal(form["number"]):
        document["identifier"] = [
            {"use": "official", "system": rules.SYSTEMS.get(kind, IDENTITY_CARD), "value": number}
        ]
    if phone := normal(form["phone"]):
        document["telecom"] = [{"system": "phone", "use": "mobile", "value": phone}]
    place, text = villages.code_of(form["village"]), form["address"].strip()
    if place or text:
        where = place_of(place) if place else ""
        address: dict[str, Any] = {"use": "home", "text": where + text}
        if place:
            address["extension"] = [{"url": DIVISION, "valueCode": place}]
        document["address"] = [address]
    if mother := form["mother"].strip():
        role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}
        document["contact"] = [{"relationship": [role], "name": {"text": mother}}]
    made = codec.decode(bytes_of(document), "Patient")
    if not isinstance(made, Patient):
        raise TypeError("a Patient is a Patient")
    return made


# -- newborns ---------------------------------------------------------------------------------------------------------


async def show_newborn(work: UnitOfWork, form: Form) -> View:
    """Ask for the mother, then for the child."""
    return await _newborn(work, form, ())


async def send_newborn(work: UnitOfWork, form: Form) -> Redirect:
    """Register the child by its mother."""
    try:
        mother = await _known_mother(work, form)
        order = int(form["order"]) if form["order"].isdecimal() else 1
        born = f"{form['born']}:00+08:00" if form["born"] else ""
        given = Newborn(mother["id"], born, form["gender"], order, form["name"].strip(), form["confirmed"] == "yes")
        made = await work.fhir.operate(REGISTER_NEWBORN, given)
    except OutcomeError as refused:
        raise Rejected(await _newborn(work, form, refused.issues)) from refused
    return Redirect(f"/desk/persons/{made.id}?done=registered")


async def _newborn(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    mother = await _mother(work, form)
    sought = bool(form["number"] or form["mother"])
    return View(
        "residents/newborn.html",
        {
            "mother": shown.person(mother) if mother else None,
            "unknown": sought and mother is None,
            "filled": {name: form[name] for name in ("number", "name", "gender", "born", "order")},
            "genders": GENDERS,
            "issues": [one for one in issues if one.code != "duplicate"],
            "likely": any(one.code == "duplicate" for one in issues),
            "path": NEWBORN_PAGE,
        },
        status=422 if issues else 200,
    )


async def _known_mother(work: UnitOfWork, form: Form) -> dict[str, Any]:
    mother = await _mother(work, form)
    if mother is None:
        raise OutcomeError(Issue("not-found", "newborn-mother-unknown", "mother"), status=422)
    return mother


async def _mother(work: UnitOfWork, form: Form) -> dict[str, Any] | None:
    """Find the mother within reach, by the id that the page kept or by her number."""
    if form["mother"]:
        return await people.document(work, form["mother"]) if await people.reachable(work, form["mother"]) else None
    if not form["number"]:
        return None
    found = await people.with_number(work, form["number"])
    return found[0] if len(found) == 1 and await people.reachable(work, found[0]["id"]) else None


# -- one person -------------------------------------------------------------------------------------------------------


async def show_person(work: UnitOfWork, form: Form) -> View:
    """Show who it is, and how the health record stands."""
    return await _person(work, form, ())


async def send_person(work: UnitOfWork, form: Form) -> Redirect:
    """Open, close or reopen the record."""
    try:
        return Redirect(await _acted(work, form["id"], form))
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _person(work, form, refused.issues)) from refused


async def _acted(work: UnitOfWork, id: str, form: Form) -> str:
    """Do what was asked, and give the page that says so."""
    match form["act"]:
        case "open":
            given = Opening(id, villages.code_of(form["village"]), form["date"])
            made = await work.fhir.operate(OPEN_RECORD, given)
            return f"/desk/persons/{made.id}?done={'opened' if made.id == id else 'elsewhere'}"
        case "close":
            ending = Closing(id, form["reason"], form["date"], form["place"], form["note"])
            await work.fhir.operate(CLOSE_RECORD, ending)
            return f"/desk/persons/{id}?done=closed"
        case "reopen":
            await work.fhir.operate(REOPEN_RECORD, Reopening(id, form["note"]))
            return f"/desk/persons/{id}?done=reopened"
    raise OutcomeError(Issue("value", "desk-act", "act", "There is no such act."))


async def _person(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    document = await people.document(work, form["id"])
    village = form["village"] or place_of(division_of(document))
    return View(
        "residents/person.html",
        {
            "person": shown.person(document),
            "villages": villages.choices(village),
            "village": village,
            "filled": {name: form[name] for name in ("act", "date", "reason", "place", "note")},
            "today": work.now.date().isoformat(),
            "reasons": list(CLOSED.codes),
            "done": form["done"] if form["done"] in _DONE else "",
            "issues": issues,
        },
        status=422 if issues else 200,
    )


_DONE: Final = frozenset({"registered", "opened", "elsewhere", "closed", "reopened"})
