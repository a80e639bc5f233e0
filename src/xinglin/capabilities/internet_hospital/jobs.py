"""Visits that nobody began in the promised time."""

import structlog

from xinglin.capabilities.internet_hospital.operations import moving
from xinglin.fhir.outcome import OutcomeError
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
