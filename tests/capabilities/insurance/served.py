"""A server with settlements, where a cookie says who asks: the insurer's clerk, or the system."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.conftest import key_store
from xinglin.capabilities.access import capability as access
from xinglin.capabilities.insurance import capability as insurance
from xinglin.capabilities.notifications import capability as notifications
from xinglin.capabilities.records import capability as records
from xinglin.registry import Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp, Request
from xinglin.server.lifespan import Lifespan
from xinglin.server.log import configure
from xinglin.server.pages import create_pages
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

CLERK = Principal(
    "i1",
    frozenset({"insurer"}),
    organization="Organization/o-insurer",
    purpose="HPAYMT",
    display="徐慧敏",
    strong=True,
)
PEOPLE = {"clerk": CLERK, "system": SYSTEM}


async def who(request: Request) -> Principal | None:
    """Take the principal from a cookie or a header; nobody without one."""
    named = (request.header(b"cookie") or "").partition("who=")[2].partition(";")[0]
    return PEOPLE.get(request.header(b"x-who") or named)


def create_app() -> Lifespan:
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(opened, settings))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ASGIApp]:
    assert settings.database_url is not None
    store = await Store.open(settings.database_url.reveal(), connections=settings.db_connections, keys=key_store())
    registry = Registry(tuple(one.declare(settings) for one in (records, notifications, access, insurance)))
    door = Door(store, registry.rulebook)
    pages = create_pages(registry, door, settings, principal_of=who)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    try:
        yield served
    finally:
        served.flush()
        await store.close()
