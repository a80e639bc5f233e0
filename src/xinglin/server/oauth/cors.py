"""Cross-origin requests: pages of registered apps may call FHIR and the authorization server, pages of others not."""

from datetime import datetime, timedelta
from typing import Final

from xinglin.server.http import ASGIApp, Header, Message, Receive, Scope, Send
from xinglin.store.identity import clients
from xinglin.store.store import Store

KEPT_FOR: Final = timedelta(seconds=5)
PREFIXES: Final = ("/fhir", "/oauth/", "/.well-known/")
ALLOWED: Final[tuple[Header, ...]] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"accept, authorization, content-type, if-match, if-modified-since, if-none-exist, if-none-match, prefer",
    ),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
)
EXPOSED: Final[Header] = (
    b"access-control-expose-headers",
    b"content-location, etag, last-modified, location, www-authenticate, x-request-id",
)
_VARY: Final[Header] = (b"vary", b"origin")
_ALLOW: Final = b"access-control-allow-origin"


class Cors:
    """Puts the headers of CORS around an application; cookies are never let through."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._known: tuple[datetime | None, frozenset[str]] = (None, frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event."""
        origin = _origin(scope)
        if not origin or not await self._is_known(origin.decode("latin-1")):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            headers = [(_ALLOW, origin), *ALLOWED, _VARY]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message.get("headers", ()) if header[0] != _ALLOW]
                message = {**message, "headers": [*kept, (_ALLOW, origin), EXPOSED, _VARY]}
            await send(message)

        await self._app(scope, receive, allowing)

    async def _is_known(self, origin: str) -> bool:
        now = self._store.now
        at, origins = self._known
        if at is None or at <= now:
            origins = await clients.origins(self._store)
            self._known = now + KEPT_FOR, origins
        return origin in origins


def _origin(scope: Scope) -> bytes:
    if scope["type"] != "http" or not scope["path"].startswith(PREFIXES):
        return b""
    return next((value for name, value in scope["headers"] if name == b"origin"), b"")
