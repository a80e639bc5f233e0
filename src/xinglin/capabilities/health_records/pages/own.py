"""One's own record on the phone, in plain words; and those of children and parents whom one acts for."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from xinglin.capabilities.health_records.contract import OWN
from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.operations import summary
from xinglin.capabilities.health_records.operations.names import look_up
from xinglin.capabilities.health_records.pages.opening import head, opened
from xinglin.capabilities.health_records.pages.shown import Line, Result, Teller
from xinglin.capabilities.health_records.rules import plain
from xinglin.capabilities.health_records.rules.documents import ZONE, Document
from xinglin.capabilities.health_records.rules.medicines import Medicine, medicines
from xinglin.capabilities.health_records.rules.problems import allergies, dangers, problems
from xinglin.capabilities.health_records.rules.results import Series, abnormal_first, person_of, series, vitals_first
from xinglin.capabilities.health_records.rules.state import CITIZEN_NUMBERS, number
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.brief import name
from xinglin.web.format import masked_number
from xinglin.web.view import Form, Redirect, View

VISITS: Final = 5
FORMER: Final = 12
MEASURED: Final = 8
SOON: Final = 7  # days before a medicine runs out


@dataclass(frozen=True, slots=True)
class Plain:
    """A result in plain words. subject, standing: of `rules.plain`, keys of texts."""

    result: Result
    subject: str
    standing: str


@dataclass(frozen=True, slots=True)
class Remaining:
    """A medicine, and how many days it lasts; None when nobody said."""

    line: Line
    days: int | None


async def show_mine(work: UnitOfWork, _form: Form) -> Redirect:
    """Lead to the record of the person whom one acts for first: oneself, or whom a guardian acts for."""
    people = persons(work)
    if not people:
        raise OutcomeError(Issue("not-found", "no-patient"), status=404)
    own = (work.principal.patient or "").removeprefix("Patient/")
    return Redirect(address(own if own in people else people[0], OWN.path))


@cites("HR-08", "R8-030")
async def show(work: UnitOfWork, form: Form) -> View:
    """Show the record as the person reads it."""
    whose = await opened(work, form)
    record = whose.record
    today = work.now.astimezone(ZONE).date()
    parts = await summary.read(record, whose.patient)
    taken, former = medicines(parts.medicines.documents, today, parts.fills.documents)
    who = person_of(whose.patient)
    results = abnormal_first(series(parts.results.documents, who))[:MEASURED]
    signs = vitals_first(series(parts.vitals.documents, who))[:MEASURED]
    referring = [*parts.medicines.documents, *parts.events.documents, *parts.conditions.documents]
    names = await look_up(record, [*referring, *parts.documents.documents, *parts.vaccinations.documents])
    teller = Teller(whose, names, form)
    visits = [one for one in parts.events.documents if one.get("resourceType") == "Encounter"]
    values = {
        "people": await people_of(work),
        "medicines": [remaining(one, teller, today) for one in taken],
        "former": [teller.medicine(one, plainly=True) for one in former[:FORMER]],
        "soon": SOON,
        "dangers": [teller.danger(one) for one in dangers(*parts.dangerous, today, parts.implants.documents)],
        "allergies": allergies(parts.of("AllergyIntolerance")),
        "problems": [teller.problem(one) for one in problems(parts.conditions.documents, parts.of("EpisodeOfCare"))],
        "signs": [in_plain_words(one, teller) for one in signs],
        "results": [in_plain_words(one, teller) for one in results],
        "visits": [teller.event(one) for one in visits[:VISITS]],
        "vaccinations": [teller.event(one) for one in parts.vaccinations.documents],
        "documents": [teller.event(one) for one in parts.documents.documents],
        "number": masked_number(number(whose.patient, CITIZEN_NUMBERS)),
        "mine": work.principal.patient == f"Patient/{whose.id}",
    }
    return View("health_records/own.html", head(whose, form, "summary") | values)


def in_plain_words(one: Series, teller: Teller) -> Plain:
    """Give a result with its everyday subject and how it lies."""
    subject, standing = plain.of(one.latest)
    return Plain(teller.result(one), subject, standing)


def remaining(one: Medicine, teller: Teller, today: date) -> Remaining:
    """Give a medicine with the days that it lasts, today included."""
    return Remaining(teller.medicine(one, plainly=True), None if one.until is None else (one.until - today).days + 1)


def persons(work: UnitOfWork) -> list[str]:
    """Give the ids of those whose record one may open: oneself and dependants (R6-042)."""
    who = work.principal
    every = who.patients or ((who.patient,) if who.patient else ())
    return [one.removeprefix("Patient/") for one in every]


async def people_of(work: UnitOfWork) -> list[tuple[str, str, str]]:
    """Give id, name and page of each person whom one may switch to."""
    ids = persons(work)
    found: dict[str, Document] = {}
    if len(ids) > 1:
        page = await work.fhir.find("Patient", _id=",".join(ids), _count=str(len(ids)))
        found = {row.id: document_of(row.body()) for row in page.matches}
    return [(id, _name(found[id]) or id, address(id, OWN.path)) for id in ids if id in found]


def _name(patient: Document) -> str:
    given: list[dict[str, Any]] = patient.get("name") or [{}]
    return name(given[0])
