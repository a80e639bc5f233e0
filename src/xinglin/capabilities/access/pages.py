"""The clinician's page of emergency access: open a record with a reason; see what one has opened."""

from typing import Any

from xinglin.capabilities.access.contract import BREAK_GLASS, PAGE, REVIEWS, TASKS, BreakGlass
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.relations import BREAK_GLASS as CODE
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, Rejected, View

COUNT = 20


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the form, and what one has opened lately."""
    return await _view(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Open a record, or say what is missing."""
    id = form["patient"].strip().removeprefix("Patient/")
    try:
        task = await work.fhir.operate(BREAK_GLASS, BreakGlass(id, form["reason"]))
    except OutcomeError as refused:
        raise Rejected(await _view(work, form, refused.issues)) from refused
    return Redirect(f"{PAGE}?opened={task.id}")


async def _view(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    # One's own emergencies show even when their time is over, but nothing else of those records.
    who = work.principal.practitioner
    own: list[dict[str, object]] = []
    if who is not None:
        page = await work.platform.find(
            "Task", code=f"{TASKS.system}|{CODE}", requester=who, _sort="-authored-on", _count=str(COUNT)
        )
        own = [_row(codec.decode(row.body(), "Task"), work) for row in page.matches]
    return View(
        "access/emergency.html",
        {
            "patient": form["patient"],
            "reason": form["reason"],
            "issues": issues,
            "own": own,
            "opened": next((one for one in own if one["id"] == form["opened"]), None),
        },
    )


def _row(task: Any, work: UnitOfWork) -> dict[str, object]:
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
        "open": task.status == "in-progress" and end > work.now.isoformat(),
    }
