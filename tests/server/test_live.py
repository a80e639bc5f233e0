"""Open pages hear that something has changed: those who were shown it, with the commit, and nothing of what it is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from tests.conftest import key_store
from xinglin.registry import Registry
from xinglin.security.principal import Principal
from xinglin.server.http import Request
from xinglin.server.live import AT_ONCE, VALID_SECONDS, Live, address, opened
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

ANNA = Principal("anna", frozenset({"resident"}))
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, keys=key_store())
    yield Door(store, Registry(()).rulebook)
    await store.close()


async def who(request: Request) -> Principal | None:
    return ANNA if request.header(b"x-who") == "anna" else None


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    routes = Live(door, Settings(), who, seconds=0.4).routes()
    transport = httpx.ASGITransport(Starlette(routes=list(routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers={"x-who": "anna"}) as made:
        yield made


def ticket(door: Door, *topics: str, account: str = "anna") -> str:
    return address(door.vault, account, topics, door.clock.now())


async def announce(door: Door, topic: str) -> None:
    async with door.work(ANNA) as work:
        await work.announce(topic)


async def announce_in_vain(door: Door, topic: str) -> None:
    async with door.work(ANNA) as work:
        await work.announce(topic)
        raise InterruptedError


async def test_what_was_announced_is_heard(door: Door, client: httpx.AsyncClient) -> None:
    streaming = asyncio.create_task(client.get(ticket(door, "visit/1", "visit/2")))
    await asyncio.sleep(0.1)
    await announce(door, "visit/2")
    answer = await streaming
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert [line for line in answer.text.splitlines() if line] == [
        *("retry: 1000", "event: begin", "data: {}"),
        *("event: live", 'data: ["visit/2"]'),
    ]


async def test_nothing_else_is_heard(door: Door, client: httpx.AsyncClient) -> None:
    streaming = asyncio.create_task(client.get(ticket(door, "visit/1")))
    await asyncio.sleep(0.1)
    await announce(door, "visit/3")
    with pytest.raises(InterruptedError):
        await announce_in_vain(door, "visit/1")
    assert "event: live" not in (await streaming).text


async def test_only_whoever_was_shown_the_page_may_listen(door: Door, client: httpx.AsyncClient) -> None:
    mine = ticket(door, "visit/1")
    assert (await client.get(mine, headers={"x-who": "nobody"})).status_code == 204
    assert (await client.get(ticket(door, "visit/1", account="bob"))).status_code == 204
    assert (await client.get(mine[:-1] + ("0" if mine[-1] != "0" else "1"))).status_code == 204
    assert (await client.get("/live?t=x")).status_code == 204
    assert (await client.get("/live")).status_code == 204


def test_a_ticket_ends(door: Door) -> None:
    token = address(door.vault, "anna", ["a"], NOW).partition("t=")[2]
    assert opened(door.vault, token, "anna", NOW) == ("a",)
    assert opened(door.vault, token, "anna", NOW + timedelta(seconds=VALID_SECONDS)) == ()
    assert address(door.vault, "anna", [], NOW) == ""


async def test_an_account_holds_so_many_streams_and_no_more(door: Door, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get(ticket(door, "visit/1")) for _ in range(AT_ONCE + 2)))
    assert Counter("begin" in answer.text for answer in answers) == {True: AT_ONCE, False: 2}
    assert "begin" in (await client.get(ticket(door, "visit/1"))).text


async def test_after_a_lost_connection_everybody_looks_again(door: Door) -> None:
    async with door.store.announcements.listening(["visit/1"]) as ear:
        [row] = await door.store.fetch(
            "SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%announced%' AND datname = current_database()"
        )
        assert row["ended"]
        assert await ear.heard(5) == {"visit/1"}
        await announce(door, "visit/1")
        assert await ear.heard(5) == {"visit/1"}


async def test_a_topic_is_short(door: Door) -> None:
    async with door.work(ANNA) as work:
        with pytest.raises(ValueError, match="1 to 200"):
            await work.announce("x" * 201)
