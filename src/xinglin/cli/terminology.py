"""`xinglin terminology`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from xinglin.settings import Settings
    from xinglin.store.terminology.editions import Edition
    from xinglin.store.terminology.loading import Tell, Wanted


def terminology(
    do: Annotated[Literal["load"], typer.Argument(help="`load` an edition of a code system from FILE.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX with headings.")],
    system: Annotated[str, typer.Option(help="Address of the code system.")],
    version: Annotated[str, typer.Option(help="Version of the edition; without, the day it begins.")] = "",
    since: Annotated[str, typer.Option(help="First day of the edition, 2026-01-01; without, today.")] = "",
    title: Annotated[str, typer.Option(help="Title; without, that of the edition before.")] = "",
    columns: Annotated[list[str] | None, typer.Option(help="Headings: code=主要编码,name=诊断名称")] = None,
    report: Annotated[Path, typer.Option(help="File that takes what is to be said of rows.")] = Path(
        "terminology-report.csv"
    ),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Examine the file and write the report only.")] = False,
) -> None:
    """Load an edition of a code system; the editions before stay valid for their days."""
    import asyncio
    import os
    from datetime import date

    from xinglin.cli.database import database, filled, migrated
    from xinglin.fhir.outcome import OutcomeError
    from xinglin.settings import read
    from xinglin.store.clock import Clock
    from xinglin.store.terminology.loading import Wanted
    from xinglin.store.terminology.sheets import pairs

    try:
        begins = date.fromisoformat(since) if since else Clock().now().date()
    except ValueError:
        typer.echo(f"{since} is no day; write 2026-01-01.", err=True)
        raise typer.Exit(2) from None
    try:
        wanted = Wanted(file, system, begins, version, title, pairs(columns or ()))
        with database(read(os.environ)) as settings:
            migrated(settings)
            filled(settings)
            edition = asyncio.run(_load(settings, wanted, report, dry_run=dry_run))
    except OutcomeError as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
    _tell(edition, report, dry_run=dry_run)


async def _load(settings: "Settings", wanted: "Wanted", report: Path, *, dry_run: bool) -> "Edition":
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from xinglin.app import create_registry, open_door
    from xinglin.security.principal import SYSTEM
    from xinglin.store.terminology import loading

    door = await open_door(settings, create_registry(settings))
    try:
        with Progress(SpinnerColumn(), TextColumn("{task.description} {task.completed:,} rows"), transient=True) as bar:
            tell = _teller(bar)
            edition = await loading.examined(door.store, wanted, tell)
            _keep(report, loading.report(edition))
            if not dry_run:
                async with door.work(SYSTEM) as work:
                    await loading.take(work, wanted, edition, tell)
        return edition
    finally:
        await door.store.close()


def _keep(report: Path, remarks: bytes) -> None:
    report.write_bytes(remarks)


def _teller(bar: "Progress") -> "Tell":
    task = bar.add_task("", total=None)
    return lambda doing, rows: bar.update(task, description=doing, completed=rows)


def _tell(edition: "Edition", report: Path, *, dry_run: bool) -> None:
    counts = Counter(one.what for one in edition.remarks)
    typer.echo(f"{edition.rows:,} rows, {len(edition.concepts):,} codes, {edition.kept:,} groups kept")
    typer.echo(", ".join(f"{count:,} {what}" for what, count in sorted(counts.items())) or "nothing to remark")
    typer.echo(f"Remarks: {report}" if edition.remarks else "No remarks.")
    if dry_run:
        typer.echo("Nothing was written.")
