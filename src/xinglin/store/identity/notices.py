"""Which version of the notice of processing an account took note of, and when."""

from datetime import datetime

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor


async def take(executor: Executor, account: str, version: str, now: datetime) -> None:
    """Write down that a version was taken note of; the first time counts."""
    await executor.fetch(
        "INSERT INTO notice_taken (bucket, account, version, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        *(bucket_of(account), account, version, now),
    )


async def taken(executor: Executor, account: str, version: str) -> datetime | None:
    """Give when a version was taken note of; None when it was not."""
    found = await executor.fetch(
        "SELECT at FROM notice_taken WHERE bucket = $1 AND account = $2 AND version = $3",
        *(bucket_of(account), account, version),
    )
    moment: datetime | None = found[0]["at"] if found else None
    return moment
