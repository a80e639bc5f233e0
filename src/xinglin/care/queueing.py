"""The one queue before a consulting room: whose turn it is, and how long it takes (候诊队列).

The stated order: (1) who was referred, by arrival; (2) who booked, by the time of the number, when he came in time;
(3) walk-ins and who came late, by arrival. Lines 2 and 3 are merged by their times; while somebody of line 2 whose time
has come waits, never two of line 3 after one another. Who was called and did not come returns after `recall_after`
further calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from xinglin.care.booking import POLICY, Policy
from xinglin.fhir.sources import cites

Kind = Literal["booked", "walk-in", "referred"]
LAST: Final = 8  # of the last visits, how many say how long one takes
PRIOR: Final = 2  # as many visits of the planned length count beside them


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits.

    start: of the number. since: when he came. after: of a recalled one, the count of calls of the session after which
    it is his turn again.
    """

    id: str
    kind: Kind
    since: datetime
    start: datetime | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A place in the line, from 1, and why: ``referred``, ``booked``, ``late``, ``walk-in`` or ``recalled``."""

    id: str
    place: int
    why: str


@cites("FD-19")
def line(
    waiting: Sequence[Waiting], calls: int, now: datetime, policy: Policy = POLICY, *, last: str = ""
) -> tuple[Placed, ...]:
    """Put everybody who waits in order. calls: made in the clinic session so far. last: why the last one was called."""
    fresh = [one for one in waiting if one.after is None]
    found = [(one.id, "referred") for one in sorted(_of(fresh, "referred", policy), key=_came)]
    found += _merged(
        sorted(_of(fresh, "booked", policy), key=lambda one: (one.start or one.since, one.since, one.id)),
        sorted([*_of(fresh, "late", policy), *_of(fresh, "walk-in", policy)], key=_came),
        now,
        policy,
        second_before=last in {"late", "walk-in"},
    )
    recalled = [one for one in waiting if one.after is not None]
    for one in sorted(recalled, key=lambda one: (one.after or 0, one.since, one.id)):
        found.insert(min(max((one.after or 0) - calls, 0), len(found)), (one.id, "recalled"))
    return tuple(Placed(id, place, why) for place, (id, why) in enumerate(found, 1))


def why(one: Waiting, policy: Policy = POLICY) -> str:
    """Say in which line somebody stands."""
    if one.after is not None:
        return "recalled"
    late = one.start is not None and one.since > one.start + timedelta(minutes=policy.late_minutes)
    return "late" if one.kind == "booked" and late else one.kind


def _of(waiting: Sequence[Waiting], kind: str, policy: Policy) -> list[Waiting]:
    return [one for one in waiting if why(one, policy) == kind]


def _came(one: Waiting) -> tuple[datetime, str]:
    return one.since, one.id


def _merged(
    first: list[Waiting], second: list[Waiting], now: datetime, policy: Policy, *, second_before: bool
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while first or second:
        due = bool(first) and (first[0].start or first[0].since) <= now
        earlier = bool(first) and bool(second) and (first[0].start or first[0].since) <= second[0].since
        take_first = bool(first) and (not second or earlier or (due and second_before))
        one = first.pop(0) if take_first else second.pop(0)
        second_before = not take_first
        found.append((one.id, why(one, policy)))
    return found


def minutes_each(durations: Sequence[float], planned: float) -> float:
    """Say how long a visit takes here: the median of the last ones, with a few of the planned length beside them."""
    return float(median([*durations[-LAST:], *([planned] * PRIOR)]))


def estimate(ahead: int, durations: Sequence[float], *, planned: float, inside: float | None, begins: float) -> int:
    """Estimate the minutes until somebody is called.

    ahead: how many stand before him. durations: minutes of the visits that have ended, in order. inside: minutes since
    the one in the room was called; None when nobody is. begins: minutes until the session begins, 0 when it has.
    """
    each = minutes_each(durations, planned)
    current = 0.0 if inside is None else max(each - inside, 1.0)
    return round(max(begins, 0.0) + current + ahead * each)


@dataclass(frozen=True, slots=True)
class Error:
    """How far estimates were from what came. mean: of the absolute differences, minutes. bias: above 0, too short."""

    count: int
    mean: float
    bias: float


def error(pairs: Sequence[tuple[float, float]]) -> Error | None:
    """Measure estimates against what came, both in minutes; None without any."""
    if not pairs:
        return None
    differences = [came - said for said, came in pairs]
    count = len(differences)
    return Error(count, sum(map(abs, differences)) / count, sum(differences) / count)
