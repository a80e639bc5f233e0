"""Indexes that are put aside while an empty store is filled, and built afterwards: faster than row by row.

What was put aside is written in the table ``put_aside`` by the transaction that drops it, so that a load that dies
loses nothing: whoever loads or migrates next builds it.
"""

import asyncio
from typing import Final

import asyncpg

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store.faults import answered
from xinglin.store.pool import Connection, Pool

TABLES: Final = ("res", "ix", "dx", "sx", "qx", "tx")
AT_ONCE: Final = 2  # indexes built at the same time

# Held, with the name, while an index is built.
_LOCK: Final = 0x58_4C_49_58

_PLAIN_INDEXES: Final = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname = ANY ($1) AND t.relnamespace = current_schema()::regnamespace AND NOT i.indisunique
ORDER BY c.relname
"""


# What every store holds from its migration on.
_BROUGHT: Final = [TYPE_CODES[name] for name in ("CodeSystem", "ValueSet", "ConceptMap")]


async def put_aside(dsn: str) -> bool:
    """Drop the indexes that are not unique, when the store holds no records yet; tells whether it was so."""
    async with answered():
        connection = await Pool(dsn, 1, timeout_ms=0).connect()
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = 2000")
                await connection.execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
                if await connection.fetchval("SELECT EXISTS (SELECT FROM res WHERE rt <> ALL ($1::int2[]))", _BROUGHT):
                    return False
                for index in await connection.fetch(_PLAIN_INDEXES, list(TABLES)):
                    await connection.execute(
                        "INSERT INTO put_aside VALUES ($1, $2) ON CONFLICT DO NOTHING", index["name"], index["made"]
                    )
                    await connection.execute(f'DROP INDEX "{index["name"]}"')
        except asyncpg.LockNotAvailableError:
            return False  # somebody works with the store, which is worth more than speed
        finally:
            await connection.close(timeout=5)
    return True


async def build(dsn: str) -> tuple[str, ...]:
    """Build the indexes that were put aside, and return their names; nothing when there are none."""
    pool = Pool(dsn, AT_ONCE + 1, timeout_ms=0)
    async with answered():
        try:
            async with pool.link() as link:
                wanted = await link.connection.fetch("SELECT name, made FROM put_aside ORDER BY name")
            slots = asyncio.Semaphore(AT_ONCE)

            async def one(name: str, made: str) -> None:
                async with slots, pool.link() as link:
                    await _build_one(link.connection, name, made)

            # Those that take longest first: an inverted index takes as long as all others.
            inverted_first = sorted(wanted, key=lambda index: " USING gin " not in index["made"])
            await asyncio.gather(*(one(index["name"], index["made"]) for index in inverted_first))
        finally:
            await pool.close()
    return tuple(index["name"] for index in wanted)


async def _build_one(connection: Connection, name: str, made: str) -> None:
    async with connection.transaction():
        # Two who find the same work take turns; the second sees that it is done.
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, name)
        await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        if await connection.fetchval("DELETE FROM put_aside WHERE name = $1 RETURNING true", name):
            await connection.execute(made)
