"""`xinglin load`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xinglin.settings import Settings
    from xinglin.store.crew import Progress
    from xinglin.store.rulebook import Rulebook
    from xinglin.store.sources import Found

DRAW_SECONDS: Final = 0.25
SMALL_BYTES: Final = 512 * 1024  # up to here starting processes takes longer than loading


class Measured(Protocol):
    """What can be loaded, and how far it has been read: resources one by one, in bytes or any other measure."""

    @property
    def total_bytes(self) -> int:
        """How much there is."""

    @property
    def read_bytes(self) -> int:
        """How much of it has been read."""

    def __iter__(self) -> "Iterator[Found]":
        """Give what is found."""


def load(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="Directories, NDJSON, Bundles, resources; also .gz.")
    ],
    refused: Annotated[
        Path, typer.Option(help="File that takes what is refused: source, line and OperationOutcome, one a line.")
    ] = Path("refused.ndjson"),
    allow_refused: Annotated[bool, typer.Option(help="Exit with 0 although resources were refused.")] = False,
    processes: Annotated[int, typer.Option(min=0, help="Processes that load; 0: as many as the input is worth.")] = 0,
) -> None:
    """Load FHIR resources; run it again after a stop, and only what is missing is written."""
    import os

    from xinglin.cli.database import database, filled, migrated
    from xinglin.cli.processes import Stop
    from xinglin.settings import read
    from xinglin.store.crew import LoadFailure

    try:
        with database(read(os.environ)) as settings:
            migrated(settings)
            progress = run(settings, paths, refused, processes=processes)
            # After the load, as an empty store is loaded faster.
            filled(settings)
    except Stop:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    except LoadFailure as failure:
        typer.echo(f"{failure}\nThe same command goes on from here.", err=True)
        raise typer.Exit(1) from None
    if progress.refused and not allow_refused:
        raise typer.Exit(1)


def run(settings: "Settings", paths: list[Path], refused: Path, *, processes: int = 0) -> "Progress":
    """Load *paths* into the database that the settings name, with a progress bar; returns what came of it.

    refused: a file that is written anew, and removed when nothing was refused.
    """
    import os

    from xinglin.store.sources import Sources

    sources = Sources(paths)
    if not processes and sources.total_bytes > SMALL_BYTES:
        processes = os.cpu_count() or 1
    return feed(settings, sources, refused, processes=processes)


def feed(settings: "Settings", sources: Measured, refused: Path, *, processes: int) -> "Progress":
    """Load what *sources* give, as `run` does. processes: 0 loads in this one."""
    import time
    from functools import partial

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from xinglin.app import create_registry, uploads
    from xinglin.cli.database import address
    from xinglin.security.principal import SYSTEM
    from xinglin.store import crew
    from xinglin.store.vault.keystore import FileKeyStore

    console = Console(stderr=True)
    texts = {key: text.en for key, text in create_registry(settings).warnings.items()}
    task = crew.Task(
        address(settings),
        partial(rulebook, settings),
        SYSTEM,
        settings.base_url or "",
        keys=partial(FileKeyStore, settings.master_key),
        sealed=settings.cipher != "off",
        uploads=partial(uploads, settings),
    )
    counts = crew.Progress()
    columns = (
        TextColumn("{task.fields[doing]}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[count]:,} resources  {task.fields[rate]:,}/s"),
        TimeRemainingColumn(),
    )
    # Without a thread that draws the bar the loading processes can be forked from this one.
    with refused.open("wb") as file, Progress(*columns, console=console, auto_refresh=False) as bar:
        shown = bar.add_task("", total=sources.total_bytes or 1, count=0, rate=0, doing="")
        drawn = 0.0
        for counts in crew.load(sources, task, processes=processes, refuse=lambda one: _note(file, one.as_json())):
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = int(counts.done / elapsed) if elapsed else 0
            now = time.monotonic()
            draw = now - drawn > DRAW_SECONDS or counts.doing != "loading"
            drawn = now if draw else drawn
            bar.update(
                shown, completed=sources.read_bytes, count=counts.done, rate=rate, doing=counts.doing, refresh=draw
            )
    for remark in counts.passed_over:
        console.print(f"passed over {remark.source}: {remark.text}", highlight=False, markup=False)
    console.print(
        f"{counts.created:,} created, {counts.updated:,} updated, {counts.unchanged:,} unchanged, "
        f"{counts.refused:,} refused",
        highlight=False,
    )
    for key, number in sorted(counts.warned.items()):
        console.print(f"warning {key} in {number:,} resources: {texts.get(key, key)}", highlight=False, markup=False)
    if counts.refused:
        console.print(f"Why: {refused}", highlight=False, markup=False)
    else:
        refused.unlink()
    return counts


def rulebook(settings: "Settings") -> "Rulebook":
    """Make the rules of all capabilities, in a loading process."""
    from xinglin.app import create_registry

    return create_registry(settings).rulebook


def _note(file: object, line: bytes) -> None:
    file.write(line + b"\n")  # type: ignore[attr-defined]
