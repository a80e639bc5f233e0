"""The same server without the ledger of acts: what reading and searching cost by themselves.

What the ledger costs is measured apart, as the price of the door.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from xinglin.app import create_registry, open_door
from xinglin.server.asgi import Application, create_asgi
from xinglin.server.lifespan import Lifespan
from xinglin.server.log import configure
from xinglin.settings import Settings, read
from xinglin.store.door import Door


def make() -> Lifespan:
    """Give the application; the server asks for a function that makes it."""
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(_opened, settings))


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Application]:
    registry = create_registry(settings)
    store = (await open_door(settings, registry)).store
    served = create_asgi(registry, Door(store, registry.rulebook, audited=False), settings)
    try:
        yield served
    finally:
        served.flush()
        await store.close()
