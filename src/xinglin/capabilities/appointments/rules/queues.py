"""How the queue of a session stands: whose turn it is, how long it takes, how good the estimates were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from xinglin.capabilities.appointments.rules.shapes import Booking, Queued, Session, minutes
from xinglin.care import queueing
from xinglin.care.booking import Policy
from xinglin.care.queueing import Error, Waiting
from xinglin.fhir.outcome import Issue

_LETTERS = {"booked": "", "walk-in": "W", "referred": "R"}


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody in line. place: from 1. wait: minutes until he is called, estimated now."""

    booking: Booking
    place: int
    why: str
    wait: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue. inside: who was called and is not done. calls: made so far. durations: minutes of the visits so far.

    error: of what was told at check-in, against what came.
    """

    line: tuple[Turn, ...]
    inside: Booking | None
    passed: tuple[Booking, ...]
    done: int
    calls: int
    durations: tuple[float, ...]
    error: Error | None
    last: str


def standing(found: Sequence[Booking], session: Session, now: datetime, policy: Policy) -> Standing:
    """Work out the queue of all bookings of a session that have checked in."""
    queued = [(one, one.queue) for one in found if one.queue is not None]
    ended = sorted((place.done, place.called) for _, place in queued if place.done and place.called)
    durations = tuple(minutes(called, end) for end, called in ended)
    inside = next((one for one, place in queued if place.state == "called"), None)
    called = sorted((place.called, place.why) for _, place in queued if place.called is not None)
    calls = sum(place.calls for _, place in queued)
    waiting = {one.id: one for one, place in queued if place.state == "waiting" and one.status == "arrived"}
    last = called[-1][1] if called else ""
    placed = queueing.line([one.waiting() for one in waiting.values()], calls, now, policy, last=last)
    line = tuple(
        Turn(waiting[one.id], one.place, one.why, _wait(one.place - 1, durations, inside, session, now, policy))
        for one in placed
    )
    told = [
        (float(place.said), minutes(place.since, place.called))
        for _, place in queued
        if place.said is not None and place.called is not None
    ]
    passed = tuple(one for one, place in queued if place.state == "passed" and one.status == "arrived")
    return Standing(line, inside, passed, len(durations), calls, durations, queueing.error(told), last)


def _wait(
    ahead: int, durations: Sequence[float], inside: Booking | None, session: Session, now: datetime, policy: Policy
) -> int:
    called = inside.queue.called if inside is not None and inside.queue is not None else None
    return queueing.estimate(
        ahead,
        durations,
        planned=float(policy.minutes_each),
        inside=None if called is None else minutes(called, now),
        begins=minutes(now, session.start),
    )


def wait_of_new(
    queue: Standing, place: Queued, session: Session, now: datetime, policy: Policy, *, start: datetime | None = None
) -> int:
    """Estimate the minutes of somebody who is just joining the queue."""
    new = Waiting("", place.kind, place.since, start if place.kind == "booked" else None, place.after)  # type: ignore[arg-type]
    line = queueing.line(
        [*(one.booking.waiting() for one in queue.line), new], queue.calls, now, policy, last=queue.last
    )
    ahead = next(one.place for one in line if not one.id) - 1
    return _wait(ahead, queue.durations, queue.inside, session, now, policy)


def ticket(number: int, kind: str = "booked") -> str:
    """Name a place: ``007`` of a number, ``W01`` of a walk-in, ``R01`` of a referred patient."""
    letter = _LETTERS[kind]
    return f"{letter}{number:02d}" if letter else f"{number:03d}"


def check_in_refusals(found: Booking, session: Session, now: datetime, policy: Policy) -> Iterator[Issue]:
    """Reasons why somebody cannot check in now."""
    if found.status not in {"booked", "arrived"}:
        yield Issue("business-rule", "check-in-none", text="This booking is not confirmed, or has ended.")
    if not session.open:
        yield Issue("business-rule", "session-closed", text="The clinic session has ended or was stopped.")
    yield from _too_early(session, now, policy)


def walk_in_refusals(session: Session, now: datetime, policy: Policy) -> Iterator[Issue]:
    """Reasons why nobody can be queued without a number now."""
    if not session.open or session.end <= now:
        yield Issue("business-rule", "session-closed", text="The clinic session has ended or was stopped.")
    yield from _too_early(session, now, policy)


def _too_early(session: Session, now: datetime, policy: Policy) -> Iterator[Issue]:
    if now < session.start - timedelta(minutes=policy.early_minutes):
        text = f"Check in from {policy.early_minutes} minutes before the session begins."
        yield Issue("business-rule", "check-in-early", text=text)
