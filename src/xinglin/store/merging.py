"""Merge Patient records into one person, and undo it, without touching a record: only the index is written anew.

What names a merged Patient is found, decoded and indexed as if it named the survivor (`fhir.search.persons`). All of it
is one transaction that keeps other writers waiting; readers see the state before or after. Undoing finds by the key
`named_key` what names the record itself, whenever it was written, and indexes that as it says.
Source: HR-03, CD-11; http://hl7.org/fhir/R4/patient.html#merging
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search import keys
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.keys import TYPE_CODES, bucket_of, rid_of
from xinglin.fhir.search.persons import MERGED, SURVIVOR, Persons, named_key
from xinglin.fhir.sources import cites
from xinglin.security.relations import TASK_CODES
from xinglin.store import history
from xinglin.store.executor import ROW_COLUMNS, Executor, Record
from xinglin.store.marks import indexed
from xinglin.store.persons import CHANGED, salts
from xinglin.store.store import Store
from xinglin.store.transaction import Transaction

_LOG: Final = structlog.get_logger("xinglin.store")

BATCH: Final = 500  # resources indexed by one statement
CANDIDATE: Final = "duplicate"  # code of the Tasks that tell of merges
MOVING: Final = 6361664518912012111  # advisory lock of whoever merges by steps

TYPES: Final = list(TYPE_CODES.values())
# Rows of one patient, and what names it besides. $1: types; $2: the patient; $3: keys of references to it.
_OF_PATIENT: Final = """
SELECT r.rid FROM res r WHERE r.rt = ANY($1::int2[]) AND r.pat = $2 AND NOT r.deleted
UNION SELECT x.rid FROM ix x WHERE x.key = ANY($3::int8[]) ORDER BY 1
"""
_NAMING: Final = "SELECT DISTINCT x.rid FROM ix x WHERE x.key = ANY($1::int8[]) ORDER BY 1"
_ROWS: Final = f"""
SELECT {ROW_COLUMNS}, r.ord, r.keys FROM res r WHERE r.rid = ANY($1::int8[]) AND NOT r.deleted ORDER BY r.rid
FOR UPDATE OF r
"""
_RIGHTS: Final = "SELECT d.rid, d.key, d.lo, d.hi FROM unnest($1::int8[]) k JOIN dx d ON d.rid = k"
# Dates that do not speak of patients are among the rows; they are in both lists, and stay.
_WRITE: Final = """
WITH ixd AS (
  DELETE FROM ix USING unnest($1::int8[], $2::int8[], $3::int8[]) AS d(rid, key, ord)
  WHERE ix.key = d.key AND ix.ord = d.ord AND ix.rid = d.rid
), ixi AS (
  INSERT INTO ix (bucket, key, ord, rid, pat, c)
  SELECT * FROM unnest($4::int4[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::bool[])
), dxd AS (
  DELETE FROM dx USING unnest($10::int8[], $11::int8[], $12::int8[], $13::int8[]) AS d(rid, key, lo, hi)
  WHERE dx.key = d.key AND dx.lo = d.lo AND dx.hi = d.hi AND dx.rid = d.rid
), dxi AS (
  INSERT INTO dx (bucket, rid, key, lo, hi)
  SELECT * FROM unnest($14::int4[], $15::int8[], $16::int8[], $17::int8[], $18::int8[])
)
UPDATE res SET pat = n.pat, keys = n.keys::int8[]
FROM unnest($19::int4[], $20::int8[], $21::int8[], $22::text[]) AS n(bucket, rid, pat, keys)
WHERE res.bucket = n.bucket AND res.rid = n.rid
"""
_ENTER: Final = """
INSERT INTO merged (bucket, rid, id, target, target_id, survivor, since, by, reason, task)
VALUES ($1, $2, $3, $4, $5, $4, $6, $7, $8, $9)
"""
_COLUMNS: Final = "m.id, m.target_id, m.since, m.by, m.reason, m.task"


@dataclass(frozen=True, slots=True)
class Merge:
    """One record merged into another; task: ``Task/ID`` that says so, or empty."""

    source: str
    target: str
    since: datetime
    by: str
    reason: str
    task: str


async def hold(transaction: Transaction, *, task: str = "") -> None:
    """Keep other writers waiting until the transaction ends; whoever merges does so before it writes or locks.

    task: of the merge by steps that this is the end of. Conflict (409) while another one is under way.
    """
    await transaction.hold_persons()
    if not transaction.persons.moving:
        return
    if not task:
        (free,) = await transaction.fetch("SELECT pg_try_advisory_xact_lock($1) AS free", MOVING)
        if not free["free"]:
            text = "A large record is being merged; wait until that is done."
            raise OutcomeError(Issue("conflict", "merge-under-way", text=text))
    # Done, or left by a job that died: then nobody holds the lock.
    await transaction.fetch("DELETE FROM moving")
    await changed(transaction)


@cites("HR-03")
async def merge(
    transaction: Transaction, source: str, target: str, *, by: str, reason: str, task: str = "", base_url: str = ""
) -> int:
    """Let the Patient *target* stand for *source* (ids); returns how many resources were indexed anew.

    Idempotent. Chains are followed: whom *source* stood for, *target* stands for. `hold` comes before.
    Raises OutcomeError: 422 for one record twice or a target that is merged itself, 409 for a source merged elsewhere.
    """
    persons = transaction.persons
    old, new = rid_of("Patient", source), rid_of("Patient", target)
    if old == new:
        raise OutcomeError(Issue("business-rule", "merge-same", text="A record cannot be merged with itself."))
    if persons.canonical(new) != new:
        text = f"Patient/{target} has been merged itself: name the record that stands for it."
        raise OutcomeError(Issue("business-rule", "merge-target-merged", text=text))
    if persons.canonical(old) == new:
        return 0
    if persons.canonical(old) != old:
        text = f"Patient/{source} has been merged with another record: undo that first."
        raise OutcomeError(Issue("conflict", "merge-source-merged", text=text))
    found = await of_patient(transaction, old)
    values = (bucket_of(source), old, source, new, target, transaction.now, by, reason, task)
    await transaction.fetch(_ENTER, *values)
    await transaction.fetch("UPDATE merged SET survivor = $2 WHERE survivor = $1", old, new)
    await changed(transaction)
    count = await index(transaction, found, base_url, transaction.persons)
    sql = "UPDATE res SET pat = $3 WHERE rt = ANY($1::int2[]) AND pat = $2 AND deleted"
    await transaction.fetch(sql, TYPES, old, new)
    return count


@cites("HR-03")
async def unmerge(
    transaction: Transaction, source: str, *, base_url: str = "", ready: Collection[int] = ()
) -> Merge | None:
    """Let *source* stand for itself again, and for whom it stood before; None when it is not merged.

    What names it goes back, also what was written since. `hold` comes before. ready: what went back by steps.
    """
    persons = transaction.persons
    old = rid_of("Patient", source)
    survivor = persons.canonical(old)
    was = await merge_of(transaction, source)
    if was is None:
        return None
    back = await parted(transaction, old)
    await transaction.fetch("DELETE FROM merged WHERE bucket = $1 AND rid = $2", bucket_of(source), old)
    await transaction.fetch("UPDATE merged SET survivor = $2 WHERE rid = ANY($1::int8[])", sorted(back - {old}), old)
    await changed(transaction)
    found = await naming(transaction, back)
    await index(transaction, [one for one in found if one not in ready], base_url, transaction.persons)
    await _give_back_deleted(transaction, survivor, base_url)
    return was


async def parted(executor: Executor, old: int) -> set[int]:
    """Give who leaves a person when *old* stands for itself again: itself, and all that were merged into it."""
    survivor = executor.persons.canonical(old)
    edges = await executor.fetch("SELECT rid, target FROM merged WHERE survivor = $1", survivor)
    return _below(old, {one["rid"]: one["target"] for one in edges})


async def of_patient(executor: Executor, rid: int) -> list[int]:
    """Find what lies in the record of a patient, and what names it besides."""
    found = await executor.fetch(_OF_PATIENT, TYPES, rid, [salt ^ rid for salt in salts()])
    return [one["rid"] for one in found]


async def naming(executor: Executor, rids: Iterable[int]) -> list[int]:
    """Find what names merged patients in its content."""
    found = await executor.fetch(_NAMING, [named_key(one) for one in sorted(rids)])
    return [one["rid"] for one in found]


async def merge_of(executor: Executor, source: str) -> Merge | None:
    """Tell into what a record was merged; None when it was not."""
    sql = f"SELECT {_COLUMNS} FROM merged m WHERE m.bucket = $1 AND m.rid = $2"
    found = await executor.fetch(sql, bucket_of(source), rid_of("Patient", source))
    return _merge(found[0]) if found else None


async def merges_into(executor: Executor, target: str) -> list[Merge]:
    """List the records for which a Patient stands, those merged last first."""
    sql = f"SELECT {_COLUMNS} FROM merged m WHERE m.survivor = $1 ORDER BY m.since DESC, m.rid DESC"
    return [_merge(one) for one in await executor.fetch(sql, rid_of("Patient", target))]


async def merges(executor: Executor, *, count: int, before: datetime | None = None) -> list[Merge]:
    """List merges that stand, last ones first. before: only those made earlier."""
    sql = (
        f"SELECT {_COLUMNS} FROM merged m WHERE $1::timestamptz IS NULL OR m.since < $1"
        " ORDER BY m.since DESC, m.rid DESC LIMIT $2"
    )
    return [_merge(one) for one in await executor.fetch(sql, before, count)]


async def adopt(store: Store, *, base_url: str = "") -> int:
    """Let merges stand of which loaded Tasks tell, as a dump has no table of them; gives how many.

    What contradicts a merge that stands here is left out, which the log says.
    """
    sql = (
        f"SELECT {ROW_COLUMNS} FROM ix x JOIN res r ON r.rid = x.rid"
        " WHERE x.key = $1 AND NOT r.deleted ORDER BY r.ord, r.rid"
    )
    key = keys.token_key("Task", "code", TASK_CODES, CANDIDATE)
    adopted = 0
    for row in await store.rows(await store.fetch(sql, key)):
        task = document_of(row.body())
        told = {(one.get("type") or {}).get("text"): one.get("valueReference") for one in task.get("output") or ()}
        if task.get("status") != "completed" or not (told.get(MERGED) and told.get(SURVIVOR)):
            continue
        source, target = (told[one]["reference"].removeprefix("Patient/") for one in (MERGED, SURVIVOR))
        note: dict[str, str] = next((one for one in reversed(task.get("note") or ()) if one.get("text")), {})
        try:
            async with store.begin() as transaction:
                await hold(transaction)
                if (await merge_of(transaction, source)) is None:
                    by, reason = note.get("authorString", ""), note.get("text", "")
                    await merge(
                        transaction, source, target, by=by, reason=reason, task=f"Task/{row.id}", base_url=base_url
                    )
                    adopted += 1
        except OutcomeError as refused:
            if refused.status >= 500:
                raise
            _LOG.warning("merging.not_adopted", task=row.id, why=refused.issues[0].key)
    return adopted


def _merge(record: Record) -> Merge:
    return Merge(*(record[name] for name in ("id", "target_id", "since", "by", "reason", "task")))


async def changed(transaction: Transaction) -> None:
    """Let everybody know that persons are others now, and this transaction at once."""
    await transaction.fetch("UPDATE merging SET epoch = epoch + 1 WHERE one")
    await transaction.fetch("SELECT pg_notify($1, '')", CHANGED)
    await transaction.learn_persons()


def _below(old: int, targets: dict[int, int]) -> set[int]:
    """Give *old* and all that were merged into it, directly or not. targets: who was merged into whom."""
    found = {old}
    while more := {one for one, into in targets.items() if into in found} - found:
        found |= more
    return found


# -- the index ------------------------------------------------------------------------------------------------------


async def index(transaction: Transaction, rids: Sequence[int], base_url: str, persons: Persons) -> int:
    """Write the index rows of resources that speak of patients anew; their other rows and the records stay."""
    for start in range(0, len(rids), BATCH):
        records = await transaction.fetch(_ROWS, list(rids[start : start + BATCH]))
        rows = await transaction.rows(records)
        entries = [
            indexed(codec.decode(row.body(), row.rt), id=row.id, now_us=0, base_url=base_url, persons=persons)
            for row in rows
        ]
        standing: dict[int, set[tuple[int, int, int]]] = {}
        for one in await transaction.fetch(_RIGHTS, [row.rid for row in rows]):
            standing.setdefault(one["rid"], set()).add((one["key"], one["lo"], one["hi"]))
        await transaction.fetch(_WRITE, *_arguments(records, entries, standing))
    return len(rids)


def _arguments(
    records: Sequence[Record], entries: Sequence[Entry], standing: dict[int, set[tuple[int, int, int]]]
) -> list[Any]:
    """Lay out the arrays of _WRITE: what goes and what comes, of each table."""
    ix_out: list[tuple[Any, ...]] = []
    ix_in: list[tuple[Any, ...]] = []
    dx_out: list[tuple[Any, ...]] = []
    dx_in: list[tuple[Any, ...]] = []
    res: list[tuple[Any, ...]] = []
    for record, entry in zip(records, entries, strict=True):
        place, had, want = record["ord"], set(record["keys"]), dict(entry.ix)
        moved = record["pat"] != entry.pat
        ix_out += [(entry.rid, key, place) for key in had if moved or key not in want]
        ix_in += [
            (entry.bucket, key, place, entry.rid, entry.pat, c) for key, c in want.items() if moved or key not in had
        ]
        now, then = standing.get(entry.rid, set()), set(entry.dx)
        dx_out += [(entry.rid, *row) for row in now - then]
        dx_in += [(entry.bucket, entry.rid, *row) for row in then - now]
        res.append((entry.bucket, entry.rid, entry.pat, f"{{{','.join(map(str, entry.keys))}}}"))
    return [*_columns(ix_out, 3), *_columns(ix_in, 6), *_columns(dx_out, 4), *_columns(dx_in, 5), *_columns(res, 4)]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


async def _give_back_deleted(transaction: Transaction, survivor: int, base_url: str) -> None:
    """Put what was deleted under the patient of its last content: only that tells."""
    sql = f"SELECT {ROW_COLUMNS} FROM res r WHERE r.rt = ANY($1::int2[]) AND r.pat = $2 AND r.deleted"
    for row in await transaction.rows(await transaction.fetch(sql, TYPES, survivor)):
        last = await history.version(transaction, row.rt, row.id, row.vid - 1)
        if last is None or last.deleted:
            continue
        struct = codec.decode(last.body(), last.rt)
        whose = indexed(struct, id=row.id, now_us=0, base_url=base_url, persons=transaction.persons).pat
        if whose != survivor:
            move = "UPDATE res SET pat = $3 WHERE bucket = $1 AND rid = $2"
            await transaction.fetch(move, bucket_of(row.id), row.rid, whose)
