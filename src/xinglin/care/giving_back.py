"""Numbers that were given back: to the waiting list in order, else free again at an instant that nobody chose.

Each session has a secret seed, derived from a key of the platform. Its digest (`commitment`) is public from the first
day, the seed itself after the session's end. The instant of each release follows from the seed, so it cannot be
foreseen, and anybody can work it out again afterwards (`faults`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from xinglin.care.booking import POLICY, Policy

Outcome = Literal["offered", "released", "kept"]


@dataclass(frozen=True, slots=True)
class Returned:
    """One line of the public log.

    count: how many numbers of the session came back before this one. at: when it came back. outcome: ``offered`` to the
    first of the waiting list (*to*: digest of the ticket), ``released`` at *until*, or ``kept``: too late to give out.
    waiting: digests of the tickets on the waiting list then, in their order.
    """

    number: int
    seat: int
    count: int
    at: datetime
    starts: datetime
    outcome: Outcome
    until: datetime | None = None
    to: str = ""
    waiting: tuple[str, ...] = ()


def commitment(seed: str) -> str:
    """Digest a seed (SHA-256, hexadecimal): what is public before the seed is."""
    return sha256(seed.encode()).hexdigest()


def ticket_hash(booking: str) -> str:
    """Name a booking in the public log: only who knows its id finds it there."""
    return sha256(f"ticket\x1f{booking}".encode()).hexdigest()[:16]


def release(seed: str, returned: Returned, policy: Policy = POLICY) -> datetime:
    """Draw when a number that came back is free again, to the second.

    Between give_back_least and give_back_most minutes after it came back; a number that begins soon is drawn within the
    first half of the time that is left. Not uniform chance of ours: SHA-256 of seed, number, seat and count.
    """
    least, most = policy.give_back_least * 60, policy.give_back_most * 60
    left = max(int((returned.starts - returned.at).total_seconds()) // 2, 0)
    if left < most:
        least, most = min(least, left // 2), left
    drawn = sha256(f"{seed}\x1f{returned.number}\x1f{returned.seat}\x1f{returned.count}".encode()).digest()
    seconds = least + int.from_bytes(drawn[:8], "big") % (most - least + 1)
    return (returned.at + timedelta(seconds=seconds)).replace(microsecond=0)


def faults(seed: str, committed: str, log: Sequence[Returned], policy: Policy = POLICY) -> tuple[str, ...]:
    """Check a log by its seed; none when everything follows from it. What anybody may run."""
    return tuple(_faults(seed, committed, log, policy))


def _faults(seed: str, committed: str, log: Sequence[Returned], policy: Policy) -> Iterator[str]:
    if commitment(seed) != committed:
        yield "The seed is not the one whose digest was published."
    for place, one in enumerate(log):
        if one.count != place:
            yield f"Line {place + 1} says that {one.count} numbers came back before it."
        if one.outcome == "offered" and (not one.waiting or one.waiting[0] != one.to):
            yield f"Line {place + 1}: the number was not offered to the first of the waiting list."
        if one.outcome == "released" and one.waiting:
            yield f"Line {place + 1}: the number was released although somebody waited."
        if one.outcome == "released" and one.until != release(seed, one, policy):
            yield f"Line {place + 1}: the number was released at another time than was drawn."
