"""A city of residents in a store, of the rows alone that finding one of them reads: Patients and their blocks.

Loading a million Patients whole takes many times as long, for keys that no lookup asks. Bodies are compressed and
sealed as the store does it, with the dictionary and the keys that a first, whole load has made.
"""

import asyncio
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg

from bench import loads, population
from xinglin.fhir.search import keys
from xinglin.matching import blocks
from xinglin.store.body import cut
from xinglin.store.clock import Clock
from xinglin.store.store import Store
from xinglin.store.vault.keystore import FileKeyStore

WHOLE: Final = 2_000  # residents that are loaded whole
PART: Final = 5_000  # residents whose rows are held at once
WORKERS: Final = 2
_RES: Final = ("bucket", "rt", "id", "rid", "vid", "ts", "pat", "ord", "keys", "enc", "body")
_IX: Final = ("bucket", "key", "ord", "rid", "pat", "c")
# What a lookup walks; the others would be built for nothing.
_NEEDED: Final = ("res_rid", "ix_ord")
_INDEXES: Final = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname IN ('res', 'ix') AND NOT i.indisunique
"""


def fill(dsn: str, key_file: Path, count: int) -> float:
    """Fill a fresh store with the residents p0 to p*count*; gives the seconds it took."""
    begun = time.perf_counter()
    with TemporaryDirectory(prefix="xinglin-bench-") as folder:
        file = Path(folder) / "residents.ndjson"
        file.write_bytes(b"".join(population.patient(number) + b"\n" for number in range(min(count, WHOLE))))
        loads.command(dsn, "load", str(file), "--refused", str(file.with_suffix(".refused")), KEY_FILE=str(key_file))
    made = asyncio.run(_bare(dsn))
    parts = [(dsn, str(key_file), range(WHOLE + n * PART, count, WORKERS * PART), count) for n in range(WORKERS)]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        for _ in workers.map(_copy, parts):
            pass
    asyncio.run(_built(dsn, [made[name] for name in _NEEDED]))
    return time.perf_counter() - begun


async def _bare(dsn: str) -> dict[str, str]:
    """Drop the indexes; gives how each was made."""
    connection = await asyncpg.connect(dsn)
    try:
        made = {one["name"]: one["made"] for one in await connection.fetch(_INDEXES)}
        for name in made:
            await connection.execute(f'DROP INDEX "{name}"')
        return made
    finally:
        await connection.close()


async def _built(dsn: str, indexes: list[str]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for one in indexes:
            await connection.execute(one)
        await connection.execute("VACUUM ANALYZE res, ix")
    finally:
        await connection.close()


def _copy(part: tuple[str, str, range, int]) -> None:
    asyncio.run(_copied(*part))


async def _copied(dsn: str, key_file: str, firsts: range, count: int) -> None:
    """Copy the parts that begin with *firsts*."""
    store = await Store.open(dsn, connections=1, keys=FileKeyStore(Path(key_file)))
    connection = await asyncpg.connect(dsn)
    try:
        for first in firsts:
            res, ix = _rows(store, range(first, min(first + PART, count)))
            await connection.copy_records_to_table("res", records=res, columns=_RES)
            await connection.copy_records_to_table("ix", records=ix, columns=_IX)
    finally:
        await connection.close()
        await store.close()


def _rows(store: Store, numbers: range) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    now, rt = Clock().now(), keys.TYPE_CODES["Patient"]
    ord_ = keys.UNDATED + int(now.timestamp() * 1e6)
    res: list[tuple[Any, ...]] = []
    ix: list[tuple[Any, ...]] = []
    for number in numbers:
        raw, id = population.patient(number), f"p{number}"
        bucket, rid = keys.bucket_of(id), keys.rid_of("Patient", id)
        found = blocks.keys(json.loads(raw))
        enc, body = store.records.bodies.seal("Patient", id, cut(raw, "Patient").tail)
        res.append((bucket, rt, id, rid, 1, now, rid, ord_, found, enc, body))
        ix += [(bucket, key, ord_, rid, rid, False) for key in found]
    return res, ix
