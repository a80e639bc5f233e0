"""Numbers that come back: given back, not confirmed in time, or free again at the instant that was drawn."""

from datetime import datetime, timedelta
from typing import Any, Final

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import fees, holding, reading
from xinglin.capabilities.appointments.rules import logs, shapes
from xinglin.capabilities.appointments.rules.shapes import Booking, Session
from xinglin.care import giving_back
from xinglin.care.booking import Policy
from xinglin.care.giving_back import Returned
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork

_SEED: Final = "give-back-seed"
# Too late to be drawn for: the number is free at once.
_LATE: Final = timedelta(minutes=2)


def seed(work: UnitOfWork, session: str) -> str:
    """Give the secret seed of a session: from a key of the platform, so that nobody chose it and none is kept."""
    return work.vault.digest(_SEED, session).hex()


async def give_back(work: UnitOfWork, given: contract.One, *, policy: Policy) -> str:
    """Appointment/$give-back: end a booking before its time is over; gives what became of the number."""
    await reading.within_reach(work, given.id)
    await work.lock(f"booking {given.id}", f"numbers of {(await reading.booking(work, given.id)).session}")
    found = await reading.booking(work, given.id)
    if found.status not in {"pending", "booked", "waitlist"}:
        raise OutcomeError(Issue("business-rule", "give-back-over", text="This booking has ended or is in the queue."))
    if found.end <= work.now:
        raise OutcomeError(Issue("business-rule", "number-over", text="The time of this number has passed."))
    await fees.given_back(work, found, fees.CANCELLED)
    return await returned(work, found, "given-back", policy=policy)


async def expire(work: UnitOfWork, booking: str, *, policy: Policy) -> None:
    """Let go of a number that was not confirmed in time; nothing to do when it was, or was given back."""
    try:
        await work.lock(f"booking {booking}", f"numbers of {(await reading.booking(work, booking)).session}")
        found = await reading.booking(work, booking)
    except OutcomeError as refused:
        if refused.status in {404, 410}:
            return
        raise
    if found.status == "pending" and found.until is not None and found.until <= work.now:
        await returned(work, found, "hold-expired", policy=policy)


async def returned(work: UnitOfWork, found: Booking, reason: str, *, policy: Policy) -> str:
    """End a booking and hand its number on: ``offered``, ``released``, ``kept``; ``left`` for the waiting list."""
    ended = shapes.ended(found, "cancelled", reason)
    await work.platform.update(bytes_of(ended), type="Appointment", id=found.id, if_match=found.version)
    if not found.slot:
        return "left"
    session = await reading.session(work, found.session)
    number = await reading.number(work, found.slot, lock=True)
    log = await _log(work, session)
    waiting = await reading.bookings(work, session.id, "waitlist") if session.open else []
    line = Returned(
        number=number.number,
        seat=found.seat,
        count=len(logs.lines(log)),
        at=work.now,
        starts=number.start,
        outcome="kept",
        waiting=tuple(giving_back.ticket_hash(one.id) for one in waiting),
    )
    if session.open and waiting and number.end > work.now:
        line = logs.with_outcome(line, "offered", to=line.waiting[0])
        await holding.offered(work, waiting[0], session, number, found.seat, policy=policy)
    elif session.open and number.end > work.now:
        at = giving_back.release(seed(work, session.id), line, policy)
        line = logs.with_outcome(line, "released", until=at)
        alone = number.seats == 1 and number.start - work.now > _LATE
        freed = shapes.opened(number, at=at if alone else None)
        await work.platform.update(bytes_of(freed), type="Slot", id=number.id, if_match=number.version)
        if alone:
            await work.defer_at(at, contract.RELEASE, slot=number.id)
    await _written(work, logs.added(log, line))
    return line.outcome


async def release(work: UnitOfWork, slot: str, *, policy: Policy) -> None:
    """Set a number free whose instant has come: to whoever waits meanwhile, else to all."""
    try:
        session = await reading.session(work, (await reading.number(work, slot)).session)
    except OutcomeError as refused:
        if refused.status in {404, 410}:
            return
        raise
    await work.lock(f"numbers of {session.id}")
    number = await reading.number(work, slot, lock=True)
    if number.opens is None or number.opens > work.now or not session.open:
        return
    waiting = await reading.bookings(work, session.id, "waitlist")
    if waiting and number.end > work.now:
        log = await _log(work, session)
        hashes = tuple(giving_back.ticket_hash(one.id) for one in waiting)
        line = Returned(
            number.number, 1, len(logs.lines(log)), work.now, number.start, "offered", None, hashes[0], hashes
        )
        await work.platform.update(bytes_of(shapes.busy(number)), type="Slot", id=number.id, if_match=number.version)
        await holding.offered(work, waiting[0], session, number, 1, policy=policy)
        await _written(work, logs.added(log, line))
        return
    await work.platform.update(bytes_of(shapes.opened(number)), type="Slot", id=number.id, if_match=number.version)


async def verify(work: UnitOfWork, given: contract.One, *, policy: Policy) -> contract.Verified:
    """Schedule/$verify-give-back: the log of a session, checked by its seed once the session has ended."""
    session = await reading.session(work, given.id)
    log = await _log(work, session)
    found = logs.lines(log)
    committed = logs.commitment(log)
    if not over(session, work.now):
        return contract.Verified(committed, "", len(found))
    secret = seed(work, session.id)
    return contract.Verified(committed, secret, len(found), giving_back.faults(secret, committed, found, policy))


def over(session: Session, now: datetime) -> bool:
    """Tell whether the seed of a session may be shown: no number of it can come back any more."""
    return session.end <= now or session.state in {"stopped", "ended"}


async def log_of(work: UnitOfWork, session: Session) -> tuple[str, tuple[Returned, ...]]:
    """Give the digest of the seed that was published, and the lines of the log."""
    log = await _log(work, session)
    return logs.commitment(log), logs.lines(log)


def new_log(work: UnitOfWork, session: Session) -> dict[str, Any]:
    """Write the empty log of a session, with the digest of its seed."""
    return logs.empty(session, giving_back.commitment(seed(work, session.id)), work.now)


async def _log(work: UnitOfWork, session: Session) -> dict[str, Any]:
    """Read the log of a session, held until the transaction ends; a new one where there is none."""
    try:
        row = await work.platform.read("List", logs.id_of(session.id))
    except OutcomeError as refused:
        if refused.status != 404:
            raise
        return new_log(work, session)
    document: dict[str, Any] = document_of(row.body())
    return document


async def _written(work: UnitOfWork, log: dict[str, Any]) -> None:
    await work.platform.update(bytes_of(log), type="List", id=log["id"])
