"""`xinglin backup`."""

from pathlib import Path
from typing import Annotated

import typer


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="File to write, in pg_dump's custom format.")],
) -> None:
    """Write the whole database, history and jobs included, to one file; others may go on working."""
    import os

    from rich.console import Console

    from xinglin.cli.database import address, database
    from xinglin.settings import read
    from xinglin.store import embedded
    from xinglin.store.backup import BackupFailure
    from xinglin.store.backup import backup as run

    console = Console(stderr=True)
    with database(read(os.environ)) as settings:
        try:
            with console.status("backing up") as status:

                def progress(size: int) -> None:
                    status.update(f"backing up: {size / 2**20:,.1f} MiB")

                run(address(settings), embedded.programs(), file, progress=progress)
        except BackupFailure as failure:
            typer.echo(str(failure), err=True)
            raise typer.Exit(1) from None
    console.print(f"{file}: {file.stat().st_size / 2**20:,.1f} MiB", highlight=False)
