"""Decisions over apps and systems: for the security officer's pages and the command line, with the unit of work."""

from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store import egress
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import clients, tokens
from xinglin.store.identity.clients import Client, State

DECIDERS: Final = frozenset({"security-admin", "system", "developer"})


async def listed(work: UnitOfWork, state: State) -> list[Client]:
    """List registrations in a state, newest first."""
    _must_decide(work)
    return await clients.listed(work.executor, state)


async def decide(
    work: UnitOfWork,
    id: str,
    state: State,
    *,
    reason: str = "",
    scopes: str | None = None,
    organization: str | None = None,
    purpose: str | None = None,
    abroad: str | None = None,
) -> Client:
    """Approve, refuse or disable a registration; what an app that is not approved holds is of no use from now on.

    scopes: the widest it may be given; None leaves what it asked for. organization, purpose: for whom and what for a
    system acts. abroad: the destination where it stands, which must be on the list (R7-020), empty in this country.
    OutcomeError: forbidden (403), not-found (404), and a system without institution or purpose (422).
    """
    _must_decide(work)
    found = await clients.by_id(work.executor, id)
    if found is None:
        raise OutcomeError(Issue("not-found", "not-found", text="There is no such registration."))
    if state == "approved" and "client_credentials" in found.grants:
        for name, value in (("organization", organization), ("purpose", purpose)):
            if not (value or getattr(found, name)):
                text = f"A system is approved for an institution and a purpose: {name} is missing."
                raise OutcomeError(Issue("required", f"client-{name}", text=text))
    if state == "approved" and abroad:
        where = await egress.by_id(work.executor, abroad)
        if where is None or where.ended:
            text = "There is no such destination on the list of exports."
            raise OutcomeError(Issue("value", "client-abroad", text=text))
    decided = await clients.decide(
        work.executor,
        id,
        state,
        by=work.principal.id,
        at=work.now,
        reason=reason,
        scopes=scopes,
        organization=organization,
        purpose=purpose,
        abroad=abroad,
    )
    if decided is None:
        raise LookupError(id)
    if state != "approved":
        await tokens.end_client(work.executor, id, work.now, state)
    work.note(f"client-{state}", detail=id)
    return decided


def _must_decide(work: UnitOfWork) -> None:
    if not work.principal.roles & DECIDERS:
        raise OutcomeError(Issue("forbidden", "forbidden", text="Only the security officer decides over apps."))
