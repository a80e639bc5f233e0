"""Files of editions on their way in: kept in parts, examined and taken by whoever does the job, told as far as it is.

A file is written and read in parts, so that none is whole in memory. What was found in it stays after it was taken.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.executor import Executor, Record
from xinglin.store.store import Store
from xinglin.store.terminology.editions import Edition
from xinglin.store.terminology.loading import Tell, Wanted, report

PART: Final = 2**20  # bytes
SHOWN: Final = 100  # remarks that a page shows
TOLD_EVERY: Final = 0.5  # seconds
WAITING: Final = "waiting"
RUNNING: Final = "running"
EXAMINED: Final = "examined"
TAKEN: Final = "taken"
REFUSED: Final = "refused"
# In the order in which they are told.
KINDS: Final = (
    *("code-missing", "name-missing", "twice", "shape", "parent-missing", "date"),
    *("added", "renamed", "retired"),
)

_COLUMNS: Final = "l.id, l.by, l.asked, l.name, l.bytes, l.wanted, l.state, l.doing, l.done, l.found, l.issues"


@dataclass(frozen=True, slots=True)
class Load:
    """One file. wanted: system, version, since and columns as asked for. found: empty until it was examined."""

    id: str
    by: str
    asked: datetime
    name: str
    bytes: int
    wanted: Mapping[str, Any]
    state: str
    doing: str
    done: int
    found: Mapping[str, Any]
    issues: tuple[Issue, ...]


async def keep(
    executor: Executor, id: str, *, by: str, name: str, wanted: Wanted, parts: Iterable[bytes], ending: str
) -> int:
    """Keep a file and what is to become of it; gives its size in bytes. ending: such as ``.csv``."""
    asked = {
        "system": wanted.system,
        "version": wanted.version,
        "since": wanted.since.isoformat(),
        "columns": dict(wanted.columns or {}),
        "ending": ending,
    }
    sql = "INSERT INTO edition_load (id, by, asked, name, bytes, wanted, state) VALUES ($1, $2, $3, $4, 0, $5, $6)"
    values = (id, by, executor.now, name[-200:], msgspec.json.encode(asked).decode(), WAITING)
    await executor.fetch(sql, *values)
    size = 0
    for place, part in enumerate(parts):
        size += len(part)
        await executor.fetch("INSERT INTO edition_part (load, place, content) VALUES ($1, $2, $3)", id, place, part)
    await executor.fetch("UPDATE edition_load SET bytes = $2 WHERE id = $1", id, size)
    return size


async def load(executor: Executor, id: str) -> Load:
    """Give one; OutcomeError 404 when there is none."""
    found = await executor.fetch(f"SELECT {_COLUMNS} FROM edition_load l WHERE l.id = $1", id)
    if not found:
        raise OutcomeError(Issue("not-found", "not-found", text="There is no such file."))
    return _load(found[0])


async def latest(executor: Executor, *, count: int) -> list[Load]:
    """List the files that were sent last."""
    sql = f"SELECT {_COLUMNS} FROM edition_load l ORDER BY l.asked DESC, l.id LIMIT $1"
    return [_load(one) for one in await executor.fetch(sql, count)]


async def remarks(executor: Executor, id: str) -> bytes:
    """Give the whole report as CSV; empty when the file was not examined."""
    found = await executor.fetch("SELECT report FROM edition_load WHERE id = $1", id)
    return zlib.decompress(found[0]["report"]) if found and found[0]["report"] else b""


@asynccontextmanager
async def unpacked(executor: Executor, one: Load) -> AsyncIterator[Wanted]:
    """Lay the file out where the readers of files find it, for the length of the block."""
    with TemporaryDirectory(prefix="xinglin-edition-") as folder:
        path = Path(folder) / f"edition{one.wanted['ending']}"
        place = 0
        with path.open("wb") as file:
            while found := await executor.fetch(
                "SELECT content FROM edition_part WHERE load = $1 AND place = $2", one.id, place
            ):
                file.write(found[0]["content"])
                place += 1
        if not place:
            text = "The file has been taken, or dropped; send it again."
            raise OutcomeError(Issue("not-found", "edition-file-gone", text=text), status=410)
        asked = one.wanted
        since = date.fromisoformat(asked["since"])
        yield Wanted(path, asked["system"], since, asked["version"], columns=asked["columns"], name=one.name)


async def begun(executor: Executor, id: str) -> None:
    """Note that somebody is at it."""
    sql = "UPDATE edition_load SET state = $2, doing = '', done = 0, issues = '[]' WHERE id = $1"
    await executor.fetch(sql, id, RUNNING)


async def ended(executor: Executor, id: str, edition: Edition, *, taken: bool) -> None:
    """Keep what was found; a file that was taken is dropped."""
    counts = Counter(one.what for one in edition.remarks)
    first = sorted(edition.remarks, key=lambda one: KINDS.index(one.what))[:SHOWN]
    found = {
        "rows": edition.rows,
        "codes": len(edition.concepts),
        "groups": edition.kept,
        "counts": {kind: counts[kind] for kind in KINDS if counts[kind]},
        "remarks": [msgspec.to_builtins(one) for one in first],
    }
    deflated = await asyncio.to_thread(lambda: zlib.compress(report(edition), 6))
    sql = "UPDATE edition_load SET state = $2, found = $3, report = $4 WHERE id = $1"
    await executor.fetch(sql, id, TAKEN if taken else EXAMINED, msgspec.json.encode(found).decode(), deflated)
    if taken:
        await executor.fetch("DELETE FROM edition_part WHERE load = $1", id)


async def refused(executor: Executor, id: str, issues: Iterable[Issue]) -> None:
    """Keep why it was refused."""
    told = msgspec.json.encode([{"code": one.code, "key": one.key, "text": one.text} for one in issues]).decode()
    await executor.fetch("UPDATE edition_load SET state = $2, issues = $3 WHERE id = $1", id, REFUSED, told)


async def forget(executor: Executor, *, files: datetime, reports: datetime) -> None:
    """Drop files that nobody took since, and reports that are older."""
    sql = "DELETE FROM edition_part p USING edition_load l WHERE p.load = l.id AND l.asked < $1"
    await executor.fetch(sql, files)
    await executor.fetch("DELETE FROM edition_load WHERE asked < $1", reports)


@asynccontextmanager
async def telling(store: Store, id: str) -> AsyncIterator[Tell]:
    """Give what takes notes of how far it is, and have them written beside the transaction, for the page."""
    now: list[tuple[str, int]] = [("", 0)]
    stop = asyncio.Event()

    async def write() -> None:
        told = ("", 0)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TOLD_EVERY)
            if now[0] != told:
                told = now[0]
                await store.fetch("UPDATE edition_load SET doing = $2, done = $3 WHERE id = $1", id, *told)
            if stop.is_set():
                return

    def tell(doing: str, rows: int) -> None:
        now[0] = doing, rows

    writing = asyncio.create_task(write())
    try:
        yield tell
    finally:
        stop.set()
        await writing


def chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Read a stream in parts."""
    while part := read(PART):
        yield part


def _load(record: Record) -> Load:
    issues = tuple(Issue(one["code"], one["key"], text=one["text"]) for one in msgspec.json.decode(record["issues"]))
    plain = {name: record[name] for name in ("id", "by", "asked", "name", "bytes", "state", "doing", "done")}
    wanted, found = msgspec.json.decode(record["wanted"]), msgspec.json.decode(record["found"])
    return Load(**plain, wanted=wanted, found=found, issues=issues)
