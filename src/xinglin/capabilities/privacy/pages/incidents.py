"""The officer's incidents: the list with the next term, one with its steps, and the form that records one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.privacy.contract import ADVANCE, INCIDENT_CODE, LEVELS, REPORT, STATES, Incident, Step
from xinglin.capabilities.privacy.operations.incidents import (
    TEXTS,
    Terms,
    is_incident,
    known_of,
    persons_of,
    texts_of,
)
from xinglin.capabilities.privacy.pages import words
from xinglin.capabilities.privacy.rules import incidents as rules
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import ZONE, moment, said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

LIST: Final = "/security/incidents"
TONES: Final = {"open": "danger", "handled": "warning", "closed": "success"}
STATE_WORDS: Final = {code: (text, TONES[code]) for code, text in STATES.codes.items()}


def listing(terms: Terms) -> Listing:
    """Give the list; the next term depends on what the operator is."""

    def next_term(found: Found) -> Cell:
        left = rules.due(known_of(dict(found.document)), critical=terms.critical)
        first = min((one for one in left if one.until is not None), key=lambda one: str(one.until), default=None)
        if first is None or first.until is None:
            return Cell("")
        late = first.until < found.now
        return Cell(
            words.said(f"step.{first.step}", found.language), note=_term(first.until, found.language, late=late)
        )

    return Listing(
        name="incidents",
        title=words.text("incidents"),
        type="Task",
        where=(("code", INCIDENT_CODE),),
        columns=(
            Column(words.text("incident.what"), _what),
            Column(words.text("incident.level"), _level),
            Column(words.text("incident.found"), lambda found: moment(str(found.document["executionPeriod"]["start"]))),
            Column(words.text("incident.next"), next_term),
            Column(words.text("incident.state"), _state),
        ),
        filters=(
            Filter(
                "state",
                words.text("incident.state"),
                "choice",
                options=tuple(STATES.codes.items()),
                ask=lambda code: (("business-status", f"{STATES.system}|{code}"),),
                tabs=True,
            ),
            Filter("day", words.text("incident.recorded"), "days", "authored-on"),
        ),
        sort="-authored-on",
        href=lambda found: f"{LIST}/{found.id}",
        empty=Empty("shield-lock", words.text("incidents.none"), words.text("incidents.none-what")),
        template="privacy/incidents.html",
    )


async def waiting(work: UnitOfWork) -> int:
    """Count the incidents that are not closed."""
    open_ = ",".join(f"{STATES.system}|{code}" for code in ("open", "handled"))
    asked = {"code": INCIDENT_CODE, "business-status": open_}
    return await work.fhir.count("Task", **asked)


async def show(terms: Terms, work: UnitOfWork, form: Form) -> View | Download:
    """List incidents, newest first."""
    return await show_list(work, form, listing(terms))


async def show_new(_work: UnitOfWork, form: Form) -> View:
    """Ask what happened."""
    return _asking(form, ())


async def send_new(work: UnitOfWork, form: Form) -> Redirect:
    """Record an incident."""
    found = f"{form['day']}T{form['time']}"
    try:
        local = datetime.fromisoformat(found).replace(tzinfo=ZONE).isoformat()
    except ValueError:
        local = ""
    given = Incident(
        form["level"],
        local,
        form["what"],
        **{name: form[name] for name in TEXTS},
        persons=tuple(form["persons"].replace(",", " ").split()),
    )
    try:
        made = await work.fhir.operate(REPORT, given)
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(_asking(form, refused.issues)) from refused
    return Redirect(f"{LIST}/{made}")


async def show_one(terms: Terms, work: UnitOfWork, form: Form) -> View:
    """Show one incident."""
    return await _one(terms, work, form, ())


async def send_one(terms: Terms, work: UnitOfWork, form: Form) -> Redirect:
    """Record a step."""
    try:
        await work.fhir.operate(ADVANCE, Step(form["id"], form["step"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _one(terms, work, form, refused.issues)) from refused
    return Redirect(f"{LIST}/{form['id']}")


async def _one(terms: Terms, work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    task = document_of((await work.fhir.read("Task", form["id"])).body())
    if not is_incident(task):
        raise OutcomeError(not_found("Task", form["id"]))
    known, state = known_of(task), _code(task, "businessStatus")
    left = rules.due(known, critical=terms.critical)
    steps = [one.step for one in left]
    if "persons" in steps:
        steps.insert(steps.index("persons") + 1, "persons-omitted")
    return View(
        "privacy/incident.html",
        {
            "id": form["id"],
            "what": task.get("description", ""),
            "level": said(LEVELS.codes[known.level], form.language),
            "found": task["executionPeriod"]["start"],
            "state": said(STATES.codes[state], form.language),
            "tone": TONES[state],
            "told": [(name, text) for name, text in texts_of(task).items() if text],
            "persons": len(persons_of(task)),
            "left": [
                (one.step, one.until.isoformat() if one.until else "", bool(one.until and one.until < work.now))
                for one in left
            ],
            "done": [(step, at.isoformat()) for step, at in known.done.items()],
            "steps": steps,
            "notes": task.get("note", []),
            "step": form["step"],
            "note": form["note"] if issues else "",
            "issues": issues,
        },
        status=422 if issues else 200,
    )


def _asking(form: Form, issues: tuple[Issue, ...]) -> View:
    levels = [(code, said(text, form.language)) for code, text in LEVELS.codes.items()]
    values = {"filled": form, "issues": issues, "levels": levels, "texts": TEXTS}
    return View("privacy/incident-new.html", values, status=422 if issues else 200)


def _code(task: Mapping[str, Any], member: str) -> str:
    return str(task[member]["coding"][0]["code"])


def _what(found: Found) -> str:
    text = str(found.document.get("description", ""))
    return text if len(text) <= 60 else text[:59] + "…"


def _level(found: Found) -> str:
    return said(LEVELS.codes[_code(found.document, "reasonCode")], found.language)


def _state(found: Found) -> Cell:
    text, tone = STATE_WORDS[_code(found.document, "businessStatus")]
    return Cell(said(text, found.language), tone)


def _term(until: datetime, language: Any, *, late: bool) -> str:
    return words.said("overdue" if late else "due", language, time=moment(until.isoformat()))


TITLE: Final = Text("安全事件", "Incidents")
