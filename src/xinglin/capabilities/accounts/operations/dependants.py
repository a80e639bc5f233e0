"""Children and wards: bound by the guardian's number and the birth certificate, let go, or of age (R6-042)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from xinglin.capabilities.accounts import contract
from xinglin.capabilities.accounts.gateways import BirthQuestion, GatewayRefused, GatewaySilent, Match, Register
from xinglin.capabilities.accounts.operations import people
from xinglin.capabilities.accounts.operations.entering import own
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import normal
from xinglin.security.proofing import RELATIONS, ask_again, dependant_faults, level_reached, of_age
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, dependants, events, sealed, sessions
from xinglin.store.identity.dependants import Dependant

WAITING: Final = frozenset({"asked", "unknown"})


class Child(msgspec.Struct):
    """What a guardian says of a dependant. certificate: number of the birth certificate (出生医学证明)."""

    name: str
    certificate: str
    born: str
    relation: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One dependant, as the guardian sees it."""

    id: str
    name: str
    born: str
    relation: str
    state: str
    reason: str
    patient: str | None
    of_age: bool


@cites("R6-042")
async def bind(work: UnitOfWork, limits: Limits, child: Child) -> None:
    """Ask to act for a dependant; the register's answer comes later."""
    account = await own(work)
    if not level_reached(account.level, "L1"):
        raise OutcomeError(Issue("business-rule", "proofing-order", text="Prove your own name and number first."))
    await work.lock(f"dependants/{account.id}")
    born = _day(child.born)
    held = await dependants.listed(work.executor, account.id)
    active = sum(one.state in {"bound", *WAITING} for one in held)
    today = work.now.astimezone(people.ZONE).date()
    faults = dependant_faults(born, active, limits.settings.dependants_most, today)
    if child.relation not in RELATIONS:
        faults = (*faults, Issue("code-invalid", "relation-unknown", text="Say how you are related."))
    name, certificate = " ".join(child.name.split())[:60], normal(child.certificate)[:40]
    if not name or not certificate:
        faults = (*faults, Issue("required", "child-incomplete", text="Name and birth certificate are needed."))
    refuse(faults)
    id = work.new_id()
    await dependants.add(
        work.executor,
        Dependant(
            account=account.id,
            id=id,
            relation=child.relation,
            state="asked",
            name=sealed.seal(work.vault, f"{_place(account.id, id)}/name", name),
            born=sealed.seal(work.vault, f"{_place(account.id, id)}/born", born.isoformat()),
            sealed=sealed.seal_value(
                work.vault, _place(account.id, id), Child(name, certificate, born.isoformat(), child.relation)
            ),
            until=datetime.combine(of_age(born), datetime.min.time(), people.ZONE).astimezone(UTC),
            made=work.now,
        ),
    )
    await work.defer(contract.ASK_DEPENDANT, account=account.id, dependant=id)


async def ask_register(work: UnitOfWork, account: str, dependant: str, register: Register) -> None:
    """Ask the register about a dependant; a job, safe to run again."""
    one = await dependants.find(work.executor, account, dependant)
    holder = await accounts.by_id(work.executor, account)
    if one is None or holder is None or one.sealed is None or one.state not in WAITING:
        return
    child = sealed.unseal_value(work.vault, _place(account, dependant), one.sealed, Child)
    guardian, number = await people.name_and_number(work, holder)
    question = BirthQuestion(dependant, guardian, number, child.name, child.certificate, child.born)
    try:
        match = await register.birth(question)
    except GatewayRefused as refusal:
        match = Match(matched=False, reason=f"refused: {refusal}"[:100])
    except GatewaySilent:
        await _later(work, one)
        return
    if not match.matched:
        await dependants.decide(work.executor, one, "refused", reason=match.reason or "mismatch")
        events.note(work, "dependant", account=account, role="resident", outcome=events.REFUSED)
        return
    patient = await people.child_of(work, child.name, child.certificate, _day(child.born))
    if patient is None:
        await dependants.decide(work.executor, one, "refused", reason="several-records")
        return
    await dependants.decide(work.executor, one, "bound", patient=patient)
    await people.guard(work, patient, guardian, child.relation)
    events.note(work, "dependant", account=account, role="resident", detail="bound")


async def listed(work: UnitOfWork) -> list[Shown]:
    """List the dependants of whoever is signed in."""
    found = await dependants.listed(work.executor, work.principal.id)
    return [
        Shown(
            one.id,
            sealed.unseal(work.vault, f"{_place(one.account, one.id)}/name", one.name),
            sealed.unseal(work.vault, f"{_place(one.account, one.id)}/born", one.born),
            one.relation,
            one.state,
            one.reason,
            one.patient,
            one.until <= work.now,
        )
        for one in found
    ]


async def release(work: UnitOfWork, id: str) -> None:
    """Let a dependant go; sessions that act for them end."""
    one = await dependants.find(work.executor, work.principal.id, id)
    if one is None:
        raise OutcomeError(Issue("not-found", "not-found"))
    await dependants.decide(work.executor, one, "ended")
    if one.patient is not None:
        await sessions.end_sessions(
            work.executor,
            why="dependant released",
            account=one.account,
            patient=one.patient,
            but=work.principal.session,
        )
    events.note(work, "dependant", detail="released")


async def _later(work: UnitOfWork, one: Dependant) -> None:
    at = ask_again(one.tries, work.now)
    if at is None:
        await dependants.decide(work.executor, one, "refused", reason="register-silent")
        return
    await dependants.decide(work.executor, one, "unknown")
    await work.defer_at(at, contract.ASK_DEPENDANT, account=one.account, dependant=one.id)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise OutcomeError(Issue("value", "date-form", text="A day is written 2020-01-31.")) from None


def _place(account: str, id: str) -> str:
    return f"dependant/{account}/{id}"
