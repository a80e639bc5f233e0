"""Taking a number: held and written down by the door, beside raw SQL that inserts one row for each number."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg

from bench.measure import Measurement
from bench.place import fresh
from xinglin.app import create_registry
from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import sessions
from xinglin.capabilities.appointments.rules.shapes import Session
from xinglin.care.booking import POLICY
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.store import embedded
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.store.vault.keys import make_keys
from xinglin.store.vault.keystore import FileKeyStore

SESSIONS: Final = 10
NUMBERS: Final = 40
CLIENTS: Final = 16
_TABLE: Final = "CREATE TABLE raw_number (session int, number int, person int, PRIMARY KEY (session, number))"
_TAKE: Final = "INSERT INTO raw_number VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


def measure(server: embedded.Server) -> list[Measurement]:
    """Hold every number of some sessions by as many clients at once; one transaction each, both ways."""
    dsn = fresh(server, "booking")
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        ours, floor = asyncio.run(_both(dsn, Path(folder) / "master.key"))
    return [Measurement(f"hold a number, {CLIENTS} clients, {SESSIONS} sessions", "numbers/s", floor, ours, 0.5)]


async def _both(dsn: str, file: Path) -> tuple[float, float]:
    keys = FileKeyStore.make(file)
    connection = await asyncpg.connect(dsn)
    await make_keys(connection, keys, cipher="sm4")
    await connection.close()
    store = await Store.open(dsn, connections=CLIENTS, keys=keys)
    door = Door(store, create_registry(Settings()).rulebook)
    await _planned(door, store)
    ours = await _rate(lambda n: _hold(door, n))
    await store.close()
    pool = await asyncpg.create_pool(dsn, min_size=CLIENTS, max_size=CLIENTS)
    await pool.execute(_TABLE)

    async def take(n: int) -> None:
        await pool.execute(_TAKE, n % SESSIONS, n // SESSIONS, n)

    floor = await _rate(take)
    await pool.close()
    return ours, floor


async def _hold(door: Door, n: int) -> None:
    slot = f"s{n % SESSIONS}-{n // SESSIONS + 1:03d}"
    await door.auto(SYSTEM).operate(contract.HOLD, contract.Hold(slot, f"p{n}"))


async def _rate(act: Callable[[int], Awaitable[None]]) -> float:
    """Give how many a second, over all numbers."""
    left = list(range(SESSIONS * NUMBERS))

    async def client() -> None:
        while left:
            await act(left.pop())

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return SESSIONS * NUMBERS / (time.perf_counter() - begun)


async def _planned(door: Door, store: Store) -> None:
    for n in range(SESSIONS * NUMBERS):
        person = {"resourceType": "Patient", "id": f"p{n}", "name": [{"text": f"患者{n}"}]}
        await door.auto(SYSTEM).update(json.dumps(person).encode(), type="Patient", id=f"p{n}")
    start = store.clock.now().replace(second=0, microsecond=0) + timedelta(hours=1)
    for n in range(SESSIONS):
        session = Session(
            id=f"s{n}",
            state="planned",
            start=start,
            end=start + timedelta(minutes=NUMBERS * POLICY.minutes_each),
            practitioner=f"Practitioner/{n}",
            doctor="",
            service="",
            department="03",
            department_name="内科",
            room=f"Location/{n}",
            place="",
            organization="Organization/1",
        )
        async with door.work(SYSTEM) as work:
            await sessions.create(work, session, POLICY)
