"""At night: look through what changed since the last time, then write the scores of the day."""

import structlog

from xinglin.capabilities.quality.contract import LOOK
from xinglin.capabilities.quality.operations import look as looking
from xinglin.capabilities.quality.operations import scores
from xinglin.store.door import UnitOfWork


async def look(work: UnitOfWork) -> None:
    """Look through one part; the rest is a job of its own, and the last writes the scores. Counts alone are logged."""
    found = await looking.look(work)
    structlog.get_logger().info("quality.looked", records=found.records, opened=found.opened, resolved=found.resolved)
    if not found.done:
        await work.defer(LOOK)
        return
    structlog.get_logger().info("quality.scored", institutions=await scores.write(work))
