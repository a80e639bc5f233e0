"""The application over real PostgreSQL, spoken to in process."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import key_store
from tests.errands.capability import declare as errands
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Registry
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.principal import Principal
from xinglin.server.asgi import Application, create_asgi
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

OPEN = Capability(
    "open",
    Text("开放", "Open"),
    grants=(Grant("developer", INTERACTIONS, "*", operations=frozenset({"*"})),),
)
PEOPLE = {
    "resident": Principal("p", frozenset({"resident"}), patient="Patient/1"),
    "stranger": Principal("s", frozenset({"stranger"})),
    "dispatcher": Principal("d", frozenset({"dispatcher"})),
    "developer": Principal("dev", frozenset({"developer"})),
}
SETTINGS = Settings(max_bundle_entries=500, max_body_bytes=2 * 2**20, page_max=100)


async def who(request: Request) -> Principal | None:
    """Take the principal from a header; without it the developer asks."""
    return PEOPLE.get(request.header(b"x-who") or "developer")


@pytest.fixture(scope="module")
async def store(postgres_dsn: str) -> AsyncIterator[Store]:
    opened = await Store.open(postgres_dsn, connections=4, keys=key_store())
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def application(store: Store) -> Application:
    registry = Registry((OPEN, errands()))
    return create_asgi(registry, Door(store, registry.rulebook), SETTINGS, principal_of=who)


@pytest.fixture(scope="module")
async def client(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    headers = {"content-type": "application/fhir+json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir", headers=headers) as made:
        yield made
