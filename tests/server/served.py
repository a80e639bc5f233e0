"""An application that tests serve in processes of its own: the developer may do everything, and one page is slow."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.conftest import key_store
from tests.server.conftest import OPEN
from xinglin.registry import Registry
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp, Receive, Scope, Send
from xinglin.server.lifespan import Lifespan
from xinglin.server.log import configure
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

SLOW_S = 1.5


def create_app() -> Lifespan:
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(opened, settings))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ASGIApp]:
    assert settings.database_url is not None
    store = await Store.open(settings.database_url.reveal(), connections=settings.db_connections, keys=key_store())
    registry = Registry((OPEN,))
    served = create_asgi(registry, Door(store, registry.rulebook), settings, pages=slow)
    try:
        yield served
    finally:
        served.flush()
        await store.close()


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(SLOW_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})
