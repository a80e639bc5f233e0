"""Sessions: made of rosters, stopped, overbooked, closed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import fees, giving_back, holding, policies, reading, telling
from xinglin.capabilities.appointments.rules import rosters, shapes
from xinglin.capabilities.appointments.rules.rosters import Receiver
from xinglin.capabilities.appointments.rules.shapes import Booking, Session
from xinglin.care import booking
from xinglin.care.booking import Policy
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.orders import Order
from xinglin.store.reading import not_found

MOST_DAYS: Final = 14
_MOST_ROLES: Final = "500"


async def make(work: UnitOfWork, given: contract.MakeSessions, *, policy: Policy) -> contract.Made:
    """Schedule/$make-sessions: sessions with their numbers for the rosters of an institution; what stands is left."""
    who = work.principal
    organization = f"Organization/{given.organization}"
    if "system-admin" in who.roles and who.organization != organization:
        raise OutcomeError(not_found("Organization", given.organization))
    if not 1 <= given.days <= MOST_DAYS:
        raise OutcomeError(Issue("value", "session-days", "days", f"Say 1 to {MOST_DAYS} days."))
    policy = await policies.of(work, organization, policy)
    since = _day(given.since) or work.now.astimezone(shapes.zone(policy)).date()
    await work.lock(f"rosters of {organization}")
    page = await work.platform.find(
        "PractitionerRole", organization=organization, active="true", _sort="_id", _count=_MOST_ROLES
    )
    receivers = [one for row in page.matches if (one := rosters.receiver(document_of(row.body()))) is not None]
    level = _level(document_of((await work.platform.read("Organization", given.organization)).body()))
    made = contract.Made(0, 0, 0, 0)
    order: Counter[str] = Counter()
    for one in receivers:
        order[one.department] += 1
        made = await _made_for(work, one, order[one.department], since, given.days, policy, made, level)
    return made


def _level(organization: dict[str, Any]) -> str:
    """Give the level of a hospital, 1 to 3; empty when it has none."""
    return str(shapes.found(organization, "level").get("valueCoding", {}).get("code", ""))[:1]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise OutcomeError(Issue("value", "session-day", "since", "Write the day as 2026-11-23.")) from None


@cites("R1-035")
async def _made_for(
    work: UnitOfWork, one: Receiver, place: int, since: date, days: int, policy: Policy, made: contract.Made, level: str
) -> contract.Made:
    planned = [
        span
        for day in range(days)
        for span in rosters.spans(one, since + timedelta(days=day), policy.zone)
        if span[1] > work.now
    ]
    if not planned:
        return made
    there = await _sessions_of(work, one.practitioner, planned)
    room = await _room(work, one, place)
    service = await _service(work, one)
    device = await _device(work, room["id"])
    for span in planned:
        session = rosters.session(
            one, span, service=service, room=f"Location/{room['id']}", place=room["name"], level=level, device=device
        )
        if any(other.id == session.id for other in there):
            made = replace(made, there=made.there + 1)
            continue
        elsewhere = [
            (other.start, other.end)
            for other in there
            if other.organization != one.organization and other.state != "stopped"
        ]
        if booking.overlaps(span, elsewhere):
            made = replace(made, overlapping=made.overlapping + 1)
            continue
        count = await create(work, session, policy)
        made = replace(made, sessions=made.sessions + 1, numbers=made.numbers + count)
    return made


async def create(work: UnitOfWork, session: Session, policy: Policy, *, seats: int = 1) -> int:
    """Write a session with its numbers and the empty log of those that come back; gives how many numbers."""
    numbers = rosters.numbers(session, policy, seats=seats)
    log = giving_back.new_log(work, session)
    documents: list[dict[str, Any]] = [shapes.schedule(session), log, *(shapes.slot(one) for one in numbers)]
    orders = [Order("update", one["resourceType"], bytes_of(one), one["id"], None, "new") for one in documents]
    await work.platform.write_many(orders)
    await work.defer_at(session.end + timedelta(minutes=1), contract.CLOSE, session=session.id)
    return len(numbers)


async def _sessions_of(
    work: UnitOfWork, practitioner: str, spans: Sequence[tuple[datetime, datetime]]
) -> list[Session]:
    """Give the sessions of somebody, at any institution, around the days that are planned."""
    page = await work.platform.find(
        "Schedule",
        actor=practitioner,
        _profile=contract.SESSION.url,
        date=f"ge{(spans[0][0] - timedelta(days=1)).date()}",
        _count=reading.MOST,
    )
    return [shapes.session_of(document_of(row.body())) for row in page.matches]


async def _room(work: UnitOfWork, one: Receiver, place: int) -> dict[str, Any]:
    """Give the consulting room of somebody; made when there is none."""
    made = rosters.room(one, place)
    try:
        document: dict[str, Any] = document_of((await work.platform.read("Location", made["id"])).body())
    except OutcomeError as refused:
        if refused.status not in {404, 410}:
            raise
        await work.platform.update(bytes_of(made), type="Location", id=made["id"])
        return made
    return document


async def _service(work: UnitOfWork, one: Receiver) -> str:
    """Give the department as a HealthcareService; empty when the institution states none."""
    page = await work.platform.find(
        "HealthcareService",
        organization=one.organization,
        specialty=f"{shapes.DEPARTMENT}|{one.department}",
        _count="1",
    )
    return f"HealthcareService/{page.matches[0].id}" if page.matches else ""


async def _device(work: UnitOfWork, room: str) -> str:
    """Give the device that a room is for (an endoscope, a scanner), which is held with it; empty when it has none."""
    page = await work.platform.find("Device", location=f"Location/{room}", status="active", _sort="_id", _count="1")
    return f"Device/{page.matches[0].id}" if page.matches else ""


async def overbook(work: UnitOfWork, given: contract.Overbook, *, policy: Policy) -> str:
    """Schedule/$overbook: the physician adds a number for one patient (加号); booked at once, with the reason."""
    session = await reading.own_session(work, given.id)
    if work.principal.practitioner != session.practitioner and not work.principal.roles & {"system", "developer"}:
        raise OutcomeError(Issue("forbidden", "overbook-whose", text="Only the physician of the session overbooks it."))
    policy = await policies.of(work, session.organization, policy)
    patient = await holding.person(work, session, given.patient)
    await work.lock(f"booking of {patient}", f"numbers of {session.id}")
    there = await reading.numbers(work, session.id)
    planned = len(booking.times(session.start, session.end, policy))
    issues = []
    if not session.open or session.end <= work.now:
        issues.append(Issue("business-rule", "session-closed", text="The clinic session has ended or was stopped."))
    if len(there) - planned >= policy.overbook:
        issues.append(Issue("business-rule", "overbook-most", text=f"At most {policy.overbook} numbers are added."))
    if not given.reason.strip():
        issues.append(Issue("required", "overbook-reason", "reason", "Say why this patient is added."))
    refuse(issues)
    number = rosters.more(session, there, policy)
    made = shapes.appointment(session, patient, status="booked", now=work.now, channel="desk", number=number)
    made |= {"comment": given.reason.strip()}
    await work.platform.update(bytes_of(shapes.slot(number)), type="Slot", id=number.id, must="new")
    id = (await work.platform.create(bytes_of(made), type="Appointment")).id
    await fees.charge(work, id, session, patient)
    await telling.tell(work, contract.CONFIRMED.code, await reading.booking(work, id), session, policy)
    return id


async def stop(work: UnitOfWork, given: contract.Stop, *, policy: Policy) -> contract.Stopped:
    """Schedule/$stop-session: nobody is left waiting.

    Who has a number is moved to another session of the department as soon as there is one, else ended, told, and put on
    the desk's list of calls.
    """
    session = await reading.own_session(work, given.id)
    reason = given.reason.strip()
    if not reason:
        raise OutcomeError(Issue("required", "stop-reason", "reason", "Say why: patients are told."))
    await work.lock(f"numbers of {session.id}", f"queue of {session.id}")
    session = await reading.session(work, session.id)
    if not session.open:
        raise OutcomeError(
            Issue("business-rule", "session-closed", text="The clinic session has ended or was stopped.")
        )
    document = await reading.session_document(work, session.id)
    stopped = shapes.with_extension(document | {"active": False}, shapes.state("stopped"))
    await work.platform.update(bytes_of(stopped), type="Schedule", id=session.id)
    found = await reading.bookings(work, session.id, "pending", "booked", "arrived", "waitlist")
    # Who is in the room stays until the visit is over.
    found = [one for one in found if one.queue is None or one.queue.state != "called"]
    found.sort(key=lambda one: (one.start, one.number, one.id))  # the first number chooses first
    others = await _others(work, session, await policies.of(work, session.organization, policy))
    moved = ended = to_call = 0
    for one in found:
        if one.status in {"booked", "arrived"} and await _rebooked(work, one, session, others, reason, policy):
            moved += 1
            continue
        await _over(work, one, "stopped")
        await fees.given_back(work, one, fees.STOPPED)
        ended += 1
        if one.status in {"booked", "arrived"}:
            more = (f"reason={reason}",)
            await telling.tell(work, contract.STOPPED.code, one, session, policy, more=more)
            await _to_call(work, one, session, reason)
            to_call += 1
    await work.announce(contract.topic(session.id))
    return contract.Stopped(moved, ended, to_call)


async def _others(work: UnitOfWork, session: Session, policy: Policy) -> list[Session]:
    """Give the sessions of the same department and institution to which one may be moved, soonest first."""
    page = await work.platform.find(
        "Schedule",
        _profile=contract.SESSION.url,
        date=f"ge{session.start.astimezone(shapes.zone(policy)).date()}",
        **{"service-type": f"{shapes.DEPARTMENT}|{session.department}"},
        _count=reading.MOST,
    )
    found = [shapes.session_of(document_of(row.body())) for row in page.matches]
    last = session.start + timedelta(days=policy.days_ahead)
    return sorted(
        (
            one
            for one in found
            if one.open and one.id != session.id and one.organization == session.organization
            if one.end > work.now and one.start <= last
        ),
        key=lambda one: (one.start, one.id),
    )


async def _rebooked(
    work: UnitOfWork, one: Booking, session: Session, others: Sequence[Session], reason: str, policy: Policy
) -> bool:
    """Move a booking to the first free number of another session, whatever its channel; tell the person."""
    for other in others:
        free = [number for number in await reading.numbers(work, other.id) if number.status == "free"]
        numbers = [number for number in free if number.end > work.now and number.start >= one.start]
        if not numbers or await _has(work, other, one.patient):
            continue
        number = await reading.number(work, numbers[0].id, lock=True)
        taken = (await reading.taken_seats(work, [number]))[number.id]
        if number.status != "free" or len(taken) >= number.seats:
            continue
        seat = next(seat for seat in range(1, number.seats + 1) if seat not in taken)
        made = shapes.appointment(
            other, one.patient, status="booked", now=work.now, channel=one.channel, number=number, seat=seat
        )
        id = (await work.platform.create(bytes_of(fees.carried(made, one)), type="Appointment")).id
        if len(taken) + 1 >= number.seats:
            await work.platform.update(bytes_of(shapes.busy(number)), type="Slot", id=number.id)
        await _over(work, one, "moved", instead=f"Appointment/{id}")
        new = f"new={telling.when(number.start, policy.zone)} {other.doctor} {other.place}"
        await telling.tell(work, contract.MOVED.code, one, session, policy, more=(f"reason={reason}", new))
        for at in holding.reminders(number.start, work.now):
            await work.defer_at(at, contract.REMIND, booking=id)
        return True
    return False


async def _has(work: UnitOfWork, session: Session, patient: str) -> bool:
    standing = await reading.bookings(work, session.id, *shapes.STANDING)
    return any(one.patient == patient for one in standing)


async def _over(work: UnitOfWork, one: Booking, reason: str, *, instead: str = "") -> None:
    ended = shapes.ended(one, "cancelled", reason, instead=instead)
    await work.platform.update(bytes_of(ended), type="Appointment", id=one.id, if_match=one.version)


async def _to_call(work: UnitOfWork, one: Booking, session: Session, reason: str) -> None:
    """Put a person on the desk's list of calls."""
    task = {
        "resourceType": "Task",
        "meta": {"profile": [contract.CALL_TASK.url]},
        "status": "requested",
        "intent": "order",
        "code": shapes.coded(contract.TASKS.system, "booking-call"),
        "focus": {"reference": f"Appointment/{one.id}"},
        "for": {"reference": one.patient},
        "owner": {"reference": session.organization},
        "authoredOn": work.now.isoformat(),
        "description": reason,
    }
    await work.platform.create(bytes_of(task), type="Task")


async def close(work: UnitOfWork, session_id: str) -> None:
    """After the end of a session: numbers nobody came for are no-shows; who waits still, waits; else it has ended."""
    try:
        session = await reading.session(work, session_id)
    except OutcomeError as refused:
        if refused.status in {404, 410}:
            return
        raise
    if session.end > work.now or not session.open:
        return
    await work.lock(f"numbers of {session.id}", f"queue of {session.id}")
    found = await reading.bookings(work, session.id, "pending", "booked", "arrived", "waitlist")
    for one in found:
        if one.status == "booked":
            missed = shapes.ended(one, "noshow", "")
            await work.platform.update(bytes_of(missed), type="Appointment", id=one.id, if_match=one.version)
        elif one.status in {"pending", "waitlist"}:
            await _over(work, one, "not-served")
    if any(one.status == "arrived" and one.queue is not None and one.queue.state != "passed" for one in found):
        # The doctor still sees people: look again, so that nobody is forgotten.
        await work.defer_at(work.now + timedelta(minutes=30), contract.CLOSE, session=session.id)
        return
    for one in found:
        if one.status == "arrived":
            missed = shapes.ended(one, "noshow", "not-served")
            await work.platform.update(bytes_of(missed), type="Appointment", id=one.id, if_match=one.version)
    document = await reading.session_document(work, session.id)
    over = shapes.with_extension(document | {"active": False}, shapes.state("ended"))
    await work.platform.update(bytes_of(over), type="Schedule", id=session.id)
