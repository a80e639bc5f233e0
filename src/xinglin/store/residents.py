"""What is kept of residents beside the record: counters of record numbers, shown card codes, the last look."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.fhir.search.keys import BUCKETS, hash64
from xinglin.store.executor import Executor

LAST_SEQUENCE: Final = 99_999


@dataclass(frozen=True, slots=True)
class Shown:
    """A code that was shown. patient: logical id. used: when it was first taken."""

    patient: str
    expires: datetime
    used: datetime | None


async def next_sequence(executor: Executor, village: str, taken: Callable[[int], Awaitable[bool]]) -> int | None:
    """Give the next sequence of a village, under its lock until the transaction ends; None when all are given out.

    village: the first 12 digits of record numbers. taken: tells whether a sequence is in use: numbers that came with
    loaded records were not counted here.
    """
    bucket = hash64(village) % BUCKETS
    found = await executor.fetch(
        "INSERT INTO record_counter (bucket, village, last) VALUES ($1, $2, 0) "
        "ON CONFLICT (bucket, village) DO UPDATE SET last = record_counter.last RETURNING last",
        *(bucket, village),
    )
    last = int(found[0]["last"])
    following = await _first_free(last + 1, taken)
    if following > LAST_SEQUENCE:
        return None
    await executor.fetch(
        "UPDATE record_counter SET last = $3 WHERE bucket = $1 AND village = $2", bucket, village, following
    )
    return following


async def _first_free(start: int, taken: Callable[[int], Awaitable[bool]]) -> int:
    """Find a free sequence from *start* on by doubling and halving, as loaded numbers stand one after the other."""
    if not await taken(start):
        return start
    low, step = start, 1
    while low + step <= LAST_SEQUENCE and await taken(low + step):
        low, step = low + step, step * 2
    high = min(low + step, LAST_SEQUENCE + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await taken(middle) else (low, middle)
    return high


async def show(executor: Executor, text: str, patient: str, *, now: datetime, expires: datetime) -> None:
    """Keep that a code with *text* was shown for a patient."""
    await executor.fetch(
        "INSERT INTO card_token (bucket, id, patient, made, expires) VALUES ($1, $2, $3, $4, $5)",
        *(*_place(text), patient, now, expires),
    )


async def shown(executor: Executor, text: str) -> Shown | None:
    """Find a code that was shown, and hold it until the end of the transaction."""
    found = await executor.fetch(
        "SELECT patient, expires, used FROM card_token WHERE bucket = $1 AND id = $2 FOR UPDATE", *_place(text)
    )
    return Shown(found[0]["patient"], found[0]["expires"], found[0]["used"]) if found else None


async def use(executor: Executor, text: str, now: datetime) -> None:
    """Note when a code was first taken."""
    await executor.fetch(
        "UPDATE card_token SET used = $3 WHERE bucket = $1 AND id = $2 AND used IS NULL", *_place(text), now
    )


async def forget(executor: Executor, before: datetime) -> int:
    """Drop codes that expired before a time."""
    return len(await executor.fetch("DELETE FROM card_token WHERE expires < $1 RETURNING id", before))


async def sought_until(executor: Executor) -> datetime | None:
    """Say up to when residents have been looked through for duplicates."""
    found = await executor.fetch("SELECT until FROM duplicates_sought")
    return found[0]["until"] if found else None


async def sought(executor: Executor, until: datetime) -> None:
    """Note up to when they have been looked through."""
    await executor.fetch(
        "INSERT INTO duplicates_sought (until) VALUES ($1) ON CONFLICT (one) DO UPDATE SET until = excluded.until",
        until,
    )


def _place(text: str) -> tuple[int, bytes]:
    """Give the bucket and the id of a code; its 128 random bits need neither salt nor a slow hash."""
    id = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(id[:2], "big") % BUCKETS, id
