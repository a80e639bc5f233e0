"""Writes every current resource to NDJSON files, one for each type, while it streams from one snapshot."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import RESOURCE_TYPES, TYPE_CODES
from xinglin.security.labels import SPECIAL
from xinglin.store import egress
from xinglin.store.door import Fhir
from xinglin.store.executor import ROW_COLUMNS
from xinglin.store.faults import answered
from xinglin.store.ledger import events
from xinglin.store.pool import Pool

AHEAD: Final = 500  # rows read ahead
LEVEL: Final = 4  # of gzip: higher ones cost time and save little

_CURRENT: Final = f"SELECT {ROW_COLUMNS} FROM res r WHERE r.rt = $1 AND NOT r.deleted ORDER BY r.ord DESC, r.rid DESC"


async def dump(fhir: Fhir, folder: Path, *, plain: bool = False, abroad: str = "") -> AsyncIterator[tuple[str, int]]:
    """Write ``Type.ndjson.gz`` (plain: without gzip) for each type there is; yields (type, count) as it goes.

    count: resources of the type so far. A file has its name only when it is whole.
    abroad: the destination the files are for, which has to be on the list of exports (R7-020); empty: they stay in this
    country. Forbidden (403) unless the principal may read every resource, and unless so much may leave.
    """
    for type_ in RESOURCE_TYPES:
        if not fhir.reach("read", type_).whole:
            raise OutcomeError(Issue("forbidden", "forbidden", text=f"You may not read every {type_}."))
    if abroad:
        await _leaves(fhir, abroad)
    await fhir.door.event(fhir.principal, "export", detail=f"dump {abroad}".strip())
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  nothing else runs on this loop
    records = fhir.door.store.records
    pool = Pool(fhir.door.store.dsn, 1, timeout_ms=0, session={"idle_in_transaction_session_timeout": "0"})
    async with answered():
        connection = await pool.connect()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await records.take_dictionaries(connection, now=True)
                for type_ in RESOURCE_TYPES:
                    count = 0
                    target = folder / f"{type_}.ndjson{'' if plain else '.gz'}"
                    half = target.with_name(f".{target.name}.half")
                    with half.open("wb") if plain else gzip.open(half, "wb", compresslevel=LEVEL) as file:
                        async for record in connection.cursor(_CURRENT, TYPE_CODES[type_], prefetch=AHEAD):
                            file.write(records.row(record).answer() + b"\n")
                            count += 1
                            if count % AHEAD == 0:
                                yield type_, count
                    if count:
                        half.replace(target)
                        yield type_, count
                    else:
                        half.unlink()
        finally:
            await connection.close(timeout=5)


async def _leaves(fhir: Fhir, abroad: str) -> None:
    genes = f"{SPECIAL}|gene"
    held = [await fhir.count(type_, _security=genes) for type_ in RESOURCE_TYPES if type_ != events.TYPE]
    async with fhir.door.work(fhir.principal) as work:
        await egress.everybody_leaves(work.executor, abroad, genetic=any(held), critical=fhir.door.critical)
