"""What several pages of the desk show: alerts, emergency accesses and acts as rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.access.contract import REVIEWS, TASKS
from xinglin.capabilities.watching.contract import ALERTS, STATES
from xinglin.capabilities.watching.operations.decide import account_of, state_of
from xinglin.capabilities.watching.queries import Person, people_of
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.search.keys import rid_of
from xinglin.security.relations import BREAK_GLASS
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.ledger import watching
from xinglin.store.ledger.watching import Seen
from xinglin.store.search import Page

ACTS_MOST: Final = 200
TONES: Final = {"new": "danger", "seen": "warning", "closed": "neutral"}


def task_of(row: Row) -> Task:
    """Read a Task."""
    task = codec.decode(row.body(), "Task")
    if not isinstance(task, Task):
        raise OutcomeError(Issue("not-found", "not-found"))
    return task


def task(document: Mapping[str, Any]) -> Task:
    """Read a Task that a list found."""
    found = codec.decode(bytes_of(document), "Task")
    if not isinstance(found, Task):
        raise OutcomeError(Issue("not-found", "not-found"))
    return found


async def alerts(work: UnitOfWork, state: str, *, count: int) -> Page:
    """Find alerts in a state, or in all, newest first."""
    asked = {"code": f"{ALERTS.system}|", "_sort": "-authored-on", "_count": str(count), "_total": "accurate"}
    if state:
        asked["business-status"] = f"{STATES.system}|{state}"
    return await work.fhir.find("Task", **asked)


async def reviews(work: UnitOfWork, state: str, *, count: int) -> Page:
    """Find emergency accesses in a state of review, or in all: the oldest first while they wait, else the newest."""
    order = "authored-on" if state == "awaiting" else "-authored-on"
    asked = {"code": f"{TASKS.system}|{BREAK_GLASS}", "_sort": order, "_count": str(count), "_total": "accurate"}
    if state:
        asked["business-status"] = f"{REVIEWS.system}|{state}"
    return await work.fhir.find("Task", **asked)


async def alert_rows(work: UnitOfWork, found: Iterable[Task]) -> list[dict[str, Any]]:
    """Show alerts with the people they are about."""
    tasks = list(found)
    people = await people_of(work, map(account_of, tasks))
    return [alert_row(task, people) for task in tasks]


def alert_row(task: Task, people: dict[str, Person]) -> dict[str, Any]:
    """Show one alert."""
    given = {one.type.text: one for one in task.input or () if one.type is not None}
    codings = (task.code.coding if task.code else None) or ()
    state = state_of(task)
    period = task.executionPeriod
    return {
        "id": task.id,
        "rule": next((one.code for one in codings if one.system == ALERTS.system), ""),
        "who": people[account_of(task)],
        "role": given["role"].valueString if "role" in given else "",
        "count": given["count"].valueInteger if "count" in given else 0,
        "limit": given["limit"].valueInteger if "limit" in given else 0,
        "due": (given["due"].valueDate or "") if "due" in given else "",
        "certificate": (given["certificate"].valueString or "") if "certificate" in given else "",
        "start": (period.start if period else None) or "",
        "end": (period.end if period else None) or "",
        "urgent": task.priority == "urgent",
        "state": state,
        "tone": TONES.get(state, "neutral"),
        "notes": [{"text": one.text, "time": one.time or "", "by": one.authorString or ""} for one in task.note or ()],
    }


async def review_row(work: UnitOfWork, task: Task) -> dict[str, Any]:
    """Show one emergency access, with what was looked at meanwhile."""
    codings = (task.businessStatus.coding if task.businessStatus else None) or ()
    patient = (task.for_.reference if task.for_ else None) or ""
    requester = (task.requester.reference if task.requester else None) or ""
    period = task.executionPeriod
    start, end = (period.start if period else None) or "", (period.end if period else None) or ""
    due = ((task.restriction.period.end if task.restriction and task.restriction.period else None) or "")[:10]
    seen: Counter[str] = Counter()
    if patient and start and end:
        found = await watching.acts(
            work.executor,
            since=datetime.fromisoformat(start),
            until=datetime.fromisoformat(end),
            patient=rid_of("Patient", patient.removeprefix("Patient/")),
            count=ACTS_MOST,
        )
        for one in found:
            if one.act.practitioner == requester and one.act.outcome == "0" and one.act.what != BREAK_GLASS:
                seen.update(ref.partition("/")[0] for ref in one.act.refs)
    state = next((one.code for one in codings if one.system == REVIEWS.system), "awaiting")
    return {
        "id": task.id,
        "patient": patient.removeprefix("Patient/"),
        "who": (task.requester.display if task.requester else None) or requester,
        "requester": requester,
        "reason": (task.reasonCode.text if task.reasonCode else None) or "",
        "start": start,
        "end": end,
        "due": due,
        "overdue": state == "awaiting" and due < work.now.date().isoformat(),
        "state": state,
        "seen": seen.most_common(8),
        "notes": [{"text": one.text, "time": one.time or "", "by": one.authorString or ""} for one in task.note or ()],
    }


async def act_rows(work: UnitOfWork, seen: Iterable[Seen]) -> list[dict[str, Any]]:
    """Show acts of the ledger, without a word of whose records they were."""
    seen = list(seen)
    people = await people_of(work, (one.act.who for one in seen))
    return [
        {
            "id": one.id,
            "at": one.act.at,
            "who": people[one.act.who],
            "roles": one.act.role.split(),
            "what": one.act.what,
            "type": one.act.type,
            "count": len(one.act.refs),
            "refused": one.act.outcome != "0",
            "detail": one.act.detail,
            "rule": one.act.rule,
            "address": one.act.address,
        }
        for one in seen
    ]
