"""`xinglin quality`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def quality(
    do: Annotated[Literal["run"], typer.Argument(help="`run`: look through what changed, and write the scores.")],
) -> None:
    """Look through the records for what is missing, wrong or late, as is done every night."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.settings import read

    _ = do
    with database(read(os.environ)) as settings:
        asyncio.run(_run(settings))


async def _run(settings: "Settings") -> None:
    """Look until nothing is left, a transaction a part; what was done stays when it is stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from xinglin.app import create_registry, open_door
    from xinglin.capabilities.quality.operations import scores
    from xinglin.capabilities.quality.operations.look import Looked, look
    from xinglin.capabilities.quality.rules.judging import TYPES
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        system = door.auto(SYSTEM)
        total = Looked()
        columns = (BarColumn(), TextColumn("{task.completed:,} of at most {task.total:,} records"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            shown = bar.add_task("", total=sum([await system.count(type) for type in TYPES]))
            while not total.done:
                async with door.work(SYSTEM) as work:
                    total += await look(work)
                bar.update(shown, completed=total.records)
        async with door.work(SYSTEM) as work:
            institutions = await scores.write(work)
        typer.echo(
            f"{total.records:,} records, {total.opened:,} findings opened, {total.resolved:,} resolved; "
            f"scores of {institutions} institutions."
        )
    finally:
        await door.store.close()
