"""Emergency accesses that wait for review, with their last day, what was looked at, and the result."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.access.contract import REVIEW, REVIEWS, TASKS, Review
from xinglin.capabilities.watching.pages import shown, words
from xinglin.capabilities.watching.queries import people_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.relations import BREAK_GLASS
from xinglin.store.door import UnitOfWork
from xinglin.web.listing import Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.names import type_name
from xinglin.web.view import Download, Form, Redirect, Rejected, View

LIST: Final = "/security/reviews"
WAITING: Final = "awaiting"
PEOPLE: Final = "people"


async def _rows(work: UnitOfWork, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rows = {str(one["id"]): await shown.review_row(work, shown.task(one)) for one in documents}
    people = await people_of(work, (note["by"] for row in rows.values() for note in row["notes"]))
    return rows | {PEOPLE: people}


def _seen(found: Found) -> str:
    return " ".join(f"{type_name(type, found.language)} × {n}" for type, n in words.row_of(found)["seen"])


ACCESSES: Final = Listing(
    name="emergency-reviews",
    title=Text("紧急访问复核", "Emergency reviews"),
    type="Task",
    where=(("code", f"{TASKS.system}|{BREAK_GLASS}"),),
    columns=(
        Column(Text("人员", "Who"), words.plain("who")),
        Column(Text("患者", "Patient"), words.plain("patient")),
        Column(Text("理由", "Reason"), words.plain("reason")),
        Column(Text("打开时间", "Opened"), words.time_of("start"), "authored-on"),
        Column(Text("结束时间", "Ended"), words.time_of("end")),
        Column(Text("复核期限", "Due"), words.plain("due")),
        Column(Text("查看内容", "Looked at"), _seen),
        Column(Text("复核结果", "Review"), words.state("review", {"justified": "success", "unjustified": "danger"})),
    ),
    filters=(
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple(REVIEWS.codes.items()),
            ask=lambda code: (("business-status", f"{REVIEWS.system}|{code}"),),
            default=WAITING,
            tabs=True,
        ),
        Filter("day", Text("打开日期", "Opened"), "days", "authored-on"),
    ),
    sort="-authored-on",
    more=_rows,
    empty=Empty("circle-check", words.text("no-reviews"), words.text("no-reviews-what")),
    template="watching/reviews.html",
    headed=False,
)


async def waiting(work: UnitOfWork) -> int:
    """Count the emergency accesses that wait for review."""
    found = {"code": f"{TASKS.system}|{BREAK_GLASS}", "business-status": f"{REVIEWS.system}|{WAITING}"}
    return await work.fhir.count("Task", **found)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List emergency accesses; those that wait unless another state is asked for."""
    work.note("reviews-shown", type="Task")
    return await show_list(work, form, _ordered(form), {"filled": form, "faulty": ()})


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Write down a review."""
    try:
        await work.fhir.operate(REVIEW, Review(form["task"], form["outcome"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        asked = replace(form, pairs=form.without("state"))
        values = {"filled": form, "faulty": refused.issues}
        raise Rejected(await view_list(work, asked, _ordered(asked), values, status=422)) from refused
    return Redirect(f"{LIST}?state={WAITING}")


def _ordered(form: Form) -> Listing:
    """Put the oldest first while they wait, else the newest."""
    state = form.get("state", WAITING)
    return replace(ACCESSES, sort="authored-on") if state == WAITING else ACCESSES
