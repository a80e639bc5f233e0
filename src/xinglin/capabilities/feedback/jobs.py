"""Every morning: complaints whose term ends."""

import structlog

from xinglin.capabilities.feedback.operations import complaining
from xinglin.store.door import UnitOfWork


async def remind(work: UnitOfWork) -> None:
    """Tell institutions."""
    count = await complaining.remind(work)
    if count:
        structlog.get_logger().info("feedback.reminded", complaints=count)
