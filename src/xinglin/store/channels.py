"""What came of sending by each channel, counted by the hour: bookkeeping beside the record, of nobody in particular."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xinglin.store.executor import Executor

KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Count:
    """How often a channel had an outcome since a moment, and when last."""

    channel: str
    outcome: str
    n: int
    last: datetime


async def counted(executor: Executor, channel: str, outcome: str, now: datetime) -> None:
    """Count one more."""
    await executor.fetch(
        "INSERT INTO channel_hour (channel, hour, outcome, n, last) "
        "VALUES ($1, date_trunc('hour', $3::timestamptz), $2, 1, $3) "
        "ON CONFLICT (hour, channel, outcome) DO UPDATE "
        "SET n = channel_hour.n + 1, last = greatest(channel_hour.last, excluded.last)",
        *(channel, outcome, now),
    )


async def since(executor: Executor, moment: datetime) -> Sequence[Count]:
    """Give the counts of all channels from the hour of *moment* on."""
    found = await executor.fetch(
        "SELECT channel, outcome, sum(n)::int8 AS n, max(last) AS last FROM channel_hour "
        "WHERE hour >= date_trunc('hour', $1::timestamptz) GROUP BY channel, outcome ORDER BY channel, outcome",
        moment,
    )
    return [Count(row["channel"], row["outcome"], int(row["n"]), row["last"]) for row in found]


async def forget(executor: Executor, now: datetime) -> None:
    """Drop counts of more than `KEPT` ago."""
    await executor.fetch("DELETE FROM channel_hour WHERE hour < $1", now - KEPT)
