"""Numbered SQL files, forward only: ``pre`` runs before new code and suits the old, ``post`` runs after.

``NNNN_pre_name.sql`` or ``NNNN_post_name.sql``; each file is one transaction, recorded with its checksum. A file whose
first line is ``-- outside a transaction`` holds one statement that may not stand in one. The tables of procrastinate
come from the installed package, as it asks: its schema at first, its own migrations later.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

import asyncpg

Phase = Literal["pre", "post"]
PHASES: Final[tuple[Phase, ...]] = ("pre", "post")

LOCK: Final = 0x58_4C_4D_49  # "XLMI": the advisory lock of those who migrate
WAIT_SECONDS: Final = 120.0
LOCK_TIMEOUT_MS: Final = 4_000  # a statement that waits for a lock makes all others wait behind it
LOCK_ATTEMPTS: Final = 10
STATEMENT_TIMEOUT_MS: Final = 600_000

OUTSIDE: Final = "-- outside a transaction"

_NAME: Final = re.compile(r"(\d{4})_(pre|post)_[a-z0-9_]+\.sql")
_OURS: Final = "xinglin"
_JOBS: Final = "procrastinate"

_BOOK: Final = """
CREATE TABLE IF NOT EXISTS migration (
  source   text NOT NULL,
  name     text NOT NULL,
  checksum text NOT NULL,
  applied  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, name)
)
"""


class MigrationFailure(Exception):
    """The database cannot be brought to this version; the message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file. checksum: SHA-256 of its text."""

    source: str
    name: str
    phase: Phase
    sql: str

    @property
    def checksum(self) -> str:
        """Identify the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(dsn: str, phases: Sequence[Phase] = PHASES) -> tuple[str, ...]:
    """Apply what is missing, in order, and return the names of what was applied.

    Waits while another process migrates. Raises MigrationFailure, with everything before the failing file applied.
    """
    connection = await asyncpg.connect(
        dsn, statement_cache_size=0, server_settings={"application_name": "xinglin migrate"}
    )
    try:
        await _take_lock(connection)
        await connection.execute(_BOOK)
        done = {(r["source"], r["name"]): r["checksum"] for r in await connection.fetch("TABLE migration")}
        _refuse_changed(done)
        applied = []
        for step in await _missing(connection, done, phases):
            await _apply(connection, step)
            applied.append(step.name)
        return tuple(applied)
    finally:
        await connection.close()


async def pending(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, ...]:
    """Return the names of our files that the database has not seen; readiness asks this."""
    if await connection.fetchval("SELECT to_regclass('migration')") is None:
        return tuple(step.name for step in steps())
    done = {r["name"] for r in await connection.fetch("SELECT name FROM migration WHERE source = $1", _OURS)}
    return tuple(step.name for step in steps() if step.name not in done)


def steps() -> tuple[Step, ...]:
    """Read our files in order; raises MigrationFailure when a name is wrong or a number stands twice."""
    found: list[Step] = []
    numbers: set[str] = set()
    for file in sorted(resources.files("xinglin.store").joinpath("migrations").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        name = _NAME.fullmatch(file.name)
        if name is None or name[1] in numbers:
            raise MigrationFailure(f"{file.name}: not NNNN_pre|post_name.sql, or its number stands twice")
        numbers.add(name[1])
        found.append(Step(_OURS, file.name, "pre" if name[2] == "pre" else "post", file.read_text("utf-8")))
    return tuple(found)


def _steps_of_jobs() -> tuple[Step, ...]:
    files = resources.files("procrastinate").joinpath("sql", "migrations").iterdir()
    return tuple(
        Step(_JOBS, file.name, "post" if "_post_" in file.name else "pre", file.read_text("utf-8"))
        for file in sorted(files, key=lambda f: f.name)
        if file.name.endswith(".sql")
    )


async def _missing(
    connection: "asyncpg.Connection[asyncpg.Record]", done: dict[tuple[str, str], str], phases: Sequence[Phase]
) -> list[Step]:
    ours = [step for step in steps() if (step.source, step.name) not in done and step.phase in phases]
    jobs = _steps_of_jobs()
    if await connection.fetchval("SELECT to_regclass('procrastinate_jobs')") is not None:
        return ours + [step for step in jobs if (step.source, step.name) not in done and step.phase in phases]
    # A new database takes the schema whole; the migrations that led to it count as applied.
    schema = resources.files("procrastinate").joinpath("sql", "schema.sql").read_text("utf-8")
    seen = "".join(f"INSERT INTO migration VALUES ('{s.source}', '{s.name}', '{s.checksum}');\n" for s in jobs)
    return [*ours, Step(_JOBS, "schema.sql", "pre", f"{schema}\n;{seen}")] if "pre" in phases else ours


def _refuse_changed(done: dict[tuple[str, str], str]) -> None:
    changed = [step.name for step in steps() if done.get((step.source, step.name), step.checksum) != step.checksum]
    if changed:
        raise MigrationFailure(f"changed since they were applied: {', '.join(changed)}; write a new file instead")


async def _take_lock(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        if time.monotonic() > until:
            raise MigrationFailure(f"another process has been migrating for {WAIT_SECONDS:.0f} s")
        await asyncio.sleep(0.1)


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", step: Step) -> None:
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            await _apply_once(connection, step)
        except asyncpg.LockNotAvailableError as fault:
            if attempt == LOCK_ATTEMPTS:
                raise MigrationFailure(f"{step.name}: {fault}") from fault
            await asyncio.sleep(0.5 * attempt)
        except asyncpg.PostgresError as fault:
            raise MigrationFailure(f"{step.name}: {fault}") from fault
        else:
            return


async def _apply_once(connection: "asyncpg.Connection[asyncpg.Record]", step: Step) -> None:
    record = "INSERT INTO migration (source, name, checksum) VALUES ($1, $2, $3)"
    limits = f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET statement_timeout = {STATEMENT_TIMEOUT_MS}"
    await connection.execute(limits)
    if step.sql.startswith(OUTSIDE):
        await connection.execute(step.sql)
        await connection.execute(record, step.source, step.name, step.checksum)
        return
    async with connection.transaction():
        await connection.execute(step.sql)
        await connection.execute(record, step.source, step.name, step.checksum)
