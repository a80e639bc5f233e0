"""The record of a patient on one screen, as it is or as it was."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.access.contract import CARE, PAGE
from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.operations import summary
from xinglin.capabilities.health_records.operations.names import look_up
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.pages.people import contract, relative
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, instant
from xinglin.capabilities.health_records.rules.medicines import medicines
from xinglin.capabilities.health_records.rules.problems import allergies, dangers, problems
from xinglin.capabilities.health_records.rules.results import abnormal_first, series, vitals_first
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.banner import Banner, banner_of
from xinglin.web.brief import name
from xinglin.web.names import code_name
from xinglin.web.view import Form, Language, Rejected, View

ROWS: Final = 12
LINES: Final = 8


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the record."""
    record = Record(work, form["id"], at_of(form))
    whose = await opened(record, form.language)
    parts = await summary.read(record, whose.patient)
    return View("health_records/record.html", head(whose, form, "summary") | await values(record, parts, form))


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose record is open. banner: of now; None when the record is shown as it was."""

    record: Record
    patient: Document
    banner: Banner | None


async def opened(record: Record, language: Language) -> Whose:
    """Open a record, or give a page that says why not: the same for what is not there and for what is not yours."""
    work = record.work
    try:
        if record.at is not None:
            return Whose(record, await record.patient(), None)
        banner = await banner_of(work, record.id, language)
        return Whose(record, banner.document, banner)
    except OutcomeError as refused:
        if refused.issues[0].key == "not-then" and record.at is not None:
            told = {"at": show_as.stamp(record.at)[:16], "href": address(record.id)}
            raise Rejected(View("health_records/not_then.html", told, status=404)) from refused
        if refused.status != 404:
            raise
        await work.door.refused(work.principal, "page", refused)
        emergency = f"{PAGE}?{urlencode({'patient': record.id})}" if CARE.roles & work.principal.roles else ""
        raise Rejected(View("health_records/unreached.html", {"emergency": emergency}, status=404)) from refused


async def values(record: Record, parts: summary.Parts, form: Form) -> dict[str, object]:
    """Give what the page shows of the parts."""
    now = record.at or record.work.now
    today = now.astimezone(ZONE).date()
    taken, ended = medicines(parts.medicines.documents, today)
    active = problems(parts.conditions.documents, parts.of("EpisodeOfCare"))
    results = abnormal_first(series(parts.results.documents))
    signs = vitals_first(series(parts.vitals.documents))
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
    teller = Teller(record.id, names, form.language, query_of(form))
    return {
        "dangers": [teller.danger(one) for one in dangers(parts.standing.documents, parts.conditions.documents, today)],
        "allergies": allergies(parts.of("AllergyIntolerance")),
        "problems": [teller.problem(one) for one in active],
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


def head(whose: Whose, form: Form, tab: str) -> dict[str, object]:
    """Give what every page of a record shows: whose it is, where one is, as of when."""
    record = whose.record
    names: list[dict[str, Any]] = whose.patient.get("name") or [{}]
    return {
        "id": record.id,
        "banner": whose.banner,
        "name": name(names[0]) or record.id,
        "facts": facts(whose.patient, record, form.language),
        "href": address(record.id),
        "query": query_of(form),
        "at": "" if record.at is None else show_as.stamp(record.at)[:16],
        "at_field": "" if record.at is None else record.at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M"),
        "tab": tab,
    }


def facts(patient: Document, record: Record, language: Language) -> tuple[str, ...]:
    """Say sex, age and birth date."""
    born = str(patient.get("birthDate", ""))
    dead = str(patient.get("deceasedDateTime") or "")
    on = instant(dead) or record.at or record.work.now
    years = show_as.age(born, on.astimezone(ZONE).date(), language)
    sex = code_name(str(patient.get("gender", "")), language)
    return tuple(one for one in (sex, years, born) if one)


def at_of(form: Form) -> datetime | None:
    """Read ``?at=2025-06-01T00:00``: an instant in the region's time unless it names another; None without one."""
    text = form["at"].strip()
    if not text:
        return None
    found = instant(text)
    if found is None or found < datetime(1900, 1, 1, tzinfo=UTC):
        issue = Issue("invalid", "bad-moment", "http.at", f"{text[:40]} is no date and time like 2025-06-01T00:00.")
        raise OutcomeError(issue, status=400)
    return found


def query_of(form: Form) -> str:
    """Give the query that keeps the moment on the way to other pages of the record."""
    return f"?{urlencode({'at': form['at'].strip()})}" if form["at"].strip() else ""
