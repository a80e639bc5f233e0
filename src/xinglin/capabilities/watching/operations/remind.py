"""Raise an alert when a yearly assessment of the system is due soon, or overdue: one for each assessment."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from xinglin.capabilities.watching.contract import ACCOUNTS, ALERT, ALERTS, KEYS, STATES
from xinglin.capabilities.watching.operations.telling import tell_officers
from xinglin.fhir.sources import cites
from xinglin.security.assessments import Passed, days_left, ends
from xinglin.store.door import UnitOfWork
from xinglin.web.format import today

HOUR = timedelta(hours=1)


@cites("R7-040", "R7-050")
async def remind(work: UnitOfWork, passed: Iterable[Passed]) -> tuple[str, ...]:
    """Tell the security officers what is due; give the ids of new alerts. Asking again raises none twice."""
    made = []
    for one in passed:
        left = days_left(one, today(work.now))
        if left is None:
            continue
        key = f"{one.kind.code} {ends(one).isoformat()}"
        written = await work.platform.create(
            msgspec.json.encode(_task(one, key, left, work)), type="Task", if_none_exist=f"identifier={KEYS}|{key}"
        )
        if written.created:
            work.note("alert", type="Task", refs=(f"Task/{written.id}",), detail=one.kind.code)
            await tell_officers(work, written.id)
            made.append(written.id)
    return tuple(made)


def _task(one: Passed, key: str, left: int, work: UnitOfWork) -> dict[str, object]:
    """Write the alert; a user it has none, and what counts is the days that are left."""
    return {
        "resourceType": "Task",
        "meta": {"profile": [ALERT.url]},
        "identifier": [{"system": KEYS, "value": key}],
        "status": "requested",
        "intent": "order",
        "priority": "urgent" if left < 0 else "routine",
        "code": {"coding": [{"system": ALERTS.system, "code": one.kind.code}]},
        "businessStatus": {"coding": [{"system": STATES.system, "code": "new"}]},
        "requester": {"identifier": {"system": ACCOUNTS, "value": "system"}},
        "authoredOn": work.now.isoformat(),
        "executionPeriod": {"start": (work.now - HOUR).isoformat(), "end": work.now.isoformat()},
        "input": [
            {"type": {"text": "due"}, "valueDate": ends(one).isoformat()},
            {"type": {"text": "certificate"}, "valueString": one.number or "-"},
        ],
    }
