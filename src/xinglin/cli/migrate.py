"""`xinglin migrate`."""

import typer


def migrate() -> None:
    """Bring the database to this version: its schema, and the national tables of codes."""
    import os

    from xinglin.cli.database import database, filled, migrated
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        done = migrated(settings) + filled(settings)
    typer.echo("\n".join(done) if done else "nothing to do")
