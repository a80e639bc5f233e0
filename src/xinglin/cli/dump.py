"""`xinglin dump`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def dump(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the files.")],
    plain: Annotated[bool, typer.Option(help="Without gzip.")] = False,
    abroad: Annotated[str, typer.Option(help="The listed destination abroad that the files are for.")] = "",
) -> None:
    """Write every current resource as NDJSON, one file for each type; `xinglin load` takes them back."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        asyncio.run(_dump(settings, folder, plain=plain, abroad=abroad))


async def _dump(settings: "Settings", folder: Path, *, plain: bool, abroad: str) -> None:
    from rich.console import Console

    from xinglin.app import create_registry, open_door
    from xinglin.security.principal import SYSTEM
    from xinglin.store.dumping import dump as run

    door = await open_door(settings, create_registry(settings))
    counts: dict[str, int] = {}
    try:
        console = Console(stderr=True)
        with console.status("dumping") as status:
            async for type_, count in run(door.auto(SYSTEM), folder, plain=plain, abroad=abroad):
                counts[type_] = count
                status.update(f"dumping {type_}: {count:,} ({sum(counts.values()):,} in all)")
        console.print(f"{sum(counts.values()):,} resources of {len(counts)} types in {folder}", highlight=False)
    finally:
        await door.store.close()
