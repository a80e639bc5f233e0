"""Alerts: the list, one of them with what its user did, and what becomes of it."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.watching.contract import DECIDE, STATES, Decision
from xinglin.capabilities.watching.operations.decide import account_of, is_alert
from xinglin.capabilities.watching.pages import shown
from xinglin.capabilities.watching.queries import people_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.store.ledger import watching
from xinglin.store.reading import not_found
from xinglin.web.view import Form, Redirect, Rejected, View

ACTS: Final = 50
LIST: Final = "/security/alerts"


async def show_list(work: UnitOfWork, form: Form) -> View:
    """List alerts by state."""
    state = form["state"] if form["state"] in STATES.codes else ""
    page = await shown.alerts(work, state, form[TOKEN])
    kept = {"state": state} if state else {}
    return View(
        "watching/alerts.html",
        {
            "rows": await shown.alert_rows(work, page.matches),
            "state": state,
            "states": tuple(STATES.codes),
            "total": page.total,
            "first": f"{LIST}?{urlencode(kept)}" if form[TOKEN] else "",
            "next": f"{LIST}?{urlencode(kept | {TOKEN: page.next_token})}" if page.next_token else "",
        },
    )


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
