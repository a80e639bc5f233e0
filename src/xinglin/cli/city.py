"""`xinglin city`."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from xinglin.cli.demonstration import RESIDENTS, SEED, YEARS

if TYPE_CHECKING:
    from xinglin.city.people import Place
    from xinglin.city.spec import CitySpec
    from xinglin.settings import Settings
    from xinglin.store.crew import Progress
    from xinglin.store.sources import Found

AHEAD: Final = 4
BYTES: Final = 100_000  # of a resident, about
SOURCE: Final = "city"  # what the file of refusals names


def city(
    residents: Annotated[int, typer.Option(min=1, help="People who live in the city.")] = RESIDENTS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same city.")] = SEED,
    years: Annotated[int, typer.Option(min=1, max=10, help="Years of visits, up to the last day.")] = YEARS,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day (default: today in Beijing).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write NDJSON here instead of loading it.")] = None,
    duplicates: Annotated[float, typer.Option(min=0, max=0.5, help="Share who have a second, faulty record.")] = 0.0,
    processes: Annotated[int, typer.Option(min=0, max=64, help="Processes that work; 0: one for each core.")] = 0,
    refused: Annotated[Path, typer.Option(help="File that takes what is refused.")] = Path("refused.ndjson"),
    report: Annotated[
        bool, typer.Option("--report", help="Compare with published figures; neither load nor write.")
    ] = False,
) -> None:
    """Make a synthetic Jiaozuo and load it, or write it to a file; nobody in it exists."""
    import asyncio
    import os

    from xinglin.city.spec import CitySpec
    from xinglin.cli.database import database, migrated
    from xinglin.cli.processes import Stop
    from xinglin.cli.sessions import plan
    from xinglin.settings import read
    from xinglin.store.crew import LoadFailure

    spec = CitySpec(residents, seed, years, until.date() if until is not None else today(), duplicates)
    crew = processes or os.cpu_count() or 1
    if report:
        raise typer.Exit(0 if compare(spec) else 1)
    try:
        if out is not None:
            write(spec, out, processes=crew)
            return
        with database(read(os.environ)) as settings:
            migrated(settings)
            progress = load_city(settings, spec, refused, processes=crew)
            asyncio.run(plan(settings))
            typer.echo("`xinglin work` makes the clinic sessions of the coming days.")
    except Stop:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    except LoadFailure as failure:
        typer.echo(f"{failure}\nThe same command goes on from here.", err=True)
        raise typer.Exit(1) from None
    if progress.refused:
        raise typer.Exit(1)


def today() -> date:
    """Give the date in Beijing."""
    from xinglin.store.clock import Clock
    from xinglin.web.format import ZONE

    return Clock().now().astimezone(ZONE).date()


class Making:
    """A city as something to load, measured in bytes about as many as it has, so that files can stand beside it."""

    def __init__(self, spec: "CitySpec") -> None:
        self.spec = spec
        self.total_bytes = spec.residents * BYTES
        self.read_bytes = 0

    def __iter__(self) -> "Iterator[Found]":
        from xinglin.city import generate
        from xinglin.store.sources import Item

        line = 0
        for raw in generate.commons(self.spec):
            line += 1
            yield Item(SOURCE, line, raw)
        for part in generate.parts(self.spec):
            for raw in generate.made(self.spec, part):
                line += 1
                yield Item(SOURCE, line, raw)
            self.read_bytes = min(self.total_bytes, self.read_bytes + generate.PART * 3 * BYTES)


def load_city(settings: "Settings", spec: "CitySpec", refused: Path, *, processes: int) -> "Progress":
    """Load a city into the database that the settings name."""
    from xinglin.cli.load import feed

    return feed(settings, Making(spec), refused, processes=processes)


def compare(spec: "CitySpec") -> bool:
    """Print what was published beside what the city has; tells whether all lies within the tolerances."""
    from rich.console import Console
    from rich.table import Table

    from xinglin.city import generate, marginals

    counts = marginals.count(spec, generate.generate(spec))
    table = Table("", "found", "published", "tolerance", "unit", "source", title=f"{len(counts.ages):,} residents")
    held = True
    for line in marginals.lines(counts):
        held = held and line.holds
        numbers = (f"{number:.2f}" for number in (line.found, line.published, line.tolerance))
        table.add_row(line.name, *numbers, line.unit, line.source, style=None if line.holds else "bold red")
    console = Console()
    console.print(table)
    per_head = counts.resources / len(counts.ages)
    console.print(f"{counts.resources:,} resources, {per_head:.0f} a resident; " + ("all holds" if held else "OUTSIDE"))
    return held


def write(spec: "CitySpec", out: Path, *, processes: int) -> None:
    """Write a city as NDJSON; the bytes are the same with any number of processes."""
    from collections import deque
    from multiprocessing import get_context
    from multiprocessing.pool import AsyncResult

    from xinglin.city import generate

    with out.open("wb") as file, get_context("fork").Pool(processes) as pool:
        for raw in generate.commons(spec):
            file.write(raw + b"\n")
        waiting: deque[AsyncResult[bytes]] = deque()  # no more than a few parts are made ahead of the file
        for part in generate.parts(spec):
            waiting.append(pool.apply_async(lines, (spec, part)))
            if len(waiting) > AHEAD * processes:
                file.write(waiting.popleft().get())
        while waiting:
            file.write(waiting.popleft().get())


def lines(spec: "CitySpec", part: "tuple[Place, ...]") -> bytes:
    """Make a part of the city as NDJSON."""
    from xinglin.city import generate

    return b"".join(raw + b"\n" for raw in generate.made(spec, part))
