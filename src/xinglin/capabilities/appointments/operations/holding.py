"""After a number is held (`taking`): the waiting list, confirming, offers."""

from datetime import datetime, timedelta
from typing import Any

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import fees, policies, reading, taking, telling
from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.pools import Ask, wish
from xinglin.capabilities.appointments.rules.shapes import Booking, Numbered, Session
from xinglin.capabilities.appointments.rules.states import channel_of
from xinglin.care import booking
from xinglin.care.booking import Policy
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork


async def wait(work: UnitOfWork, given: contract.HoldNext, *, policy: Policy) -> str:
    """Schedule/$wait: join the waiting list of a session; numbers that come back go to it in order."""
    channel = channel_for(work, given.channel)
    session = await reading.session(work, given.id)
    policy = await policies.of(work, session.organization, policy)
    patient = await person(work, session, given.patient)
    await work.lock(f"booking of {patient}", f"numbers of {session.id}")
    asked = wish(Ask(channel, patient, session, policy), (await reading.of_people(work, [patient], policy))[patient])
    issues = list(booking.person_refusals(asked, session.start, work.now, policy))
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
    await fees.charge(work, found.id, session, found.patient)
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
    policy = await policies.of(work, session.organization, policy)
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
    refusal = taking.refused_person(work.principal, session.organization, id, session.id)
    if refusal is not None:
        raise OutcomeError(refusal)
    if not taking.for_oneself(work.principal):
        await work.platform.read("Patient", id)
    return f"Patient/{id}"
