"""Alerts: the list, one of them with what its user did, and what becomes of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.watching.contract import ALERTS, DECIDE, STATES, Decision
from xinglin.capabilities.watching.operations.decide import account_of, is_alert
from xinglin.capabilities.watching.pages import shown, words
from xinglin.capabilities.watching.queries import people_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.ledger import watching
from xinglin.store.reading import not_found
from xinglin.web.format import said
from xinglin.web.listing import Column, Empty, Filter, Found, Listing
from xinglin.web.listing import show_list as listed
from xinglin.web.view import Download, Form, Redirect, Rejected, View

ACTS: Final = 50
LIST: Final = "/security/alerts"


async def _rows(work: UnitOfWork, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rows = await shown.alert_rows(work, map(shown.task, documents))
    return {str(row["id"]): row for row in rows}


def _rule(found: Found) -> str:
    code = str(words.row_of(found)["rule"])
    return said(ALERTS.codes[code], found.language) if code in ALERTS.codes else code


def _count(found: Found) -> str:
    row = words.row_of(found)
    if row["due"]:
        return f"{words.said('due', found.language)} {row['due']}"
    return words.said("of-limit", found.language, n=row["count"], most=row["limit"])


ALERTS_LIST: Final = Listing(
    name="alerts",
    title=Text("安全告警", "Alerts"),
    type="Task",
    where=(("code", f"{ALERTS.system}|"),),
    columns=(
        Column(Text("告警", "Alert"), _rule),
        Column(Text("用户", "User"), words.who),
        Column(Text("次数", "Count"), _count),
        Column(Text("时间", "Time"), words.time_of("end"), "authored-on"),
        Column(Text("状态", "State"), words.state("state", shown.TONES)),
    ),
    filters=(
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple(STATES.codes.items()),
            ask=lambda code: (("business-status", f"{STATES.system}|{code}"),),
            tabs=True,
        ),
        Filter(
            "rule",
            Text("告警", "Alert"),
            "choice",
            options=tuple(ALERTS.codes.items()),
            ask=lambda code: (("code", f"{ALERTS.system}|{code}"),),
        ),
        Filter("day", Text("日期", "Date"), "days", "authored-on"),
    ),
    sort="-authored-on",
    href=lambda found: f"{LIST}/{found.id}",
    more=_rows,
    empty=Empty("circle-check", words.text("no-alerts"), words.text("no-alerts-what")),
)


async def new(work: UnitOfWork) -> int:
    """Count the alerts that nobody has looked at."""
    found = {"code": f"{ALERTS.system}|", "business-status": f"{STATES.system}|new"}
    return await work.fhir.count("Task", **found)


async def show_list(work: UnitOfWork, form: Form) -> View | Download:
    """List alerts by state."""
    return await listed(work, form, ALERTS_LIST)


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one alert."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """See or close it."""
    try:
        await work.fhir.operate(DECIDE, Decision(form["id"], form["state"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"{LIST}/{form['id']}" if form["state"] == "seen" else f"{LIST}?state=new")


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    task = shown.task_of(await work.fhir.read("Task", form["id"]))
    if not is_alert(task):
        raise OutcomeError(not_found("Task", form["id"]))
    who = account_of(task)
    row = shown.alert_row(task, await people_of(work, [who]))
    found = await watching.acts(
        work.executor,
        since=datetime.fromisoformat(row["start"]),
        until=datetime.fromisoformat(row["end"]),
        who=who,
        count=ACTS,
    )
    work.note("alert-shown", type="Task", refs=(f"Task/{task.id}",))
    writers = await people_of(work, (note["by"] for note in row["notes"]))
    return View(
        "watching/alert.html",
        {
            "alert": row,
            "writers": writers,
            "acts": await shown.act_rows(work, found),
            "most": ACTS,
            "note": form["note"],
            "issues": issues,
        },
        status=422 if issues else 200,
    )
