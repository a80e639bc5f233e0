"""Jobs: there when and only when the transaction commits, run by the worker, tried again, and timed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from xinglin.store import jobs
from xinglin.store.store import Store


@dataclass(frozen=True)
class Job:
    name: str
    run: Callable[..., Awaitable[None]]
    retries: int = 0
    every: str = ""


async def run_until(dsn: str, done: asyncio.Event, *those: Job) -> None:
    worker = asyncio.create_task(jobs.work(dsn, those))
    try:
        await asyncio.wait_for(done.wait(), 60)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def queued(store: Store) -> int:
    return int((await store.fetch("SELECT count(*) AS n FROM procrastinate_jobs"))[0]["n"])


async def test_a_job_exists_when_and_only_when_the_transaction_commits(store: Store) -> None:
    async def fail() -> None:
        async with store.begin() as transaction:
            await transaction.defer("letters.send", {"to": "Patient/1"})
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await queued(store) == 0
    async with store.begin() as transaction:
        await transaction.defer("letters.send", {"to": "Patient/1"})
        assert await queued(store) == 0
    assert await queued(store) == 1


async def test_a_deferred_job_runs_with_its_arguments_and_is_tried_again(store: Store, postgres_dsn: str) -> None:
    heard: list[object] = []
    done = asyncio.Event()

    async def send(to: str, copies: int) -> None:
        heard.append((to, copies))
        if len(heard) == 1:
            raise ConnectionError("nobody there")
        done.set()

    async with store.begin() as transaction:
        await transaction.defer("letters.send", {"to": "王小明", "copies": 2})
    await run_until(postgres_dsn, done, Job("letters.send", send, retries=2))
    assert heard == [("王小明", 2), ("王小明", 2)]


async def test_a_job_whose_worker_died_runs_again(
    store: Store, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "STALLED_SECONDS", 0.5)
    done = asyncio.Event()

    async def send() -> None:
        done.set()

    async with store.begin() as transaction:
        await transaction.defer("letters.send", {})
    # As a worker leaves it that is killed at work: taken, and no heartbeat since.
    async with store.begin() as transaction:
        await transaction.fetch(
            "WITH w AS (INSERT INTO procrastinate_workers (last_heartbeat) SELECT now() - interval '1 h' RETURNING id) "
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = w.id, attempts = 1 FROM w"
        )
    await run_until(postgres_dsn, done, Job("letters.send", send))
    assert done.is_set()


@pytest.mark.parametrize(
    ("every", "line"),
    [
        ("02:30 Asia/Shanghai", "30 18 * * *"),
        ("08:00 Asia/Shanghai", "0 0 * * *"),
        ("23:59 UTC", "59 23 * * *"),
        ("*/5 * * * *", "*/5 * * * *"),
    ],
)
def test_a_time_of_day_becomes_a_cron_line(every: str, line: str) -> None:
    assert jobs.cron(every) == line


def test_a_zone_with_summer_time_is_refused() -> None:
    with pytest.raises(ValueError, match="summer time"):
        jobs.cron("02:30 Europe/Berlin")


async def test_a_timed_job_runs_by_itself_without_arguments(store: Store, postgres_dsn: str) -> None:
    done = asyncio.Event()

    async def sweep() -> None:
        done.set()

    await run_until(postgres_dsn, done, Job("rooms.sweep", sweep, every="* * * * * */1"))
    assert done.is_set()
