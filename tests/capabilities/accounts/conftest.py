"""The whole application in process, with a vault, and a clock that a test may put forward."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher

from tests.conftest import emptied
from xinglin.app import create_registry
from xinglin.capabilities.accounts.operations.login import totp_place
from xinglin.registry import Registry
from xinglin.security.principal import ANONYMOUS
from xinglin.server.asgi import create_asgi
from xinglin.server.pages import create_pages
from xinglin.server.principals import development, first_of
from xinglin.server.sessions import Sessions
from xinglin.settings import Settings
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.identity import accounts, factors, sealed
from xinglin.store.identity.accounts import Account, Assignment
from xinglin.store.identity.factors import Factor
from xinglin.store.store import Store
from xinglin.store.vault.keystore import FileKeyStore

SETTINGS: Final = Settings(
    demo=True, sms_url="http://127.0.0.1:1/sms", register_url="http://127.0.0.1:1/register", dev_principal=False
)
PASSWORD: Final = "Luo-Ye-7-Gui-Gen"
TABLES: Final = (
    "account handle assignment factor session ticket attempt proofing dependant notice_taken "
    "res hist ix dx sx qx tx term procrastinate_periodic_defers procrastinate_jobs"
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


@dataclass(frozen=True)
class Staff:
    """An account of staff with what its owner knows."""

    id: str
    login: str
    secret: str

    def code(self, at: datetime) -> str:
        return pyotp.TOTP(self.secret).at(at)


Hire = Callable[..., Awaitable[Staff]]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 that costs a test nothing; `test_factors` has the real one."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(factors, "_hasher", lambda: quick)
    factors._nobody.cache_clear()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def store(postgres_dsn: str, keys: FileKeyStore, time: Time) -> AsyncIterator[Store]:
    opened = await Store.open(postgres_dsn, connections=6, keys=keys, clock=Clock(time))
    yield opened
    await opened.close()
    await emptied(postgres_dsn, TABLES)


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return create_registry(settings)


@pytest.fixture
def door(store: Store, registry: Registry) -> Door:
    return Door(store, registry.rulebook)


@pytest.fixture
async def client(door: Door, settings: Settings, registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    who = first_of(Sessions(door.store, settings), development(settings))
    pages = create_pages(registry, door, settings, principal_of=who)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as made:
        yield made


@pytest.fixture
def hire(door: Door) -> Hire:
    """Make accounts of staff who have set up password and app."""

    async def make(
        *roles: str, login: str = "wang", person: str | None = None, organization: str | None = "Organization/h"
    ) -> Staff:
        async with door.work(ANONYMOUS) as work:
            id = work.new_id()
            secret = factors.new_secret()
            account = Account(
                id,
                "staff",
                "active",
                sealed.seal(work.vault, sealed.name_place(id), "王建国"),
                work.now,
                login=login,
                person=person,
                organization=organization,
            )
            assert await accounts.add(work.executor, account, {"login": work.vault.digest("login", login)})
            for place, role in enumerate(roles):
                since = work.now - timedelta(seconds=len(roles) - place)  # the first one is acted in first
                given = Assignment(id, work.new_id(), role, since, "test", organization=organization)
                await accounts.assign(work.executor, given)
            for kind, kept in (
                ("password", factors.hashed(PASSWORD)),
                ("totp", sealed.seal(work.vault, totp_place(id), secret)),
            ):
                await factors.add(work.executor, id, Factor(id=work.new_id(), kind=kind, secret=kept, made=work.now))
        return Staff(id, login, secret)

    return make


async def csrf(client: httpx.AsyncClient) -> str:
    """Give the token that forms carry."""
    if "csrf" not in client.cookies:
        await client.get("/login/staff")
    return client.cookies["csrf"]


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form of the site."""
    return await client.post(path, data={"csrf": await csrf(client)} | fields)


def hidden(answer: httpx.Response, name: str) -> str:
    """Give the value of a hidden field."""
    return answer.text.split(f'name="{name}" value="')[-1].split('"')[0]


async def sign_in(client: httpx.AsyncClient, staff: Staff, time: Time) -> httpx.Response:
    """Give both factors."""
    first = await post(client, "/login/staff", login=staff.login, password=PASSWORD)
    assert first.status_code == 200, first.text
    return await post(client, "/login/second", ticket=hidden(first, "ticket"), code=staff.code(time.at))
