"""A town in a store of its own, for each module; a module may name another TOWN."""

import random  # noqa: TID251  seeded
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.oracle import people
from tests.oracle.town import Town
from tests.oracle.values import SURVIVORS
from tests.oracle.world import DEVELOPER, World, application, open_store, registry_of, settled
from xinglin.store.door import Door


@pytest.fixture(scope="module")
async def world(postgres_dsn: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    store = await open_store(postgres_dsn)
    crowd = {one.id: one for one in [DEVELOPER, *people.principals(random.Random(5))]}
    registry = registry_of(people.rules())
    door = Door(store, registry.rulebook)
    app = application(registry, door, crowd)
    headers = {"content-type": "application/fhir+json"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost/fhir", headers=headers
    ) as client:
        yield await settled(client, door, crowd, Town(getattr(request.module, "TOWN", 3)))
    SURVIVORS.clear()
    await store.close()
