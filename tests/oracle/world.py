"""The town in a real store, behind the real application, and the truth about it."""

import time  # the clock of the town runs on from its own moment
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from tests.conftest import key_store
from tests.oracle import people
from tests.oracle.asked import Everything, name_of
from tests.oracle.decision import Judge, Rule
from tests.oracle.pages import capabilities
from tests.oracle.town import MERGED, NOW, Town
from tests.oracle.values import SURVIVORS, Document
from tests.server.conftest import OPEN
from xinglin.registry import Registry
from xinglin.security.principal import Principal
from xinglin.server.asgi import Application, create_asgi
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store import merging
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.store import Store

SETTINGS = Settings(page_max=1000, max_bundle_entries=500)
DEVELOPER = Principal("dev", frozenset({"developer"}))


@dataclass
class World:
    """Everything that was written: versions by name (None is a delete), what stands now, and who may ask."""

    client: httpx.AsyncClient
    door: Door
    crowd: Mapping[str, Principal]
    rules: tuple[Rule, ...]
    versions: dict[str, list[Document | None]] = field(default_factory=dict)

    @property
    def current(self) -> dict[str, Document]:
        return {name: versions[-1] for name, versions in self.versions.items() if versions[-1] is not None}

    def content(self, name: str, vid: int) -> Document:
        """The version, or for a delete the one before it."""
        found = self.versions[name][vid - 1] or self.versions[name][vid - 2]
        assert found is not None
        return found

    def settle(self) -> None:
        """Make one judge for each of the crowd, once everything is written."""
        current = self.current
        self.every = Everything(current.values())
        ever = {name: [one for one in versions if one is not None] for name, versions in self.versions.items()}
        self.judges = {id: Judge(one, self.rules, current, NOW, ever) for id, one in self.crowd.items()}


def registry_of(rules: tuple[Rule, ...]) -> Registry:
    return Registry((OPEN, *capabilities(rules)))


def application(registry: Registry, door: Door, crowd: Mapping[str, Principal]) -> Application:

    async def who(request: Request) -> Principal | None:
        return crowd.get(request.header(b"x-who") or "")

    pages = create_pages(registry, door, SETTINGS, principal_of=who)
    return create_asgi(registry, door, SETTINGS, pages=pages, principal_of=who)


async def open_store(dsn: str) -> Store:
    """A store whose clock stands at the town's moment when it is opened."""
    began = time.monotonic()
    clock = Clock(lambda: NOW + timedelta(seconds=time.monotonic() - began))
    return await Store.open(dsn, connections=8, keys=key_store(), clock=clock)


async def merged(store: Store) -> None:
    """Let some patients stand for others; more is written of them later."""
    for source, target in MERGED:
        async with store.begin() as transaction:
            await merging.hold(transaction)
            await merging.merge(transaction, source, target, by="dev", reason="one person")
        into = f"Patient/{target}"
        SURVIVORS.update({one: into for one, known in SURVIVORS.items() if known == f"Patient/{source}"})
        SURVIVORS[f"Patient/{source}"] = into


async def settled(client: httpx.AsyncClient, door: Door, crowd: Mapping[str, Principal], town: Town) -> World:
    """Write the town as one who may do everything."""
    world = World(client, door, crowd, people.rules())
    headers = {"x-who": "dev"}
    for place, one in enumerate(town.written):
        if place == len(town.written) // 2:
            await merged(door.store)
        name = name_of(one)
        response = await client.put(f"/{name}", json=one, headers=headers)
        assert response.status_code in {200, 201}, response.text
        if response.json()["meta"]["versionId"] == str(len(world.versions.get(name, ())) + 1):
            world.versions.setdefault(name, []).append(one)
    for name in town.deleted:
        response = await client.delete(f"/{name}", headers=headers)
        assert response.status_code in {200, 204}, response.text
        world.versions[name].append(None)
    world.settle()
    return world
