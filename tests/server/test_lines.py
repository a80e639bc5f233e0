"""Sockets of lines: who gets on one, how words reach the others over the store, and what is bounded."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from typing import Any, Self

import pytest

from tests.conftest import key_store
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import Capability, Registry, Socket
from xinglin.security.principal import Principal
from xinglin.server.http import Request
from xinglin.server.lines import FAULTY, FULL, MOVED, WORD_MOST, Lines
from xinglin.settings import Settings
from xinglin.store import lines
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.store import Store
from xinglin.web.view import Seat

ANNA = Principal("anna", frozenset({"resident"}))
PEOPLE = {name: replace(ANNA, id=name) for name in ("anna", "bob", "carl", "dora")}
NOW = {"medium": "video"}
TOLD: list[Any] = []


async def who(request: Request) -> Principal | None:
    return PEOPLE.get(request.header(b"x-who") or "")


async def join(work: UnitOfWork, id: str) -> Seat:
    if id == "closed":
        raise OutcomeError(Issue("conflict", "over"))
    return Seat(f"visit/{id}", "patient" if work.principal.id == "anna" else "doctor", dict(NOW), (f"visit/{id}",))


async def told(work: UnitOfWork, id: str, said: Any) -> None:
    TOLD.append((work.principal.id, id, said))


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, keys=key_store())
    yield Door(store, Registry(()).rulebook)
    await store.close()


class Page:
    """A browser's end of a socket, without a network."""

    def __init__(
        self, door: Door, name: str, id: str, *, peer: str = "", origin: str = "http://x", after: str = ""
    ) -> None:
        socket = Socket("/visit/{id}/line", join, told)
        registry = Registry((Capability("talks", Text("通话", "Talks"), sockets=(socket,)),))
        (self._route,) = Lines(registry, door, Settings(), who, seconds=5).routes()
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        headers = [(b"host", b"x"), (b"x-who", name.encode())] + ([(b"origin", origin.encode())] if origin else [])
        query = f"peer={peer or name + '-page'}&after={after}".encode()
        path = f"/visit/{id}/line"
        self._scope: dict[str, Any] = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "root_path": "",
            "query_string": query,
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "subprotocols": [],
        }
        self._in.put_nowait({"type": "websocket.connect"})

    async def __aenter__(self) -> Self:
        _, more = self._route.matches(self._scope)
        scope = self._scope | dict(more)
        self._task: asyncio.Task[None] = asyncio.create_task(self._run(scope))
        return self

    async def _run(self, scope: dict[str, Any]) -> None:
        async def put(message: MutableMapping[str, Any]) -> None:
            self.out.put_nowait(dict(message))

        await self._route.app(scope, self._in.get, put)

    async def __aexit__(self, *_: object) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await self._task

    def say(self, **word: Any) -> None:
        self.shout(json.dumps(word))

    def shout(self, text: str) -> None:
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    async def heard(self) -> Any:
        """Give the next word, or the code by which the socket was closed."""
        async with asyncio.timeout(20):
            message = await self.out.get()
        if message["type"] == "websocket.accept":
            return await self.heard()
        return json.loads(message["text"]) if message["type"] == "websocket.send" else message.get("code", 403)


async def test_words_reach_the_one_they_are_for(door: Door) -> None:
    async with Page(door, "anna", "1") as anna:
        assert (await anna.heard())["others"] == []
        async with Page(door, "bob", "1") as bob:
            begin = await bob.heard()
            assert begin["others"] == [{"peer": "anna-page", "side": "patient"}]
            joined = await anna.heard()
            assert (joined["kind"], joined["from"], joined["side"]) == ("joined", "bob-page", "doctor")
            bob.say(kind="description", to="anna-page", data={"sdp": "x" * 9000})  # longer than a notification may be
            word = await anna.heard()
            assert (word["kind"], word["from"], len(word["data"]["sdp"])) == ("description", "bob-page", 9000)
            anna.say(kind="candidate", to="somebody-else", data=1)
            anna.say(kind="candidate", to="bob-page", data=2)
            assert (await bob.heard())["data"] == 2
            anna.say(kind="quality", data={"rtt": 5})
            anna.say(kind="candidate", to="bob-page", data=3)
            assert (await bob.heard())["data"] == 3
            assert TOLD == [("anna", "1", {"rtt": 5})]
        assert (await anna.heard())["kind"] == "left"
        # A page that comes again hears what was said meanwhile.
        anna.say(kind="candidate", to="bob-page", data=4)
        async with Page(door, "bob", "1", after=str(begin["number"])) as bob:
            said = [await bob.heard() for _ in range(4)]
            assert [one.get("data") for one in said[1:]] == [2, 3, 4]


async def test_what_changed_is_told_at_once(door: Door) -> None:
    async with Page(door, "anna", "2") as anna:
        assert (await anna.heard())["now"] == {"medium": "video"}
        NOW["medium"] = "audio"
        try:
            async with door.work(ANNA) as work:
                await work.announce("visit/2")
            assert await anna.heard() == {"kind": "now", "now": {"medium": "audio"}}
        finally:
            NOW["medium"] = "video"


@pytest.mark.parametrize(
    ("name", "id", "more"),
    [
        ("nobody", "3", {}),
        ("anna", "closed", {}),
        ("anna", "3", {"origin": "http://elsewhere"}),
        ("anna", "3", {"origin": ""}),
        ("anna", "3", {"peer": "x"}),
    ],
)
async def test_whoever_may_not_is_not_let_in(door: Door, name: str, id: str, more: dict[str, str]) -> None:
    async with Page(door, name, id, **more) as page:
        assert isinstance(await page.heard(), int)


@pytest.mark.parametrize("text", ["no json", '{"kind":"shutdown"}', "7", '"' + "x" * WORD_MOST + '"'])
async def test_what_is_no_word_ends_the_socket(door: Door, text: str) -> None:
    async with Page(door, "anna", "4") as anna:
        await anna.heard()
        anna.shout(text)
        assert await anna.heard() == FAULTY


async def test_three_people_at_most_and_each_on_one_page(door: Door) -> None:
    async with Page(door, "anna", "5") as anna, Page(door, "bob", "5") as bob, Page(door, "carl", "5") as carl:
        for one in (anna, bob, carl):
            assert (await one.heard())["kind"] == "begin"
        async with Page(door, "dora", "5") as dora:
            assert await dora.heard() == FULL
        async with Page(door, "bob", "5", peer="bobs-phone") as phone:
            assert len((await phone.heard())["others"]) == 2
            while (said := await bob.heard()) != MOVED:
                assert said["kind"] in {"joined", "gone"}


async def test_words_do_not_stay(door: Door) -> None:
    async with door.work(ANNA) as work:
        await lines.say(work.executor, "visit/6", "a", "", "{}", work.now - lines.KEPT * 2)
        await lines.say(work.executor, "visit/6", "a", "", '{"new":1}', work.now)
        assert [one.body for one in await lines.after(work.executor, "visit/6", "b", 0)] == ['{"new":1}']
        await lines.sweep(work.executor, work.now + lines.KEPT * 2)
        assert await lines.after(work.executor, "visit/6", "b", 0) == ()
