"""Merging and parting large records by steps, while others read and write (ADR 0085).

The index is written anew in one transaction of many statements, which nobody sees before it commits, so every read is
right at every moment: before, or after. It keeps no writer out: what others create meanwhile for the record is found at
the end, when writers wait for the few rows that are left. Only a change of what stands in the record that is written
anew is answered 503 (`RecordMoving`), which the row of the table ``moving`` makes known to every writer by the epoch.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.fhir.search.persons import Persons, named_key
from xinglin.store import merging
from xinglin.store.executor import Executor
from xinglin.store.store import Store
from xinglin.store.transaction import Transaction

LARGE: Final = 2_000  # resources; fewer are merged while one waits, in less than a second

_HELD: Final = "SELECT pg_try_advisory_xact_lock($1) AS free"
_ANNOUNCE: Final = "INSERT INTO moving (rids, task, total, since) VALUES ($1::int8[], $2, $3, $4)"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the steps are. task: id of the Task that tells of it; total and done: resources."""

    task: str
    total: int
    done: int
    since: datetime


async def progress(executor: Executor) -> Progress | None:
    """Tell how far the steps are; None when no record is written anew."""
    found = await executor.fetch("SELECT task, total, done, since FROM moving")
    return Progress(*(found[0][name] for name in ("task", "total", "done", "since"))) if found else None


async def size(executor: Executor, source: str, *, most: int) -> int:
    """Count what a merge or an undoing has to write anew, of the Patient *source* (id); no further than *most*."""
    rid = rid_of("Patient", source)
    if executor.persons.canonical(rid) == rid:
        sql = (
            "SELECT count(*) AS n FROM"
            " (SELECT FROM res r WHERE r.rt = ANY($1::int2[]) AND r.pat = $2 AND NOT r.deleted LIMIT $3) AS first"
        )
        found = await executor.fetch(sql, merging.TYPES, rid, most)
    else:
        sql = "SELECT count(*) AS n FROM (SELECT FROM ix WHERE key = $1 LIMIT $2) AS first"
        found = await executor.fetch(sql, named_key(rid), most)
    return int(found[0]["n"])


async def move(
    transaction: Transaction, store: Store, source: str, target: str, *, task: str, base_url: str = ""
) -> Collection[int]:
    """Write anew what *source* (id) holds, for *target*, or for itself when *target* is empty; gives what was written.

    `merging.hold(…, task=task)` and `merging.merge` or `merging.unmerge` come after it, in the same transaction, and do
    the rest. store: where is told how far it is. Conflict (409) while another record is written anew.
    """
    (held,) = await transaction.fetch(_HELD, merging.MOVING)
    if not held["free"]:
        raise OutcomeError(Issue("conflict", "merge-under-way", text="Another large record is being merged."))
    rid = rid_of("Patient", source)
    persons = await transaction.learn_persons()
    moved = set(persons.members(rid)) if target else await merging.parted(transaction, rid)
    found = await merging.of_patient(transaction, rid) if target else await merging.naming(transaction, moved)
    await _announce(store, moved, task, len(found))
    later = await _later(transaction, rid, moved, target)
    for start in range(0, len(found), merging.BATCH):
        step = found[start : start + merging.BATCH]
        await merging.index(transaction, step, base_url, later)
        await store.fetch("UPDATE moving SET done = $1 WHERE task = $2", start + len(step), task)
    return frozenset(found)


@asynccontextmanager
async def announced(store: Store) -> AsyncIterator[None]:
    """Whatever ends the block by a fault, let writers know that nothing is written anew any longer."""
    try:
        yield
    except BaseException:
        async with store.begin() as transaction:
            await transaction.hold_persons()
            await transaction.fetch("DELETE FROM moving")
            await merging.changed(transaction)
        raise


async def _announce(store: Store, moved: Collection[int], task: str, total: int) -> None:
    """Let every writer know; from the commit on, none changes what is written anew."""
    async with store.begin() as transaction:
        await transaction.hold_persons()
        # Whatever stands there was left by a job that died: its lock is ours.
        await transaction.fetch("DELETE FROM moving")
        await transaction.fetch(_ANNOUNCE, sorted(moved), task, total, transaction.now)
        await merging.changed(transaction)


async def _later(transaction: Transaction, rid: int, moved: Collection[int], target: str) -> Persons:
    """Give the persons as they will be; others merge nothing until then."""
    persons = await transaction.learn_persons()
    if target:
        whose = persons.canonical(rid_of("Patient", target))
        return Persons(persons.epoch, persons.survivors | dict.fromkeys(moved, whose))
    left = {one: survivor for one, survivor in persons.survivors.items() if one not in moved}
    return Persons(persons.epoch, left | {one: rid for one in moved if one != rid})
