"""`xinglin load` of many resources, against COPY of the same rows and building the same indexes."""

import asyncio
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import asyncpg

from bench import rows
from bench.measure import Measurement, Watch
from bench.place import fresh, largest_of
from bench.population import resources
from xinglin.store import embedded
from xinglin.store.rebuild import put_aside

PART: Final = 20_000  # resources whose rows are held at once


def write(path: Path, number: int) -> None:
    """Write the population as NDJSON."""
    with path.open("wb") as file:
        for raw in resources(number):
            file.write(raw + b"\n")


def measure(server: embedded.Server, file: Path, number: int) -> list[Measurement]:
    """Load *file*, which holds *number* resources, into the database ``loaded``, which stays."""
    floor = _floor(fresh(server, "copied"), number)
    dsn = fresh(server, "loaded")
    command(dsn, "migrate")  # the national tables, which a first start fills in, are no part of a load
    seconds, largest = command(dsn, "load", str(file), "--refused", str(file.with_suffix(".refused")))
    dumped, dumping = command(dsn, "dump", str(file.parent / "dumped"))
    notes: dict[str, object] = {"floor_seconds": floor, "seconds": seconds, "dump_per_second": number / dumped}
    return [
        Measurement(
            f"xinglin load of {number:,}", "resources/s", number / floor, number / seconds, 0.4, 8_000, notes=notes
        ),
        Measurement("largest process of load", "MiB", 300, largest, 1.0, less=True),
        Measurement("largest process of dump", "MiB", 300, dumping, 1.0, less=True),
    ]


def command(dsn: str, *arguments: str, **settings: str) -> tuple[float, float]:
    """Run a command of xinglin; returns its seconds and the size of its largest process in MiB.

    settings: by their names without XINGLIN_.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    environment["XINGLIN_DATABASE_URL"] = dsn
    environment |= {f"XINGLIN_{name}": value for name, value in settings.items()}
    largest = 0.0
    with Watch() as watch:
        process = subprocess.Popen(
            [sys.executable, "-m", "xinglin", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        while process.poll() is None:
            largest = max(largest, largest_of(process.pid))
            time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(process.stderr.read().decode() if process.stderr else "xinglin failed")
    return watch.seconds, largest


def _floor(dsn: str, number: int) -> float:
    """Return the seconds of writing and indexing the rows, which are made beforehand."""
    return asyncio.run(_copy(dsn, number))


async def _copy(dsn: str, number: int) -> float:
    await put_aside(dsn)
    connection = await asyncpg.connect(dsn)
    seconds = 0.0
    population = resources(number)
    sealing = None
    try:
        for _ in range(0, number, PART):
            made = rows.steps(raw for _, raw in zip(range(PART), population, strict=False))
            sealing = sealing or rows.bodies(made)
            lines = {table: "".join(part).encode() for table, part in rows.lines(made, sealing).items()}
            with Watch() as watch:
                for table, text in lines.items():
                    columns = rows.COLUMNS[table]
                    await connection.copy_to_table(table, source=io.BytesIO(text), columns=columns, format="text")
            seconds += watch.seconds
        indexes = await connection.fetch("SELECT made FROM put_aside ORDER BY name")
        with Watch() as watch:
            for index in indexes:
                await connection.execute(index["made"])
        return seconds + watch.seconds
    finally:
        await connection.close()
