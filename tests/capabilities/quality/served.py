"""The whole platform, where a cookie says who asks: the commission, or the administrator of an institution."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from tests.capabilities.access.ward import put, staff
from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.capabilities.quality.operations import scores
from xinglin.capabilities.quality.operations.look import look
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp, Request
from xinglin.server.lifespan import Lifespan
from xinglin.server.log import configure
from xinglin.server.pages import create_pages
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

PEOPLE = {
    "admin": replace(staff("system-admin", "8", purpose="HSYSADMIN"), display="李建国"),
    "doctor": replace(staff("physician", "1"), display="孙强"),
    "regulator": replace(staff("regulator", "7", organization="Organization/9", purpose="HLEGAL"), display="王丽"),
}


def load(dsn: str, documents: Sequence[dict[str, Any]], *, looked: bool = True) -> None:
    """Write records; looked: look them through and write the scores, too."""

    async def run() -> None:
        store = await Store.open(dsn, keys=key_store())
        try:
            door = Door(store, create_registry(Settings()).rulebook, audited=False)
            await put(door, *documents)
            if not looked:
                return
            async with door.work(SYSTEM) as work:
                assert (await look(work)).done
                await scores.write(work)
        finally:
            await store.close()

    asyncio.run(run())


async def who(request: Request) -> Principal | None:
    """Take the principal from a cookie; nobody without one."""
    return PEOPLE.get((request.header(b"cookie") or "").partition("who=")[2].partition(";")[0])


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
    pages = create_pages(registry, door, settings, principal_of=who)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    try:
        yield served
    finally:
        served.flush()
        await store.close()
