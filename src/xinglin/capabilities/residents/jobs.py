"""At night: look for duplicates among those who were written, and forget codes of cards that are over."""

from datetime import timedelta

import structlog

from xinglin.capabilities.residents.operations import duplicates
from xinglin.capabilities.residents.operations.matching import Terms
from xinglin.store import residents
from xinglin.store.door import UnitOfWork

KEPT: timedelta = timedelta(days=1)  # a replay is told as one for so long


async def find_duplicates(work: UnitOfWork, *, terms: Terms) -> None:
    """Raise pairs for the duplicates desk; how many is logged, who stands in the tasks alone."""
    raised = await duplicates.find(work, terms=terms)
    structlog.get_logger().info("residents.duplicates", raised=raised)


async def forget_cards(work: UnitOfWork) -> None:
    """Drop codes that expired more than a day ago."""
    dropped = await residents.forget(work.executor, work.now - KEPT)
    structlog.get_logger().info("residents.cards", dropped=dropped)
