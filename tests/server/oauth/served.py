"""The application with its authorization server, for tests that serve it in processes of its own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.conftest import key_store
from tests.server.oauth.people import CLINIC
from xinglin.registry import Registry
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp
from xinglin.server.lifespan import Lifespan
from xinglin.server.log import configure
from xinglin.server.oauth.bearer import Bearers
from xinglin.server.oauth.cors import Cors
from xinglin.server.oauth.service import create_oauth
from xinglin.server.oauth.site import part_of
from xinglin.server.pages import create_pages
from xinglin.server.principals import first_of
from xinglin.server.sessions import Sessions
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

TARGET = f"{__name__}:create_app"


def create_app() -> Lifespan:
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(opened, settings))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ASGIApp]:
    assert settings.database_url is not None
    store = await Store.open(settings.database_url.reveal(), connections=settings.db_connections, keys=key_store())
    application = compose(Door(store, Registry((CLINIC,)).rulebook), settings)
    try:
        yield application
    finally:
        await store.close()


def compose(door: Door, settings: Settings) -> ASGIApp:
    """Put the application together as `xinglin.app` does, with the grants of the tests and without a developer."""
    registry = Registry((CLINIC,))
    sessions, bearers = Sessions(door.store, settings), Bearers(door.store, settings)
    pages = create_pages(registry, door, settings, principal_of=sessions, part=part_of(create_oauth(door, settings)))
    asgi = create_asgi(registry, door, settings, pages=pages, principal_of=first_of(bearers, sessions), smart=True)
    return Cors(asgi, door.store)
