"""`xinglin residents`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings

MOST = 50_000
_PAGE = 500


def residents(
    do: Annotated[Literal["train"], typer.Argument(help="`train`: learn the weights of matching from who is there.")],
    out: Annotated[Path, typer.Argument(help="File that gets the weights; name it in XINGLIN_MATCHING_WEIGHTS.")],
    most: Annotated[int, typer.Option(min=2, help="Residents to learn from, those written last.")] = MOST,
) -> None:
    """Learn the weights by which residents are matched anew, from pairs that nobody has to judge."""
    import asyncio
    import json
    import os

    from xinglin.cli.database import database
    from xinglin.matching.model import specification, written
    from xinglin.matching.population import train
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        people, day = asyncio.run(_people(settings, most))
        if len(people) < 2:
            typer.echo("There are no residents to learn from.", err=True)
            raise typer.Exit(1)
        source = f"EM over {len(people)} residents of this store"
        made = train(people, specification(settings.matching_weights), version=day, source=source)
    out.write_text(json.dumps(written(made.specification), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    typer.echo(
        f"{made.records} residents, {made.pairs} pairs, {made.learnt.prior:.1%} of them of one person, "
        f"{made.learnt.rounds} rounds{'' if made.learnt.converged else ' without an end'}: {out}"
    )


async def _people(settings: "Settings", most: int) -> "tuple[list[dict[str, Any]], str]":
    """Read Patients, at most *most*, as the platform; with the date."""
    from xinglin.app import create_registry, open_door
    from xinglin.fhir.document import document_of
    from xinglin.fhir.search.grammar import TOKEN
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        found: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while len(found) < most:
            page = await door.auto(SYSTEM).find("Patient", _sort="-_lastUpdated", _count=str(_PAGE), **more)
            found += [document_of(row.body()) for row in page.matches]
            if page.next_token is None:
                break
            more = {TOKEN: page.next_token}
        return found[:most], door.clock.now().date().isoformat()
    finally:
        await door.store.close()
