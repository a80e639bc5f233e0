"""Large records are merged and parted by steps, while others read and write."""

import asyncio
from typing import Any

import pytest

from tests.conftest import key_store
from tests.store.test_merging import NEW, OLD, WORLD, answers, door, encounter, found, observation, put, sound
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store import merging, moving
from xinglin.store.door import Door
from xinglin.store.store import Store

__all__ = ["door"]

DOCTOR = Principal("doctor", frozenset({"physician"}), practitioner="Practitioner/1")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "BATCH", 2)


class Steps:
    """Merges or parts as the job does, and calls *between* after each step."""

    def __init__(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        self.door = door
        self.between: Any = None
        self.seen = 0
        index = merging.index

        async def stepped(*args: Any) -> int:
            count = await index(*args)
            self.seen += 1
            if self.between is not None:
                await self.between(self.seen)
            return count

        monkeypatch.setattr(merging, "index", stepped)

    async def merge(self, source: str = OLD, target: str = NEW) -> None:
        store = self.door.store
        async with moving.announced(store), store.begin() as transaction:
            await moving.move(transaction, store, source, target, task="t")
            self.between = None
            await merging.hold(transaction, task="t")
            await merging.merge(transaction, source, target, by="tester", reason="same person")

    async def unmerge(self, source: str = OLD) -> None:
        store = self.door.store
        async with moving.announced(store), store.begin() as transaction:
            ready = await moving.move(transaction, store, source, "", task="t")
            self.between = None
            await merging.hold(transaction, task="t")
            await merging.unmerge(transaction, source, ready=ready)


@pytest.fixture
def steps(door: Door, monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(door, monkeypatch)


async def test_steps_come_to_the_same_as_merging_at_once(door: Door, steps: Steps) -> None:
    before = await answers(door)
    async with door.store.begin() as transaction:
        await merging.hold(transaction)
        await merging.merge(transaction, OLD, NEW, by="tester", reason="same person")
    merged = await answers(door)
    await steps.unmerge()
    assert await answers(door) == before
    await steps.merge()
    assert await answers(door) == merged
    assert await sound(door) == []
    assert steps.seen > 3
    assert await moving.progress(door.store) is None


async def test_readers_see_the_state_before_at_every_step(door: Door, steps: Steps) -> None:
    before = await answers(door)
    seen: list[tuple[int, int]] = []

    async def between(_step: int) -> None:
        assert await answers(door) == before
        assert await found(door, "Observation?status=final", DOCTOR) == {"Observation/o1", "Observation/o4"}
        now = await moving.progress(door.store)
        assert now is not None
        seen.append((now.done, now.total))

    steps.between = between
    await steps.merge()
    assert len(seen) > 2
    assert seen == sorted(seen)
    # All of the person is the doctor's from the commit on.
    assert await found(door, "Observation?status=final", DOCTOR) == {f"Observation/o{n}" for n in (1, 2, 4)}


async def test_writers_go_on_and_what_they_make_is_not_lost(door: Door, steps: Steps) -> None:
    async def between(step: int) -> None:
        await put(door, observation(f"n{step}", OLD))
        await put(door, observation(f"m{step}", NEW))
        await put(door, encounter(f"v{step}", OLD))
        await put(door, observation("o2", NEW, code=f"9{step}"))
        async with door.work(SYSTEM) as work:
            await work.fhir.delete(type="Observation", id=f"m{step}")

    steps.between = between
    await steps.merge()
    first = steps.seen
    merged = {f"Observation/n{n}" for n in range(1, 4)}
    for who in (OLD, NEW):
        assert merged <= await found(door, f"Observation?patient={who}")
    assert await sound(door) == []

    async def beside(step: int) -> None:
        await put(door, observation(f"u{step}", OLD))

    steps.between = beside
    await steps.unmerge()
    assert await found(door, "Observation?patient=new") == {"Observation/o2"}
    assert {*merged, f"Observation/u{first + 1}"} <= await found(door, "Observation?patient=old")
    assert await sound(door) == []


async def test_changing_what_is_written_anew_waits_for_it_without_holding_others_up(door: Door, steps: Steps) -> None:
    refused: list[str] = []

    async def between(_step: int) -> None:
        fhir = door.auto(SYSTEM)
        for change in (
            put(door, observation("o1", OLD, code="7")),
            fhir.delete(type="Coverage", id="c1"),
            fhir.patch(lambda one: one | {"status": "completed"}, type="Task", id="t1"),
            put(door, next(one for one in WORLD if one["resourceType"] == "Group")),
        ):
            with pytest.raises(OutcomeError) as fault:
                await asyncio.wait_for(change, 2)
            refused.append(fault.value.issues[0].key)
            assert fault.value.status == 503

    steps.between = between
    await steps.merge()
    assert set(refused) == {"record-moving"}
    await put(door, observation("o1", OLD, code="7"))  # and afterwards it is taken
    assert await sound(door) == []


async def test_another_process_learns_of_it_by_its_own_statement(door: Door, steps: Steps) -> None:
    other = await Store.open(door.store.dsn, keys=key_store())
    try:
        elsewhere = Door(other, door.rulebook, audited=False)

        async def between(step: int) -> None:
            await put(elsewhere, observation(f"far{step}", OLD))
            with pytest.raises(OutcomeError) as fault:
                await put(elsewhere, observation("o1", OLD, code="7"))
            assert fault.value.issues[0].key == "record-moving"

        steps.between = between
        await steps.merge()
        assert "Observation/far1" in await found(elsewhere, "Observation?patient=new")
    finally:
        await other.close()


async def test_one_that_fails_leaves_everything_as_it_was(door: Door, steps: Steps) -> None:
    before = await answers(door)

    async def between(step: int) -> None:
        if step == 2:
            raise RuntimeError("the worker dies")

    steps.between = between
    with pytest.raises(RuntimeError):
        await steps.merge()
    assert await answers(door) == before
    await put(door, observation("o1", OLD, effectiveDateTime="2024-01-01T00:00:00Z"))
    assert await moving.progress(door.store) is None
    assert await sound(door) == []


async def test_others_merge_nothing_meanwhile(door: Door, steps: Steps) -> None:
    async def between(_step: int) -> None:
        with pytest.raises(OutcomeError) as fault:
            async with door.store.begin() as transaction:
                await merging.hold(transaction)
        assert fault.value.issues[0].key == "merge-under-way"
        with pytest.raises(OutcomeError) as second:
            async with door.store.begin() as transaction:
                await moving.move(transaction, door.store, "x", NEW, task="other")
        assert second.value.status == 409

    steps.between = between
    await steps.merge()


async def test_what_a_worker_that_died_left_is_cleared(door: Door) -> None:
    async with door.store.begin() as transaction:
        await moving._announce(door.store, [rid_of("Patient", OLD)], "gone", 5)
        await transaction.learn_persons()
    assert (await door.store.learn_persons()).moving
    async with door.store.begin() as transaction:
        await merging.hold(transaction)
    assert await moving.progress(door.store) is None
    assert not door.store.persons.moving


async def test_the_size_counts_what_would_be_written(door: Door, steps: Steps) -> None:
    assert await moving.size(door.store, OLD, most=100) > 3
    assert await moving.size(door.store, OLD, most=2) == 2
    await steps.merge()
    assert await moving.size(door.store, OLD, most=100) > 3
