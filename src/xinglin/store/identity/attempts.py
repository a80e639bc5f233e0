"""Wrong answers in a row, counted before an answer is looked at, so that many at once are counted as well."""

from datetime import datetime

from xinglin.store.executor import Executor
from xinglin.store.identity.accounts import handle_bucket


async def begin(executor: Executor, kind: str, digest: bytes, now: datetime) -> tuple[int, datetime | None]:
    """Count an attempt as wrong until `cleared`; give how many there are in a row, and until when it is locked.

    Others who try the same wait for the end of this transaction. An attempt while it is locked is not counted.
    """
    found = await executor.fetch(
        "INSERT INTO attempt (bucket, kind, digest, failures, last) VALUES ($1, $2, $3, 1, $4) "
        "ON CONFLICT (bucket, kind, digest) DO UPDATE SET "
        "failures = CASE WHEN attempt.locked > $4 THEN attempt.failures "
        "  WHEN attempt.locked IS NOT NULL THEN 1 ELSE attempt.failures + 1 END, "
        "locked = CASE WHEN attempt.locked > $4 THEN attempt.locked END, last = $4 "
        "RETURNING failures, locked",
        *(handle_bucket(digest), kind, digest, now),
    )
    return int(found[0]["failures"]), found[0]["locked"]


async def lock(executor: Executor, kind: str, digest: bytes, until: datetime) -> None:
    """Refuse every further attempt until *until*."""
    await executor.fetch(
        "UPDATE attempt SET locked = $4 WHERE bucket = $1 AND kind = $2 AND digest = $3",
        *(handle_bucket(digest), kind, digest, until),
    )


async def cleared(executor: Executor, kind: str, digest: bytes) -> None:
    """Forget wrong answers: the right one was given, or an administrator unlocked."""
    await executor.fetch(
        "DELETE FROM attempt WHERE bucket = $1 AND kind = $2 AND digest = $3", handle_bucket(digest), kind, digest
    )


async def locked_until(executor: Executor, kind: str, digest: bytes, now: datetime) -> datetime | None:
    """Give until when attempts are refused; None when they are not."""
    found = await executor.fetch(
        "SELECT locked FROM attempt WHERE bucket = $1 AND kind = $2 AND digest = $3 AND locked > $4",
        *(handle_bucket(digest), kind, digest, now),
    )
    return found[0]["locked"] if found else None


async def locked_accounts(executor: Executor, now: datetime, *, count: int = 100) -> list[tuple[str, datetime]]:
    """List the accounts that wrong passwords have locked, with the end of the lock; the latest end first."""
    found = await executor.fetch(
        "SELECT h.account, t.locked FROM attempt t "
        "JOIN handle h ON h.bucket = t.bucket AND h.kind = 'login' AND h.digest = t.digest "
        "WHERE t.kind = 'password' AND t.locked > $1 ORDER BY t.locked DESC LIMIT $2",
        *(now, count),
    )
    return [(str(row["account"]), row["locked"]) for row in found]


async def sweep(executor: Executor, before: datetime) -> int:
    """Forget wrong answers of which the last was before *before*."""
    return len(await executor.fetch("DELETE FROM attempt WHERE last < $1 RETURNING kind", before))
