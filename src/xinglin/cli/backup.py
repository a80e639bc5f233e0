"""`xinglin backup`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="File to write, in pg_dump's custom format.")],
) -> None:
    """Write the whole database, history and jobs included, to one file; others may go on working."""
    import asyncio
    import os

    from rich.console import Console

    from xinglin.cli.database import address, database
    from xinglin.settings import read
    from xinglin.store import embedded
    from xinglin.store.backup import BackupFailure
    from xinglin.store.backup import backup as run

    console = Console(stderr=True)
    with database(read(os.environ)) as settings:
        asyncio.run(_recorded(settings))
        try:
            with console.status("backing up") as status:

                def progress(size: int) -> None:
                    status.update(f"backing up: {size / 2**20:,.1f} MiB")

                run(address(settings), embedded.programs(), file, progress=progress)
        except BackupFailure as failure:
            typer.echo(str(failure), err=True)
            raise typer.Exit(1) from None
    console.print(f"{file}: {file.stat().st_size / 2**20:,.1f} MiB", highlight=False)


async def _recorded(settings: "Settings") -> None:
    """Write into the ledger that everything leaves the house."""
    from xinglin.app import create_registry, open_door
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        await door.event(SYSTEM, "export", detail="backup")
    finally:
        await door.store.close()
