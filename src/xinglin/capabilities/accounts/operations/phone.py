"""Residents signing in: a code to their phone. The first time makes the account, at level L0."""

import hmac
import re
import secrets
from datetime import timedelta
from typing import Final

import msgspec

from xinglin.capabilities.accounts import contract
from xinglin.capabilities.accounts.gateways import GatewayRefused, Messages
from xinglin.capabilities.accounts.operations.entering import Step, enter
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, events, sealed, tickets
from xinglin.store.identity.accounts import Account

CODE: Final = "code"
# Codes that prove a phone for another step: the account's own, the new one, the one of who closes the account.
OWN: Final = "code-own"
NEW: Final = "code-new"
# No code: it is told what has become of an account.
MOVED: Final = "told-moved"
CLOSED: Final = "told-closed"
TRIES_MOST: Final = 5
AGAIN_AFTER: Final = timedelta(seconds=60)
EXPIRED: Final = "accounts.fault.expired"
_PHONE: Final = re.compile(r"1\d{10}", re.ASCII)
_TEXTS: Final = {
    CODE: "【杏林】验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要，请勿告诉他人。",
    OWN: "【杏林】您正在更换手机号或注销账户，验证码 {code}，{minutes} 分钟内有效。若非本人操作，请勿告诉任何人。",
    NEW: "【杏林】您正在将本号码设为账户手机号，验证码 {code}，{minutes} 分钟内有效。",
    MOVED: "【杏林】您账户的登录手机号已更换。若非本人操作，请立即到任一机构服务台办理。",
    CLOSED: "【杏林】您的账户已注销。病历依法保存。若非本人操作，请立即到任一机构服务台办理。",
}


class Sent(msgspec.Struct):
    """What a code's ticket knows."""

    phone: str
    code: str


def phone_of(text: str) -> str | None:
    """Read a mobile phone number of the mainland, with or without +86 and blanks; None when it is none."""
    given = re.sub(r"[\s\-]", "", text).removeprefix("+86").removeprefix("0086")
    return given if _PHONE.fullmatch(given) else None


async def ask_code(work: UnitOfWork, limits: Limits, given: str) -> Step:
    """Have a code sent; no oftener than once a minute, and than the setting says in an hour."""
    phone = phone_of(given)
    if phone is None:
        return Step(fault="accounts.fault.phone")
    if limits.settings.sms_url is None:
        return Step(fault="accounts.fault.no-messages")
    return await have_sent(work, limits, CODE, phone)


async def have_sent(work: UnitOfWork, limits: Limits, kind: str, phone: str, account: str | None = None) -> Step:
    """Have a text of a kind sent to a phone, no oftener than is let; the ticket continues the step."""
    subject = work.vault.digest("phone", phone)
    await work.lock(f"{kind}/{subject.hex()}")
    sent, last = await tickets.since(work.executor, kind, subject, work.now - timedelta(hours=1))
    if last is not None and work.now - last < AGAIN_AFTER:
        return Step(fault="accounts.fault.code-soon")
    if sent >= limits.settings.code_hourly:
        return Step(fault="accounts.fault.code-many")
    text = tickets.new_text()
    id = tickets.hash_of(text)
    kept = Sent(phone, f"{secrets.randbelow(10**6):06d}")
    await tickets.issue(
        work.executor,
        kind,
        text=text,
        account=account,
        subject=subject,
        sealed=sealed.seal_value(work.vault, tickets.place(id), kept),
        now=work.now,
        expires=work.now + timedelta(minutes=limits.settings.code_minutes),
    )
    # Neither phone nor code stands in the queue: the job finds them by the ticket.
    await work.defer(contract.SEND_CODE, ticket=id.hex(), kind=kind)
    return Step(ticket=text)


async def proved(work: UnitOfWork, kind: str, ticket: str, code: str, account: str) -> str:
    """Give the phone that a code proves, for the account that had it sent; empty when it proves none.

    A wrong code counts; after `TRIES_MOST` the ticket is used up.
    """
    found = await tickets.find(work.executor, ticket, kind, work.now)
    if found is None or found.sealed is None or found.account != account:
        return ""
    kept = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Sent)
    if hmac.compare_digest(kept.code.encode(), code.strip().encode()):
        return kept.phone
    if await tickets.missed(work.executor, found) >= TRIES_MOST:
        await tickets.use(work.executor, found, work.now)
    return ""


async def send_code(work: UnitOfWork, ticket: str, messages: Messages, limits: Limits, kind: str = CODE) -> None:
    """Send the text of a ticket; GatewaySilent lets the job run again, and the gateway knows it by its key."""
    found = await tickets.by_id(work.executor, bytes.fromhex(ticket), kind, work.now)
    if found is None or found.sealed is None:
        return
    kept = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Sent)
    try:
        await messages.send(
            ticket, kept.phone, _TEXTS[kind].format(code=kept.code, minutes=limits.settings.code_minutes)
        )
    except GatewayRefused as refusal:
        await tickets.use(work.executor, found, work.now)
        events.note(work, "code", outcome=events.REFUSED, detail=f"gateway: {str(refusal)[:80]}")


async def give_code(work: UnitOfWork, limits: Limits, ticket: str, code: str) -> Step:
    """Take the code; a phone that is new here gets an account."""
    found = await tickets.find(work.executor, ticket, CODE, work.now)
    if found is None or found.sealed is None:
        return Step(fault=EXPIRED)
    kept = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Sent)
    account = await accounts.by_handle(work.executor, "phone", found.subject)
    if not hmac.compare_digest(kept.code.encode(), code.strip().encode()):
        events.note(
            work, "login", account=account.id if account else events.STRANGER, outcome=events.REFUSED, detail=CODE
        )
        if await tickets.missed(work.executor, found) < TRIES_MOST:
            return Step(fault="accounts.fault.code-wrong", ticket=ticket)
        await tickets.use(work.executor, found, work.now)
        return Step(fault=EXPIRED)
    await tickets.use(work.executor, found, work.now)
    if account is None:
        account = await _new(work, kept.phone, found.subject)
    if account.state != "active" or account.demo:
        events.note(work, "login", account=account.id, outcome=events.REFUSED, detail=account.state)
        return Step(fault="accounts.fault.disabled")
    return await enter(work, limits, account, strong=False)


async def _new(work: UnitOfWork, phone: str, digest: bytes) -> Account:
    id = work.new_id()
    account = Account(
        id,
        "resident",
        "active",
        sealed.seal(work.vault, sealed.name_place(id), ""),
        work.now,
        phone=sealed.seal(work.vault, sealed.phone_place(id), phone),
        level="L0",
    )
    # Two codes of one phone may be given at once; the lock of `ask_code` does not reach here.
    await work.lock(f"phone/{digest.hex()}")
    present = await accounts.by_handle(work.executor, "phone", digest)
    if present is not None:
        return present
    await accounts.add(work.executor, account, {"phone": digest})
    events.note(work, "account", account=id, role="resident", detail="made by phone")
    return account
