"""Large records are merged, and parted, by a job; the page says how far it is."""

from dataclasses import replace
from typing import Any

import pytest

from tests.capabilities.duplicates.test_merge import door, found, merge, read, ref, task, unmerge
from tests.capabilities.residents.people import DESK
from xinglin.capabilities.duplicates import contract, jobs
from xinglin.capabilities.duplicates.contract import Deciding, Merging, Unmerging
from xinglin.capabilities.duplicates.operations import merge as operations
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store import moving
from xinglin.store.consistency import check
from xinglin.store.door import Door

__all__ = ["door"]


async def begin(door: Door, what: str = "merge") -> dict[str, Any]:
    """Ask for it as if the record were large; gives the Task."""
    async with door.work(DESK) as work:
        if what == "merge":
            given = Merging(ref("b"), ref("a"), "saw the identity card", ("telecom",))
            await operations.merge(work, given, zone="Asia/Shanghai", large=0)
        else:
            await operations.unmerge(work, Unmerging(ref("b"), "two persons after all"), large=0)
    return await task(door)


async def run(door: Door, id: str) -> None:
    async with door.work(SYSTEM) as work:
        await jobs.by_steps(work, task=id)


async def test_a_large_record_is_merged_and_parted_by_the_job(door: Door) -> None:
    before = {id: await read(door, id) for id in ("a", "b")}
    begun = await begin(door)
    assert (begun["status"], begun["businessStatus"]["text"]) == ("in-progress", "merge")
    assert await found(door, "Observation", patient="a") == {"oa"}
    await run(door, begun["id"])
    done = await task(door)
    assert done["status"] == "completed"
    assert "businessStatus" not in done
    assert [one["text"] for one in done["note"]] == ["saw the identity card"]
    for name in ("a", "b"):
        assert await found(door, "Observation", patient=name) == {"oa", "ob"}
    assert (await read(door, "a"))["telecom"] == before["b"]["telecom"]
    await run(door, begun["id"])  # twice is once
    assert (await task(door))["meta"] == done["meta"]

    parting = await begin(door, "unmerge")
    assert (parting["status"], parting["businessStatus"]["text"]) == ("in-progress", "unmerge")
    assert await found(door, "Observation", patient="a") == {"oa", "ob"}
    await run(door, parting["id"])
    assert await found(door, "Observation", patient="a") == {"oa"}
    after = {id: await read(door, id) for id in ("a", "b")}
    for id in ("a", "b"):
        del before[id]["meta"], after[id]["meta"]
    assert after == before
    assert (await task(door))["status"] == "requested"
    faults: list[str] = []
    await check(door.store, lambda fault: faults.append(f"{fault.what} {fault.of}"))
    assert faults == []


async def test_nothing_else_is_decided_over_a_pair_in_progress(door: Door) -> None:
    begun = await begin(door)
    with pytest.raises(OutcomeError) as refused:
        await door.auto(DESK).operate(contract.DECIDE, Deciding(begun["id"], "different", "twins"))
    assert refused.value.issues[0].key == "duplicate-in-progress"
    await run(door, begun["id"])


async def test_what_cannot_be_done_any_more_is_written_into_the_task(door: Door) -> None:
    begun = await begin(door)
    await merge(door, replace(DESK, roles=frozenset({"public-health"})), "a", "c", override=True)
    async with door.work(SYSTEM) as work:
        (row,) = (await work.fhir.find("Task", _id=begun["id"])).matches
        assert row.id == begun["id"]
        await jobs.by_steps(work, task=begun["id"])
        given_up = await work.fhir.read("Task", begun["id"])
    assert b"merge-target-merged" in given_up.body()
    assert b'"requested"' in given_up.body()
    assert await moving.progress(door.store) is None
    assert await found(door, "Observation", patient="b") == {"ob"}


async def test_asked_again_it_is_done_at_once_when_it_is_small(door: Door) -> None:
    await begin(door)
    await merge(door)
    assert (await task(door))["status"] == "completed"
    await unmerge(door)
