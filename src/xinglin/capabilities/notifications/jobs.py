"""Background work of messages."""

from xinglin.capabilities.notifications.operations import deliver as operations
from xinglin.capabilities.notifications.operations.deliver import Terms
from xinglin.store.door import UnitOfWork


async def deliver(work: UnitOfWork, message: str, *, terms: Terms) -> None:
    """Do what comes next for a message."""
    await operations.deliver(work, message, terms)


async def confirm(work: UnitOfWork, message: str, asked: int = 0, *, terms: Terms) -> None:
    """Ask for the receipt of a message."""
    await operations.confirm(work, message, asked, terms)
