"""Migrations: applied once, to one schema in any staging, refused when changed; the schema is ready for sharding."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from xinglin.store import migrate as runner
from xinglin.store.embedded import Server
from xinglin.store.migrate import MigrationFailure, Step, migrate, pending, steps

# Bookkeeping that is the same on every node, or lives on one: it is not distributed.
LOCAL = {
    "audit_head",
    "audit_leaf",
    "audit_node",
    "audit_tree",
    "channel_hour",
    "data_key",
    "dict",
    "duplicates_sought",
    "merging",
    "moving",
    "edition_load",
    "edition_part",
    "line_peer",
    "line_word",
    "migration",
    "put_aside",
    "quality_sought",
    "watched",
}

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage::text,
       pg_get_expr(d.adbin, d.adrelid), coalesce(array_to_string(c.reloptions, ','), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'S') ORDER BY 1, a.attnum
"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
_CONSTRAINTS = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"  # noqa: E501
_FUNCTIONS = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2"


@pytest.fixture
async def empty(postgres_server: Server) -> AsyncIterator[str]:
    """Address of a database without any table."""
    admin = await asyncpg.connect(postgres_server.address("postgres"))
    await admin.execute("DROP DATABASE IF EXISTS t_migrate WITH (FORCE)")
    await admin.execute("CREATE DATABASE t_migrate")
    yield postgres_server.address("t_migrate")
    await admin.execute("DROP DATABASE t_migrate WITH (FORCE)")
    await admin.close()


async def schema(dsn: str) -> list[object]:
    connection = await asyncpg.connect(dsn)
    kinds = [await connection.fetch(sql) for sql in (_COLUMNS, _INDEXES, _CONSTRAINTS, _FUNCTIONS)]
    await connection.close()
    return [[tuple(record.values()) for record in records] for records in kinds]


async def ask(dsn: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(r.values()) for r in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_migrating_twice_does_nothing_the_second_time(empty: str) -> None:
    first = await migrate(empty)
    assert first[: len(steps())] == tuple(step.name for step in steps())
    assert await migrate(empty) == ()


async def test_two_who_migrate_at_once_apply_each_file_once(empty: str) -> None:
    applied = await asyncio.gather(migrate(empty), migrate(empty), migrate(empty))
    assert sorted(len(names) for names in applied)[:2] == [0, 0]
    assert sum(len(names) for names in applied) == len(steps()) + 1


async def test_pre_then_post_builds_the_same_schema_as_all_in_order(empty: str, postgres_dsn: str) -> None:
    await migrate(empty, ("pre",))
    await migrate(empty, ("post",))
    assert await schema(empty) == await schema(postgres_dsn)


async def test_file_by_file_builds_the_same_schema(
    empty: str, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = steps()
    for count in range(1, len(every) + 1):
        monkeypatch.setattr(runner, "steps", lambda count=count: every[:count])
        await migrate(empty)
    assert await schema(empty) == await schema(postgres_dsn)


async def test_a_changed_file_is_refused(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(empty)
    changed = (Step(steps()[0].source, steps()[0].name, "pre", "SELECT 1"), *steps()[1:])
    monkeypatch.setattr(runner, "steps", lambda: changed)
    with pytest.raises(MigrationFailure, match="changed since"):
        await migrate(empty)


async def test_a_failing_file_leaves_nothing_of_itself(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*steps(), Step("xinglin", "9999_post_broken.sql", "post", "CREATE TABLE half (n int); SELECT 1 / 0;"))
    monkeypatch.setattr(runner, "steps", lambda: broken)
    with pytest.raises(MigrationFailure, match="9999_post_broken"):
        await migrate(empty)
    assert await ask(empty, "SELECT to_regclass('half')") == [(None,)]
    assert (await ask(empty, "SELECT count(*) FROM migration WHERE source = 'xinglin'"))[0][0] == len(broken) - 1


async def test_a_statement_outside_a_transaction_is_recorded(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "-- outside a transaction\nCREATE INDEX CONCURRENTLY extra ON res (vid)"
    more = (*steps(), Step("xinglin", "9998_post_extra.sql", "post", sql))
    monkeypatch.setattr(runner, "steps", lambda: more)
    assert "9998_post_extra.sql" in await migrate(empty)
    assert await ask(empty, "SELECT to_regclass('extra')::text") == [("extra",)]


async def test_what_is_pending_is_told(empty: str) -> None:
    connection = await asyncpg.connect(empty)
    assert await pending(connection) == tuple(step.name for step in steps())
    await migrate(empty)
    assert await pending(connection) == ()
    await connection.close()


async def test_every_unique_key_starts_with_the_distribution_column(postgres_dsn: str) -> None:
    found = await ask(
        postgres_dsn,
        """
        SELECT c.relname, i.indexrelid::regclass::text, (
          SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]
        ) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.indisunique AND n.nspname = 'public' AND c.relname NOT LIKE 'procrastinate%'
        """,
    )
    distributed = [row for row in found if row[0] not in LOCAL]
    assert {row[0] for row in distributed} >= {"res", "hist", "tx", "term"}
    assert [row for row in distributed if row[2] != "bucket"] == []


async def test_every_distributed_table_begins_with_bucket_and_no_foreign_key_crosses(postgres_dsn: str) -> None:
    first = await ask(
        postgres_dsn,
        """
        SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT LIKE 'procrastinate%'
        """,
    )
    distributed = [row for row in first if row[0] not in LOCAL]
    assert {row[0] for row in distributed} >= {"res", "hist", "ix", "dx", "sx", "qx", "tx", "term"}
    assert {row[1:] for row in distributed} == {("bucket", "integer", True)}
    crossing = await ask(
        postgres_dsn,
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' "
        "AND conrelid::regclass::text NOT LIKE 'procrastinate%'",
    )
    assert crossing == []
    sequences = await ask(
        postgres_dsn, "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname NOT LIKE 'procrastinate%'"
    )
    # The numbers of the ledger's entries: its order is kept in one place, as the tree is. And of words between
    # browsers, which live for minutes on one node.
    assert sorted(sequences) == [("audit_number",), ("line_word_number_seq",)]
