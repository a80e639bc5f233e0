"""`xinglin check`."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings
    from xinglin.store.consistency import Checked


def check() -> None:
    """Compare the whole store: every version is there, and every index row is what its record says."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        checked = asyncio.run(_check(settings))
    typer.echo(
        f"{checked.resources:,} resources, {checked.versions:,} versions, {checked.index_rows:,} index rows: "
        f"{checked.faults:,} faults"
    )
    if checked.faults:
        raise typer.Exit(1)


async def _check(settings: "Settings") -> "Checked":
    from rich.console import Console

    from xinglin.app import create_registry, open_door
    from xinglin.store import consistency

    door = await open_door(settings, create_registry(settings))
    try:
        with Console(stderr=True).status("checking") as status:
            return await consistency.check(
                door.store,
                lambda fault: typer.echo(f"{fault.what} {fault.of} {fault.text}".rstrip()),
                base_url=door.base_url,
                progress=lambda count: status.update(f"checking: {count:,} resources"),
            )
    finally:
        await door.store.close()
