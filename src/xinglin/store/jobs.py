"""Background work: enqueued in the transaction that needs it, run by procrastinate."""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from xinglin.store.pool import Connection

if TYPE_CHECKING:
    import procrastinate

_LOG: Final = structlog.get_logger("xinglin.jobs")

QUEUE: Final = "default"
STALLED_SECONDS: Final = 30.0  # without a heartbeat; then its worker died and the job runs again
DRAIN_SECONDS: Final = 10.0

_DEFER: Final = """
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
  ROW($1::varchar, $2::varchar, $3::int, $4::text, $5::text, $6::text::jsonb, $7::timestamptz)
    ::procrastinate_job_to_defer_v1
]))
"""
_DEFER_EACH: Final = """
SELECT procrastinate_defer_jobs_v1(array_agg(
  ROW($1::varchar, $2::varchar, 0, NULL::text, NULL::text, u.args::jsonb, $4::timestamptz)
    ::procrastinate_job_to_defer_v1
)) FROM unnest($3::text[]) AS u(args)
"""
_DAILY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d) (\S+)")


class Job(Protocol):
    """What `work` runs: safe to run twice; `every` is empty, ``HH:MM Zone``, or a cron line in UTC."""

    @property
    def name(self) -> str:
        """``capability.verb``."""

    @property
    def run(self) -> Callable[..., Awaitable[None]]:
        """Takes the arguments given to `defer`."""

    @property
    def retries(self) -> int:
        """How often it is tried again when it raises."""

    @property
    def every(self) -> str:
        """When it runs by itself."""


async def defer(
    connection: Connection,
    name: str,
    arguments: Mapping[str, object],
    *,
    at: datetime | None = None,
    lock: str | None = None,
    priority: int = 0,
) -> int:
    """Enqueue a job on *connection* and return its number.

    arguments: must survive JSON. at: not before this moment. lock: jobs with one lock run one after another.
    """
    number: int = await connection.fetchval(_DEFER, QUEUE, name, priority, lock, None, json.dumps(dict(arguments)), at)
    return number


async def defer_each(
    connection: Connection, name: str, arguments: Sequence[Mapping[str, object]], *, at: datetime
) -> None:
    """Enqueue *name* once for each of *arguments*, not before *at*, by one statement."""
    if arguments:
        await connection.execute(_DEFER_EACH, QUEUE, name, [json.dumps(dict(one)) for one in arguments], at)


async def work(dsn: str, jobs: Sequence[Job], *, concurrency: int = 4) -> None:
    """Run jobs until cancelled; running ones then get DRAIN_SECONDS to finish.

    A job whose worker died is run again, which is why jobs are safe to run twice.
    """
    app = _app(dsn, jobs)
    async with app.open_async():
        rescue = asyncio.create_task(_rescue_stalled(app))
        try:
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=DRAIN_SECONDS,
                delete_jobs="successful",
            )
        finally:
            rescue.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rescue


def cron(every: str) -> str:
    """Turn ``HH:MM Zone`` into a cron line in UTC; a cron line stays as it is.

    Raises ValueError for a zone with summer time, where one line in UTC cannot say it.
    """
    daily = _DAILY.fullmatch(every)
    if daily is None:
        return every
    zone = ZoneInfo(daily[3])
    offsets = {datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)}
    offset = offsets.pop()
    if offset is None or offsets:
        raise ValueError(f"{every}: {zone.key} has summer time; write a cron line in UTC")
    minutes = int((timedelta(hours=int(daily[1]), minutes=int(daily[2])) - offset).total_seconds() // 60) % (24 * 60)
    return f"{minutes % 60} {minutes // 60} * * *"


def _app(dsn: str, jobs: Sequence[Job]) -> "procrastinate.App":
    # Takes half a second to import, which every server process and command would pay; only the worker needs it.
    import procrastinate  # noqa: PLC0415

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))
    for job in jobs:
        retry = procrastinate.RetryStrategy(max_attempts=job.retries, wait=1, exponential_wait=2)
        task = app.task(name=job.name, queue=QUEUE, retry=retry if job.retries else False)(partial(_run, job))
        if job.every:
            app.periodic(cron=cron(job.every))(task)
    return app


async def _run(job: Job, timestamp: int | None = None, **arguments: object) -> None:
    # Periodic jobs get the second they were due; ours ask the clock of their unit of work.
    _LOG.info("job.started", job=job.name)
    await job.run(**arguments)
    _LOG.info("job.done", job=job.name)


async def _rescue_stalled(app: "procrastinate.App") -> None:
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            _LOG.warning("job.rescued", job=job.task_name, number=job.id)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(STALLED_SECONDS)
