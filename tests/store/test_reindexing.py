"""The index written anew: what is missing comes, records stay, and it goes on from where it was stopped."""

import pytest

from tests.store.test_merging import answers, door, merge, sound
from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store import reindexing
from xinglin.store.door import Door
from xinglin.store.reindexing import START, Place, place, reindex

__all__ = ["door"]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "STEP", 3)


async def anew(door: Door, *types: str, after: Place = START) -> tuple[int, int]:
    return await reindex(
        door.store, types or tuple(TYPE_CODES), base_url=door.base_url, after=after, tell=lambda *_: None
    )


async def spoil(door: Door) -> None:
    """Take away index rows of each kind, as if an earlier version had not written them."""
    async with door.store.begin() as transaction:
        await transaction.fetch("DELETE FROM ix")
        await transaction.fetch("UPDATE res SET keys = '{}'")
        for table in ("dx", "sx", "qx", "tx"):
            await transaction.fetch(f"DELETE FROM {table}")


async def test_a_right_index_is_left_as_it_is(door: Door) -> None:
    before = await answers(door)
    seen, mended = await anew(door)
    assert (seen > 8, mended) == (True, 0)
    assert await answers(door) == before


async def test_missing_rows_come_back_and_nothing_else_changes(door: Door) -> None:
    await merge(door)
    before = await answers(door)
    await spoil(door)
    assert await sound(door) != []
    assert await answers(door) != before
    seen, mended = await anew(door)
    assert seen == mended
    assert await sound(door) == []
    assert await answers(door) == before
    assert await anew(door) == (seen, 0)


async def test_only_the_types_asked_for_are_walked(door: Door) -> None:
    await spoil(door)
    assert await anew(door, "Patient") == (3, 3)
    assert await anew(door, "Patient") == (3, 0)
    assert await sound(door) != []


async def test_it_goes_on_where_it_was_stopped(door: Door) -> None:
    await spoil(door)
    told: list[Place] = []

    def tell(at: Place, _seen: int, _mended: int) -> None:
        told.append(at)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reindex(door.store, tuple(TYPE_CODES), base_url=door.base_url, tell=tell)
    all_of_them = await reindexing.number(door.store, tuple(TYPE_CODES))
    assert await anew(door, after=place(str(told[-1]))) == (all_of_them - 6, all_of_them - 6)
    assert await sound(door) == []
