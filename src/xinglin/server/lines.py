"""Web sockets by which browsers find a way to each other (WebRTC signalling): words are handed on, nothing is kept.

Whoever asks comes from a page of ours, is signed in, and has a seat on the line by the capability's own decision, which
is asked again while the socket is open. Words go by the store, so that any process answers any browser (ADR 0110).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Literal

import msgspec
import structlog
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import Registry, Socket
from xinglin.security.principal import SYSTEM, Principal
from xinglin.security.throttle import Bucket, take
from xinglin.server.base import address_of
from xinglin.server.call import PrincipalOf
from xinglin.server.http import Request
from xinglin.server.log import frames_of
from xinglin.server.sessions import same_origin
from xinglin.settings import Settings
from xinglin.store import lines
from xinglin.store.announcing import Ear
from xinglin.store.door import Door
from xinglin.store.lines import Peer
from xinglin.web.view import Seat

WORD_MOST: Final = 24 * 1024  # characters; what three media and their candidates need is a third of it
WORDS_A_MINUTE: Final = 600  # of one socket; finding a way takes some dozens
AGAIN_SECONDS: Final = 25.0  # after which a silent socket is asked whether it may still be there
# Codes by which a socket is closed; the page tells them apart.
ENDED, FULL, MOVED, FAULTY = 4401, 4409, 4410, 4400
_PEER: Final = re.compile(r"[0-9a-z-]{8,40}")


class Told(msgspec.Struct, frozen=True):
    """A word of a browser. to: peer; empty: everybody. data: for the others opaque; of ``quality`` for the platform."""

    kind: Literal["description", "candidate", "bye", "quality"]
    to: str = ""
    data: Any = None


class Lines:
    """The sockets of one process; principal_of says who asks."""

    def __init__(
        self,
        registry: Registry,
        door: Door,
        settings: Settings,
        principal_of: PrincipalOf,
        *,
        seconds: float = AGAIN_SECONDS,
    ) -> None:
        self._registry = registry
        self._door = door
        self._proxies = settings.proxies
        self._principal_of = principal_of
        self._seconds = seconds

    def routes(self) -> tuple[WebSocketRoute, ...]:
        """List the addresses."""
        return tuple(WebSocketRoute(one.path, self._endpoint(one)) for one in self._registry.sockets)

    def _endpoint(self, socket: Socket) -> Callable[[WebSocket], Awaitable[None]]:
        async def endpoint(page: WebSocket) -> None:
            try:
                await self._open(socket, page)
            except OutcomeError:
                await _close(page, ENDED)  # before it was accepted, this is a plain 403
            except WebSocketDisconnect:
                return
            except Exception as error:  # noqa: BLE001  the last resort: logged, and closed without detail
                structlog.get_logger().error("line.bug", error=type(error).__qualname__, at=frames_of(error))
                await _close(page, 1011)

        return endpoint

    async def _open(self, socket: Socket, page: WebSocket) -> None:
        asked = self._asked(page)
        peer = page.query_params.get("peer", "")
        # A browser always names the origin of a socket; without one it is no page.
        if asked.header(b"origin") is None or not same_origin(asked) or not _PEER.fullmatch(peer):
            raise OutcomeError(Issue("forbidden", "foreign-page"), status=403)
        call = _Call(self, socket, page, asked, peer)
        await call.seated()
        await page.accept()
        await call.run()

    def _asked(self, page: WebSocket) -> Request:
        return Request(
            "GET",
            page.url.path,
            b"",
            list(page.scope["headers"]),
            base_url="",
            id="",
            address=address_of(page.scope, self._proxies),
        )

    async def principal(self, asked: Request) -> Principal:
        """Say who asks; OutcomeError 401 when nobody does, or the session has ended."""
        found = await self._principal_of(asked)
        if found is None:
            raise OutcomeError(Issue("login", "login"), status=401)
        return found

    @property
    def door(self) -> Door:
        """The door."""
        return self._door

    @property
    def seconds(self) -> float:
        """After how long a silent socket is asked again."""
        return self._seconds


class _Call:
    """One open socket."""

    def __init__(self, lines_: Lines, socket: Socket, page: WebSocket, asked: Request, peer: str) -> None:
        self._lines, self._socket, self._page, self._asked, self._peer = lines_, socket, page, asked, peer
        self._id = str(page.path_params["id"])
        self._door = lines_.door
        self._seat = Seat("", "", {})
        self._number = 0

    async def seated(self) -> Seat:
        """Ask for the seat, with today's rights."""
        principal = await self._lines.principal(self._asked)
        async with self._door.work(principal) as work:
            self._seat = await self._socket.join(work, self._id)
        self._account = principal.id
        return self._seat

    async def run(self) -> None:
        """Hand words on until one side ends."""
        line = self._seat.line
        async with self._door.store.announcements.listening((lines.topic(line), *self._seat.topics)) as ear:
            if not await self._entered():
                await _close(self._page, FULL)
                return
            tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._tell(ear))]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
            finally:
                for one in tasks:
                    one.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._gone()

    async def _entered(self) -> bool:
        mine = Peer(self._peer, self._account, self._seat.side)
        async with self._door.work(SYSTEM) as work:
            others = await lines.enter(work.executor, self._seat.line, mine, work.now)
            if others is None:
                return False
            newest = await lines.newest(work.executor, self._seat.line)
            # A page that comes again heard all until here, and asks for the rest.
            asked = self._page.query_params.get("after", "")
            self._number = min(int(asked), newest) if asked.isdecimal() and len(asked) < 18 else newest
            said = msgspec.json.encode({"kind": "joined", "side": self._seat.side}).decode()
            await lines.say(work.executor, self._seat.line, self._peer, "", said, work.now)
        there = [{"peer": one.peer, "side": one.side} for one in others]
        await self._send({"kind": "begin", "others": there, "now": self._seat.now, "number": self._number})
        return True

    async def _hear(self) -> None:
        """Take what the browser says; bounded in size and rate."""
        bucket: Bucket | None = None
        while True:
            text = await self._page.receive_text()
            bucket, wait = take(bucket, monotonic(), WORDS_A_MINUTE)
            if wait or len(text) > WORD_MOST:
                await _close(self._page, FAULTY)
                return
            try:
                told = msgspec.json.decode(text, type=Told)
            except (msgspec.DecodeError, UnicodeEncodeError):
                await _close(self._page, FAULTY)
                return
            if told.kind == "quality":
                await self._report(told)
                continue
            said = msgspec.json.encode({"kind": told.kind, "data": told.data}).decode()
            async with self._door.work(SYSTEM) as work:
                await lines.say(work.executor, self._seat.line, self._peer, told.to[:40], said, work.now)
            if told.kind == "bye":
                return

    async def _report(self, told: Told) -> None:
        """Let the capability hear of the line's quality, with the rights of whoever says it."""
        principal = await self._lines.principal(self._asked)
        try:
            async with self._door.work(principal) as work:
                await self._socket.told(work, self._id, told.data)
        except OutcomeError as refused:
            # The visit may have ended, or another side have changed the medium at the same time.
            await self._send({"kind": "refused", "key": refused.issues[0].key})

    async def _tell(self, ear: Ear) -> None:
        """Tell the browser what was said to it, and what has changed; ask now and then whether it may still be here."""
        while True:
            async with self._door.work(SYSTEM) as work:
                words = await lines.after(work.executor, self._seat.line, self._peer, self._number)
            for one in words:
                self._number = one.number
                said: dict[str, Any] = msgspec.json.decode(one.body)
                await self._send(said | {"from": one.sender, "number": one.number})
            heard = await ear.heard(self._lines.seconds)
            if not heard or heard & set(self._seat.topics):
                before = self._seat.now
                await self.seated()
                if self._seat.now != before:
                    await self._send({"kind": "now", "now": self._seat.now})
            async with self._door.work(SYSTEM) as work:
                if not await lines.stay(work.executor, self._seat.line, self._peer, work.now):
                    await _close(self._page, MOVED)
                    return
            if not heard:
                await self._send({"kind": "ping"})

    async def _gone(self) -> None:
        async with self._door.work(SYSTEM) as work:
            await lines.leave(work.executor, self._seat.line, self._peer)
            await lines.say(work.executor, self._seat.line, self._peer, "", '{"kind":"left"}', work.now)

    async def _send(self, said: dict[str, Any]) -> None:
        await self._page.send_text(msgspec.json.encode(said).decode())


async def _close(page: WebSocket, code: int) -> None:
    if page.application_state != WebSocketState.DISCONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):  # the browser was faster
            await page.close(code)
