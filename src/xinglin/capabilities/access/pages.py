"""The clinician's page of emergency access: open a record with a reason; see what one has opened."""

from collections.abc import Callable
from typing import Any, Final

from xinglin.capabilities.access.contract import BREAK_GLASS, PAGE, REVIEWS, TASKS, BreakGlass
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.security.relations import BREAK_GLASS as CODE
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment, said
from xinglin.web.listing import Asked, Cell, Column, Empty, Filter, Found, Listing, Slice, show_list, view_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

TONES: Final = {"justified": "success", "unjustified": "danger"}


async def _source(work: UnitOfWork, asked: Asked) -> Slice:
    """Find one's own emergencies: they show even when their time is over, but nothing else of those records."""
    who = work.principal.practitioner
    if who is None:
        return Slice(())
    given = {"code": f"{TASKS.system}|{CODE}", "requester": who, "_sort": asked.sort, "_count": str(asked.count)}
    if "state" in asked.filters:
        given["business-status"] = f"{REVIEWS.system}|{asked.filters['state']}"
    days = [
        sign + asked.filters[name] for sign, name in (("ge", "day.since"), ("le", "day.until")) if name in asked.filters
    ]
    pairs = [*given.items(), *(("authored-on", day) for day in days), *([(TOKEN, asked.token)] if asked.token else [])]
    page = await work.platform.search(parse("Task", pairs, strict=True))
    rows = [_row(codec.decode(row.body(), "Task"), work.now.isoformat()) for row in page.matches]
    return Slice(rows, page.total, page.next_token or "")


def _plain(member: str) -> Callable[[Found], str]:
    return lambda found: str(found.document[member])


def _time(found: Found) -> Cell:
    one = found.document
    note = said(Text("正在打开", "Open now"), found.language) if one["open"] else ""
    return Cell(f"{moment(str(one['start']))} – {moment(str(one['end']))}", note=note)


def _review(found: Found) -> Cell:
    code = str(found.document["state"])
    return Cell(said(REVIEWS.codes[code], found.language), TONES.get(code, "neutral"))


OWN: Final = Listing(
    name="emergencies",
    title=Text("紧急访问", "Emergency access"),
    type="Task",
    source=_source,
    columns=(
        Column(Text("患者编号", "Patient"), _plain("patient")),
        Column(Text("理由", "Reason"), _plain("reason")),
        Column(Text("打开时间", "Opened"), _time, "authored-on"),
        Column(Text("复核期限", "Due"), _plain("due")),
        Column(Text("复核结果", "Review"), _review),
    ),
    filters=(
        Filter("state", Text("复核结果", "Review"), "choice", options=tuple(REVIEWS.codes.items())),
        Filter("day", Text("打开日期", "Opened"), "days"),
    ),
    sort="-authored-on",
    empty=Empty(
        "heartbeat",
        Text("没有紧急访问", "No emergency access"),
        Text("紧急打开过的档案会列在这里。", "Records that you open in an emergency are listed here."),
    ),
    template="access/emergency.html",
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """Show the form, and what one has opened lately."""
    return await show_list(work, form, OWN, await _values(work, form, ()))


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Open a record, or say what is missing."""
    id = form["patient"].strip().removeprefix("Patient/")
    try:
        task = await work.fhir.operate(BREAK_GLASS, BreakGlass(id, form["reason"]))
    except OutcomeError as refused:
        values = await _values(work, form, refused.issues)
        raise Rejected(await view_list(work, form, OWN, values, status=422)) from refused
    return Redirect(f"{PAGE}?opened={task.id}")


async def _values(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> dict[str, object]:
    """Give what stands above the list. opened: the emergency that began with the form just sent."""
    opened = None
    if form["opened"]:
        page = await work.platform.find(
            "Task", code=f"{TASKS.system}|{CODE}", requester=work.principal.practitioner or "none", _id=form["opened"]
        )
        opened = next((_row(codec.decode(row.body(), "Task"), work.now.isoformat()) for row in page.matches), None)
    return {"patient": form["patient"], "reason": form["reason"], "faulty": issues, "opened": opened}


def _row(task: Any, now: str) -> dict[str, object]:
    codings = (task.businessStatus.coding if task.businessStatus else None) or ()
    state = next((one.code for one in codings if one.system == REVIEWS.system), "awaiting")
    end = task.executionPeriod.end
    return {
        "id": task.id,
        "patient": (task.for_.reference or "").removeprefix("Patient/"),
        "reason": task.reasonCode.text,
        "start": task.executionPeriod.start,
        "end": end,
        "due": task.restriction.period.end,
        "state": state,
        "open": task.status == "in-progress" and end > now,
    }
