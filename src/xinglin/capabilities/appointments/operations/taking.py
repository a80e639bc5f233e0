"""Many who ask for numbers at the same moment: decided in their order, written and committed together (ADR 0108)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import policies, reading
from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.pools import Ask, Pool, same
from xinglin.capabilities.appointments.rules.states import channel_of
from xinglin.care.booking import Policy
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork
from xinglin.store.orders import Order
from xinglin.store.reading import not_found
from xinglin.store.together import Asked

Wanted = contract.Hold | contract.HoldNext
Answers = dict[int, str | OutcomeError]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A number that was decided on. place: of the ask."""

    place: int
    ask: Ask
    slot: str
    seat: int


async def take(work: UnitOfWork, asked: Sequence[Asked[Any]], *, policy: Policy) -> list[str | OutcomeError]:
    """Hold a number for each who asks (`Wanted`); gives the id of the Appointment, or why not."""
    answers: Answers = {}
    asks = await _understood(work, asked, policy, answers)
    while asks:
        # Whoever asks twice is answered the second time by what came of the first.
        first: dict[str, int] = {}
        for place, ask in asks.items():
            first.setdefault(ask.patient, place)
        now = {place: asks.pop(place) for place in first.values()}
        answers |= await _taken(work, now)
    return [answers[place] for place in range(len(asked))]


async def _understood(
    work: UnitOfWork,
    asked: Sequence[Asked[Wanted]],
    policy: Policy,
    answers: Answers,
) -> dict[int, Ask]:
    """Find who asks for what; what cannot be is answered."""
    slots = {place: one.given.id for place, one in enumerate(asked) if isinstance(one.given, contract.Hold)}
    numbers = {id: shapes.number_of(document_of(row.body())) for id, row in (await _rows(work, "Slot", slots)).items()}
    sessions = {place: numbers[id].session for place, id in slots.items() if id in numbers}
    sessions |= {place: one.given.id for place, one in enumerate(asked) if place not in slots}
    found = {id: document_of(row.body()) for id, row in (await _rows(work, "Schedule", sessions)).items()}
    strangers = {place: one.given.patient for place, one in enumerate(asked) if not for_oneself(one.principal)}
    people = await _rows(work, "Patient", strangers)
    read = {id: shapes.session_of(one) for id, one in found.items() if reading.claims(one, contract.SESSION.url)}
    rules = await policies.of_many(work, sorted({one.organization for one in read.values()}), policy)
    asks: dict[int, Ask] = {}
    for place, one in enumerate(asked):
        session = read.get(sessions.get(place, ""))
        channel = channel_of(one.principal.roles, one.given.channel)
        if channel is None:
            text = "This channel is not of your role."
            answers[place] = OutcomeError(Issue("business-rule", "channel-not-yours", "channel", text))
        elif session is None:
            kind = "Slot" if place in slots else "Schedule"
            answers[place] = OutcomeError(not_found(kind, one.given.id))
        else:
            refusal = refused_person(one.principal, session.organization, one.given.patient, session.id)
            if refusal is None and place in strangers and one.given.patient not in people:
                refusal = not_found("Patient", one.given.patient)
            if refusal is not None:
                answers[place] = OutcomeError(refusal)
            else:
                patient = f"Patient/{one.given.patient}"
                asks[place] = Ask(channel, patient, session, rules[session.organization], slots.get(place, ""))
    return asks


async def _rows(work: UnitOfWork, type: str, ids: dict[int, str]) -> dict[str, Any]:
    return await work.read_many(type, list(ids.values())) if ids else {}


def for_oneself(who: Principal) -> bool:
    """Tell whether somebody asks for himself, or for whom he acts for."""
    return bool(who.roles & {"resident", "guardian"})


def refused_person(who: Principal, organization: str, patient: str, session: str) -> Issue | None:
    """Say why somebody takes no number for a person: for oneself, whom one acts for, or at the desk of the session."""
    if for_oneself(who) and f"Patient/{patient}" not in {who.patient, *who.patients}:
        return not_found("Patient", patient)
    if not for_oneself(who) and "receptionist" in who.roles and who.organization != organization:
        return not_found("Schedule", session)
    return None


async def _taken(work: UnitOfWork, asks: dict[int, Ask]) -> Answers:
    """Decide for people of whom each asks once."""
    sessions = sorted({ask.session.id for ask in asks.values() if not ask.slot})
    people = sorted({ask.patient for ask in asks.values()})
    await work.lock(*(f"booking of {one}" for one in people), *(f"numbers of {one}" for one in sessions))
    pool = Pool(work.now, await reading.of_people(work, people, *(ask.policy for ask in asks.values())))
    answers: Answers = {}
    taken: list[_Taken] = []
    for id in sessions:
        numbers = await reading.numbers(work, id)
        pool.learn(numbers, await reading.taken_seats(work, numbers))
    left: dict[int, Ask] = {}
    for place, ask in asks.items():
        had = same(ask, pool.people[ask.patient], work.now)
        if had is None:
            left[place] = ask
        else:
            answers[place] = had.id
    while left:
        locked = await _locked(work, pool, left)
        for place, ask in list(left.items()):
            answer = _decided(pool, ask, locked)
            if answer is None:
                continue  # what was left has gone meanwhile: look again
            del left[place]
            if isinstance(answer, OutcomeError):
                answers[place] = answer
            else:
                taken.append(_Taken(place, ask, answer, pool.take(answer)))
    return answers | await _written(work, pool, taken)


async def _locked(work: UnitOfWork, pool: Pool, asks: dict[int, Ask]) -> set[str]:
    """Lock the numbers that are asked for, and as many of the best as others want; gives their ids."""
    wanted = {ask.slot for ask in asks.values() if ask.slot}
    alike: dict[tuple[str, str], list[Ask]] = {}
    for ask in asks.values():
        if not ask.slot:
            alike.setdefault((ask.session.id, ask.channel), []).append(ask)
    for several in alike.values():
        wanted.update(pool.best(several[0])[: len(several)])
    rows = await work.read_many("Slot", sorted(wanted), lock=True)
    numbers = [shapes.number_of(document_of(row.body())) for row in rows.values()]
    pool.learn(numbers, await reading.taken_seats(work, numbers))
    return set(rows)


def _decided(pool: Pool, ask: Ask, locked: set[str]) -> str | OutcomeError | None:
    """Give the id of the number to take, why there is none, or None when numbers that are not locked may be left."""
    if ask.slot and ask.slot not in locked:
        return OutcomeError(not_found("Slot", ask.slot))
    issues = pool.person_refusals(ask)
    if ask.slot:
        issues = (*pool.number_refusals(ask, ask.slot), *issues)
    if issues:
        return OutcomeError(*issues)
    if ask.slot:
        return ask.slot
    if found := pool.best(ask, locked):
        return found[0]
    if pool.best(ask):
        return None
    if not ask.session.open:
        return OutcomeError(Issue("business-rule", "session-closed", text="The clinic session gives out no numbers."))
    return OutcomeError(Issue("conflict", "session-full", text="All numbers of the clinic session are taken."))


async def _written(work: UnitOfWork, pool: Pool, taken: Sequence[_Taken]) -> Answers:
    """Write bookings and the numbers that are full now; what is not confirmed in time is let go."""
    if not taken:
        return {}
    until = {one.place: work.now + timedelta(minutes=one.ask.policy.hold_minutes) for one in taken}
    orders = [
        Order(
            "create",
            "Appointment",
            bytes_of(
                shapes.appointment(
                    one.ask.session,
                    one.ask.patient,
                    status="pending",
                    now=work.now,
                    channel=one.ask.channel,
                    number=pool.numbers[one.slot],
                    seat=one.seat,
                    until=until[one.place],
                )
            ),
        )
        for one in taken
    ]
    for id in sorted({one.slot for one in taken}):
        if pool.full(id):
            number = pool.numbers[id]
            orders.append(Order("update", "Slot", bytes_of(shapes.busy(number)), id, number.version, "exists"))
    written = await work.platform.write_many(orders)
    made = {one.place: done.id for one, done in zip(taken, written, strict=False)}
    for at in sorted(set(until.values())):
        over = [{"booking": id} for place, id in made.items() if until[place] == at]
        await work.defer_each(at, contract.EXPIRE, over)
    return dict(made)


async def take_one(work: UnitOfWork, given: Wanted, *, policy: Policy) -> str:
    """Slot/$hold and Schedule/$hold-next of one caller, inside a unit of work of his."""
    [answer] = await take(work, [Asked(work.principal, given)], policy=policy)
    if isinstance(answer, OutcomeError):
        raise answer
    return answer
