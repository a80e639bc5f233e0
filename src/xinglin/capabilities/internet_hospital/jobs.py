"""What becomes of visits by themselves: nobody began in time, the fee was paid, what is kept has lasted its term."""

import structlog

from xinglin.capabilities.internet_hospital.operations import moving, paying
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.fhir.outcome import OutcomeError
from xinglin.store import lines
from xinglin.store.door import UnitOfWork


async def expire(work: UnitOfWork, visit: str) -> None:
    """Close it as not answered, with the whole fee back; one that began, or is gone, is left as it is."""
    try:
        closed = await moving.expire(work, visit)
    except OutcomeError as refused:
        if refused.status not in {404, 410}:
            raise
        return
    if closed:
        structlog.get_logger().info("internet_hospital.unanswered", visit=visit)


async def settled(work: UnitOfWork, bill: str, about: str, state: str, *, terms: Terms) -> None:
    """Hear what became of a visit's fee. bill: id of the Invoice. about: the visit's reference."""
    try:
        await paying.settled(work, about.removeprefix("Encounter/"), state, terms=terms)
    except OutcomeError as refused:
        if refused.status not in {404, 410}:
            raise


async def give_back(work: UnitOfWork, visit: str, reason: str) -> None:
    """Give the fee of a visit back. reason: of 5.4."""
    try:
        await paying.give_back(work, visit, reason)
    except OutcomeError as refused:
        if refused.status not in {404, 410}:
            raise


async def sweep(work: UnitOfWork) -> None:
    """Remove words of lines that ended: nothing of a visit stands in them."""
    await lines.sweep(work.executor, work.now)
