"""Everything that happened, across institutions, page by page; and lists of documents and results."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.health_records.operations import happened, summary
from xinglin.capabilities.health_records.operations.names import look_up
from xinglin.capabilities.health_records.operations.reading import Found, Wanted, end_of
from xinglin.capabilities.health_records.pages.opening import head, opened
from xinglin.capabilities.health_records.pages.papers import may_issue
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.documents import Document, day
from xinglin.capabilities.health_records.rules.results import abnormal_first, person_of, series, vitals_first
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, View

COUNT: Final = 20
RESULTS: Final = 200
INSTITUTIONS: Final = 50


async def show(work: UnitOfWork, form: Form) -> View:
    """Show what happened: of a kind, at an institution, between two days, as the reader asks."""
    whose = await opened(work, form)
    record = whose.record
    institution = "" if record.at else form["institution"]
    wanted = happened.wanted(form["kind"], _day(form, "since"), _day(form, "until"), institution)
    found = await record.search(wanted, COUNT, form[TOKEN], form["before"])
    names = await look_up(record, found.documents)
    teller = Teller(whose, names, form)
    places = [] if record.at else await record.institutions(INSTITUTIONS)
    values = {
        "days": teller.days(teller.event(one) for one in found.documents),
        "count": len(found.documents),
        "kinds": tuple(happened.KINDS),
        "kind": form["kind"],
        "places": [(str(one["id"]), str(one.get("name", one["id"]))) for one in places],
        "institution": institution,
        "since": form["since"],
        "until": form["until"],
        "filtered": any(form[name] for name in ("kind", "institution", "since", "until")),
        "partial": found.partial,
    }
    return View("health_records/timeline.html", head(whose, form, "timeline") | _paged(form, found) | values)


async def show_documents(work: UnitOfWork, form: Form) -> View:
    """List the documents."""
    whose = await opened(work, form)
    record = whose.record
    found = await record.search(_documents(), COUNT, form[TOKEN], form["before"])
    teller = Teller(whose, await look_up(record, found.documents), form)
    values = {
        "documents": [teller.event(one) for one in found.documents],
        "count": len(found.documents),
        "issuing": may_issue(work) and record.at is None,
    }
    return View("health_records/documents.html", head(whose, form, "documents") | _paged(form, found) | values)


async def show_results(work: UnitOfWork, form: Form) -> View:
    """Show the latest of each result, and of each vital sign, among those of one page of results."""
    whose = await opened(work, form)
    record = whose.record
    found = await record.search(summary.LABORATORY, RESULTS, form[TOKEN], form["before"])
    signs = await record.search(summary.VITAL_SIGNS, summary.SIGNS) if not form[TOKEN] else Found(())
    who = person_of(whose.patient)
    results = abnormal_first(series(found.documents, who))
    names = await look_up(record, _performers([*found.documents, *signs.documents]))
    teller = Teller(whose, names, form)
    abnormal = form["only"] == "abnormal"
    values = {
        "results": [teller.result(one) for one in results if not abnormal or one.latest.flag not in {"N", ""}],
        "vitals": [teller.result(one) for one in vitals_first(series(signs.documents, who))],
        "abnormal": abnormal,
        "count": len(found.documents),
    }
    return View("health_records/results.html", head(whose, form, "results") | _paged(form, found) | values)


def _documents() -> Wanted:
    return dict.fromkeys(happened.KINDS["document"], ())


def _performers(observations: Iterable[Document]) -> list[Document]:
    """Give what says where results come from: enough for looking names up."""
    return [{member: one[member] for member in ("performer", "encounter") if member in one} for one in observations]


def _paged(form: Form, found: Found) -> dict[str, object]:
    kept = [(name, value) for name, value in form.pairs if value and name not in {TOKEN, "before"}]
    following = [*kept, (TOKEN, found.token or ""), ("before", end_of(found))]
    return {
        "first": f"?{urlencode(kept)}" if form[TOKEN] else "",
        "next": f"?{urlencode(following)}" if found.token else "",
    }


def _day(form: Form, name: str) -> str:
    """Read a day of the form; OutcomeError (400) when it is none."""
    text = form[name].strip()
    if text and (len(text) != 10 or day(text) is None):
        raise OutcomeError(Issue("invalid", "bad-date", f"http.{name}", f"{text[:40]} is no day."), status=400)
    return text
