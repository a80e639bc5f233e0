"""What stands beside the record for data quality: how far it was looked through, and what counts in whose score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from xinglin.fhir.search.keys import bucket_of, rid_of
from xinglin.store.executor import Executor

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Instead of a token: the type is looked through, while others of the same round are not.
DONE: Final = "."


@dataclass(frozen=True, slots=True)
class Sought:
    """How far a type was looked through. token: of the next page, DONE, or empty between rounds."""

    since: datetime
    last: datetime
    token: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A record that was looked at. owner: ``Organization/1`` or empty. domains: bits."""

    type: str
    id: str
    owner: str
    domains: int


async def sought(executor: Executor, type: str) -> Sought:
    """Say how far a type was looked through; the beginning when it never was."""
    found = await executor.fetch("SELECT since, last, token FROM quality_sought WHERE type = $1", type)
    return Sought(found[0]["since"], found[0]["last"], found[0]["token"]) if found else Sought(BEGINNING, BEGINNING, "")


async def seek(executor: Executor, type: str, how: Sought) -> None:
    """Note how far a type was looked through."""
    await executor.fetch(
        "INSERT INTO quality_sought (type, since, last, token) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (type) DO UPDATE SET since = excluded.since, last = excluded.last, token = excluded.token",
        *(type, how.since, how.last, how.token),
    )


async def rest(executor: Executor) -> None:
    """Note that a round is over: the next begins with what was written since."""
    await executor.fetch("UPDATE quality_sought SET token = '' WHERE token = $1", DONE)


async def judged(executor: Executor, records: Sequence[Judged]) -> None:
    """Note records that were looked at; what was noted of them before is replaced."""
    once = {(one.type, one.id): one for one in records}
    rows = sorted(once.values(), key=lambda one: (bucket_of(one.id), rid_of(one.type, one.id)))
    await executor.fetch(
        "INSERT INTO quality_judged (bucket, rid, ref, owner, domains) "
        "SELECT * FROM unnest($1::int4[], $2::int8[], $3::text[], $4::text[], $5::int4[]) "
        "ON CONFLICT (bucket, rid) DO UPDATE SET owner = excluded.owner, domains = excluded.domains",
        [bucket_of(one.id) for one in rows],
        [rid_of(one.type, one.id) for one in rows],
        [f"{one.type}/{one.id}" for one in rows],
        [one.owner for one in rows],
        [one.domains for one in rows],
    )


async def gone(executor: Executor, most: int) -> list[str]:
    """Forget records that were deleted since, at most *most* at once; give them as ``Type/id``."""
    found = await executor.fetch(
        "DELETE FROM quality_judged j USING (SELECT q.bucket, q.rid FROM quality_judged q JOIN res r USING (rid) "
        "WHERE r.deleted LIMIT $1) d WHERE j.bucket = d.bucket AND j.rid = d.rid RETURNING j.ref",
        most,
    )
    return [one["ref"] for one in found]


async def counts(executor: Executor) -> dict[tuple[str, int], int]:
    """Count the records of each institution by the domains (bits) in which they count."""
    found = await executor.fetch(
        "SELECT owner, domains, count(*) AS n FROM quality_judged WHERE owner <> '' GROUP BY owner, domains"
    )
    return {(one["owner"], one["domains"]): one["n"] for one in found}


async def underway(executor: Executor, most: int = 1_000_000) -> int | None:
    """Give how many records were looked at (*most* at most) while a look is under way or about to be; else None."""
    [found] = await executor.fetch(
        "SELECT EXISTS (SELECT FROM quality_sought WHERE token <> '') OR EXISTS (SELECT FROM procrastinate_jobs "
        "WHERE task_name = 'quality.look' AND status IN ('todo', 'doing') "
        "AND (scheduled_at IS NULL OR scheduled_at <= now())) AS runs, "
        "(SELECT count(*) FROM (SELECT FROM quality_judged LIMIT $1) q) AS n",
        most,
    )
    return int(found["n"]) if found["runs"] else None
