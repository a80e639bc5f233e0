"""Keys change while others work: nothing becomes unreadable, and a key goes only when nothing names it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.store.records import change
from xinglin.store import history
from xinglin.store.body import ENOUGH
from xinglin.store.maintenance import train_dictionaries
from xinglin.store.store import Store
from xinglin.store.vault.keys import replace_key
from xinglin.store.vault.keystore import FileKeyStore
from xinglin.store.vault.rotation import listed, reseal, retire
from xinglin.store.vault.vault import Vault

NUMBER = 1_100
_KIDS = "SELECT DISTINCT substring(body FROM 3 FOR 4) AS kid FROM {table} WHERE enc < 0"


@pytest.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(postgres_dsn)
    yield opened
    await opened.close()


async def kids(connection: asyncpg.Connection, table: str) -> set[int]:
    return {int.from_bytes(record["kid"], "big") for record in await connection.fetch(_KIDS.format(table=table))}


async def fill(store: Store) -> None:
    await store.load([change("create", "Patient", f"p{n}", f'"{n} of a family with many"') for n in range(NUMBER)])
    await store.write_many([change("update", "Patient", f"p{n}", f'"now {n}"') for n in range(50)])


@pytest.mark.rule("R7-051")
async def test_everything_is_sealed_anew_while_others_read_and_write(
    store: Store, connection: asyncpg.Connection, keys: FileKeyStore
) -> None:
    assert NUMBER > ENOUGH
    await fill(store)
    await train_dictionaries(store.dsn, vault=store.vault)
    kid = await replace_key(connection, keys, "identity")
    stop = asyncio.Event()

    async def others() -> int:
        count = 0
        while not stop.is_set():
            row = await store.get("Patient", f"p{count * 7 % NUMBER}")
            assert row is not None
            await store.write(change("update", "Patient", f"p{count % NUMBER}", f'"then {count}"'))
            count += 1
        return count

    busy = asyncio.create_task(others())
    seen = [step async for step in reseal(store.dsn, Vault(keys))]
    stop.set()
    assert await busy > 0
    assert seen[0][0] == 0
    assert seen[-1][0] >= NUMBER
    # What was on its way during the first walk is found by a second.
    assert [step async for step in reseal(store.dsn, Vault(keys))]
    assert await kids(connection, "res") == await kids(connection, "hist") == {kid}
    assert {bytes(r["bytes"][2:6]) for r in await connection.fetch("TABLE dict")} == {kid.to_bytes(4, "big")}
    for n in range(0, NUMBER, 37):
        assert (await store.get("Patient", f"p{n}")) is not None
    versions = await history.page(store, "Patient", "p3", count=10)
    assert b'"3 of a family with many"' in versions.rows[-1].body()


async def test_a_walk_that_was_broken_off_goes_on(
    store: Store, connection: asyncpg.Connection, keys: FileKeyStore
) -> None:
    await fill(store)
    kid = await replace_key(connection, keys, "identity")
    async for done, _ in reseal(store.dsn, Vault(keys)):
        if done:
            break
    assert len(await kids(connection, "res")) == 2
    rest = [step async for step in reseal(store.dsn, Vault(keys))]
    assert rest[0][1] < NUMBER + 50
    assert await kids(connection, "res") == {kid}


async def test_a_key_is_destroyed_only_when_nothing_names_it_and_processes_had_time(
    store: Store, connection: asyncpg.Connection, keys: FileKeyStore
) -> None:
    await store.write(change("create", "Patient", "1"))
    (old,) = await kids(connection, "res")
    await replace_key(connection, keys, "identity")
    assert old not in await retire(store.dsn)  # too soon
    await connection.execute("UPDATE data_key SET closed = closed - interval '1 hour'")
    assert old not in await retire(store.dsn)  # still named
    async for _ in reseal(store.dsn, Vault(keys)):
        pass
    assert old in await retire(store.dsn)
    state = {key.kid: key.state for key in await listed(store.dsn)}
    assert state[old] == "retired"
    assert await connection.fetchval("SELECT wrapped FROM data_key WHERE kid = $1", old) is None
    fresh = await Store.open(store.dsn, keys=keys)
    assert await fresh.get("Patient", "1") is not None
    await fresh.close()
