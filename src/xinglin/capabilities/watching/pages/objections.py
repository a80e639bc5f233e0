"""Residents who object to an access: what they object to, what they say, and the officer's answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.audit.contract import OBJECTIONS
from xinglin.capabilities.watching.contract import ANSWER, Answer
from xinglin.capabilities.watching.pages import words
from xinglin.capabilities.watching.pages.shown import act_rows, task
from xinglin.capabilities.watching.queries import people_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Task
from xinglin.store.door import UnitOfWork
from xinglin.store.ledger import watching
from xinglin.store.search import Page
from xinglin.web.listing import Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

LIST: Final = "/security/objections"
CODE: Final = f"{OBJECTIONS.system}|access-objection"
OPEN: Final = "open"
# What a state of the page is of Task.status.
STATES: Final = {OPEN: "requested,in-progress", "answered": "completed"}


async def find_open(work: UnitOfWork) -> Page:
    """Find one objection without answer, and count them."""
    return await work.fhir.find("Task", code=CODE, status=STATES[OPEN], _count="1", _total="accurate")


async def _rows(work: UnitOfWork, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rows = {str(one["id"]): await _row(work, task(one)) for one in documents}
    return rows | {"people": await people_of(work, (note["by"] for row in rows.values() for note in row["notes"]))}


def _answer(found: Found) -> str:
    return " ".join(str(note["text"]) for note in words.row_of(found)["notes"])


OBJECTED: Final = Listing(
    name="objections",
    title=Text("居民异议", "Objections"),
    type="Task",
    where=(("code", CODE),),
    columns=(
        Column(Text("时间", "Time"), words.time_of("at"), "authored-on"),
        Column(Text("患者", "Patient"), words.plain("patient")),
        Column(Text("异议", "Objection"), words.plain("text")),
        Column(Text("状态", "State"), words.state("objection", {"open": "warning", "answered": "success"})),
        Column(Text("答复", "Answer"), _answer),
    ),
    filters=(
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple((code, words.text(f"objection.{code}")) for code in STATES),
            ask=lambda code: (("status", STATES[code]),),
            default=OPEN,
            tabs=True,
        ),
        Filter("day", Text("日期", "Date"), "days", "authored-on"),
    ),
    sort="-authored-on",
    more=_rows,
    empty=Empty("circle-check", words.text("no-objections"), words.text("no-objections-what")),
    template="watching/objections.html",
    headed=False,
)


async def waiting(work: UnitOfWork) -> int:
    """Count the objections without answer."""
    return await work.fhir.count("Task", code=CODE, status=STATES[OPEN])


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List objections; open ones unless the answered are asked for."""
    return await show_list(work, form, _ordered(form), {"filled": form, "faulty": ()})


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Answer one."""
    try:
        await work.fhir.operate(ANSWER, Answer(form["task"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        asked = replace(form, pairs=form.without("state"))
        values = {"filled": form, "faulty": refused.issues}
        raise Rejected(await view_list(work, asked, _ordered(asked), values, status=422)) from refused
    return Redirect(LIST)


def _ordered(form: Form) -> Listing:
    """Put the oldest first while they wait, else the newest."""
    state = form.get("state", OPEN)
    return replace(OBJECTED, sort="authored-on") if state == OPEN else OBJECTED


async def _row(work: UnitOfWork, objection: Task) -> dict[str, Any]:
    """Show an objection with the act that it is about."""
    number = ((objection.focus.reference if objection.focus else None) or "").rpartition("/")[2]
    found = await watching.acts(work.executor, below=int(number) + 1, count=1) if number.isdecimal() else []
    return {
        "id": objection.id,
        "patient": ((objection.for_.reference if objection.for_ else None) or "").removeprefix("Patient/"),
        "text": objection.description or "",
        "at": objection.authoredOn or "",
        "state": "answered" if objection.status == "completed" else OPEN,
        "acts": await act_rows(work, (one for one in found if str(one.id) == number)),
        "notes": [
            {"text": one.text, "time": one.time or "", "by": one.authorString or ""} for one in objection.note or ()
        ],
    }
