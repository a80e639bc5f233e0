"""The record of a patient on one screen, as it is or as it was."""

from typing import Final

from xinglin.capabilities.health_records.operations import summary
from xinglin.capabilities.health_records.operations.names import look_up
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened
from xinglin.capabilities.health_records.pages.people import contract, relative
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.documents import ZONE, Document
from xinglin.capabilities.health_records.rules.medicines import medicines
from xinglin.capabilities.health_records.rules.problems import allergies, dangers, problems
from xinglin.capabilities.health_records.rules.results import abnormal_first, person_of, series, vitals_first
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, View

ROWS: Final = 12
FIRST: Final = 10


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the record."""
    whose = await opened(work, form)
    parts = await summary.read(whose.record, whose.patient)
    return View("health_records/record.html", head(whose, form, "summary") | await values(whose, parts, form))


async def values(whose: Whose, parts: summary.Parts, form: Form) -> dict[str, object]:
    """Give what the page shows of the parts."""
    record = whose.record
    now = record.at or record.work.now
    today = now.astimezone(ZONE).date()
    taken, ended = medicines(parts.medicines.documents, today, parts.fills.documents)
    active = problems(parts.conditions.documents, parts.of("EpisodeOfCare"))
    who = person_of(whose.patient)
    results = abnormal_first(series(parts.results.documents, who))
    signs = vitals_first(series(parts.vitals.documents, who))
    referring: list[Document] = [
        parts.patient,
        *parts.conditions.documents,
        *parts.medicines.documents,
        *parts.events.documents,
        *parts.documents.documents,
        *parts.vaccinations.documents,
        *parts.of("CareTeam"),
        *parts.of("EpisodeOfCare"),
        *({"performer": one.latest.performer, "encounter": {"reference": one.latest.encounter}} for one in results),
    ]
    names = await look_up(record, referring)
    teller = Teller(whose, names, form)
    return {
        "dangers": [teller.danger(one) for one in dangers(*parts.dangerous, today, parts.implants.documents)],
        "allergies": allergies(parts.of("AllergyIntolerance")),
        "problems": [teller.problem(one) for one in active],
        "first": FIRST,
        "medicines": [teller.medicine(one) for one in taken],
        "ended": [teller.medicine(one) for one in ended],
        "results": [teller.result(one) for one in results[:ROWS]],
        "more_results": max(0, len(results) - ROWS),
        "vitals": [teller.result(one) for one in signs[:ROWS]],
        "days": teller.days(teller.event(one) for one in parts.events.documents),
        "documents": [teller.event(one) for one in parts.documents.documents],
        "vaccinations": [teller.event(one) for one in parts.vaccinations.documents],
        "family": [relative(one, teller) for one in parts.of("RelatedPerson")],
        "contracts": [contract(one, teller) for one in (*parts.of("CareTeam"), *parts.of("EpisodeOfCare"))],
        "names": names,
        "partial": parts.partial,
    }
