"""`xinglin restore`."""

from pathlib import Path
from typing import Annotated

import typer


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `xinglin backup` wrote.")],
    replace: Annotated[bool, typer.Option(help="Drop the records that are there.")] = False,
) -> None:
    """Fill the database from a backup, all or nothing, and bring it to the schema of this version."""
    import asyncio
    import os

    from rich.console import Console

    from xinglin.cli.database import address, database, migrated
    from xinglin.settings import read
    from xinglin.store import embedded
    from xinglin.store.backup import BackupFailure
    from xinglin.store.backup import restore as run

    console = Console(stderr=True)
    with database(read(os.environ)) as settings:
        try:
            with console.status("restoring"):
                asyncio.run(run(address(settings), embedded.programs(), file, replace=replace))
                migrated(settings)
        except BackupFailure as failure:
            typer.echo(str(failure), err=True)
            raise typer.Exit(1) from None
    console.print("restored")
