"""Verify credentials: ask the register, write down its answer, and let it take effect at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import structlog

from xinglin.capabilities.practitioners import contract
from xinglin.capabilities.practitioners.contract import Opening, Verify
from xinglin.capabilities.practitioners.gateways import Asked, Register, RegisterSilent
from xinglin.capabilities.practitioners.rules import drafts, results
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import VerificationResult
from xinglin.fhir.sources import cites
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import SYSTEMS, Site, Standing, may_practise_online
from xinglin.security.identifiers import INSTITUTION_LICENCE, USCC
from xinglin.security.verification import (
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
from xinglin.store.identity.sessions import end_sessions

BEIJING: Final = ZoneInfo("Asia/Shanghai")
PLACES_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Person:
    """A practitioner with the places of work, and the numbers of their institutions."""

    standing: Standing
    sites: tuple[tuple[Site, frozenset[str]], ...]


@cites("R1-030", "R6-036", "R0-004")
async def verify(work: UnitOfWork, given: Verify, *, register: Register) -> VerificationResult:
    """Practitioner/$verify-credentials: verify one practitioner now."""
    await work.fhir.read("Practitioner", given.id)
    occasion = "demand" if await last_result(work.platform, f"Practitioner/{given.id}") else "entry"
    person = await person_of(work.platform, given.id)
    found, _ = await _verify(work, person, register=register, occasion=occasion, presence=None)
    return found


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
    waiting = [one for one in practitioners if not await _is_there(work.platform, results.periodic_id(sweep, one))]
    people = [await person_of(work.platform, one) for one in waiting]
    entries = await _asked(register, people, sweep)
    states: dict[str, State] = {}
    for id, person in zip(waiting, people, strict=True):
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
        await _keep(work.platform, made, results.periodic_id(sweep, id))
        await take_effect(work, person, said)
        states[id] = said.state
    return states


@cites("R6-036")
async def take_effect(work: UnitOfWork, person: Person, said: Verdict) -> None:
    """Let a verdict take effect in the same transaction: sessions end, places of work close, drafts freeze."""
    reference = person.standing.reference
    id = reference.rpartition("/")[2]
    if said.stops:
        await _deactivate(work.platform, "Practitioner", id)
    ended = [site for site, _ in person.sites if said.stops or site.reference in said.gone]
    for site in ended:
        await _deactivate(work.platform, "PractitionerRole", site.reference.rpartition("/")[2])
    if said.stops or said.gone:
        await end_sessions(work.executor, why=f"credential {said.state}", practitioner=reference)
        structlog.get_logger().warning("practitioners.stopped", practitioner=id, state=said.state, places=len(ended))
    if said.stops:
        await work.defer(contract.FREEZE, practitioner=reference)


async def freeze(work: UnitOfWork, practitioner: str) -> int:
    """Mark every draft of a practitioner as frozen; gives how many were new."""
    count = 0
    for type_name, (parameter, statuses, _) in drafts.DRAFTS.items():
        while True:
            # What is frozen already does not count, so each round finds the next ones.
            open_ones = {parameter: practitioner, "status": statuses, "_tag:not": f"{contract.TAGS}|{contract.FROZEN}"}
            page = await work.platform.find(type_name, _count="100", **open_ones)
            for row in page.matches:
                await work.platform.patch(drafts.frozen, type=type_name, id=row.id)
                count += 1
            if page.next_token is None:
                break
    return count


async def person_of(fhir: Fhir, id: str) -> Person:
    """Read a practitioner with the places of work."""
    practitioner = codec.decode((await fhir.read("Practitioner", id)).body(), "Practitioner")
    page = await fhir.find(
        "PractitionerRole",
        practitioner=f"Practitioner/{id}",
        _include="PractitionerRole:organization",
        _count=str(PLACES_MOST),
    )
    roles = [site_of(codec.decode(row.body(), "PractitionerRole")) for row in page.matches]
    numbers = {
        f"Organization/{row.id}": _institution_numbers(codec.decode(row.body(), "Organization"))
        for row in page.included
    }
    return Person(
        standing_of(practitioner), tuple((site, numbers.get(site.organization, frozenset())) for site in roles)
    )


async def last_result(fhir: Fhir, practitioner: str) -> VerificationResult | None:
    """Give the last verification of a practitioner that had an answer."""
    page = await fhir.find("VerificationResult", target=practitioner, _sort="-_lastUpdated", _count="20")
    for row in page.matches:
        found = cast("VerificationResult", codec.decode(row.body(), "VerificationResult"))
        if results.state_of(found) != "unknown":
            return found
    return None


def today(now: datetime) -> date:
    """Give the date in Beijing."""
    return now.astimezone(BEIJING).date()


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
    await _keep(work.platform, made, id)
    await take_effect(work, person, said)
    made.id = id
    return made, said


async def _asked(register: Register, people: Sequence[Person], query: str) -> Mapping[str, Entry] | None:
    asked = [
        Asked(kind=one.kind, certificate_no=one.number, name=person.standing.name)
        for person in people
        for one in person.standing.credentials
        if one.number and one.kind in {*SYSTEMS, "licensed-pharmacist"}
    ]
    try:
        return await register.entries(asked, query=query)
    except RegisterSilent as silent:
        structlog.get_logger().warning("practitioners.register_silent", why=str(silent))
        return None


def _said(person: Person, entries: Mapping[str, Entry] | None, today: date) -> Verdict:
    if entries is None:
        return UNREACHABLE
    held = [entries[one.number] for one in person.standing.credentials if one.number in entries]
    return verdict(person.standing, person.sites, held, today)


def _numbers(person: Person) -> str:
    return " ".join(f"{one.kind}:{one.number}" for one in person.standing.credentials if one.number)


def _institution_numbers(organization: Any) -> frozenset[str]:
    return frozenset(
        one.value for one in organization.identifier or () if one.system in {INSTITUTION_LICENCE, USCC} and one.value
    )


async def _deactivate(fhir: Fhir, type_name: str, id: str) -> None:
    await fhir.patch(lambda document: document | {"active": False}, type=type_name, id=id)


async def _keep(fhir: Fhir, made: VerificationResult, id: str) -> None:
    made.id = id
    await fhir.update(made, type="VerificationResult", id=id)


async def _is_there(fhir: Fhir, id: str) -> bool:
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
