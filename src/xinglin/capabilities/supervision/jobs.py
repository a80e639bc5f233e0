"""Every minute: look for acts to tell. One by one: send. Every ten minutes: what waits for long. Nightly: leads."""

from datetime import timedelta
from typing import Final

import structlog

from xinglin.capabilities.supervision.gateways import Port
from xinglin.capabilities.supervision.operations import finding, uploading
from xinglin.capabilities.supervision.operations.leads import judge
from xinglin.store.door import UnitOfWork
from xinglin.web.format import today

_LOG: Final = structlog.get_logger()
PATIENCE: Final = timedelta(minutes=10)


async def look(work: UnitOfWork, *, minutes: int) -> None:
    """Find what is to be told."""
    count = await uploading.look(work, minutes=minutes)
    if count:
        _LOG.info("supervision.looked", uploads=count)


async def send(work: UnitOfWork, upload: str, *, port: Port | None) -> None:
    """Tell one act."""
    state = await uploading.send(work, upload, port=port)
    _LOG.info("supervision.sent", upload=upload, state=state)


async def sweep(work: UnitOfWork) -> None:
    """Tell again what waits for long."""
    await uploading.sweep(work, before=PATIENCE)


async def leads(work: UnitOfWork) -> None:
    """Judge yesterday."""
    count = await judge(work, today(work.now) - timedelta(days=1))
    _LOG.info("supervision.judged", leads=count)


async def escalate(work: UnitOfWork) -> None:
    """Tell of findings that were not answered in time."""
    await finding.escalate(work)
