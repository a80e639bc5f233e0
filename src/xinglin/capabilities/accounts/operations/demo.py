"""Accounts of the demonstration: no secrets, entered by one click, and only where demo mode is on and on loopback."""

from xinglin.capabilities.accounts.operations.entering import begin, fresh
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, dependants, events


async def become(work: UnitOfWork, limits: Limits, role: str) -> str:
    """Begin a session of the demonstration's account for a role; give its cookie."""
    if not (limits.settings.demo and limits.settings.loopback):
        raise OutcomeError(Issue("not-found", "not-found"))
    login = "resident" if role == "guardian" else role
    account = await accounts.by_handle(work.executor, "login", work.vault.digest("login", f"demo-{login}"))
    if account is None or not account.demo or account.state != "active":
        raise OutcomeError(Issue("not-found", "not-found"))
    held = await accounts.assignments(work.executor, account.id, work.now)
    patient = None
    if role == "guardian":
        patient = next(iter(await dependants.patients(work.executor, account.id, work.now)), None)
    await accounts.used_now(work.executor, account.id, work.now)
    chosen = next((one for one in held if one.role == role), None)
    events.note(work, "login", account=account.id, role=role, detail="demonstration")
    until = None if account.kind == "resident" else fresh(work, limits)
    return await begin(work, limits, account, chosen, fresh=until, patient=patient)
