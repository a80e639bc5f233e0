"""`xinglin migrate`."""

import typer


def migrate() -> None:
    """Bring the database to the schema of this version (pre and post migrations)."""
    import os

    from xinglin.cli.database import database, migrated
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        done = migrated(settings)
    typer.echo("\n".join(done) if done else "nothing to do")
