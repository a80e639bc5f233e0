"""A resident's account changes its phone, or is closed: by a second proof; sessions end, and both phones are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.accounts.operations import phone
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.consents.contract import GIVE, KINDS, WITHDRAW, Give, Withdraw
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.proofing import level_reached
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, contacts, dependants, events, sealed, sessions, tickets
from xinglin.store.identity.accounts import Account

# What a closed account allowed ends; consent to care, and what was restricted, stays as it is.
ENDED_KINDS: Final = ("sensitive", "sharing", "research", "marketing", "face")
CONSENTS_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Begun:
    """Codes were sent. old, new: tickets. fault: key of a text, when they were not."""

    old: str = ""
    new: str = ""
    fault: str = ""


async def resident(work: UnitOfWork) -> Account:
    """Give the account of a resident who is signed in, held until the end of the transaction; 404 for others."""
    account = await accounts.by_id(work.executor, work.principal.id, lock=True)
    if account is None or account.kind != "resident" or account.demo:
        raise OutcomeError(Issue("not-found", "not-found"))
    return account


def phone_of(work: UnitOfWork, account: Account) -> str:
    """Give the phone of an account; empty when it has none."""
    if account.phone is None:
        return ""
    return sealed.unseal(work.vault, sealed.phone_place(account.id), account.phone)


async def begin_move(work: UnitOfWork, limits: Limits, given: str) -> Begun:
    """Have a code sent to the old phone and one to the new."""
    account = await resident(work)
    new = phone.phone_of(given)
    if new is None:
        return Begun(fault="accounts.fault.phone")
    old = phone_of(work, account)
    if new == old:
        return Begun(fault="accounts.fault.same-phone")
    if limits.settings.sms_url is None:
        return Begun(fault="accounts.fault.no-messages")
    first = await phone.have_sent(work, limits, phone.OWN, old, account.id)
    if first.fault:
        return Begun(fault=first.fault)
    second = await phone.have_sent(work, limits, phone.NEW, new, account.id)
    return Begun(first.ticket, second.ticket, second.fault)


async def finish_move(work: UnitOfWork, limits: Limits, given: tuple[str, str], codes: tuple[str, str]) -> str:
    """Take both codes, and move the account; gives the key of a fault, empty when it was done."""
    account = await resident(work)
    old = await phone.proved(work, phone.OWN, given[0], codes[0], account.id)
    new = await phone.proved(work, phone.NEW, given[1], codes[1], account.id)
    if not old or not new or old != phone_of(work, account):
        events.note(work, "phone-changed", outcome=events.REFUSED, detail="code")
        return "accounts.fault.codes-wrong"
    return await _move(work, limits, account, new, but=work.principal.session)


async def begin_at_desk(work: UnitOfWork, limits: Limits, number: str, given: str, evidence: str) -> tuple[str, str]:
    """Whoever lost the phone stands at a desk with the document: have a code sent to the new phone.

    Gives the ticket and the key of a fault.
    """
    new = phone.phone_of(given)
    if new is None:
        return "", "accounts.fault.phone"
    if not evidence.strip():
        return "", "accounts.fault.evidence"
    if limits.settings.sms_url is None:
        return "", "accounts.fault.no-messages"
    account = await _of_number(work, number)
    if account is None:
        events.note(work, "phone-changed", outcome=events.REFUSED, detail="desk: no account")
        return "", "accounts.fault.no-account"
    step = await phone.have_sent(work, limits, phone.NEW, new, account.id)
    return step.ticket, step.fault


async def finish_at_desk(work: UnitOfWork, limits: Limits, number: str, ticket: str, code: str, evidence: str) -> str:
    """Take the code that came to the new phone, and move the account of who was seen; gives the key of a fault."""
    account = await _of_number(work, number)
    new = "" if account is None else await phone.proved(work, phone.NEW, ticket, code, account.id)
    if account is None or not new or not evidence.strip():
        events.note(work, "phone-changed", outcome=events.REFUSED, detail="desk: code")
        return "accounts.fault.code-wrong"
    return await _move(work, limits, account, new, but="", detail=f"desk {account.id} {evidence.strip()[:60]}")


async def _of_number(work: UnitOfWork, number: str) -> Account | None:
    """Find the active account of the one person with an identity number, real-name proved."""
    page = await work.platform.find("Patient", identifier=f"{IDENTITY_CARD}|{number.strip().upper()}", _count="2")
    if len(page.matches) != 1:
        return None
    person = f"Patient/{page.matches[0].id}"
    found = await accounts.by_handle(work.executor, "person", work.vault.digest("person", person))
    known = found is not None and found.kind == "resident" and found.state == "active" and not found.demo
    if not known or found is None or not level_reached(found.level, "L1"):
        return None
    return await accounts.by_id(work.executor, found.id, lock=True)


async def _move(work: UnitOfWork, limits: Limits, account: Account, new: str, *, but: str, detail: str = "") -> str:
    old = phone_of(work, account)
    digest = work.vault.digest("phone", new)
    await work.lock(f"phone/{digest.hex()}")
    holder = await accounts.by_handle(work.executor, "phone", digest)
    if holder is not None and holder.id != account.id:
        return "accounts.fault.phone-taken"
    await accounts.drop_handle(work.executor, account.id, "phone")
    if not await accounts.take_handle(work.executor, account.id, "phone", digest):
        raise OutcomeError(Issue("conflict", "phone-taken", text="Another account has this phone."))
    for kind in (phone.OWN, phone.NEW):
        await tickets.drop(work.executor, account.id, kind, work.now)
    await accounts.set_phone(work.executor, account.id, sealed.seal(work.vault, sealed.phone_place(account.id), new))
    await sessions.end_sessions(work.executor, why="phone changed", account=account.id, but=but)
    events.note(work, "phone-changed", detail=detail)
    await _tell(work, limits, phone.MOVED, (old, new))
    return ""


async def begin_closing(work: UnitOfWork, limits: Limits) -> Begun:
    """Have a code sent to one's own phone."""
    account = await resident(work)
    if limits.settings.sms_url is None:
        return Begun(fault="accounts.fault.no-messages")
    step = await phone.have_sent(work, limits, phone.OWN, phone_of(work, account), account.id)
    return Begun(old=step.ticket, fault=step.fault)


def may_restrict(limits: Limits, account: Account) -> bool:
    """Tell whether an account is proved well enough to decide about its record."""
    return account.person is not None and level_reached(account.level, limits.settings.level_record)


@cites("R7-008")
async def close(work: UnitOfWork, limits: Limits, ticket: str, code: str, *, restrict: bool) -> str:
    """Close one's own account; gives the key of a fault.

    The record stays, as the law wants it kept. What was allowed beyond care ends; with *restrict* nobody sees the
    record but in emergencies and where a law asks for it.
    """
    account = await resident(work)
    own_phone = await phone.proved(work, phone.OWN, ticket, code, account.id)
    if not own_phone or own_phone != phone_of(work, account):
        events.note(work, "account-closed", outcome=events.REFUSED, detail="code")
        return "accounts.fault.code-wrong"
    if account.person is not None:
        if work.principal.patient != account.person or "resident" not in work.principal.roles:
            return "accounts.fault.close-self"
        for channel in await contacts.of_holder(work.executor, work.vault, account.person):
            await contacts.release(work.executor, account.person, channel)
        await _end_consents(work, account.person, restrict=restrict and may_restrict(limits, account))
    for one in await dependants.listed(work.executor, account.id):
        await dependants.decide(work.executor, one, "ended")
    await accounts.close(work.executor, account.id, sealed.seal(work.vault, sealed.name_place(account.id), ""))
    await sessions.end_sessions(work.executor, why="account closed", account=account.id)
    events.note(work, "account-closed", detail="restricted" if restrict else "")
    await _tell(work, limits, phone.CLOSED, (own_phone,))
    return ""


async def _end_consents(work: UnitOfWork, person: str, *, restrict: bool) -> None:
    id = person.partition("/")[2]
    kinds = ",".join(f"{KINDS.system}|{kind}" for kind in ENDED_KINDS)
    page = await work.platform.find("Consent", patient=id, category=kinds, status="active", _count=str(CONSENTS_MOST))
    for row in page.matches:
        await work.fhir.operate(WITHDRAW, Withdraw(id, str(document_of(row.body())["id"])))
    if restrict:
        await work.fhir.operate(GIVE, Give(id, "restriction"))


async def _tell(work: UnitOfWork, limits: Limits, kind: str, phones: Iterable[str]) -> None:
    """Tell phones what has become of the account; who asked too often within the minute is told by the other one."""
    for one in filter(None, phones):
        if limits.settings.sms_url is not None:
            await phone.have_sent(work, limits, kind, one)
