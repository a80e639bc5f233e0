"""The queue before a consulting room: check in, call, pass, call again, done."""

from dataclasses import dataclass, replace
from typing import Final

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import fees, holding, policies, reading, visits
from xinglin.capabilities.appointments.rules import queues, shapes
from xinglin.capabilities.appointments.rules.queues import Standing
from xinglin.capabilities.appointments.rules.shapes import Booking, Queued, Session
from xinglin.care.booking import Policy
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

_KINDS: Final = frozenset({"walk-in", "referred"})


@dataclass(frozen=True, slots=True)
class Queue:
    """A session and how its queue stands."""

    session: Session
    standing: Standing


async def queue_of(work: UnitOfWork, session: Session, policy: Policy) -> Queue:
    """Give the queue of a session as the platform sees it."""
    policy = await policies.of(work, session.organization, policy)
    found = await reading.bookings(work, session.id, "arrived", "fulfilled", "noshow")
    return Queue(session, queues.standing(found, session, work.now, policy))


def place_code(work: UnitOfWork, session: Session, policy: Policy) -> str:
    """Give the figures that a room's screen shows on a day: who knows them is there."""
    day = session.start.astimezone(shapes.zone(policy)).date()
    return f"{int.from_bytes(work.vault.digest('room-code', f'{session.room} {day}')[:4], 'big') % 10_000:04d}"


async def check_in(work: UnitOfWork, given: contract.CheckIn, *, policy: Policy) -> str:
    """Appointment/$check-in: somebody has come, or has come back after being passed over; gives the ticket."""
    await reading.within_reach(work, given.id)
    found = await _locked(work, given.id)
    session = await reading.session(work, found.session)
    policy = await policies.of(work, session.organization, policy)
    queue = (await queue_of(work, session, policy)).standing
    if found.queue is not None and found.queue.state != "passed":
        return found.queue.ticket  # asked again
    if work.principal.roles & {"resident", "guardian"} and given.place.strip() != place_code(work, session, policy):
        text = "Enter the figures that stand on the call screen of the waiting area."
        raise OutcomeError(Issue("business-rule", "check-in-place", "place", text))
    refuse(queues.check_in_refusals(found, session, work.now, policy))
    if found.queue is None:
        place = Queued(ticket=queues.ticket(found.number), kind="booked", state="waiting", since=work.now)
    else:
        after = queue.calls + policy.recall_after
        place = replace(found.queue, state="waiting", since=work.now, after=after, called=None)
    await _queued(work, found, session, place, policy)
    return place.ticket


async def walk_in(work: UnitOfWork, given: contract.WalkIn, *, policy: Policy) -> str:
    """Schedule/$walk-in: queue somebody without a number; gives the id of the Appointment."""
    session = await reading.own_session(work, given.id)
    if given.kind not in _KINDS:
        raise OutcomeError(Issue("value", "walk-in-kind", "kind", "Say walk-in or referred."))
    policy = await policies.of(work, session.organization, policy)
    patient = await holding.person(work, session, given.patient)
    await work.lock(f"booking of {patient}", f"queue of {session.id}")
    refuse(queues.walk_in_refusals(session, work.now, policy))
    found = await reading.bookings(work, session.id, "arrived", "fulfilled", "noshow", "cancelled")
    made = shapes.appointment(
        session, patient, status="arrived", now=work.now, channel=holding.channel_for(work, ""), kind=given.kind
    )
    standing = queues.standing(found, session, work.now, policy)
    ticket = queues.ticket(1 + sum(one.queue is not None and not one.number for one in found), given.kind)
    place = Queued(ticket=ticket, kind=given.kind, state="waiting", since=work.now)
    place = replace(place, said=queues.wait_of_new(standing, place, session, work.now, policy))
    id = (await work.platform.create(bytes_of(shapes.in_queue(made, place)), type="Appointment")).id
    await fees.charge(work, id, session, patient)
    await work.announce(contract.topic(session.id))
    return id


async def call(work: UnitOfWork, given: contract.Call, *, policy: Policy) -> str:
    """Schedule/$call: call the next in the stated order, or a certain booking; gives the id of the Appointment."""
    session = await reading.own_session(work, given.id)
    await work.lock(f"queue of {session.id}")
    queue = (await queue_of(work, session, policy)).standing
    if not session.open:
        raise OutcomeError(
            Issue("business-rule", "session-closed", text="The clinic session has ended or was stopped.")
        )
    if queue.inside is not None:
        raise OutcomeError(Issue("business-rule", "someone-called", text="Finish or pass over who was called first."))
    if not queue.line:
        raise OutcomeError(Issue("business-rule", "nobody-waits", text="Nobody waits."))
    chosen = next((one for one in queue.line if one.booking.id == given.booking), None)
    if given.booking and chosen is None:
        raise OutcomeError(Issue("business-rule", "not-waiting", text="This person does not wait here."))
    turn = chosen or queue.line[0]
    place = turn.booking.queue
    if place is None:
        raise TypeError("who stands in line has checked in")
    called = replace(place, state="called", calls=place.calls + 1, called=work.now, why=turn.why, after=None)
    await _moved(work, turn.booking, called)
    await visits.begin(work, turn.booking, session)
    if session.state == "planned":
        document = await reading.session_document(work, session.id)
        opened = shapes.with_extension(document, shapes.state("open"))
        await work.platform.update(bytes_of(opened), type="Schedule", id=session.id)
    return turn.booking.id


async def pass_over(work: UnitOfWork, given: contract.One) -> str:
    """Appointment/$pass: who was called did not come; at the next check-in he stands some places behind."""
    return await _changed(work, given.id, "called", "passed")


async def recall(work: UnitOfWork, given: contract.One) -> str:
    """Appointment/$recall: call the same person again."""
    return await _changed(work, given.id, "called", "called")


async def done(work: UnitOfWork, given: contract.One) -> str:
    """Appointment/$done: the visit is over."""
    return await _changed(work, given.id, "called", "done")


async def _changed(work: UnitOfWork, id: str, before: str, after: str) -> str:
    found = await _locked(work, id)
    try:
        await reading.own_session(work, found.session)
    except OutcomeError as refused:  # a booking elsewhere is answered as one that is not
        raise OutcomeError(not_found("Appointment", id)) from refused
    place = found.queue
    if place is not None and place.state == after != "called":
        return found.id  # asked again
    if place is None or place.state != before or found.status != "arrived":
        raise OutcomeError(Issue("business-rule", "not-called", text="This person was not called, or has been seen."))
    if after == "called":
        place = replace(place, again=place.again + 1)
    await _moved(
        work,
        found,
        replace(place, state=after, done=work.now if after == "done" else None),
        "fulfilled" if after == "done" else "arrived",
    )
    if after != "called":
        await visits.end(work, found.id, "finished" if after == "done" else "cancelled")
    return found.id


async def _locked(work: UnitOfWork, id: str) -> Booking:
    found = await reading.booking(work, id)
    await work.lock(f"booking {id}", f"queue of {found.session}")
    return await reading.booking(work, id)


async def _queued(work: UnitOfWork, found: Booking, session: Session, place: Queued, policy: Policy) -> None:
    """Put somebody into the queue, with the minutes that he is told."""
    queue = (await queue_of(work, session, policy)).standing
    said = queues.wait_of_new(queue, place, session, work.now, policy, start=found.start)
    await _moved(work, found, replace(place, said=said))


async def _moved(work: UnitOfWork, found: Booking, place: Queued, status: str = "arrived") -> None:
    made = shapes.in_queue(found.document, place, status)
    await work.platform.update(bytes_of(made), type="Appointment", id=found.id, if_match=found.version)
    await work.announce(contract.topic(found.session))
