"""The whole platform, where a cookie says who asks; whoever signs has a session with a fresh second factor."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from tests.capabilities.prescriptions import clinic
from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp, Request
from xinglin.server.lifespan import Lifespan
from xinglin.server.live import Live
from xinglin.server.log import configure
from xinglin.server.oauth.service import create_oauth
from xinglin.server.oauth.site import part_of
from xinglin.server.pages import create_pages
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

PEOPLE = {
    "doctor": clinic.DOCTOR,
    "pharmacist": replace(clinic.PHARMACIST, practitioner="Practitioner/f3"),
    "resident": clinic.RESIDENT,
}


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
    people = {"system": SYSTEM}
    for name, one in PEOPLE.items():
        people[name] = await clinic.signed_in(door, one) if name != "resident" else one

    async def who(request: Request) -> Principal | None:
        named = (request.header(b"cookie") or "").partition("who=")[2].partition(";")[0]
        return people.get(request.header(b"x-who") or named)

    part = part_of(create_oauth(door, settings))
    part = replace(part, routes=(*part.routes, *Live(door, settings, who).routes()))
    pages = create_pages(registry, door, settings, principal_of=who, part=part)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    try:
        yield served
    finally:
        served.flush()
        await store.close()
