"""Every five minutes: look through what has happened. Every morning: what assessment is due."""

import structlog

from xinglin.capabilities.watching.operations.look import Terms
from xinglin.capabilities.watching.operations.look import look as operation
from xinglin.capabilities.watching.operations.remind import remind as reminder
from xinglin.security.assessments import Passed
from xinglin.store.door import UnitOfWork


async def look(work: UnitOfWork, *, terms: Terms) -> None:
    """Raise alerts; how many is logged, who and what stands in the alerts alone."""
    made = await operation(work, terms=terms)
    structlog.get_logger().info("watching.looked", raised=len(made))


async def remind(work: UnitOfWork, *, passed: tuple[Passed, ...]) -> None:
    """Tell of assessments that are due."""
    made = await reminder(work, passed)
    structlog.get_logger().info("watching.reminded", raised=len(made))
