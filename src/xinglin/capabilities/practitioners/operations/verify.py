"""Verify credentials: ask the register, write down its answer, and let it take effect at once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from xinglin.capabilities.practitioners.contract import Opening, Verify
from xinglin.capabilities.practitioners.gateways import Asked, Register, RegisterSilent
from xinglin.capabilities.practitioners.operations.effects import mark, take_effect
from xinglin.capabilities.practitioners.operations.people import Person, last_result, person_of, today
from xinglin.capabilities.practitioners.rules import results
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import VerificationResult
from xinglin.fhir.sources import cites
from xinglin.security.credentials import SYSTEMS, Credential, may_practise_online
from xinglin.security.verification import (
    NOTHING_TO_ASK,
    UNREACHABLE,
    Entry,
    Presence,
    State,
    Verdict,
    presence_faults,
    still_serves,
    verdict,
)
from xinglin.store.door import Fhir, UnitOfWork

# Kinds that the register knows; a title or a training is shown by the institution.
ASKED_FOR: Final = frozenset({*SYSTEMS, "licensed-pharmacist"})


@cites("R1-030", "R6-036", "R0-004")
async def verify(work: UnitOfWork, given: Verify, *, register: Register) -> VerificationResult:
    """Practitioner/$verify-credentials: verify one practitioner now."""
    await work.fhir.read("Practitioner", given.id)
    occasion = "demand" if await last_result(work.platform, f"Practitioner/{given.id}") else "entry"
    person = await person_of(work.platform, given.id)
    found, _ = await _verify(work, person, register=register, occasion=occasion, presence=None)
    return found


@cites("R1-030")
async def verify_new(work: UnitOfWork, practitioner: str, *, register: Register) -> State:
    """Verify somebody who enters service: an account has got a role at the bedside."""
    person = await person_of(work.platform, practitioner)
    _, said = await _verify(work, person, register=register, occasion="entry", presence=None)
    return said.state


@cites("R1-033", "R2-010", "R1-034")
async def open_session(
    work: UnitOfWork, given: Opening, *, register: Register, grace: timedelta, minutes: int
) -> VerificationResult:
    """Practitioner/$open-session: verify a physician in person before a reception.

    Refuses with all reasons: no proof of presence, credential not in force, no right to practise online here. While
    the register is silent a good verification within *grace* carries the session.
    """
    if work.principal.practitioner != f"Practitioner/{given.id}":
        raise OutcomeError(Issue("forbidden", "not-oneself", text="One opens one's own reception only."), status=403)
    presence = Presence(given.evidence, given.kind, given.passed, _instant(given.at))
    before = await last_result(work.platform, f"Practitioner/{given.id}")
    person = await person_of(work.platform, given.id)
    # In a transaction of its own: a refusal below must not undo what the register said.
    async with work.door.work(work.principal) as apart:
        found, said = await _verify(apart, person, register=register, occasion="session", presence=presence)
    issues = presence_faults(presence, work.now, minutes=minutes)
    if said.state == "unknown":
        state, checked = (results.state_of(before), results.when_of(before)) if before is not None else (None, None)
        issues += still_serves(state, checked, work.now, grace)
    elif said.state != "valid":
        issues += said.reasons
    sites = tuple(site for site, _ in person.sites)
    refuse(
        issues
        + may_practise_online(person.standing, sites, given.organization, today(work.now), department=given.department)
    )
    return found


async def verify_batch(
    work: UnitOfWork, practitioners: Sequence[str], sweep: str, *, register: Register
) -> Mapping[str, State]:
    """Verify many in one question to the register; those that this sweep has verified already are left out."""
    waiting = [one for one in practitioners if not await is_there(work.platform, results.periodic_id(sweep, one))]
    people = [await person_of(work.platform, one) for one in waiting]
    entries = await _asked(register, people, sweep)
    found: dict[str, State] = {}
    for id, person in zip(waiting, people, strict=True):
        if not _numbers(person):
            # A record from elsewhere, without a certificate of ours: nothing is known, and nothing is ended.
            await mark(work.platform, person, None, today(work.now))
            continue
        said = _said(person, entries, today(work.now))
        if said.state == "unknown":
            # Not written down under the sweep's id: the job comes again.
            raise RegisterSilent(f"sweep {sweep}")
        made = results.result(
            person.standing.reference,
            said,
            work.now,
            occasion="periodic",
            asked=_numbers(person),
            operator=work.principal.id,
            presence=None,
        )
        await keep(work.platform, made, results.periodic_id(sweep, id))
        await take_effect(work, person, said, today(work.now))
        found[id] = said.state
    return found


async def _verify(
    work: UnitOfWork, person: Person, *, register: Register, occasion: str, presence: Presence | None
) -> tuple[VerificationResult, Verdict]:
    # The transaction has not written yet when the register is asked.
    entries = await _asked(register, [person], work.new_id())
    said = _said(person, entries, today(work.now))
    made = results.result(
        person.standing.reference,
        said,
        work.now,
        occasion=occasion,
        asked=_numbers(person),
        operator=work.principal.id,
        presence=presence,
    )
    id = work.new_id()
    await keep(work.platform, made, id)
    await take_effect(work, person, said, today(work.now))
    made.id = id
    return made, said


async def _asked(register: Register, people: Sequence[Person], query: str) -> Mapping[str, Entry] | None:
    asked = [
        Asked(kind=one.kind, certificate_no=one.number, name=person.standing.name)
        for person in people
        for one in asked_for(person)
    ]
    if not asked:
        return {}
    try:
        return await register.entries(asked, query=query)
    except RegisterSilent as silent:
        structlog.get_logger().warning("practitioners.register_silent", why=str(silent))
        return None


def _said(person: Person, entries: Mapping[str, Entry] | None, today: date) -> Verdict:
    if not _numbers(person):
        return NOTHING_TO_ASK
    if entries is None:
        return UNREACHABLE
    held = [entries[one.number] for one in person.standing.credentials if one.number in entries]
    return verdict(person.standing, person.sites, held, today)


def _numbers(person: Person) -> str:
    return " ".join(f"{one.kind}:{one.number}" for one in asked_for(person))


def asked_for(person: Person) -> list[Credential]:
    """Give the certificates that the register is asked for."""
    return [one for one in person.standing.credentials if one.number and one.kind in ASKED_FOR]


async def keep(fhir: Fhir, made: VerificationResult, id: str) -> None:
    """Write a verification down under an id."""
    made.id = id
    await fhir.update(made, type="VerificationResult", id=id)


async def is_there(fhir: Fhir, id: str) -> bool:
    """Tell whether a verification is written down."""
    return bool((await fhir.find("VerificationResult", _id=id)).matches)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise _no_instant() from fault
    if found.tzinfo is None:
        raise _no_instant()
    return found


def _no_instant() -> OutcomeError:
    return OutcomeError(Issue("value", "instant", "at", "The time of the proof must be an instant with its zone."))
