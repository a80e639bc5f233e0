"""Beginning, changing and ending sessions."""

from dataclasses import dataclass
from datetime import datetime

from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.privacy.contract import NOTICE_VERSION
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.accounts import PURPOSES, extended
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, dependants, events, notices, sessions
from xinglin.store.identity.accounts import Account, Assignment
from xinglin.store.identity.sessions import Beginning


@dataclass(frozen=True, slots=True)
class Step:
    """What comes after an answer: a session (cookie), another step (ticket), or a fault (key of a text).

    several: there are other roles that one may act in. renew: the next step is a new password. notice: the notice of
    processing was not taken note of yet.
    """

    cookie: str = ""
    ticket: str = ""
    fault: str = ""
    several: bool = False
    renew: bool = False
    notice: bool = False


@cites("R7-004")
async def enter(work: UnitOfWork, limits: Limits, account: Account, *, strong: bool) -> Step:
    """Begin a session for whoever proved to own *account*, in the role that was given first."""
    held = await accounts.assignments(work.executor, account.id, work.now)
    if account.kind != "resident" and not held:
        events.note(work, "login", outcome=events.REFUSED, account=account.id, detail="no role")
        return Step(fault="accounts.fault.no-role")
    await accounts.used_now(work.executor, account.id, work.now)
    cookie = await begin(
        work, limits, account, held[0] if held else None, fresh=fresh(work, limits) if strong else None
    )
    events.note(work, "login", account=account.id, role=held[0].role if held else "resident")
    notice = account.kind == "resident" and await notices.taken(work.executor, account.id, NOTICE_VERSION) is None
    return Step(cookie=cookie, several=len(held) > 1, notice=notice)


async def switch(work: UnitOfWork, limits: Limits, *, assignment: str = "", patient: str = "") -> str:
    """Act in another role of the account, or for another person, in a new session; the old one ends."""
    account = await own(work)
    held = await accounts.assignments(work.executor, account.id, work.now)
    chosen = next((one for one in held if one.id == assignment), None)
    if chosen is None and (assignment or account.kind != "resident"):
        raise OutcomeError(Issue("not-found", "not-found"))
    bound = await dependants.patients(work.executor, account.id, work.now)
    if patient and patient not in {account.person, *bound}:
        raise OutcomeError(Issue("not-found", "not-found"))
    before = await sessions.bounds(work.executor, work.principal.session)
    if before is None:
        raise OutcomeError(Issue("login", "session-ended"), status=401)
    events.note(work, "switch", role=chosen.role if chosen else "resident")
    # Another role is no new login: neither the end nor the freshness of the second factor moves.
    return await begin(work, limits, account, chosen, patient=patient or None, fresh=before[0], until=before[1])


async def leave(work: UnitOfWork) -> None:
    """Sign out."""
    if work.principal.session:
        await sessions.end_sessions(
            work.executor, why="signed out", account=work.principal.id, session=work.principal.session
        )
        events.note(work, "logout")


async def end_elsewhere(work: UnitOfWork, session: str | None) -> None:
    """End another session of one's account, or all others."""
    await sessions.end_sessions(
        work.executor,
        why="signed out elsewhere",
        account=work.principal.id,
        session=session,
        but=work.principal.session,
    )
    events.note(work, "logout", detail="elsewhere")


async def acting(work: UnitOfWork) -> str:
    """Give what the session acts as: an assignment's id, or the Patient acted for."""
    present = await sessions.acting(work.executor, work.principal.session)
    return present or work.principal.patient or ""


async def own(work: UnitOfWork) -> Account:
    """Give the account of whoever is signed in."""
    account = await accounts.by_id(work.executor, work.principal.id)
    if account is None:
        raise OutcomeError(Issue("not-found", "not-found"))
    return account


def fresh(work: UnitOfWork, limits: Limits) -> datetime:
    """Give until when a second factor that was given now counts as fresh."""
    return work.now + limits.sessions.step_up


async def begin(
    work: UnitOfWork,
    limits: Limits,
    account: Account,
    chosen: Assignment | None,
    *,
    fresh: datetime | None,
    patient: str | None = None,
    until: datetime | None = None,
) -> str:
    """Begin a session and give its cookie; the one that this browser had ends.

    patient: whom a resident acts for, else themselves. fresh: until when the second factor counts as just given; None
    when none was given.
    """
    now = work.now
    last = until or now + limits.sessions.whole
    guardian = patient is not None and patient != account.person
    role = chosen.role if chosen is not None else "guardian" if guardian else "resident"
    if work.principal.session:
        old = work.principal
        await sessions.end_sessions(work.executor, why="signed in again", account=old.id, session=old.session)
    cookie = await sessions.begin(
        work.executor,
        work.door.clock,
        Beginning(
            account=account.id,
            assignment=chosen.id if chosen is not None else None,
            role=role,
            patient=(patient or account.person) if account.kind == "resident" else None,
            purpose=PURPOSES[role],
            strong=fresh is not None,
            strong_until=fresh,
            now=now,
            expires=extended(now, last, limits.sessions),
            until=last,
            address=work.principal.address,
            device=work.principal.device,
        ),
    )
    await sessions.keep_most(work.executor, account.id, limits.settings.session_most)
    return cookie
