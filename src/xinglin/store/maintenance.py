"""Work on the store that no request waits for: dictionaries of bodies, and the planner's statistics."""

import asyncio
from collections.abc import Sequence
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES, TYPE_NAMES
from xinglin.store.body import ENOUGH, FIRST_DICTIONARY, train
from xinglin.store.faults import answered
from xinglin.store.pool import Connection, Pool
from xinglin.store.records import Records
from xinglin.store.vault.sealed import seal_dictionary
from xinglin.store.vault.vault import Vault

SAMPLES: Final = 3_000
SAMPLE_BYTES: Final = 6 * 2**20  # a hundred times the dictionary is what the trainer wants
LIMIT_MS: Final = 600_000

# Held while a dictionary is made, so that two processes do not make two.
_LOCK: Final = 0x58_4C_44_49

_TYPES: Final = """
SELECT t.rt FROM unnest($1::int2[]) AS t(rt)
WHERE NOT EXISTS (SELECT 1 FROM dict WHERE dict.rt = t.rt)
  AND (SELECT count(*) FROM (SELECT 1 FROM res WHERE res.rt = t.rt LIMIT $2) AS first) = $2
"""
_SAMPLE: Final = "SELECT enc, id, body FROM res WHERE rt = $1 AND NOT deleted ORDER BY ts DESC, rid DESC LIMIT $2"


# Measured at the same time; res takes as long as all others.
_MEASURED: Final = ("res", "hist, ix, dx, sx, qx, tx, term")


async def train_dictionaries(
    dsn: str, types: Sequence[str] = tuple(TYPE_CODES), *, vault: Vault | None = None
) -> tuple[str, ...]:
    """Make a dictionary for each type that has enough bodies and none yet; returns those types.

    Bodies written from then on are about ten times smaller than plain ones; other processes take a dictionary up within
    a minute. Bodies that are stored already stay as they are, and dictionaries are kept forever.
    """
    async with answered():
        connection = await Pool(dsn, 1, timeout_ms=LIMIT_MS).connect()
        try:
            codes = [TYPE_CODES[rt] for rt in types]
            wanting = [record["rt"] for record in await connection.fetch(_TYPES, codes, ENOUGH)]
            records = Records(vault=vault)
            return tuple([TYPE_NAMES[rt] for rt in wanting if await _train(connection, records, rt)])
        finally:
            await connection.close(timeout=5)


async def refresh_statistics(dsn: str) -> None:
    """Tell the planner the sizes of all tables now, as after a load; else it learns them by and by."""
    pool = Pool(dsn, len(_MEASURED), timeout_ms=LIMIT_MS)

    async def measure(tables: str) -> None:
        async with pool.link() as link:
            await link.connection.execute(f"ANALYZE {tables}")

    async with answered():
        try:
            await asyncio.gather(*map(measure, _MEASURED))
        finally:
            await pool.close()


async def _train(connection: Connection, records: Records, rt: int) -> bool:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT true FROM dict WHERE rt = $1", rt):
            return False
        await records.take_dictionaries(connection, now=True)
        samples: list[bytes] = []
        size = 0
        for record in await connection.fetch(_SAMPLE, rt, SAMPLES):
            if size < SAMPLE_BYTES:
                samples.append(records.bodies.open(record["enc"], TYPE_NAMES[rt], record["id"], record["body"]))
                size += len(samples[-1])
        dictionary = await asyncio.to_thread(train, samples)  # a second or two of one core
        if dictionary is None:
            return False
        # It is made of pieces of bodies, so it is sealed as they are.
        enc = await connection.fetchval("SELECT coalesce(max(enc) + 1, $1) FROM dict", FIRST_DICTIONARY)
        sealed, content = seal_dictionary(records.bodies.vault, TYPE_NAMES[rt], enc, dictionary)
        await connection.execute(
            "INSERT INTO dict (enc, rt, made, bytes, sealed) VALUES ($1, $2, now(), $3, $4)", enc, rt, content, sealed
        )
    return True
