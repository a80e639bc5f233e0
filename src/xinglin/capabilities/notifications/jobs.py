"""Background work of messages."""

from xinglin.capabilities.notifications.operations import confirm as receipts
from xinglin.capabilities.notifications.operations import contacts
from xinglin.capabilities.notifications.operations import deliver as operations
from xinglin.capabilities.notifications.operations.deliver import Terms
from xinglin.store import channels
from xinglin.store.door import UnitOfWork


async def deliver(work: UnitOfWork, message: str, *, terms: Terms) -> None:
    """Do what comes next for a message."""
    await operations.deliver(work, message, terms)


async def confirm(work: UnitOfWork, message: str, asked: int = 0, *, terms: Terms) -> None:
    """Ask for the receipt of a message."""
    await receipts.confirm(work, message, asked, terms)


async def send_code(work: UnitOfWork, ticket: str, *, terms: Terms) -> None:
    """Send the code that confirms a mail address."""
    await contacts.send_code(work, ticket, terms.gateways.get("mail"))


async def forget(work: UnitOfWork) -> None:
    """Drop old counts of channels."""
    await channels.forget(work.executor, work.now)
