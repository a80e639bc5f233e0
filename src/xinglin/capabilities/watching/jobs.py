"""Every five minutes: look through what has happened."""

import structlog

from xinglin.capabilities.watching.operations.look import Terms
from xinglin.capabilities.watching.operations.look import look as operation
from xinglin.store.door import UnitOfWork


async def look(work: UnitOfWork, *, terms: Terms) -> None:
    """Raise alerts; how many is logged, who and what stands in the alerts alone."""
    made = await operation(work, terms=terms)
    structlog.get_logger().info("watching.looked", raised=len(made))
