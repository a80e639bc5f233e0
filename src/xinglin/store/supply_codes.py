"""Codes that a patient shows at a pharmacy: each serves once, for some minutes (R3-084)."""

from datetime import datetime

from xinglin.fhir.search.keys import BUCKETS
from xinglin.store.executor import Executor


async def show(executor: Executor, digest: bytes, prescription: str, *, now: datetime, expires: datetime) -> None:
    """Keep that a code was shown for a prescription. digest: keyed, of its text, which nobody keeps."""
    await executor.fetch(
        "INSERT INTO supply_code (bucket, id, prescription, made, expires) VALUES ($1, $2, $3, $4, $5)",
        *(_bucket(digest), digest, prescription, now, expires),
    )


async def take(executor: Executor, digest: bytes, now: datetime) -> str | None:
    """Use a code up; gives the prescription it stands for. None: it is unknown, over, or was used."""
    found = await executor.fetch(
        "UPDATE supply_code SET used = $3 WHERE bucket = $1 AND id = $2 AND used IS NULL AND expires > $3 "
        "RETURNING prescription",
        *(_bucket(digest), digest, now),
    )
    return str(found[0]["prescription"]) if found else None


async def forget(executor: Executor, before: datetime) -> int:
    """Drop codes that were over before a time."""
    return len(await executor.fetch("DELETE FROM supply_code WHERE expires < $1 RETURNING id", before))


def _bucket(digest: bytes) -> int:
    return int.from_bytes(digest[:8]) % BUCKETS
