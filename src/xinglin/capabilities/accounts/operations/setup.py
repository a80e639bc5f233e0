"""Setting up and changing what proves who one is: invitation, password, authenticator app, recovery codes."""

import asyncio
from dataclasses import dataclass
from typing import Final

import msgspec

from xinglin.capabilities.accounts.operations.entering import Step, enter
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.operations.login import EXPIRED, RENEW, proves, totp_place
from xinglin.capabilities.accounts.operations.staff import INVITATION
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.passwords import password_faults
from xinglin.security.totp import step_of
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, attempts, events, factors, sealed, sessions, tickets
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.factors import Factor

CODES: Final = 8


class Setup(msgspec.Struct):
    """What an invitation knows after its first step. secret: of the app that is being set up."""

    password: str
    secret: str


@dataclass(frozen=True, slots=True)
class Invited:
    """A newcomer before the first login. secret: of the app, when the password is set."""

    account: Account
    name: str
    secret: str


async def invited(work: UnitOfWork, text: str) -> Invited | None:
    """Give whom an invitation is for; None when it has expired or was used."""
    found = await tickets.find(work.executor, text, INVITATION, work.now)
    account = await accounts.by_id(work.executor, found.account) if found is not None and found.account else None
    if found is None or account is None or account.state != "invited":
        return None
    secret = ""
    if found.sealed is not None:
        secret = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Setup).secret
    return Invited(account, sealed.unseal(work.vault, sealed.name_place(account.id), account.name), secret)


async def choose_password(work: UnitOfWork, limits: Limits, text: str, password: str, again: str) -> tuple[Issue, ...]:
    """First step of an invitation: take a password; it counts when the second factor stands."""
    found = await tickets.find(work.executor, text, INVITATION, work.now)
    here = await invited(work, text)
    if found is None or here is None:
        raise OutcomeError(Issue("expired", "step-expired", text="The invitation has expired."))
    faults = await _password_faults(work, limits, here.account, password, again)
    if faults:
        return faults
    hashed = await asyncio.to_thread(factors.hashed, password)
    setup = Setup(hashed.decode(), factors.new_secret())
    await tickets.change(work.executor, found, sealed.seal_value(work.vault, tickets.place(found.id), setup))
    return ()


async def confirm_app(work: UnitOfWork, limits: Limits, text: str, code: str) -> tuple[Step, list[str]]:
    """Second step of an invitation: a code shows that the app is set up; the account opens, with recovery codes."""
    found = await tickets.find(work.executor, text, INVITATION, work.now)
    here = await invited(work, text)
    if found is None or here is None or found.sealed is None:
        return Step(fault=EXPIRED), []
    setup = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Setup)
    step = step_of(code, setup.secret, work.now, 0)
    if step is None:
        return Step(fault="accounts.fault.code", ticket=text), []
    id = here.account.id
    await tickets.use(work.executor, found, work.now)
    await factors.add(
        work.executor,
        id,
        Factor(id=work.new_id(), kind="password", secret=setup.password.encode(), made=work.now),
    )
    await _keep_app(work, id, setup.secret, step)
    codes = await new_codes(work, id)
    await accounts.set_state(work.executor, id, "active")
    events.note(work, "factor", account=id, detail="password and app set up")
    return await enter(work, limits, here.account, strong=True), codes


async def new_codes(work: UnitOfWork, account: str) -> list[str]:
    """Make recovery codes in the place of old ones; they are shown once."""
    await factors.end(work.executor, account, now=work.now, kind="recovery")
    codes = factors.new_codes(CODES)
    for code in codes:
        one = Factor(id=work.new_id(), kind="recovery", secret=factors.code_hash(code), made=work.now)
        await factors.add(work.executor, account, one)
    return codes


async def change_password(work: UnitOfWork, limits: Limits, old: str, password: str, again: str) -> tuple[Issue, ...]:
    """Change one's own password; the other sessions of the account end."""
    account = await accounts.by_id(work.executor, work.principal.id)
    if account is None or account.kind != "staff":
        raise OutcomeError(Issue("not-found", "not-found"))
    held = await factors.live(work.executor, account.id)
    secret = next((one.secret for one in held if one.kind == "password"), None)
    if not await asyncio.to_thread(factors.matches, old, secret):
        events.note(work, "factor", outcome=events.REFUSED, detail="password")
        return (Issue("business-rule", "password-wrong", text="The present password is another one."),)
    faults = await _password_faults(work, limits, account, password, again)
    if not faults:
        await _keep_password(work, account.id, password)
        await sessions.end_sessions(
            work.executor, why="password changed", account=account.id, but=work.principal.session
        )
    return faults


async def renew_password(
    work: UnitOfWork, limits: Limits, text: str, password: str, again: str
) -> tuple[Step, tuple[Issue, ...]]:
    """Change a password that is too old, between the second factor and the session."""
    found = await tickets.find(work.executor, text, RENEW, work.now)
    account = await accounts.by_id(work.executor, found.account) if found is not None and found.account else None
    if found is None or account is None:
        return Step(fault=EXPIRED), ()
    faults = await _password_faults(work, limits, account, password, again)
    if faults:
        return Step(ticket=text), faults
    await tickets.use(work.executor, found, work.now)
    await _keep_password(work, account.id, password)
    return await enter(work, limits, account, strong=True), ()


async def step_up(work: UnitOfWork, limits: Limits, code: str) -> bool:
    """Take a second factor again, so that what needs a fresh one is open for some minutes."""
    digest = work.vault.digest("account", work.principal.id)
    failures, locked = await attempts.begin(work.executor, "second", digest, work.now)
    if locked is not None or not await proves(work, work.principal.id, code):
        if locked is None and failures >= limits.locks.most:
            await attempts.lock(work.executor, "second", digest, work.now + limits.locks.pause)
            await sessions.end_sessions(work.executor, why="locked", account=work.principal.id)
        events.note(work, "step-up", outcome=events.REFUSED)
        return False
    await attempts.cleared(work.executor, "second", digest)
    await sessions.step_up(work.executor, work.principal.session, work.now + limits.sessions.step_up)
    events.note(work, "step-up")
    return True


async def fresh(work: UnitOfWork) -> bool:
    """Tell whether a second factor was given just now (`step_up`, or the login itself)."""
    until = await sessions.strong_until(work.executor, work.principal.session)
    return until is not None and until > work.now


async def _keep_app(work: UnitOfWork, account: str, secret: str, step: int) -> None:
    await factors.end(work.executor, account, now=work.now, kind="totp")
    kept = sealed.seal(work.vault, totp_place(account), secret)
    one = Factor(id=work.new_id(), kind="totp", secret=kept, made=work.now, counter=step)
    await factors.add(work.executor, account, one)


async def _keep_password(work: UnitOfWork, account: str, password: str) -> None:
    await factors.end(work.executor, account, now=work.now, kind="password")
    hashed = await asyncio.to_thread(factors.hashed, password)
    await factors.add(work.executor, account, Factor(id=work.new_id(), kind="password", secret=hashed, made=work.now))
    events.note(work, "factor", account=account, detail="password changed")


async def _password_faults(
    work: UnitOfWork, limits: Limits, account: Account, password: str, again: str
) -> tuple[Issue, ...]:
    faults = password_faults(password, limits.passwords, login=account.login)
    if password != again:
        faults = (*faults, Issue("business-rule", "password-differs", text="The two passwords differ."))
    if faults:
        return faults
    for old in await factors.passwords(work.executor, account.id, limits.passwords.history):
        if await asyncio.to_thread(factors.matches, password, old):
            text = f"Not one of the last {limits.passwords.history} passwords."
            return (Issue("business-rule", "password-again", text=text),)
    return ()
