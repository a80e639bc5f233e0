"""Booking an event of four lines in the books, beside raw SQL that writes the very same rows, one commit each."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg

from bench.measure import Measurement
from bench.place import fresh
from xinglin.store import embedded
from xinglin.store.books import Event, Line, book, bucket, trial
from xinglin.store.store import Store
from xinglin.store.vault.keys import make_keys
from xinglin.store.vault.keystore import FileKeyStore

EVENTS: Final = 2_000
CLIENTS: Final = 16
_DAY: Final = date(2026, 11, 20)
_LINES: Final = (
    Line("channel/alipay", 6250),
    Line("insurer/funds/h1", 3250),
    Line("insurer/account/h1", 2000),
    Line("income/drug/h1", -11500),
)
_RAW: Final = (
    "CREATE SCHEMA raw",
    "CREATE TABLE raw.book_event (LIKE public.book_event INCLUDING ALL)",
    "CREATE TABLE raw.book_line (LIKE public.book_line INCLUDING ALL)",
)
_EVENT: Final = "INSERT INTO raw.book_event VALUES ($1, $2, now(), $3, $4, 'bench', '', $5)"
_LINE: Final = (
    "INSERT INTO raw.book_line SELECT $1, $2, n, account, $3, fen"
    " FROM unnest($4::text[], $5::int8[]) WITH ORDINALITY AS u(account, fen, n)"
)


def measure(server: embedded.Server) -> list[Measurement]:
    """Book by as many clients at once, both ways."""
    dsn = fresh(server, "books")
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        ours, floor = asyncio.run(_both(dsn, Path(folder) / "master.key"))
    what = f"book an event of {len(_LINES)} lines, {CLIENTS} clients"
    return [Measurement(what, "events/s", floor, ours, 0.5)]


async def _both(dsn: str, file: Path) -> tuple[float, float]:
    keys = FileKeyStore.make(file)
    connection = await asyncpg.connect(dsn)
    await make_keys(connection, keys, cipher="sm4")
    await connection.close()
    store = await Store.open(dsn, connections=CLIENTS, keys=keys)

    async def ours(n: int) -> None:
        async with store.begin() as transaction:
            await book(transaction, Event(f"bench/{n}", _DAY, f"Invoice/{n}", "bench", _LINES))

    booked = await _rate(ours)
    if sum((moved := await trial(store, _DAY, _DAY)).values()) or moved["channel/alipay"] != 6250 * EVENTS:
        raise AssertionError(f"the books do not balance: {moved}")
    await store.close()
    pool = await asyncpg.create_pool(dsn, min_size=CLIENTS, max_size=CLIENTS)
    for statement in _RAW:
        await pool.execute(statement)
    accounts, fen = [line.account for line in _LINES], [line.fen for line in _LINES]

    async def raw(n: int) -> None:
        name = f"bench/{n}"
        place = bucket(name)
        async with pool.acquire() as one, one.transaction():
            await one.execute(_EVENT, place, name, _DAY, f"Invoice/{n}", b"0" * 16)
            await one.execute(_LINE, place, name, _DAY, accounts, fen)

    floor = await _rate(raw)
    await pool.close()
    return booked, floor


async def _rate(act: Callable[[int], Awaitable[None]]) -> float:
    """Give how many a second."""
    left = list(range(EVENTS))

    async def client() -> None:
        while left:
            await act(left.pop())

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return EVENTS / (time.perf_counter() - begun)
