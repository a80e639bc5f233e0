"""The application with its authorization server, in process, over a clock that a test may put forward."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from tests.conftest import key_store
from tests.server.oauth.people import BASE, CLINIC, Person, observation, patient, register, sign_in
from tests.server.oauth.served import compose
from xinglin.registry import Registry
from xinglin.security.principal import Principal
from xinglin.server.http import ASGIApp
from xinglin.server.oauth.service import Oauth, create_oauth
from xinglin.settings import Settings
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.identity.clients import Client
from xinglin.store.store import Store

SETTINGS = Settings(dev_principal=False)
WRITER = Principal("physician", frozenset({"physician"}))
RECORDS = (
    patient("1"),
    patient("2", "王"),
    patient("3", "李"),
    observation("lab-1", "1"),
    observation("vital-1", "1", "vital-signs"),
    observation("lab-2", "2"),
    observation("lab-3", "3"),
)


@dataclass
class Time:
    """A clock that stands until it is put forward."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 2, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture(scope="module")
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
async def store(postgres_dsn: str, time: Time) -> AsyncIterator[Store]:
    opened = await Store.open(postgres_dsn, connections=6, keys=key_store(), clock=Clock(time))
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def door(store: Store) -> Door:
    made = Door(store, Registry((CLINIC,)).rulebook)
    async with made.work(WRITER) as work:
        for record in RECORDS:
            await work.fhir.update(msgspec.json.encode(record), type=record["resourceType"], id=record["id"])
    return made


@pytest.fixture(scope="module")
def oauth(door: Door) -> Oauth:
    return create_oauth(door, SETTINGS)


@pytest.fixture(scope="module")
def served(door: Door) -> ASGIApp:
    return compose(door, SETTINGS)


@pytest.fixture
async def http(served: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=BASE) as made:
        yield made


@pytest.fixture
async def resident(door: Door) -> Person:
    return await sign_in(door, "resident", "Patient/1")


@pytest.fixture
async def parent(door: Door) -> Person:
    return await sign_in(door, "resident", "Patient/1", dependants=("Patient/2",))


@pytest.fixture
async def physician(door: Door) -> Person:
    return await sign_in(door, "physician", "Practitioner/w")


@pytest.fixture
async def app_client(door: Door) -> Client:
    return await register(door)
