"""At night: look through what changed since the last time, then write the scores of the day."""

from typing import Final

import structlog

from xinglin.capabilities.quality.contract import LOOK
from xinglin.capabilities.quality.operations import look as looking
from xinglin.capabilities.quality.operations import scores
from xinglin.store.door import UnitOfWork

# After so many parts the scores of what was looked at stand already, so that a first look shows something early.
EARLY: Final = frozenset({2, 12, 40})


async def look(work: UnitOfWork, part: int = 0) -> None:
    """Look through one part; the rest is a job of its own, and the last writes the scores. Counts alone are logged."""
    found = await looking.look(work)
    structlog.get_logger().info("quality.looked", records=found.records, opened=found.opened, resolved=found.resolved)
    if not found.done:
        if part in EARLY:
            await scores.write(work)
        await work.defer(LOOK, part=part + 1)
        return
    structlog.get_logger().info("quality.scored", institutions=await scores.write(work))
