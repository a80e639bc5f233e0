"""`xinglin audit` over a database of its own, and the simulated witness."""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from tests.cli.test_commands import run
from tests.conftest import FOLDER, key_store
from xinglin.security import merkle
from xinglin.security.ledger import Head, act_by, head_of
from xinglin.security.principal import SYSTEM
from xinglin.simulators import witness
from xinglin.store.store import Store


async def audit(dsn: str, *arguments: str) -> tuple[int, str]:
    key = str(Path(os.environ[FOLDER]) / "master.key")
    ended = await asyncio.to_thread(run, "audit", *arguments, XINGLIN_DATABASE_URL=dsn, XINGLIN_KEY_FILE=key)
    return ended.returncode, ended.stdout + ended.stderr


async def test_the_command_verifies_proves_and_finds_what_was_changed(postgres_dsn: str, tmp_path: Path) -> None:
    store = await Store.open(postgres_dsn, keys=key_store())
    for number in range(9):
        await store.ledger.event(act_by(SYSTEM, store.now, "login", detail=str(number)))
    ids = [record["id"] for record in await store.fetch("SELECT id FROM audit ORDER BY txid, id")]
    await store.close()
    status, said = await audit(postgres_dsn, "head", "--json")
    assert status == 0, said
    head = head_of(json.loads(said))
    assert head.size == 9
    kept = tmp_path / "heads"
    kept.write_text(said)
    status, said = await audit(postgres_dsn, "prove", str(ids[4]))
    proof = json.loads(said)
    leaf, *path = (bytes.fromhex(one) for one in (proof["leaf"], *proof["path"]))
    assert status == 0
    assert merkle.included(leaf, 4, 9, path, head.root)
    status, said = await audit(postgres_dsn, "verify", "--witness", str(kept))
    assert (status, said.splitlines()[0]) == (0, "9 entries, 9 leaves, 1 heads: 0 faults")
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(f"UPDATE audit SET entry = entry || ' '::bytea WHERE id = {ids[3]}")
    await connection.execute(f"DELETE FROM audit WHERE id = {ids[6]}")
    await connection.close()
    status, said = await audit(postgres_dsn, "verify")
    assert status == 1
    assert [line.partition(": Leaf")[0] for line in said.splitlines()[:2]] == [
        f"changed: entry {ids[3]}",
        f"removed: entry {ids[6]}",
    ]


def head(leaves: list[bytes]) -> Head:
    return Head(len(leaves), merkle.root_of(leaves), datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def client() -> httpx.AsyncClient:
    made: Starlette = witness.application()
    return httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://witness")


async def test_a_witness_keeps_only_heads_that_go_on_from_the_last(client: httpx.AsyncClient) -> None:
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(20)]
    forged = [*leaves[:3], merkle.leaf_hash(b"forged"), *leaves[4:]]

    def subtrees(level: int, place: int) -> bytes:
        return merkle.root_of(leaves[place << level : (place + 1) << level])

    async def post(one: Head, path: list[bytes]) -> int:
        body = {"head": one.document(), "path": [part.hex() for part in path]}
        return (await client.post("/heads", json=body)).status_code

    assert await post(head(leaves[:8]), []) == 200
    assert await post(head(leaves[:8]), []) == 200
    assert await post(head(leaves), merkle.consistency_proof(8, 20, subtrees)) == 200
    assert await post(head(forged), []) == 422
    assert await post(head(leaves[:8]), []) == 422
    assert await post(head([*forged, b"x" * 32]), merkle.consistency_proof(8, 20, subtrees)) == 422
    assert [one["size"] for one in (await client.get("/heads")).json()] == [8, 20]
    await client.aclose()
