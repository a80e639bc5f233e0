"""The floor of reading: the least application, answering the same bytes to everyone."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bench.population import observation

BODY = observation(1, patients=100)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def make() -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Give the application; the server asks for a function that makes it."""
    return application


async def application(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 200 and BODY."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/fhir+json"), (b"content-length", b"%d" % len(BODY)), (b"etag", b'W/"1"')]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
