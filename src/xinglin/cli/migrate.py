"""`xinglin migrate`."""


def migrate() -> None:
    """Bring the database to the schema of this version (pre and post migrations)."""
    import asyncio
    import os

    import typer

    from xinglin.cli.database import address, database
    from xinglin.settings import read
    from xinglin.store.migrate import migrate as run

    with database(read(os.environ)) as settings:
        done = asyncio.run(run(address(settings)))
    typer.echo("\n".join(done) if done else "nothing to do")
