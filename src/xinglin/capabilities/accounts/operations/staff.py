"""Accounts of staff: made and disabled by the system administrator, given roles by the security administrator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.operations.login import normal
from xinglin.capabilities.practitioners.contract import VERIFY_NEW
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.security.accounts import assignment_faults
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, attempts, events, factors, sealed, sessions, tickets
from xinglin.store.identity.accounts import Account, Assignment

INVITATION: Final = "invitation"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is to get an account. practitioner, organization: references, empty when there is none."""

    login: str
    name: str
    practitioner: str = ""
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of accounts."""

    id: str
    login: str
    name: str
    state: str
    why: str
    person: str
    organization: str
    made: datetime
    used: datetime | None
    locked: datetime | None
    roles: tuple[Assignment, ...]


async def hire(work: UnitOfWork, limits: Limits, given: Newcomer) -> tuple[str, str]:
    """Make an account that nobody can enter yet; give its id and the text of its invitation."""
    _must_be(work, "system-admin")
    login = normal(given.login)
    if len(login) < 3 or not login.replace(".", "").replace("-", "").replace("_", "").isalnum():
        text = "A login name has 3 or more letters, digits, dots or hyphens."
        raise OutcomeError(Issue("value", "login-form", text=text))
    if not given.name.strip():
        raise OutcomeError(Issue("required", "name-missing", text="The name is missing."))
    id = work.new_id()
    account = Account(
        id,
        "staff",
        "invited",
        sealed.seal(work.vault, sealed.name_place(id), given.name.strip()[:60]),
        work.now,
        login=login,
        person=given.practitioner or None,
        organization=work.principal.organization or given.organization or None,
    )
    handles = {"login": work.vault.digest("login", login)}
    if account.person is not None:
        handles["person"] = work.vault.digest("person", account.person)
    if not await accounts.add(work.executor, account, handles):
        raise OutcomeError(
            Issue("conflict", "login-taken", text="The login name, or the person, has an account already.")
        )
    events.note(work, "account", detail=f"made {id}")
    return id, await _invite(work, limits, id)


async def invite(work: UnitOfWork, limits: Limits, id: str) -> str:
    """Invite again: who lost password or second factor starts anew; the old ones, and sessions, end."""
    _must_be(work, "system-admin")
    account = await within(work, id)
    await factors.end(work.executor, id, now=work.now)
    await sessions.end_sessions(work.executor, why="invited again", account=id)
    await accounts.set_state(work.executor, account.id, "invited")
    events.note(work, "account", detail=f"invited {id}")
    return await _invite(work, limits, id)


async def set_state(work: UnitOfWork, id: str, state: str, why: str = "") -> None:
    """Disable or enable an account; disabling ends its sessions at once."""
    _must_be(work, "system-admin", "security-admin")
    account = await within(work, id)
    if state not in {"active", "disabled"} or account.state == "invited":
        raise OutcomeError(Issue("business-rule", "state-unfit", text="This account cannot come into that state."))
    if id == work.principal.id:
        raise OutcomeError(Issue("business-rule", "own-account", text="Nobody changes their own account."))
    await accounts.set_state(work.executor, id, state, why=why[:200])
    if state == "disabled":
        await sessions.end_sessions(work.executor, why="disabled", account=id)
    else:
        await accounts.used_now(work.executor, id, work.now)
    events.note(work, "account", detail=f"{state} {id}")


async def unlock(work: UnitOfWork, id: str) -> None:
    """Forget the wrong answers of an account."""
    _must_be(work, "system-admin", "security-admin")
    account = await within(work, id)
    await attempts.cleared(work.executor, "password", work.vault.digest("login", account.login))
    await attempts.cleared(work.executor, "second", work.vault.digest("account", id))
    events.note(work, "account", detail=f"unlocked {id}")


async def give_role(work: UnitOfWork, id: str, role: str, *, until: datetime | None = None) -> None:
    """Give a role; nobody gives one to themselves, and no account gets a second administrator's (三权分立)."""
    _must_be(work, "security-admin")
    if id == work.principal.id:
        raise OutcomeError(Issue("business-rule", "own-account", text="Nobody changes their own account."))
    await work.lock(f"roles/{id}")
    account = await within(work, id)
    held = await accounts.assignments(work.executor, id, work.now)
    refuse(assignment_faults(account.kind, role, [one.role for one in held]))
    await accounts.assign(
        work.executor,
        Assignment(
            id, work.new_id(), role, work.now, work.principal.id, organization=account.organization, until=until
        ),
    )
    events.note(work, "role", detail=f"given {role} to {id}")
    if account.person is not None and account.person.startswith("Practitioner/"):
        # R1-030: who enters service is looked for in the register.
        await work.defer(VERIFY_NEW, practitioner=account.person.removeprefix("Practitioner/"))


async def take_role(work: UnitOfWork, id: str, assignment: str) -> None:
    """Take a role back; sessions in it end at once."""
    _must_be(work, "security-admin")
    await within(work, id)
    role = await accounts.unassign(work.executor, id, assignment, work.now)
    if role is None:
        raise OutcomeError(Issue("not-found", "not-found"))
    await sessions.end_sessions(work.executor, why="role taken back", account=id, assignment=assignment)
    events.note(work, "role", detail=f"taken {role} from {id}")


async def listed(work: UnitOfWork, *, after: datetime | None, count: int) -> list[Listed]:
    """List the staff accounts of the administrator's organization, newest first."""
    _must_be(work, "system-admin", "security-admin")
    found = await accounts.listed(
        work.executor, kind="staff", organization=work.principal.organization, after=after, count=count
    )
    return [await shown(work, one) for one in found]


async def shown(work: UnitOfWork, account: Account) -> Listed:
    """Give one account as its administrators see it."""
    lock = await attempts.locked_until(
        work.executor, "password", work.vault.digest("login", account.login), work.now
    ) or await attempts.locked_until(work.executor, "second", work.vault.digest("account", account.id), work.now)
    return Listed(
        account.id,
        account.login,
        sealed.unseal(work.vault, sealed.name_place(account.id), account.name),
        account.state,
        account.why,
        account.person or "",
        account.organization or "",
        account.made,
        account.used,
        lock,
        tuple(await accounts.assignments(work.executor, account.id, work.now)),
    )


async def within(work: UnitOfWork, id: str) -> Account:
    """Give a staff account of the administrator's own organization, and hold it; of others none is known."""
    account = await accounts.by_id(work.executor, id, lock=True)
    own = work.principal.organization
    if account is None or account.kind != "staff" or (own is not None and account.organization != own):
        raise OutcomeError(Issue("not-found", "not-found"))
    return account


async def disable_dormant(work: UnitOfWork, limits: Limits) -> None:
    """Disable the staff accounts that nobody used for long (GB/T 22239, access a-c); a daily job."""
    for id in await accounts.disable_dormant(work.executor, work.now - timedelta(days=limits.settings.dormant_days)):
        await sessions.end_sessions(work.executor, why="dormant", account=id)
        events.note(work, "account", detail=f"dormant {id}")


async def _invite(work: UnitOfWork, limits: Limits, id: str) -> str:
    expires = work.now + timedelta(hours=limits.settings.invitation_hours)
    await tickets.drop(work.executor, id, INVITATION, work.now)
    return await tickets.issue(work.executor, INVITATION, now=work.now, expires=expires, account=id)


def _must_be(work: UnitOfWork, *roles: str) -> None:
    if not work.principal.roles & {*roles, "system"}:
        raise OutcomeError(Issue("forbidden", "role-missing", text="Another administrator does this."))
