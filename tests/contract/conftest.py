"""The whole platform with nothing in the record but its readers, an account for each role; a header says who asks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec
import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.registry import Registry
from xinglin.security.accounts import PURPOSES, RESIDENT_ROLES, SIGNED_IN
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.server.principals import DEVELOPER
from xinglin.settings import Settings
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.identity import accounts, sealed
from xinglin.store.identity.accounts import Account
from xinglin.store.store import Store

SETTINGS: Final = Settings()
# Who reads, and for whom: the only ones in the record.
READERS: Final[tuple[dict[str, Any], ...]] = (
    {"resourceType": "Organization", "id": "1", "name": "某院"},
    {"resourceType": "Practitioner", "id": "1", "name": [{"text": "某人"}]},
    {"resourceType": "Patient", "id": "1", "name": [{"text": "某人"}], "gender": "female", "birthDate": "1999-03-08"},
)


@dataclass(frozen=True, slots=True)
class Platform:
    """What the tests ask: pages over HTTP, and the door behind them."""

    registry: Registry
    door: Door
    client: httpx.AsyncClient


@pytest.fixture(scope="module")
async def platform(postgres_dsn: str) -> AsyncIterator[Platform]:
    store = await Store.open(postgres_dsn, connections=4, keys=key_store())
    registry = create_registry(SETTINGS)
    door = Door(store, registry.rulebook)
    people = {"developer": DEVELOPER}
    async with door.work(SYSTEM) as work:
        for one in READERS:
            await work.fhir.update(msgspec.json.encode(one), type=one["resourceType"], id=one["id"])
        for role in sorted(SIGNED_IN):
            people[role] = await _somebody(work, role)

    async def who(request: Request) -> Principal | None:
        return people.get(request.header(b"x-who") or "")

    pages = create_pages(registry, door, SETTINGS, principal_of=who)
    served = create_asgi(registry, door, SETTINGS, pages=pages, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as client:
        yield Platform(registry, door, client)
    await store.close()


async def _somebody(work: UnitOfWork, role: str) -> Principal:
    """Make an account for a role, and the principal of its session."""
    resident = role in RESIDENT_ROLES
    id = work.new_id()
    name = sealed.seal(work.vault, sealed.name_place(id), "某人")
    account = Account(
        id,
        "resident" if resident else "staff",
        "active",
        name,
        work.now,
        login="" if resident else role,
        person="Patient/1" if resident else "Practitioner/1",
        level="L2" if resident else "",
    )
    await accounts.add(work.executor, account, {})
    return Principal(
        id=id,
        roles=frozenset({role}),
        patient="Patient/1" if resident else None,
        patients=("Patient/1",) if resident else (),
        practitioner=None if resident else "Practitioner/1",
        organization=None if resident else "Organization/1",
        purpose=PURPOSES[role],
        level="L2" if resident else "",
        strong=True,
        display="某人",
    )
