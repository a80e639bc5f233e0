"""``GET /live``: tells an open page that something it shows has changed (server-sent events); no content is sent.

The page's view names its topics; what is rendered carries them with the reader's account and an end, signed, so nobody
listens to what no page showed him. A page without JavaScript loads itself again after some seconds.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
from starlette.requests import Request as PageRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from xinglin.fhir.outcome import OutcomeError
from xinglin.server.asgi import LIVE
from xinglin.server.base import address_of
from xinglin.server.call import PrincipalOf
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.store.announcing import MOST
from xinglin.store.door import Door
from xinglin.store.vault.vault import Vault

KIND: Final = "live"
VALID_SECONDS: Final = 12 * 3600
# A stream ends after this time and the browser asks again: so a process that stops is not held up, and a session that
# has ended hears nothing more.
STREAM_SECONDS: Final = 20
AGAIN_MS: Final = 1_000
LATER_MS: Final = 60_000  # when an account has as many as it may
AT_ONCE: Final = 12  # open streams of one account in a process
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff", "x-accel-buffering": "no"}


class Ticket(msgspec.Struct, array_like=True, frozen=True):
    """What a page may listen to. account: of its reader. until: seconds since the epoch."""

    account: str
    until: int
    topics: tuple[str, ...]


def address(vault: Vault, account: str, topics: Sequence[str], now: datetime) -> str:
    """Give the address where a page of *account* hears of *topics*; empty when there are none."""
    if not topics:
        return ""
    ticket = msgspec.json.encode(Ticket(account, int(now.timestamp()) + VALID_SECONDS, tuple(topics[:MOST])))
    token = urlsafe_b64encode(ticket).decode().rstrip("=")
    return f"{LIVE}?t={token}.{vault.digest(KIND, token).hex()}"


def opened(vault: Vault, token: str, account: str, now: datetime) -> tuple[str, ...]:
    """Give the topics of a ticket; none when it is forged, another's, or too old."""
    body, _, mark = token.partition(".")
    if not hmac.compare_digest(mark, vault.digest(KIND, body).hex()):
        return ()
    try:
        ticket = msgspec.json.decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Ticket)
    except (Error, ValueError, msgspec.DecodeError):
        return ()
    return ticket.topics if ticket.account == account and ticket.until > now.timestamp() else ()


class Live:
    """The streams of one process; principal_of says who listens."""

    def __init__(
        self, door: Door, settings: Settings, principal_of: PrincipalOf, *, seconds: float = STREAM_SECONDS
    ) -> None:
        self._door = door
        self._proxies = settings.proxies
        self._principal_of = principal_of
        self._seconds = seconds
        self._open: Counter[str] = Counter()

    def routes(self) -> tuple[Route, ...]:
        """List the addresses."""
        return (Route(LIVE, self._listen, methods=["GET"]),)

    async def _listen(self, request: PageRequest) -> Response:
        account = await self._account(request)
        topics = opened(self._door.vault, request.query_params.get("t", ""), account, self._door.clock.now())
        # 204 tells the browser not to ask again.
        if not account or not topics:
            return Response(status_code=204, headers=_HEADERS)
        return StreamingResponse(self._stream(account, topics), media_type="text/event-stream", headers=_HEADERS)

    async def _stream(self, account: str, topics: tuple[str, ...]) -> AsyncIterator[bytes]:
        if self._open[account] >= AT_ONCE:
            yield f"retry: {LATER_MS}\n\n".encode()
            return
        self._open[account] += 1
        try:
            async with self._door.store.announcements.listening(topics) as ear:
                # The page may have been made before somebody listened: it looks once more.
                yield f"retry: {AGAIN_MS}\nevent: begin\ndata: {{}}\n\n".encode()
                if heard := await ear.heard(self._seconds):
                    yield b"event: live\ndata: " + msgspec.json.encode(sorted(heard)) + b"\n\n"
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]

    async def _account(self, request: PageRequest) -> str:
        asked = Request(
            request.method,
            request.url.path,
            b"",
            list(request.scope["headers"]),
            base_url="",
            id="",
            address=address_of(request.scope, self._proxies),
        )
        try:
            principal = await self._principal_of(asked)
        except OutcomeError as refused:
            if refused.status != 401:
                raise
            principal = None
        return principal.id if principal is not None else ""
