"""Look through the ledger since the last time, hour by hour, and raise an alert for each anomaly found."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from xinglin.capabilities.watching.contract import ACCOUNTS, ALERT, ALERTS, KEYS, STATES
from xinglin.capabilities.watching.operations.telling import tell_officers
from xinglin.fhir.sources import cites
from xinglin.security.anomalies import Finding, Limits, findings, key_of
from xinglin.store.door import UnitOfWork
from xinglin.store.ledger import watching

HOUR: Final = timedelta(hours=1)
# After a longer pause what is older is left to the audit officer's own search.
HOURS_MOST: Final = 72


@dataclass(frozen=True, slots=True)
class Terms:
    """How watching runs: limits, time zone, and how long relations hold beyond their end."""

    limits: Limits
    zone: str
    grace: timedelta


@cites("R7-042")
async def look(work: UnitOfWork, *, terms: Terms) -> tuple[str, ...]:
    """Raise alerts for what has happened until now; give the ids of the new ones. Looking again raises none twice."""
    await work.lock("watching")
    last = await watching.seen_until(work.executor)
    made: list[str] = []
    for since, until in windows(last, work.now):
        fresh = max(since, min(last, until)) if last is not None else since
        done = await watching.activities(
            work.executor, since, until, terms.limits, fresh=fresh, zone=terms.zone, grace=terms.grace
        )
        for activity in done:
            for finding in findings(activity, terms.limits):
                id = await _raise(work, finding, since, until, terms.zone)
                made += [id] if id else []
    await watching.saw(work.executor, work.now)
    return tuple(made)


def windows(last: datetime | None, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give the hours to look through: those missed since *last*, then the one that ends now."""
    since = now - HOUR if last is None else max(min(last - HOUR, now - HOUR), now - HOURS_MOST * HOUR)
    while since + HOUR < now:
        yield since, since + HOUR
        since += HOUR
    yield now - HOUR, now


async def _raise(work: UnitOfWork, finding: Finding, since: datetime, until: datetime, zone: str) -> str | None:
    key = key_of(finding, until, zone)
    document = _task(finding, key, since, until, work.now)
    written = await work.platform.create(
        msgspec.json.encode(document), type="Task", if_none_exist=f"identifier={KEYS}|{key}"
    )
    if not written.created:
        return None
    work.note("alert", type="Task", refs=(f"Task/{written.id}",), detail=f"{finding.rule} {finding.activity.who}")
    await tell_officers(work, written.id)
    return written.id


def _task(finding: Finding, key: str, since: datetime, until: datetime, now: datetime) -> dict[str, Any]:
    """Write an alert: who, what, how much; no word of the patients."""
    done = finding.activity
    who: dict[str, Any] = {"identifier": {"system": ACCOUNTS, "value": done.who}}
    if done.practitioner:
        who["reference"] = done.practitioner
    return {
        "resourceType": "Task",
        "meta": {"profile": [ALERT.url]},
        "identifier": [{"system": KEYS, "value": key}],
        "status": "requested",
        "intent": "order",
        "priority": "urgent" if finding.count > 5 * max(finding.limit, 1) else "routine",
        "code": {"coding": [{"system": ALERTS.system, "code": finding.rule}]},
        "businessStatus": _state("new"),
        "requester": who,
        "authoredOn": now.isoformat(),
        "executionPeriod": {"start": since.isoformat(), "end": until.isoformat()},
        "input": [
            {"type": {"text": "count"}, "valueInteger": finding.count},
            {"type": {"text": "limit"}, "valueInteger": finding.limit},
            {"type": {"text": "role"}, "valueString": done.role},
        ],
    }


def _state(code: str) -> dict[str, Any]:
    return {"coding": [{"system": STATES.system, "code": code}]}
