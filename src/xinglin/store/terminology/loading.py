"""Editions of code systems taken from files of users, beside the editions that stand here."""

import asyncio
import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Executor
from xinglin.store.terminology.concepts import COLUMNS, Found, found
from xinglin.store.terminology.editions import Edition, examine
from xinglin.store.terminology.filling import id_of
from xinglin.store.terminology.keeping import CODE_SYSTEM, Kept, keep
from xinglin.store.terminology.sheets import Line, lines
from xinglin.store.terminology.systems import System, counting, systems
from xinglin.tables.codes import tables

_URL: Final = re.compile(r"(https?://|urn:)\S{1,400}")
# Told of every so many rows.
_STEP: Final = 1_000

Tell = Callable[[str, int], None]  # what is being done, rows so far


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is loaded. version: empty makes one of the day. since: first day of the edition. columns: as `sheets`."""

    path: Path
    system: str
    since: date
    version: str = ""
    title: str = ""
    columns: Mapping[str, str] | None = None
    name: str = ""  # of the file as it was sent; empty: that of the path


async def examined(executor: Executor, wanted: Wanted, tell: Tell) -> Edition:
    """Read and examine a file against the edition that counts now; writes nothing."""
    if not _URL.fullmatch(wanted.system):
        text = f"{wanted.system[:80]!r} is no address of a code system."
        raise OutcomeError(Issue("value", "system-address", text=text))
    versions = [one for one in await systems(executor, wanted.system) if one.version != version_of(wanted)]
    now = counting(versions, wanted.since)
    before = {} if now is None else await _all(executor, now)
    # Reading is work of this process; others are served meanwhile.
    return await asyncio.to_thread(examine, wanted.system, _told(lines(wanted.path, wanted.columns), tell), before)


@cites("ST-57")
async def take(work: UnitOfWork, wanted: Wanted, edition: Edition, tell: Tell) -> System:
    """Write an edition: its CodeSystem, and its concepts beside it. The editions before stay for their days."""
    if not edition.concepts:
        raise OutcomeError(Issue("invalid", "edition-empty", text="The file holds no code that can be taken."))
    every = await systems(work.executor, wanted.system)
    version = version_of(wanted)
    same = next((one for one in every if one.version == version), None)
    id = same.id if same is not None else _free_id(wanted.system, version)
    title = wanted.title or (every[-1].title if every else id_of(wanted.system))
    if id in {id_of(one.url) for one in tables() if one.url}:
        text = f"Version {version} of {wanted.system} comes with the platform; name another version."
        raise OutcomeError(Issue("conflict", "edition-shipped", "version", text))
    resource = _resource(wanted, id, version, title, len(edition.concepts))
    # Whoever may load may not write code systems otherwise.
    await work.platform.update(bytes_of(resource), type=CODE_SYSTEM, id=id)
    work.note("edition-loaded", type=CODE_SYSTEM, refs=(f"{CODE_SYSTEM}/{id}",), detail=version)
    await keep(work.executor, id, _counted(edition.concepts, tell), _digest(wanted.path))
    return next(one for one in await systems(work.executor, wanted.system) if one.id == id)


def version_of(wanted: Wanted) -> str:
    """Give the version: the one that was named, else the day."""
    return wanted.version or wanted.since.isoformat()


def report(edition: Edition) -> bytes:
    """Write the remarks as CSV that spreadsheets open."""
    text = io.StringIO("﻿", newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(("row", "code", "what", "said", "before"))
    for one in edition.remarks:
        cells = (str(one.number or ""), one.code, one.what, one.said, one.before)
        writer.writerow([f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell for cell in cells])
    return text.getvalue().encode()


async def _all(executor: Executor, system: System) -> dict[str, Found]:
    records = await executor.fetch(
        f"SELECT {COLUMNS} FROM concept c WHERE c.sid = $1 ORDER BY c.place", system.sid, timeout_ms=60_000
    )
    return {one.code: one for one in (found(record, {system.sid: system}) for record in records)}


def _told(read: Iterator[Line], tell: Tell) -> Iterator[Line]:
    count = 0
    for count, line in enumerate(read, 1):
        if count % _STEP == 0:
            tell("reading", count)
        yield line
    tell("reading", count)


def _counted(concepts: list[Kept], tell: Tell) -> Iterator[Kept]:
    for count, one in enumerate(concepts, 1):
        if count % _STEP == 0:
            tell("writing", count)
        yield one
    tell("writing", len(concepts))


def _free_id(url: str, version: str) -> str:
    return f"{id_of(url)[:40]}-{re.sub(r'[^A-Za-z0-9.-]+', '-', version)[:22]}".rstrip("-.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resource(wanted: Wanted, id: str, version: str, title: str, count: int) -> dict[str, Any]:
    return {
        "resourceType": CODE_SYSTEM,
        "id": id,
        "language": "zh",
        "url": wanted.system,
        "version": version,
        "name": "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", id_of(wanted.system))),
        "title": title,
        "status": "active",
        "experimental": False,
        "date": wanted.since.isoformat(),
        "description": f"Loaded from {wanted.name or wanted.path.name}",
        "caseSensitive": True,
        "hierarchyMeaning": "is-a",
        "content": "not-present",
        "count": count,
    }
