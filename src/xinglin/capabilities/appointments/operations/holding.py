"""Taking a number: hold, then confirm. Everything that takes one goes through `hold`."""

from datetime import datetime, timedelta
from typing import Any

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import reading, telling
from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.shapes import Booking, Numbered, Session
from xinglin.capabilities.appointments.rules.states import channel_of
from xinglin.care import booking
from xinglin.care.booking import Policy, Wish
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.orders import Order
from xinglin.store.reading import not_found


async def hold(work: UnitOfWork, given: contract.Hold, *, policy: Policy) -> str:
    """Slot/$hold: hold a number for a person until it is confirmed; gives the id of the Appointment."""
    channel = channel_for(work, given.channel)
    session = await reading.session(work, (await reading.number(work, given.id)).session)
    patient = await person(work, session, given.patient)
    await work.lock(f"booking of {patient}")  # limits are counted for each person
    number = await reading.number(work, given.id, lock=True)
    seats = (await reading.taken_seats(work, [number]))[number.id]
    wish = await _wish(work, session, patient, channel, number.start, policy)
    refuse(booking.refusals(wish, number.as_number(len(seats), open=session.open), work.now, policy))
    return await _held(work, session, patient, channel, number, seats, policy)


async def hold_next(work: UnitOfWork, given: contract.HoldNext, *, policy: Policy) -> str:
    """Schedule/$hold-next: hold the first number of a session that the channel may take."""
    channel = channel_for(work, given.channel)
    session = await reading.session(work, given.id)
    patient = await person(work, session, given.patient)
    await work.lock(f"booking of {patient}", f"numbers of {session.id}")
    wish = await _wish(work, session, patient, channel, session.start, policy)
    refuse(booking.person_refusals(wish, session.start, work.now, policy))
    found = await reading.numbers(work, session.id)
    seats = await reading.taken_seats(work, found)
    standing = [one.as_number(len(seats[one.id]), open=session.open) for one in found]
    for place in booking.best(standing, channel, work.now, policy):
        # Who asks for this very number does not take the lock of the session: the number itself decides.
        number = await reading.number(work, found[place].id, lock=True)
        taken = (await reading.taken_seats(work, [number]))[number.id]
        if not booking.number_refusals(number.as_number(len(taken), open=session.open), channel, work.now, policy):
            return await _held(work, session, patient, channel, number, taken, policy)
    if not session.open:
        raise OutcomeError(Issue("business-rule", "session-closed", text="The clinic session gives out no numbers."))
    raise OutcomeError(Issue("conflict", "session-full", text="All numbers of the clinic session are taken."))


async def wait(work: UnitOfWork, given: contract.HoldNext, *, policy: Policy) -> str:
    """Schedule/$wait: join the waiting list of a session; numbers that come back go to it in order."""
    channel = channel_for(work, given.channel)
    session = await reading.session(work, given.id)
    patient = await person(work, session, given.patient)
    await work.lock(f"booking of {patient}", f"numbers of {session.id}")
    wish = await _wish(work, session, patient, channel, session.start, policy)
    issues = list(booking.person_refusals(wish, session.start, work.now, policy))
    if not session.open or session.end <= work.now:
        issues.append(Issue("business-rule", "session-closed", text="The clinic session gives out no numbers."))
    refuse(issues)
    made = shapes.appointment(session, patient, status="waitlist", now=work.now, channel=channel)
    return (await work.platform.create(bytes_of(made), type="Appointment")).id


async def confirm(work: UnitOfWork, given: contract.One, *, policy: Policy) -> str:
    """Appointment/$confirm: a number that is held becomes booked; asked again, it is answered the same."""
    await reading.within_reach(work, given.id)
    await work.lock(f"booking {given.id}")
    found = await reading.booking(work, given.id)
    if found.status == "booked":
        return found.id
    if found.status != "pending" or (found.until is not None and found.until <= work.now):
        raise OutcomeError(Issue("business-rule", "hold-over", text="The number is not held any more: take one again."))
    session = await reading.session(work, found.session)
    refuse([] if session.open else [Issue("business-rule", "session-closed", text="The session was stopped.")])
    made = shapes.with_extension(found.document | {"status": "booked"}, without=("hold-until",))
    await work.platform.update(bytes_of(made), type="Appointment", id=found.id, if_match=found.version)
    await telling.tell(work, contract.CONFIRMED.code, found, session, policy)
    for at in reminders(found.start, work.now):
        await work.defer_at(at, contract.REMIND, booking=found.id)
    return found.id


def reminders(start: datetime, now: datetime) -> list[datetime]:
    """Give when somebody is reminded: a day and two hours before, as far as that lies ahead."""
    return [at for at in (start - timedelta(days=1), start - timedelta(hours=2)) if at > now]


async def offered(
    work: UnitOfWork, first: Booking, session: Session, number: Numbered, seat: int, *, policy: Policy
) -> None:
    """Hold a number that came back for the first of the waiting list, and say so."""
    until = min(work.now + timedelta(minutes=policy.offer_minutes), number.end)
    made: dict[str, Any] = first.document | {
        "status": "pending",
        "slot": [{"reference": f"Slot/{number.id}"}],
        "start": number.start.isoformat(),
        "end": number.end.isoformat(),
    }
    made = shapes.with_extension(
        made,
        *shapes.taken(number, seat),
        {"url": contract.extension("hold-until"), "valueInstant": until.isoformat()},
    )
    await work.platform.update(bytes_of(made), type="Appointment", id=first.id, if_match=first.version)
    await work.defer_at(until, contract.EXPIRE, booking=first.id)
    await telling.tell(work, contract.OFFERED.code, shapes.booking_of(made), session, policy)


def channel_for(work: UnitOfWork, said: str) -> str:
    """Give the channel of the caller; refused when it is not one of his role's."""
    channel = channel_of(work.principal.roles, said)
    if channel is None:
        raise OutcomeError(Issue("business-rule", "channel-not-yours", "channel", "This channel is not of your role."))
    return channel


async def person(work: UnitOfWork, session: Session, id: str) -> str:
    """Give the reference of the person a number is for: oneself, whom one acts for, or whoever stands at the desk."""
    who = work.principal
    reference = f"Patient/{id}"
    if who.roles & {"resident", "guardian"}:
        if reference not in {who.patient, *who.patients}:
            raise OutcomeError(not_found("Patient", id))
        return reference
    if "receptionist" in who.roles and who.organization != session.organization:
        raise OutcomeError(not_found("Schedule", session.id))
    await work.platform.read("Patient", id)
    return reference


async def _wish(
    work: UnitOfWork, session: Session, patient: str, channel: str, start: datetime, policy: Policy
) -> Wish:
    held = await reading.held_by(work, patient, start, policy)
    missed = await reading.missed_by(work, patient, policy)
    return Wish(channel, session.id, session.department, held, missed)


async def _held(
    work: UnitOfWork,
    session: Session,
    patient: str,
    channel: str,
    number: Numbered,
    seats: frozenset[int],
    policy: Policy,
) -> str:
    seat = next(one for one in range(1, number.seats + 1) if one not in seats)
    until = work.now + timedelta(minutes=policy.hold_minutes)
    made = shapes.appointment(
        session, patient, status="pending", now=work.now, channel=channel, number=number, seat=seat, until=until
    )
    orders = [Order("create", "Appointment", bytes_of(made))]
    if len(seats) + 1 >= number.seats:
        busy = bytes_of(shapes.busy(number))
        orders.append(Order("update", "Slot", busy, number.id, number.version, "exists"))
    written = await work.platform.write_many(orders)
    id = written[0].id
    await work.defer_at(until, contract.EXPIRE, booking=id)
    return id
