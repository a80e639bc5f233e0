"""Backups of the whole database, by pg_dump and pg_restore."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

PAUSE_SECONDS: Final = 0.1


class BackupFailure(Exception):
    """pg_dump or pg_restore failed, or would have destroyed records; the message says why."""


def backup(dsn: str, programs: Path, target: Path, *, progress: Callable[[int], None] | None = None) -> None:
    """Write the database to *target* in PostgreSQL's custom format: a consistent picture, while others go on writing.

    programs: the folder of pg_dump, not older than the server. The file has its name only when it is whole and on the
    disk. progress: called with the bytes written so far. Raises BackupFailure.
    """
    half = target.with_name(f".{target.name}.half")
    try:
        half.touch(mode=0o600)
        options = ["--format=custom", "--no-owner", f"--file={half}"]
        _run(dsn, programs / "pg_dump", options, progress, lambda: half.stat().st_size)
        with half.open("rb") as file:
            os.fsync(file.fileno())
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


async def restore(dsn: str, programs: Path, source: Path, *, replace: bool = False) -> None:
    """Fill the database from *source*, all or nothing.

    replace: drop the records that are there; without it a database with records is refused. Raises BackupFailure.
    """
    connection = await asyncpg.connect(dsn)
    try:
        there = await connection.fetchval("SELECT to_regclass('res')") is not None
        if there and not replace and await connection.fetchval("SELECT EXISTS (SELECT FROM res)"):
            raise BackupFailure("The database holds records; say --replace to drop them.")
        _run(
            dsn,
            programs / "pg_restore",
            ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error", str(source)],
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _run(
    dsn: str,
    program: Path,
    arguments: list[str],
    progress: Callable[[int], None] | None = None,
    size: Callable[[], int] = lambda: 0,
) -> None:
    address, password = _without_password(dsn)
    environment = {**os.environ, "PGPASSWORD": password} if password else dict(os.environ)
    command = [str(program), f"--dbname={address}", *arguments]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        if progress is not None:
            while process.poll() is None:
                progress(size())
                time.sleep(PAUSE_SECONDS)
        _, said = process.communicate()
    if process.returncode != 0:
        raise BackupFailure(f"{program.name} failed: {said.strip()[-2000:]}")


def _without_password(dsn: str) -> tuple[str, str]:
    """Part the password from the address: a command line is there for every user of the machine to see."""
    parts = urlsplit(dsn)
    if not parts.password:
        return dsn, ""
    login, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}@{place}")), unquote(parts.password)
