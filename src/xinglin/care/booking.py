"""Numbers of a session: who may take which, when (号源、限号、爽约).

One pool for all channels: a number may be kept for one channel until a set time, and then belongs to all. What a
hospital decides for itself stands in `Policy`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

ANY: Final = "any"
# By what way a number is asked for: own telephone, browser, desk of the hospital, telephone operator, other systems.
CHANNELS: Final = ("phone-page", "web", "desk", "operator", "partner")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a hospital decides ([CFG]); the defaults are ours, no book gives them.

    quotas: share in percent of the numbers of a session kept for a channel; the rest is for any. release_days,
    release_at: when what is kept belongs to all: so many days before, at this time of the region. days_ahead: how many
    days before numbers can be taken. hold_minutes: for whom takes one; offer_minutes: for whom the waiting list brings
    one. per_day, per_department: numbers of a person on a day, and of those in one department. no_shows within
    no_show_days bar a person for barred_days from all but the desk. early_minutes: before the session begins that one
    may check in; late_minutes: after the own time that one still keeps the place.
    """

    zone: str = "Asia/Shanghai"
    minutes_each: int = 10
    quotas: tuple[tuple[str, int], ...] = (("desk", 10), ("operator", 10), ("partner", 10))
    release_days: int = 1
    release_at: time = time(18, 0)
    days_ahead: int = 7
    hold_minutes: int = 10
    offer_minutes: int = 30
    per_day: int = 3
    per_department: int = 1
    no_shows: int = 3
    no_show_days: int = 90
    barred_days: int = 30
    overbook: int = 5
    early_minutes: int = 60
    late_minutes: int = 15
    recall_after: int = 2
    give_back_least: int = 5
    give_back_most: int = 60


POLICY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a session as it stands. released: when it belongs to all. left: free seats."""

    start: datetime
    end: datetime
    channel: str
    released: datetime
    left: int
    open: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """A number that the person has already, not ended. session: id. department: code."""

    session: str
    department: str
    day: date


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks for a number of which session. missed: when numbers of the person passed unused."""

    channel: str
    session: str
    department: str
    held: Sequence[Held] = ()
    missed: Sequence[datetime] = field(default=())


def refusals(wish: Wish, number: Number, now: datetime, policy: Policy = POLICY) -> tuple[Issue, ...]:
    """Reasons why the number cannot be taken, all of them; empty when it can."""
    return (*number_refusals(number, wish.channel, now, policy), *person_refusals(wish, number.start, now, policy))


def number_refusals(number: Number, channel: str, now: datetime, policy: Policy = POLICY) -> tuple[Issue, ...]:
    """Reasons that lie with the number."""
    return tuple(_of_number(number, channel, now, policy))


def _of_number(number: Number, channel: str, now: datetime, policy: Policy) -> Iterator[Issue]:
    zone = ZoneInfo(policy.zone)
    if not number.open:
        yield Issue("business-rule", "session-closed", text="The clinic session gives out no numbers.")
    if number.end <= now:
        yield Issue("business-rule", "number-over", text="The time of this number has passed.")
    days = (number.start.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days > policy.days_ahead:
        yield Issue("business-rule", "number-too-early", text=f"Numbers open {policy.days_ahead} days before.")
    if number.channel not in {ANY, channel} and now < number.released:
        yield Issue("business-rule", "number-kept", text=f"This number is kept for {number.channel} until its release.")
    if number.left < 1:
        yield Issue("conflict", "number-taken", text="Somebody else has this number.")


def person_refusals(wish: Wish, start: datetime, now: datetime, policy: Policy = POLICY) -> tuple[Issue, ...]:
    """Reasons that lie with the person."""
    return tuple(_of_person(wish, start, now, policy))


def _of_person(wish: Wish, start: datetime, now: datetime, policy: Policy) -> Iterator[Issue]:
    day = start.astimezone(ZoneInfo(policy.zone)).date()
    held = [one for one in wish.held if one.day == day]
    if any(one.session == wish.session for one in wish.held):
        yield Issue("conflict", "session-booked", text="The person has a number of the clinic session already.")
    elif sum(one.department == wish.department for one in held) >= policy.per_department:
        yield Issue("business-rule", "limit-department", text="Enough numbers of this department on this day.")
    if len(held) >= policy.per_day:
        yield Issue("business-rule", "limit-day", text=f"At most {policy.per_day} numbers a day.")
    until = barred_until(wish.missed, policy)
    if until is not None and now < until and wish.channel != "desk":
        text = f"Numbers were left unused too often: until {until.date()} book at the desk."
        yield Issue("business-rule", "no-shows", text=text)


def barred_until(missed: Sequence[datetime], policy: Policy = POLICY) -> datetime | None:
    """Until when somebody who left numbers unused books at the desk only; None when it was not often."""
    times = sorted(missed)
    window = timedelta(days=policy.no_show_days)
    found = None
    for last, first in zip(times[policy.no_shows - 1 :], times, strict=False):
        if last - first <= window:
            found = last + timedelta(days=policy.barred_days)
    return found


def channels_of(count: int, policy: Policy = POLICY) -> tuple[str, ...]:
    """Say for which channel each of *count* numbers is kept, in their order, spread over the session."""
    found = [ANY] * count
    free = list(range(count))
    for channel, percent in policy.quotas:
        wanted = min(count * percent // 100, len(free))
        picked = [free[(2 * n + 1) * len(free) // (2 * wanted)] for n in range(wanted)]
        for place in picked:
            found[place] = channel
        free = [place for place in free if place not in picked]
    return tuple(found)


def release_of(start: datetime, policy: Policy = POLICY) -> datetime:
    """Give the moment at which every number of a session that begins at *start* belongs to all channels."""
    zone = ZoneInfo(policy.zone)
    day = start.astimezone(zone).date() - timedelta(days=policy.release_days)
    return datetime.combine(day, policy.release_at, zone)


def best(numbers: Sequence[Number], channel: str, now: datetime, policy: Policy = POLICY) -> tuple[int, ...]:
    """Give the places of the numbers that the channel may take now: the own kept ones first, then by time.

    So nobody takes what all may have while something is kept for him.
    """
    free = [place for place, one in enumerate(numbers) if not number_refusals(one, channel, now, policy)]
    return tuple(sorted(free, key=lambda place: (numbers[place].channel != channel, numbers[place].start, place)))


def times(start: datetime, end: datetime, policy: Policy = POLICY) -> tuple[tuple[datetime, datetime], ...]:
    """Part a session into the times of its numbers; what is left over at the end is too short for one."""
    each = timedelta(minutes=policy.minutes_each)
    count = int((end - start) / each)
    return tuple((start + n * each, start + (n + 1) * each) for n in range(count))


@cites("R1-035")
def overlaps(span: tuple[datetime, datetime], others: Sequence[tuple[datetime, datetime]]) -> bool:
    """Tell whether a session overlaps with duty elsewhere, of which the one who plans it is warned."""
    return any(start < span[1] and span[0] < end for start, end in others)
