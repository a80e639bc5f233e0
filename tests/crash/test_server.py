"""The program itself dies hard while clients write over HTTP: what was acknowledged is there, once, and consistent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import key_file, prepared
from xinglin.cli.ports import answers, free_port
from xinglin.store import embedded

CLIENTS = 8
ENOUGH = 10 * CLIENTS  # acknowledged creates before the death
SYSTEM = "urn:number"


@dataclass
class Acknowledged:
    """What the clients were told: created number -> id, and the newest version of each resource under a client's id.

    tried: numbers of creates that were sent, answered or not.
    """

    created: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)


@contextmanager
def serving(dsn: str, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `xinglin serve` in a session of its own, and end it when it still lives."""
    settings = {"XINGLIN_DATABASE_URL": dsn, "XINGLIN_PORT": str(port), "XINGLIN_LOG_LEVEL": "error"}
    settings["XINGLIN_KEY_FILE"] = str(key_file())
    server = subprocess.Popen(
        [sys.executable, "-m", "xinglin", "serve"], env=os.environ | settings, start_new_session=True
    )
    try:
        ready = answers(f"http://127.0.0.1:{port}/health/ready", seconds=40, alive=lambda: server.poll() is None)
        assert ready, "the server did not come up"
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(30)


def kill_all_of(server: "subprocess.Popen[bytes]") -> None:
    """Kill the server and its workers at once, as the kernel would when it runs out of memory."""
    os.killpg(server.pid, signal.SIGKILL)
    server.wait(10)


def patient(number: str, id: str | None = None) -> bytes:
    document = {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": number}],
        "name": [{"family": "王", "given": ["小明"]}],
        "birthDate": "1990-01-02",
    }
    return json.dumps(document if id is None else document | {"id": id}).encode()


async def sent(request: Awaitable[httpx.Response]) -> httpx.Response | None:
    """Give the answer that says it was done; None when the server died, or said that the database is away."""
    try:
        answer = await request
    except httpx.TransportError:
        return None
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return None
    return answer.raise_for_status()


async def write_until(over: asyncio.Event, client: int, port: int, told: Acknowledged) -> None:
    """Create and update in turn, and note every answer that says it was done."""
    headers = {"Content-Type": "application/fhir+json"}
    own = f"client-{client}"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/fhir", headers=headers, timeout=20) as http:
        for turn in range(100_000):
            number = f"{client}-{turn}"
            told.tried.append(number)
            made = await sent(http.post("/Patient", content=patient(number)))
            changed = await sent(http.put(f"/Patient/{own}", content=patient(f"hot-{number}", own)))
            if made is not None:
                told.created[number] = made.headers["Location"].split("/Patient/")[1].split("/")[0]
            if changed is not None:
                told.versions[own] = int(changed.headers["ETag"].removeprefix('W/"').removesuffix('"'))
            if over.is_set():
                return
            if made is None or changed is None:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def clients(port: int, told: Acknowledged) -> AsyncIterator[None]:
    """Let clients write before and while the block runs; each stops after the request it is in."""
    over = asyncio.Event()
    tasks = [asyncio.create_task(write_until(over, n, port, told)) for n in range(CLIENTS)]
    try:
        async with asyncio.timeout(60):
            while len(told.created) < ENOUGH:  # noqa: ASYNC110  eight writers would have to set the event
                await asyncio.sleep(0.01)
        yield
    finally:
        over.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def compare(port: int, told: Acknowledged) -> None:
    """Ask the server for everything that was acknowledged, and for what was tried."""
    assert len(told.created) >= ENOUGH
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/fhir", timeout=20) as http:
        stored: dict[str, list[str]] = {}
        page: str | None = f"/Patient?identifier={SYSTEM}|&_count=1000"
        while page is not None:
            bundle = (await http.get(page)).raise_for_status().json()
            for entry in bundle.get("entry", []):
                number = entry["resource"]["identifier"][0]["value"]
                stored.setdefault(number, []).append(entry["resource"]["id"])
            page = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        for number, id in told.created.items():
            assert stored.get(number) == [id], f"{number} was acknowledged as {id}"
        assert all(len(stored.get(number, [])) <= 1 for number in told.tried)
        for own, newest in told.versions.items():
            bundle = (await http.get(f"/Patient/{own}/_history?_count=1000")).raise_for_status().json()
            versions = [int(entry["resource"]["meta"]["versionId"]) for entry in bundle["entry"]]
            assert versions == sorted(set(versions), reverse=True), "a version stands twice"
            assert versions[0] >= newest


def check(dsn: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xinglin", "check"],
        env=os.environ | {"XINGLIN_DATABASE_URL": dsn, "XINGLIN_KEY_FILE": str(key_file())},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_the_server_is_killed_while_clients_write(data_dir: Path) -> None:
    told = Acknowledged()
    with embedded.start(data_dir) as postgresql:
        await prepared(postgresql.dsn)
        port = free_port("127.0.0.1", 18_080)
        with serving(postgresql.dsn, port) as server:
            async with clients(port, told):
                await asyncio.to_thread(kill_all_of, server)
        with serving(postgresql.dsn, port):
            await compare(port, told)
        await asyncio.to_thread(check, postgresql.dsn)


@pytest.mark.timeout(170)
async def test_postgresql_is_killed_under_a_server_that_goes_on(data_dir: Path) -> None:
    told = Acknowledged()
    first = embedded.start(data_dir)
    await prepared(first.dsn)
    port = free_port("127.0.0.1", 18_090)
    with serving(first.dsn, port):
        async with clients(port, told):
            assert first.pid is not None
            os.kill(first.pid, signal.SIGKILL)
            before = len(told.created)
            second = await asyncio.to_thread(embedded.start, data_dir)
            for _ in range(200):
                if len(told.created) > before:
                    break
                await asyncio.sleep(0.1)
        assert len(told.created) > before, "no client could write after PostgreSQL came back"
        await compare(port, told)
    await asyncio.to_thread(check, second.dsn)
    second.stop()
    first.stop()
