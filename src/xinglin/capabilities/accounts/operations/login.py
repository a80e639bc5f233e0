"""Staff signing in: a password, then a second factor, always (GB/T 22239, identity d)."""

import asyncio
from typing import Final

from xinglin.capabilities.accounts.operations.entering import Step, enter
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.security.accounts import locked_until
from xinglin.security.passwords import MOST, password_expired
from xinglin.security.totp import step_of
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, attempts, events, factors, sealed, tickets
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.factors import Factor

SECOND: Final = "second"
RENEW: Final = "renew"
WRONG: Final = "accounts.fault.wrong"
EXPIRED: Final = "accounts.fault.expired"


async def give_password(work: UnitOfWork, limits: Limits, login: str, password: str) -> Step:
    """Take login name and password; the answer, and the time it takes, is the same for a name that nobody has."""
    digest = work.vault.digest("login", normal(login))
    failures, locked = await attempts.begin(work.executor, "password", digest, work.now)
    account = await accounts.by_handle(work.executor, "login", digest)
    usable = account is not None and account.state == "active" and not account.demo
    held = await factors.live(work.executor, account.id) if account is not None and usable else ()
    secret = next((one.secret for one in held if one.kind == "password"), None)
    right = await asyncio.to_thread(factors.matches, password[:MOST], secret)
    if account is None or locked is not None or not right:
        who = account.id if account is not None else events.STRANGER
        await missed(work, limits, "password", digest, who, failures, locked=locked is not None)
        return Step(fault=WRONG)
    await attempts.cleared(work.executor, "password", digest)
    return Step(ticket=await _ticket(work, limits, account.id, SECOND))


async def give_code(work: UnitOfWork, limits: Limits, ticket: str, code: str) -> Step:
    """Take a code of the authenticator app, or a recovery code, after the password."""
    found = await tickets.find(work.executor, ticket, SECOND, work.now)
    account = await accounts.by_id(work.executor, found.account) if found is not None and found.account else None
    if found is None or account is None:
        return Step(fault=EXPIRED)
    digest = work.vault.digest("account", account.id)
    failures, locked = await attempts.begin(work.executor, SECOND, digest, work.now)
    if locked is not None or not await proves(work, account.id, code):
        await missed(work, limits, SECOND, digest, account.id, failures, locked=locked is not None)
        if locked is not None or failures >= limits.locks.most:
            await tickets.use(work.executor, found, work.now)
            return Step(fault=EXPIRED)
        return Step(fault="accounts.fault.code", ticket=ticket)
    await attempts.cleared(work.executor, SECOND, digest)
    await tickets.use(work.executor, found, work.now)
    return await passed(work, limits, account)


async def passed(work: UnitOfWork, limits: Limits, account: Account) -> Step:
    """Let in who gave both factors; a password that is too old is changed first."""
    held = await factors.live(work.executor, account.id)
    password = next((one for one in held if one.kind == "password"), None)
    if password is not None and password_expired(password.made, work.now, limits.passwords):
        return Step(ticket=await _ticket(work, limits, account.id, RENEW), renew=True)
    return await enter(work, limits, account, strong=True)


async def proves(work: UnitOfWork, account: str, code: str) -> bool:
    """Tell whether *code* is one of the account's app, or a recovery code, neither of them used before."""
    for one in await factors.live(work.executor, account):
        if one.kind == "totp" and await _is_of_app(work, account, one, code):
            return True
        if one.kind == "recovery" and one.secret == factors.code_hash(code):
            await factors.end(work.executor, account, now=work.now, id=one.id)
            events.note(work, "recovery-code", account=account)
            return True
    return False


async def _is_of_app(work: UnitOfWork, account: str, one: Factor, code: str) -> bool:
    secret = sealed.unseal(work.vault, totp_place(account), one.secret)
    step = step_of(code, secret, work.now, one.counter)
    return step is not None and await factors.used(work.executor, account, one.id, now=work.now, counter=step)


async def missed(
    work: UnitOfWork, limits: Limits, kind: str, digest: bytes, account: str, failures: int, *, locked: bool
) -> None:
    """Note a wrong answer, and lock when it is one too many."""
    until = None if locked else locked_until(failures, limits.locks, work.now)
    if until is not None:
        await attempts.lock(work.executor, kind, digest, until)
        events.note(work, "lock", account=account, outcome=events.REFUSED, detail=kind)
    detail = f"{kind} while locked" if locked else kind
    events.note(work, "login", account=account, outcome=events.REFUSED, detail=detail)


async def _ticket(work: UnitOfWork, limits: Limits, account: str, kind: str) -> str:
    expires = work.now + limits.sessions.step_up
    return await tickets.issue(work.executor, kind, now=work.now, expires=expires, account=account)


def normal(login: str) -> str:
    """Write a login name the one way it is looked up."""
    return login.strip().lower()[:100]


def totp_place(account: str) -> str:
    """Where the key of an account's authenticator app is sealed for."""
    return f"account/{account}/totp"
