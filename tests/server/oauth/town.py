"""A running server with a resident and a physician who are signed in, and an app that is registered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from tests.conftest import key_store
from tests.server.oauth.people import CLINIC, Person, observation, patient, register, sign_in
from tests.server.oauth.served import TARGET
from tests.server.running import Running, running
from xinglin.registry import Registry
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.store.identity.clients import Client
from xinglin.store.store import Store

WRITER = Principal("physician", frozenset({"physician"}))
RECORDS = (
    patient("1"),
    patient("2", "王"),
    observation("lab-1", "1"),
    observation("lab-2", "2"),
)


@dataclass(frozen=True)
class Town:
    """Where the server is, who is signed in there, and the app whose pages lie at ``origin``."""

    server: Running
    resident: Person
    physician: Person
    client: Client


@asynccontextmanager
async def town(dsn: str, origin: str) -> AsyncIterator[Town]:
    """Serve until the block ends."""
    store = await Store.open(dsn, connections=4, keys=key_store())
    try:
        door = Door(store, Registry((CLINIC,)).rulebook)
        async with door.work(WRITER) as work:
            for record in RECORDS:
                body = msgspec.json.encode(record)
                await work.fhir.update(body, type=record["resourceType"], id=record["id"])
        resident = await sign_in(door, "resident", "Patient/1")
        physician = await sign_in(door, "physician", "Practitioner/w")
        client = await register(
            door,
            redirect_uris=(f"{origin}/index.html", f"{origin}/callback"),
            origins=(origin,),
            launch_uri=f"{origin}/launch.html",
        )
    finally:
        await store.close()
    settings = {"WORKERS": "1", "LOG_LEVEL": "warning", "DEV_PRINCIPAL": "off"}
    with running(dsn, target=TARGET, **settings) as server:
        yield Town(server, resident, physician, client)
