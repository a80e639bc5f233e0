"""Taking a number by the door, beside raw SQL that writes the very same rows, one commit for each number."""

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
from xinglin.capabilities.appointments.contract import EXPIRE
from xinglin.capabilities.appointments.operations import sessions
from xinglin.capabilities.appointments.rules.shapes import Session
from xinglin.care.booking import POLICY
from xinglin.fhir.search.keys import rid_of
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
# What a hold writes besides the new state of the Slot, by rid of Appointment ($1) and Slot ($2), in tables of the same
# columns and indexes; ledger entries ($3) and the job ($4) by their ids. One statement, one commit.
_TABLES: Final = ("res", "hist", "ix", "dx", "sx", "qx", "tx", "held", "audit", "procrastinate_jobs")
_PREPARED: Final = (
    "CREATE SCHEMA raw",
    *(f"CREATE TABLE raw.{table} (LIKE public.{table} INCLUDING ALL)" for table in _TABLES),
    "INSERT INTO raw.res SELECT * FROM public.res WHERE rid = ANY($1::int8[])",
)
_INDEXED: Final = ", ".join(
    f"{table} AS (INSERT INTO raw.{table} SELECT * FROM public.{table} WHERE rid = $1)"
    for table in ("res", "ix", "dx", "sx", "qx", "tx", "held")
)
_HOLD: Final = f"""
WITH slot AS (
  UPDATE raw.res r SET vid = r.vid + 1, ts = s.ts, keys = s.keys, enc = s.enc, body = s.body
  FROM public.res s WHERE s.rid = $2 AND r.bucket = s.bucket AND r.rid = s.rid RETURNING r.rid
), {_INDEXED},
hist AS (INSERT INTO raw.hist SELECT * FROM public.hist WHERE rid = $2),
audit AS (INSERT INTO raw.audit SELECT * FROM public.audit WHERE id = ANY($3::int8[])),
job AS (INSERT INTO raw.procrastinate_jobs SELECT * FROM public.procrastinate_jobs WHERE id = $4)
SELECT rid FROM slot
"""
# The least that can be sold: one row.
_ROW: Final = "CREATE TABLE raw.number (session int, number int, person int, PRIMARY KEY (session, number))"
_TAKE: Final = "INSERT INTO raw.number VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


def measure(server: embedded.Server) -> list[Measurement]:
    """Hold every number of some sessions by as many clients at once; one transaction each, both ways."""
    dsn = fresh(server, "booking")
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        ours, floor, row = asyncio.run(_all(dsn, Path(folder) / "master.key"))
    what = f"hold a number, {CLIENTS} clients, {SESSIONS} sessions"
    notes: dict[str, object] = {"one row and one commit each, numbers/s": row, "ours by that": ours / row}
    return [Measurement(what, "numbers/s", floor, ours, 0.5, notes=notes)]


async def _all(dsn: str, file: Path) -> tuple[float, float, float]:
    keys = FileKeyStore.make(file)
    connection = await asyncpg.connect(dsn)
    await make_keys(connection, keys, cipher="sm4")
    await connection.close()
    store = await Store.open(dsn, connections=CLIENTS, keys=keys)
    door = Door(store, create_registry(Settings()).rulebook)
    await _planned(door, store)
    pool = await asyncpg.create_pool(dsn, min_size=CLIENTS, max_size=CLIENTS)
    last = await pool.fetchval("SELECT max(id) FROM audit")
    ours = await _rate(lambda n: _hold(door, n))
    made = [await door.auto(SYSTEM).find("Appointment", patient=f"p{n}") for n in range(SESSIONS * NUMBERS)]
    appointments = [rid_of("Appointment", page.matches[0].id) for page in made]
    await store.close()
    slots = [rid_of("Slot", _slot(n)) for n in range(SESSIONS * NUMBERS)]
    for statement in (*_PREPARED, _ROW):
        await pool.execute(statement, *([slots] if "$1" in statement else []))
    acts = [row["id"] for row in await pool.fetch("SELECT id FROM audit WHERE id > $1 AND what <> 'search'", last)]
    each = len(acts) // len(slots)
    jobs = [row["id"] for row in await pool.fetch("SELECT id FROM procrastinate_jobs WHERE task_name = $1", EXPIRE)]

    async def hold(n: int) -> None:
        await pool.fetchval(_HOLD, appointments[n], slots[n], acts[each * n : each * (n + 1)], jobs[n])

    async def take(n: int) -> None:
        await pool.execute(_TAKE, n % SESSIONS, n // SESSIONS, n)

    floor, row = await _rate(hold), await _rate(take)
    written = await pool.fetchval("SELECT count(*) FROM raw.res WHERE rid = ANY($1)", appointments)
    if written != len(slots):
        raise AssertionError(f"the floor wrote {written} bookings of {len(slots)}")
    await pool.close()
    return ours, floor, row


async def _hold(door: Door, n: int) -> None:
    await door.auto(SYSTEM).operate(contract.HOLD, contract.Hold(_slot(n), f"p{n}"))


def _slot(n: int) -> str:
    return f"s{n % SESSIONS}-{n // SESSIONS + 1:03d}"


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
