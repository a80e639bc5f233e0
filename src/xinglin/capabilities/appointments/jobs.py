"""Background work of appointments: sessions of rosters, holds that end, releases, reminders, ends of sessions."""

from typing import Final

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import fees, giving_back, policies, reading, sessions, telling
from xinglin.care.booking import Policy
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork

_PAGE: Final = "200"


async def plan(work: UnitOfWork, organization: str = "", *, policy: Policy) -> None:
    """Make the sessions of the next days: of one institution, or defer that for each that has given out numbers before.

    An institution begins by making its first sessions itself (`/institution/sessions`); for the city, its load does.
    """
    if organization:
        days = (await policies.of(work, f"Organization/{organization}", policy)).days_ahead + 1
        await sessions.make(work, contract.MakeSessions(organization, days=days), policy=policy)
        return
    for one in await planned_institutions(work):
        await work.defer(contract.PLAN, organization=one)


async def planned_institutions(work: UnitOfWork) -> tuple[str, ...]:
    """Give the ids of the institutions that have a room in which a session was made."""
    page = await work.platform.find(
        "Organization",
        **{"_has:Location:organization:_has:Schedule:actor:_profile": contract.SESSION.url},
        _count=_PAGE,
    )
    return tuple(sorted(row.id for row in page.matches))


async def expire(work: UnitOfWork, booking: str, *, policy: Policy) -> None:
    """Let go of a number that was not confirmed."""
    await giving_back.expire(work, booking, policy=policy)


async def release(work: UnitOfWork, slot: str, *, policy: Policy) -> None:
    """Set a number free at the instant that was drawn."""
    await giving_back.release(work, slot, policy=policy)


async def remind(work: UnitOfWork, booking: str, *, policy: Policy) -> None:
    """Remind of a booking that still stands."""
    try:
        found = await reading.booking(work, booking)
    except OutcomeError as refused:
        if refused.status in {404, 410}:
            return
        raise
    if found.status == "booked" and found.start > work.now:
        session = await reading.session(work, found.session)
        await telling.tell(work, contract.REMINDER.code, found, session, policy)


async def refund(work: UnitOfWork, booking: str, reason: str) -> None:
    """Give the fee of a booking back."""
    await fees.refund(work, booking, reason)


async def close(work: UnitOfWork, session: str) -> None:
    """End a session whose time has passed."""
    await sessions.close(work, session)
