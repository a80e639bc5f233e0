"""Records lie sealed in the database, each in its own place, and open for whoever has the keys."""

import asyncio

import asyncpg
import pytest

from tests.store.records import change
from xinglin.fhir.r4 import RESOURCES
from xinglin.security.sm import Tampered
from xinglin.store import history
from xinglin.store.body import ENOUGH
from xinglin.store.maintenance import train_dictionaries
from xinglin.store.store import Store
from xinglin.store.vault.keys import replace_key
from xinglin.store.vault.keystore import FileKeyStore, KeyStoreFault
from xinglin.store.vault.sealed import PUBLIC, domain_of

SECRET = '"a secret of 13800138000"'


async def stored(dsn: str, sql: str, *args: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql, *args)
    finally:
        await connection.close()


@pytest.mark.rule("R7-051")
async def test_current_and_earlier_versions_are_sealed(store: Store, postgres_dsn: str) -> None:
    await store.write(change("create", "Patient", "1", SECRET))
    await store.write(change("update", "Patient", "1", SECRET.replace("a secret", "another secret")))
    await store.load([change("create", "Observation", "2", SECRET)])
    found = await stored(postgres_dsn, "SELECT enc, body FROM res UNION ALL SELECT enc, body FROM hist")
    assert len(found) == 3
    assert all(record["enc"] < 0 and b"secret" not in record["body"] for record in found)
    assert SECRET.encode() in (await store.get("Observation", "2")).body()  # type: ignore[union-attr]
    versions = await history.page(store, "Patient", "1", count=5)
    assert [SECRET.encode() in row.body() for row in versions.rows] == [False, True]


async def test_definitions_are_not_sealed(store: Store, postgres_dsn: str) -> None:
    await store.write(change("create", "ValueSet", "1", SECRET))
    assert (await stored(postgres_dsn, "SELECT enc FROM res"))[0]["enc"] >= 0
    assert set(RESOURCES) > PUBLIC
    assert {domain_of(rt) for rt in RESOURCES} == {None, "identity", "clinical", "audit"}


async def test_a_body_in_the_place_of_another_does_not_open(store: Store, postgres_dsn: str) -> None:
    for id in ("1", "2"):
        await store.write(change("create", "Patient", id, SECRET))
    await stored(
        postgres_dsn,
        "UPDATE res SET (enc, body) = (SELECT enc, body FROM res WHERE id = '1') WHERE id = '2' RETURNING id",
    )
    assert await store.get("Patient", "1") is not None
    with pytest.raises(Tampered):
        await store.get("Patient", "2")


async def test_dictionaries_are_sealed_as_the_bodies_they_are_made_of(store: Store, postgres_dsn: str) -> None:
    texts = [f'"the patient {n} with the phone 13800138000, of {n % 7} {n % 13} {n % 5}"' for n in range(ENOUGH)]
    await store.load([change("create", "Basic", str(n), text) for n, text in enumerate(texts)])
    await train_dictionaries(store.dsn, vault=store.vault)
    found = await stored(postgres_dsn, "SELECT bytes, sealed FROM dict")
    assert [record["sealed"] for record in found] == [True]
    assert b"13800138000" not in found[0]["bytes"]
    assert texts[5].encode() in (await store.get("Basic", "5")).body()  # type: ignore[union-attr]


async def test_a_new_key_seals_at_once_in_every_process(store: Store, postgres_dsn: str, keys: FileKeyStore) -> None:
    await store.write(change("create", "Patient", "1", SECRET))
    connection = await asyncpg.connect(postgres_dsn)
    try:
        kid = await replace_key(connection, keys, "identity")
    finally:
        await connection.close()
    await asyncio.sleep(0.2)  # the notice is on its way
    await store.write(change("create", "Patient", "2", SECRET))
    found = await stored(postgres_dsn, "SELECT substr(body, 3, 4) AS kid FROM res WHERE id = '2'")
    assert int.from_bytes(found[0]["kid"], "big") == kid
    other = await Store.open(postgres_dsn, keys=keys)
    try:
        assert [row is not None for row in await other.get_many([("Patient", "1"), ("Patient", "2")])] == [True, True]
    finally:
        await other.close()


async def test_a_reader_learns_of_a_key_from_the_record_that_it_sealed(
    postgres_dsn: str, keys: FileKeyStore, store: Store
) -> None:
    other = await Store.open(postgres_dsn, keys=keys)
    try:
        connection = await asyncpg.connect(postgres_dsn)
        try:
            await replace_key(connection, keys, "clinical")
        finally:
            await connection.close()
        await asyncio.sleep(0.2)
        await other.write(change("create", "Observation", "1", SECRET))
        row = await store.get("Observation", "1")
        assert row is not None
        assert SECRET.encode() in row.body()
    finally:
        await other.close()


async def test_a_sealed_store_is_not_opened_without_its_key_store(postgres_dsn: str) -> None:
    with pytest.raises(KeyStoreFault, match="without its key store"):
        await Store.open(postgres_dsn)
