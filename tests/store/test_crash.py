"""Hard deaths while clients write: every acknowledged write is there exactly once, and the index agrees."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import ROOT, key_store, prepared
from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError
from xinglin.store import embedded
from xinglin.store.body import cut
from xinglin.store.consistency import Fault, check
from xinglin.store.executor import Change
from xinglin.store.marks import indexed
from xinglin.store.store import Store

CLIENTS = 16
SECONDS = 1.5


def patient(id: str, number: int) -> Change:
    name = [{"family": f"王{number}", "given": ["小明"]}]
    identifier = [{"system": "urn:number", "value": str(number)}]
    document = {"resourceType": "Patient", "id": id, "name": name, "identifier": identifier, "birthDate": "1990-01-02"}
    raw = json.dumps(document).encode()
    return Change("update", "Patient", id, cut(raw, "Patient").tail, indexed(codec.decode(raw), now_us=0))


async def write_until_it_fails(store: Store, client: int, acknowledged: dict[str, tuple[int, int]]) -> None:
    """Create, update and bundle, and note id -> (version, number) of every answer."""
    for turn in range(100_000):
        one, other = f"c{client}-{turn}", f"c{client}-hot"
        try:
            if turn % 5 == 4:
                changes = [patient(f"{one}-{n}", turn) for n in range(3)] + [patient(other, turn)]
                written = await store.write_many(changes)
            else:
                written = [await store.write(patient(one, turn)), await store.write(patient(other, turn))]
        except OutcomeError as refusal:
            assert refusal.status == 503  # noqa: PT017  anything else is a fault of ours
            return
        acknowledged.update({answer.id: (answer.vid, turn) for answer in written})


async def compare(dsn: str, acknowledged: dict[str, tuple[int, int]]) -> None:
    store = await Store.open(dsn, keys=key_store())
    rows = await store.get_many([("Patient", id) for id in acknowledged])
    for row, (id, (vid, number)) in zip(rows, acknowledged.items(), strict=True):
        assert row is not None, f"{id} was acknowledged and is lost"
        # The write in flight at the death may have been done without an answer, never more than that one.
        assert row.vid - vid in {0, 1}, id
        if row.vid == vid:
            assert json.loads(row.body())["identifier"][0]["value"] == str(number)
    twice = await store.fetch("SELECT rid FROM res GROUP BY rid HAVING count(*) > 1")
    assert twice == []
    heard: list[Fault] = []
    checked = await check(store, heard.append)
    assert heard == []
    assert checked.resources >= len(acknowledged) > CLIENTS
    await store.close()


@pytest.mark.parametrize("whom", ["the server", "a process of the server"])
async def test_postgresql_is_killed_while_clients_write(data_dir: Path, whom: str) -> None:
    server = embedded.start(data_dir)
    await prepared(server.dsn)
    store = await Store.open(server.dsn, keys=key_store())
    acknowledged: dict[str, tuple[int, int]] = {}
    clients = asyncio.gather(*(write_until_it_fails(store, n, acknowledged) for n in range(CLIENTS)))
    await asyncio.sleep(SECONDS)
    assert server.pid is not None
    victim = server.pid
    if whom != "the server":
        victim = await _backend(server.dsn)
    os.kill(victim, signal.SIGKILL)
    await asyncio.wait_for(clients, 60)
    with embedded.start(data_dir) as again:
        # The same store finds the server again by itself.
        assert await eventually(store, next(iter(acknowledged)))
        await store.close()
        await compare(again.dsn, acknowledged)
    server.stop()


async def eventually(store: Store, id: str) -> bool:
    for _ in range(100):
        try:
            return await store.get("Patient", id) is not None
        except OutcomeError as refusal:
            assert refusal.status == 503  # noqa: PT017  the server comes up
            await asyncio.sleep(0.1)
    return False


async def _backend(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    pid: int = await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
        "ORDER BY query_start DESC LIMIT 1"
    )
    await connection.close()
    return pid


async def test_the_writing_process_is_killed(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        await prepared(server.dsn)
        writer = await create_subprocess_exec(
            *(sys.executable, "-m", "tests.store.test_crash", server.dsn), stdout=PIPE, limit=2**24, cwd=ROOT
        )
        assert writer.stdout is not None
        acknowledged: dict[str, tuple[int, int]] = {}
        while len(acknowledged) < 20 * CLIENTS:
            id, vid, number = json.loads(await asyncio.wait_for(writer.stdout.readline(), 60))
            acknowledged[id] = (vid, number)
        writer.kill()
        for line in (await writer.stdout.read()).splitlines(keepends=True):
            if line.endswith(b"\n"):
                id, vid, number = json.loads(line)
                acknowledged[id] = (vid, number)
        await writer.wait()
        await compare(server.dsn, acknowledged)


async def _write(dsn: str) -> None:
    """Be the process that is killed: tell each acknowledged write in a line."""
    store = await Store.open(dsn, keys=key_store())

    async def client(n: int) -> None:
        for turn in range(100_000):
            for id in (f"c{n}-{turn}", f"c{n}-hot"):
                written = await store.write(patient(id, turn))
                sys.stdout.write(json.dumps([id, written.vid, turn]) + "\n")
                sys.stdout.flush()

    await asyncio.gather(*(client(n) for n in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(_write(sys.argv[1]))
