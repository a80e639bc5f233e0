"""Residents who object to an access: what they object to, what they say, and the officer's answer."""

from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.audit.contract import OBJECTIONS
from xinglin.capabilities.watching.contract import ANSWER, Answer
from xinglin.capabilities.watching.pages.shown import COUNT, act_rows, task_of
from xinglin.capabilities.watching.queries import people_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.store.ledger import watching
from xinglin.store.search import Page
from xinglin.web.view import Form, Redirect, Rejected, View

LIST: Final = "/security/objections"
# What a state of the page is of Task.status.
STATES: Final = {"open": "requested,in-progress", "answered": "completed"}


async def find(work: UnitOfWork, state: str, token: str = "", *, count: int = COUNT) -> Page:
    """Find objections: open ones the oldest first, answered ones the newest first."""
    asked = {
        "code": f"{OBJECTIONS.system}|access-objection",
        "status": STATES[state],
        "_sort": "authored-on" if state == "open" else "-authored-on",
        "_count": str(count),
        "_total": "accurate",
    }
    return await work.fhir.find("Task", **asked, **({TOKEN: token} if token else {}))


async def show(work: UnitOfWork, form: Form) -> View:
    """List objections; open ones unless the answered are asked for."""
    return await _view(work, form, form["state"], ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Answer one."""
    try:
        await work.fhir.operate(ANSWER, Answer(form["task"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _view(work, form, "open", refused.issues)) from refused
    return Redirect(LIST)


async def _view(work: UnitOfWork, form: Form, asked: str, issues: tuple[Issue, ...]) -> View:
    state = asked if asked in STATES else "open"
    token = "" if issues else form[TOKEN]
    page = await find(work, state, token)
    rows = [await _row(work, task_of(row)) for row in page.matches]
    return View(
        "watching/objections.html",
        {
            "rows": rows,
            "people": await people_of(work, (note["by"] for row in rows for note in row["notes"])),
            "state": state,
            "states": tuple(STATES),
            "total": page.total,
            "first": f"{LIST}?{urlencode({'state': state})}" if token else "",
            "next": f"{LIST}?{urlencode({'state': state, TOKEN: page.next_token})}" if page.next_token else "",
            "filled": form,
            "issues": issues,
        },
        status=422 if issues else 200,
    )


async def _row(work: UnitOfWork, task: Task) -> dict[str, Any]:
    """Show an objection with the act that it is about."""
    number = ((task.focus.reference if task.focus else None) or "").rpartition("/")[2]
    found = await watching.acts(work.executor, below=int(number) + 1, count=1) if number.isdecimal() else []
    return {
        "id": task.id,
        "patient": ((task.for_.reference if task.for_ else None) or "").removeprefix("Patient/"),
        "text": task.description or "",
        "at": task.authoredOn or "",
        "acts": await act_rows(work, (one for one in found if str(one.id) == number)),
        "notes": [{"text": one.text, "time": one.time or "", "by": one.authorString or ""} for one in task.note or ()],
    }
