"""The whole platform, where a cookie says who asks: residents by number, a doctor, a desk, an administrator."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from tests.capabilities.appointments import hospital
from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp, Request
from xinglin.server.lifespan import Lifespan
from xinglin.server.live import Live
from xinglin.server.log import configure
from xinglin.server.pages import Part, create_pages
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

PEOPLE = {
    "doctor": replace(hospital.DOCTOR, display="王建国"),
    "desk": replace(hospital.DESK, display="高雨欣"),
    "admin": replace(hospital.ADMIN, display="管理员"),
    "system": SYSTEM,
}


async def who(request: Request) -> Principal | None:
    """Take the principal from a cookie or a header; nobody without one."""
    named = (request.header(b"cookie") or "").partition("who=")[2].partition(";")[0]
    asked = request.header(b"x-who") or named
    if asked.startswith("p") and asked[1:].isdigit():
        return hospital.resident(int(asked[1:]))
    return PEOPLE.get(asked)


def create_app() -> Lifespan:
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(opened, settings))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ASGIApp]:
    assert settings.database_url is not None
    store = await Store.open(settings.database_url.reveal(), connections=settings.db_connections, keys=key_store())
    registry = create_registry(settings)
    door = Door(store, registry.rulebook)
    part = Part(routes=(*Live(door, settings, who).routes(),))
    pages = create_pages(registry, door, settings, principal_of=who, part=part)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    try:
        yield served
    finally:
        served.flush()
        await store.close()
