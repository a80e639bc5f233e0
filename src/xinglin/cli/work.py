"""`xinglin work`."""


def work() -> None:
    """Run background jobs until SIGTERM or Ctrl-C; the database must be migrated."""
    import asyncio
    import os

    from xinglin.app import create_worker
    from xinglin.cli.database import database
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        asyncio.run(create_worker(settings))
