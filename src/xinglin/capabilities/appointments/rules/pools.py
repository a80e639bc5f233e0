"""What stands of numbers and people while several ask at the same moment: each decision counts for the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.shapes import Booking, Numbered, Session
from xinglin.care import booking
from xinglin.care.booking import Held, Policy, Wish
from xinglin.fhir.outcome import Issue


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody who wants a number. patient: reference. slot: id of the number; empty for the next of the session."""

    channel: str
    patient: str
    session: Session
    policy: Policy
    slot: str = ""


def wish(ask: Ask, bookings: Sequence[Booking]) -> Wish:
    """Say what the limits need of a person: the numbers that stand, and when others passed unused."""
    zone = shapes.zone(ask.policy)
    held = [
        Held(one.session, one.department, one.start.astimezone(zone).date())
        for one in bookings
        if one.slot and one.status in shapes.STANDING
    ]
    missed = [one.start for one in bookings if one.status == "noshow"]
    return Wish(ask.channel, ask.session.id, ask.session.department, held, missed)


def same(ask: Ask, bookings: Sequence[Booking], now: datetime) -> Booking | None:
    """Give what the person holds already of what is asked: whose answer was lost asks again, and gets the same."""
    for one in bookings:
        if one.status == "pending" and one.session == ask.session.id and ask.slot in {"", one.slot}:
            return one if one.until is None or one.until > now else None
    return None


@dataclass(slots=True)
class Pool:
    """Numbers as they are known, the seats of each that are taken, and the bookings of people (by reference)."""

    now: datetime
    people: Mapping[str, Sequence[Booking]]
    numbers: dict[str, Numbered] = field(default_factory=dict)
    seats: dict[str, set[int]] = field(default_factory=dict)

    def learn(self, numbers: Iterable[Numbered], seats: Mapping[str, Iterable[int]]) -> None:
        """Take up numbers as they stand now."""
        for one in numbers:
            self.numbers[one.id] = one
            self.seats[one.id] = set(seats[one.id])

    def number_refusals(self, ask: Ask, id: str) -> tuple[Issue, ...]:
        """Reasons why this number cannot be taken."""
        number = self.numbers[id].as_number(len(self.seats[id]), open=ask.session.open)
        return booking.number_refusals(number, ask.channel, self.now, ask.policy)

    def person_refusals(self, ask: Ask) -> tuple[Issue, ...]:
        """Reasons that lie with the person."""
        start = self.numbers[ask.slot].start if ask.slot else ask.session.start
        return booking.person_refusals(wish(ask, self.people[ask.patient]), start, self.now, ask.policy)

    def best(self, ask: Ask, among: Iterable[str] | None = None) -> list[str]:
        """Give the numbers of the session that the channel may take, the best first. among: only of these."""
        found = [one for one in self.numbers.values() if one.session == ask.session.id]
        if among is not None:
            allowed = set(among)
            found = [one for one in found if one.id in allowed]
        standing = [one.as_number(len(self.seats[one.id]), open=ask.session.open) for one in found]
        return [found[place].id for place in booking.best(standing, ask.channel, self.now, ask.policy)]

    def take(self, id: str) -> int:
        """Take the first free seat of a number."""
        seat = next(one for one in range(1, self.numbers[id].seats + 1) if one not in self.seats[id])
        self.seats[id].add(seat)
        return seat

    def full(self, id: str) -> bool:
        """Tell whether no seat of a number is left."""
        return len(self.seats[id]) >= self.numbers[id].seats
