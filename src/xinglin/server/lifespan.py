"""Start and end of a worker: what it needs is opened in its own event loop, and closed when it ends."""

import gc
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from xinglin.server.http import ASGIApp, Message, Receive, Scope, Send

# Objects made before a collection of the youngest; Python's 700 is for programs that keep little.
_COLLECT_AFTER = 20_000


class Lifespan:
    """An ASGI application that is made when the server starts the worker.

    opened: gives the application and keeps it open; entered at ASGI's startup event and left at its shutdown.
    """

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[ASGIApp]]) -> None:
        self._opened = opened
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event, or live through the worker's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        else:
            raise RuntimeError("the worker was not started: the server must speak ASGI's lifespan protocol")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        answer: Message = {"type": "lifespan.startup.complete"}
        try:
            async with self._opened() as app:
                self._app = app
                _settle()
                await send(answer)
                await receive()
                self._app = None
        except Exception as error:
            structlog.get_logger().error("worker.failed", exc_info=error)
            kind = "shutdown" if self._app is None else "startup"
            await send({"type": f"lifespan.{kind}.failed", "message": type(error).__name__})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def _settle() -> None:
    """Take what was made at the start, which lives as long as the worker, out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
