"""Every job may run twice: the second time changes nothing more, though the first was cut off or repeated."""

import inspect
from functools import partial
from typing import Any, Final

import pytest

from tests.contract.conftest import SETTINGS, Platform
from xinglin.app import create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.registry import Job
from xinglin.security.principal import SYSTEM

JOBS = create_registry(SETTINGS).jobs
# What a job is asked about is not there any more: it was deleted, or another run has done the work.
ABSENT: Final[dict[str, Any]] = {"str": "0" * 32, "list": ["0" * 32], "int": 0}
_RECORD: Final = """
    SELECT (SELECT count(*) FROM res) AS alive, (SELECT coalesce(sum(vid), 0) FROM res) AS versions,
           (SELECT count(*) FROM procrastinate_jobs) AS jobs
"""


def arguments(job: Job) -> dict[str, Any]:
    """Give what a job cannot do without, each a name of what is not there."""
    named = inspect.signature(job.run).parameters.values()
    needed = [one for one in named if one.default is inspect.Parameter.empty and one.name != "work"]
    return {one.name: ABSENT[one.annotation.__name__] for one in needed if one.kind is not one.VAR_KEYWORD}


def test_partial_arguments_are_no_arguments_of_a_job() -> None:
    async def run(work: object, one: str, *, bound: int) -> None:
        """Do nothing."""

    assert arguments(Job("x.run", partial(run, bound=1))) == {"one": "0" * 32}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
async def test_a_job_runs_twice_alike(platform: Platform, job: Job) -> None:
    seen = []
    for _ in range(3):
        try:
            async with platform.door.work(SYSTEM) as work:
                await job.run(work, **arguments(job))
        except OutcomeError as refused:
            seen.append(f"{refused.status} {refused.issues[0].key}")  # what is not there may be said not to be
        (row,) = await platform.door.store.fetch(_RECORD)
        seen.append(f"{row['alive']} {row['versions']} {row['jobs']}")
    assert seen[-1] == seen[len(seen) // 3 * 2 - 1]


@pytest.mark.parametrize("job", [one for one in JOBS.values() if one.every], ids=lambda one: one.name)
def test_a_timed_job_needs_nothing_said(job: Job) -> None:
    assert arguments(job) == {}
