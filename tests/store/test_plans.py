"""Statements by identity walk indexes whatever the tables' statistics say."""

import asyncio

import asyncpg
import pytest

from tests.store.records import change
from xinglin.store import maintenance, records, statements
from xinglin.store.pool import BY_IDENTITY, Pool
from xinglin.store.store import Store

WHOLE = ("Seq Scan on res", "Seq Scan on hist", "Seq Scan on ix", "Seq Scan on dx", "Seq Scan on sx", "Seq Scan on qx")


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize(
    "sql",
    [records.CURRENT, records.LOCKED, records.STATE, records.LOCKED_STATE, statements.INDEXED, statements.replace(0)],
    ids=["current", "locked", "state", "locked state", "indexed", "replace"],
)
async def test_no_table_is_scanned(store: Store, postgres_dsn: str, sql: str, *, filled: bool) -> None:
    if filled:
        await asyncio.gather(*(store.write(change("create", "Observation", f"p{n}", name="x")) for n in range(300)))
        await maintenance.refresh_statistics(postgres_dsn)
    connection = await Pool(postgres_dsn, 1, timeout_ms=1000, session=BY_IDENTITY).connect()
    try:
        if connection.get_server_version() < (16, 0):
            pytest.skip("EXPLAIN (GENERIC_PLAN) came with PostgreSQL 16")
        plan = "\n".join(record[0] for record in await _explain(connection, sql))
    finally:
        await connection.close()
    assert "Index" in plan
    assert [line for line in plan.splitlines() if any(scan in line for scan in WHOLE)] == []


async def _explain(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> list[asyncpg.Record]:
    # The simple protocol leaves $n alone, as GENERIC_PLAN wants; it gives text back through a function only.
    await connection.execute(
        "CREATE OR REPLACE FUNCTION pg_temp.explained(q text) RETURNS SETOF text LANGUAGE plpgsql AS "
        "$f$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN) ' || q; END $f$"
    )
    return list(await connection.fetch("SELECT pg_temp.explained($1)", sql))
