"""Requests of rights: a resident's own, with the form; and the officer's, with the answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.privacy.contract import ANSWER, ASK, RIGHTS, RIGHTS_CODE, Answer, Asking
from xinglin.capabilities.privacy.operations.rights import outcome_of, right_of
from xinglin.capabilities.privacy.pages import words
from xinglin.capabilities.privacy.rules.rights import OUTCOMES
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.cells import named
from xinglin.web.format import moment, said, today
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.view import Download, Form, Language, Redirect, Rejected, View

OWN: Final = "/my/privacy"
DESK: Final = "/security/requests"
TONES: Final = {"": "warning", "granted": "success", "restricted": "info", "refused": "neutral"}
SHOWN: Final = 50
# What a state of the desk's list is of Task.status.
STATES: Final = {"waiting": "requested", "answered": "completed,rejected"}


def _right(found: Found) -> str:
    return said(RIGHTS.codes[right_of(dict(found.document))], found.language)


def _outcome(found: Found) -> Cell:
    code = outcome_of(dict(found.document))
    return Cell(words.said(f"outcome.{code or 'waiting'}", found.language), TONES[code])


def _answer(found: Found) -> str:
    return " ".join(str(one["text"]) for one in found.document.get("note", ()))


REQUESTS: Final = Listing(
    name="rights-requests",
    title=words.text("requests"),
    type="Task",
    where=(("code", RIGHTS_CODE),),
    columns=(
        Column(words.text("request.right"), _right),
        Column(words.text("request.text"), lambda found: str(found.document.get("description", ""))),
        Column(words.text("request.at"), lambda found: moment(str(found.document["authoredOn"])), "authored-on"),
        Column(words.text("request.due"), lambda found: str(found.document["restriction"]["period"]["end"])),
        Column(words.text("request.outcome"), _outcome),
        Column(words.text("request.answer"), _answer),
    ),
    filters=(
        Filter(
            "state",
            words.text("request.outcome"),
            "choice",
            options=tuple((code, words.text(f"requests.{code}")) for code in STATES),
            ask=lambda code: (("status", STATES[code]),),
            default="waiting",
            tabs=True,
        ),
        Filter("day", words.text("request.at"), "days", "authored-on"),
    ),
    sort="authored-on",
    empty=Empty("circle-check", words.text("requests.none"), words.text("requests.none-what")),
    template="privacy/requests.html",
    headed=False,
)


async def waiting(work: UnitOfWork) -> int:
    """Count the requests without answer."""
    return await work.fhir.count("Task", code=RIGHTS_CODE, status=STATES["waiting"])


async def show_desk(work: UnitOfWork, form: Form) -> View | Download:
    """List requests; the oldest that waits stands first."""
    return await show_list(work, form, REQUESTS, _values(work, form, ()))


async def send_desk(work: UnitOfWork, form: Form) -> Redirect:
    """Answer one."""
    try:
        await work.fhir.operate(ANSWER, Answer(form["task"], form["outcome"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        asked = replace(form, pairs=form.without("state"))
        view = await view_list(work, asked, REQUESTS, _values(work, form, refused.issues), status=422)
        raise Rejected(view) from refused
    return Redirect(DESK)


async def show_own(work: UnitOfWork, form: Form) -> View:
    """Show a resident's requests, and the form for another."""
    return await _own(work, form, ())


async def send_own(work: UnitOfWork, form: Form) -> Redirect:
    """Ask for a right."""
    try:
        await work.fhir.operate(ASK, Asking(form["patient"], form["right"], form["text"]))
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _own(work, form, refused.issues)) from refused
    return Redirect(f"{OWN}?done=1")


async def _own(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    people = await _people(work)
    found: list[dict[str, Any]] = []
    if people:
        page = await work.fhir.find("Task", code=RIGHTS_CODE, _sort="-authored-on", _count=str(SHOWN))
        found = [document_of(row.body()) for row in page.matches]
    names = dict(people)
    return View(
        "privacy/own.html",
        {
            "people": people,
            "rights": [(code, said(text, form.language)) for code, text in RIGHTS.codes.items() if code != "close"],
            "requests": [_row(one, names, form.language) for one in found],
            "filled": form,
            "issues": issues,
            "done": bool(form["done"]),
        },
        status=422 if issues else 200,
    )


async def _people(work: UnitOfWork) -> list[tuple[str, str]]:
    """Give whom one may ask for: logical id and name."""
    who = work.principal
    references = dict.fromkeys(one for one in (who.patient, *who.patients) if one)
    if not references:
        return []
    ids = ",".join(one.partition("/")[2] for one in references)
    page = await work.fhir.find("Patient", _id=ids, _count=str(SHOWN))
    names = {row.id: named(document_of(row.body())) for row in page.matches}
    return [(id, names[id]) for one in references if (id := one.partition("/")[2]) in names]


def _row(task: dict[str, Any], names: Mapping[str, str], language: Language) -> dict[str, Any]:
    outcome = outcome_of(task)
    return {
        "right": said(RIGHTS.codes[right_of(task)], language),
        "text": task.get("description", ""),
        "at": task["authoredOn"],
        "due": task["restriction"]["period"]["end"],
        "who": names.get(task["for"]["reference"].partition("/")[2], "") if len(names) > 1 else "",
        "outcome": outcome,
        "tone": TONES[outcome],
        "notes": task.get("note", []),
    }


def _values(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> dict[str, object]:
    return {
        "filled": form,
        "faulty": issues,
        "outcomes": OUTCOMES,
        "today": today(work.now).isoformat(),
        "tones": TONES,
    }
