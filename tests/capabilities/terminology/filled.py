"""Puts the national tables into a database, before servers of a test open it."""

import asyncio

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.store.terminology.filling import fill


def filled(dsn: str) -> None:
    """Fill a migrated database; not to be called where an event loop runs."""
    asyncio.run(_filled(dsn))


async def _filled(dsn: str) -> None:
    store = await Store.open(dsn, connections=4, keys=key_store())
    try:
        await fill(Door(store, create_registry(Settings()).rulebook))
    finally:
        await store.close()
