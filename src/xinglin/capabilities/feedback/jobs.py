"""Every morning: complaints whose term ends. One by one: what goes back on a complaint."""

import structlog

from xinglin.capabilities.feedback.operations import complaining
from xinglin.store.door import UnitOfWork


async def give_back(work: UnitOfWork, complaint: str) -> None:
    """Give back what an answer promised."""
    await complaining.give_back(work, complaint)


async def remind(work: UnitOfWork) -> None:
    """Tell institutions."""
    count = await complaining.remind(work)
    if count:
        structlog.get_logger().info("feedback.reminded", complaints=count)
