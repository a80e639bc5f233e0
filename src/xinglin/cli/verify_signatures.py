"""`xinglin verify-signatures`."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def verify_signatures() -> None:
    """Verify everything that was signed against what is stored now; names each signature that does not hold."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        count, broken = asyncio.run(_verify(settings))
    typer.echo(f"{count:,} signatures: {broken:,} do not hold")
    if broken:
        raise typer.Exit(1)


async def _verify(settings: "Settings") -> tuple[int, int]:
    from rich.console import Console

    from xinglin.app import create_registry, open_door, signatures_of

    count = broken = 0
    door = await open_door(settings, create_registry(settings))
    try:
        with Console(stderr=True).status("verifying") as status:
            async for provenance, verdict in signatures_of(door):
                count += 1
                if not verdict.valid:
                    broken += 1
                    typer.echo(verdict.line(provenance))
                if count % 100 == 0:
                    status.update(f"verifying: {count:,} signatures")
    finally:
        await door.store.close()
    return count, broken
