"""Real-name proofing of residents: asked by the resident, answered by the register, at a desk by staff (R6-043)."""

from typing import Final

import msgspec

from xinglin.capabilities.accounts import contract
from xinglin.capabilities.accounts.gateways import GatewayRefused, GatewaySilent, Match, PersonQuestion, Register
from xinglin.capabilities.accounts.operations import people
from xinglin.capabilities.accounts.operations.entering import own
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import PersonNumber, person_number
from xinglin.security.proofing import ask_again, level_reached, proofing_faults
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, events, proofings, sealed
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.proofings import Proofing

NAME_MOST: Final = 60
WAITING: Final = frozenset({"asked", "unknown"})


class Claim(msgspec.Struct):
    """Who somebody says they are. evidence: the token that a provider of faces, bank cards or e-IDs gave."""

    name: str
    number: str
    evidence: str = ""


@cites("R6-043")
async def ask(work: UnitOfWork, level: str, method: str, claim: Claim) -> None:
    """Have a claim compared with the register; the answer comes later (R6-043)."""
    account = await own(work)
    refuse(proofing_faults(account.level, level, method))
    waiting = await proofings.last(work.executor, account.id)
    if waiting is not None and waiting.state in WAITING:
        raise OutcomeError(Issue("business-rule", "proofing-waiting", text="The last question is not answered yet."))
    if level == "L1":
        claim = _checked(work, claim)
    else:
        if not claim.evidence.strip():
            raise OutcomeError(Issue("required", "evidence-missing", text="The evidence of the provider is missing."))
        name, number = await people.name_and_number(work, account)
        claim = Claim(name, number, claim.evidence.strip()[:200])
    id = work.new_id()
    await proofings.add(
        work.executor,
        Proofing(
            account=account.id,
            id=id,
            level=level,
            method=method,
            state="asked",
            by=account.id,
            made=work.now,
            sealed=sealed.seal_value(work.vault, place(account.id, id), claim),
        ),
    )
    await work.defer(contract.ASK_REGISTER, account=account.id, proofing=id)


async def last(work: UnitOfWork) -> Proofing | None:
    """Give the newest try of whoever is signed in."""
    return await proofings.last(work.executor, work.principal.id)


def _checked(work: UnitOfWork, claim: Claim) -> Claim:
    number = person_number(claim.number, work.now.astimezone(people.ZONE).date())
    name = " ".join(claim.name.split())[:NAME_MOST]
    if not isinstance(number, PersonNumber):
        raise OutcomeError(*number)
    if len(name) < 2:
        raise OutcomeError(Issue("required", "name-missing", text="The name is missing."))
    return Claim(name, number.number)


async def ask_register(work: UnitOfWork, account: str, proofing: str, register: Register) -> None:
    """Ask the register; a job, safe to run again. Without an answer the state is unknown, and it asks again later."""
    one = await proofings.find(work.executor, account, proofing)
    holder = await accounts.by_id(work.executor, account)
    if one is None or holder is None or one.sealed is None or one.state not in WAITING:
        return
    claim = sealed.unseal_value(work.vault, place(account, proofing), one.sealed, Claim)
    question = PersonQuestion(proofing, claim.name, claim.number, one.method, claim.evidence)
    try:
        match = await register.person(question)
    except GatewayRefused as refusal:
        match = Match(matched=False, reason=f"refused: {refusal}"[:100])
    except GatewaySilent:
        await _later(work, one)
        return
    reason = match.reason or ("" if match.matched else "mismatch")
    if match.matched:
        reason = await _prove(work, holder, one, claim)
    state = "refused" if reason else "passed"
    await proofings.decide(work.executor, one, state, now=work.now, reason=reason, evidence=match.answer)
    outcome = events.REFUSED if reason else "0"
    events.note(work, "proofing", account=account, role="resident", outcome=outcome, detail=f"{one.level} {one.method}")


async def _prove(work: UnitOfWork, holder: Account, one: Proofing, claim: Claim) -> str:
    """Raise the level, with a Patient that is made or found by the number; a reason when that is not possible."""
    person = holder.person
    if person is None:
        found = await people.patient_of(work, claim.name, claim.number)
        if found is None:
            return "several-records"
        if not await accounts.take_handle(work.executor, holder.id, "person", work.vault.digest("person", found)):
            return "person-taken"
        person = found
    name = sealed.seal(work.vault, sealed.name_place(holder.id), claim.name)
    await accounts.prove(work.executor, holder.id, level=one.level, person=person, name=name)
    await people.stamp(work, person, one.level, one.method)
    return ""


async def _later(work: UnitOfWork, one: Proofing) -> None:
    at = ask_again(one.tries, work.now)
    if at is None:
        await proofings.decide(work.executor, one, "refused", now=work.now, reason="register-silent")
        return
    await proofings.decide(work.executor, one, "unknown", now=work.now)
    await work.defer_at(at, contract.ASK_REGISTER, account=one.account, proofing=one.id)


@cites("R6-043")
async def confirm(work: UnitOfWork, account: Account | None, number: str, evidence: str) -> None:
    """Raise a resident to L3 at a desk, where somebody has seen person and document."""
    if account is None or account.kind != "resident":
        raise OutcomeError(Issue("business-rule", "phone-unknown", text="Nobody has signed in by this phone."))
    if not level_reached(account.level, "L1") or account.person is None:
        raise OutcomeError(Issue("business-rule", "proofing-order", text="Name and number are checked first."))
    refuse(proofing_faults(account.level, "L3", "desk"))
    _, known = await people.name_and_number(work, account)
    if number.strip().upper() != known:
        events.note(work, "proofing", outcome=events.REFUSED, detail=f"L3 desk {account.id}")
        raise OutcomeError(Issue("business-rule", "number-differs", text="The document shows another number."))
    if not evidence.strip():
        raise OutcomeError(Issue("required", "evidence-missing", text="Say which document was seen."))
    done = Proofing(
        account=account.id,
        id=work.new_id(),
        level="L3",
        method="desk",
        state="passed",
        evidence=evidence.strip()[:100],
        by=work.principal.id,
        made=work.now,
        decided=work.now,
    )
    await proofings.add(work.executor, done)
    await accounts.prove(work.executor, account.id, level="L3", person=account.person, name=account.name)
    await people.stamp(work, account.person, "L3", "desk")
    events.note(work, "proofing", detail=f"L3 desk {account.id}")


def place(account: str, id: str) -> str:
    """Where a claim is sealed for."""
    return f"proofing/{account}/{id}"
