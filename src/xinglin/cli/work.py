"""`xinglin work`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xinglin.settings import Settings


def work() -> None:
    """Run background jobs until SIGTERM or Ctrl-C; the database must be migrated."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: "Settings") -> None:
    """Work until a signal; the jobs that run then get their time to finish."""
    import asyncio
    import contextlib
    import signal

    from xinglin.app import create_worker

    working = asyncio.ensure_future(create_worker(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working
