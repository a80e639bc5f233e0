"""`xinglin reindex`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings
    from xinglin.store.reindexing import Place


def reindex(
    types: Annotated[list[str] | None, typer.Argument(help="Resource types, such as Patient; without, all.")] = None,
    after: Annotated[str, typer.Option(help="Go on after this place, which a run that was stopped has told.")] = "",
) -> None:
    """Write the search index of stored resources anew, while others work; records and versions stay."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.fhir.search.keys import TYPE_CODES
    from xinglin.settings import read
    from xinglin.store.reindexing import START, place

    unknown = [one for one in types or () if one not in TYPE_CODES]
    if unknown:
        typer.echo(f"{', '.join(unknown)}: no type of FHIR R4.", err=True)
        raise typer.Exit(2)
    try:
        begin = place(after) if after else START
    except ValueError:
        typer.echo(f"{after} is no place; write what the run before has told, such as 512:-123456.", err=True)
        raise typer.Exit(2) from None
    with database(read(os.environ)) as settings:
        seen, mended = asyncio.run(_reindex(settings, tuple(types or TYPE_CODES), begin))
    typer.echo(f"{seen:,} resources, of which the index of {mended:,} was not right")


async def _reindex(settings: "Settings", types: tuple[str, ...], begin: "Place") -> tuple[int, int]:
    from rich.console import Console
    from rich.progress import Progress

    from xinglin.app import create_registry, open_door
    from xinglin.store import reindexing

    door = await open_door(settings, create_registry(settings))
    reached = begin
    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("reindexing", total=await reindexing.number(door.store, types))

            def tell(at: "Place", seen: int, mended: int) -> None:
                nonlocal reached
                reached = at
                bar.update(task, completed=seen, description=f"reindexing, {mended:,} mended")

            return await reindexing.reindex(door.store, types, base_url=door.base_url, after=begin, tell=tell)
    except BaseException:
        typer.echo(f"Stopped; go on with: --after {reached}", err=True)
        raise
    finally:
        await door.store.close()
