"""Blocks are rows of the index: they come and go with the resource, and one walk finds who shares them."""

import pytest

from tests.capabilities.access.ward import open_door, put
from tests.capabilities.residents.people import resident
from xinglin.fhir.search.keys import rid_of
from xinglin.matching import blocks
from xinglin.security.principal import SYSTEM
from xinglin.store.consistency import Fault, check
from xinglin.store.matching import candidates
from xinglin.store.store import Store


@pytest.mark.rule("CD-11")
async def test_candidates_come_and_go_with_the_record(store: Store) -> None:
    door, _ = open_door(store)
    mei, other = resident("张小梅", "1990-03-07", 124), resident("赵大", "1950-01-01", 1)
    await put(door, mei | {"id": "mei"}, other | {"id": "other"})
    asked = blocks.keys(resident("章晓梅", "1990-03-07", 124))
    assert [one.row.id for one in await candidates(store, asked)] == ["mei"]
    assert await candidates(store, asked, but=rid_of("Patient", "mei")) == []
    assert await candidates(store, []) == []
    # Written as somebody else she is found no more; deleted, nobody is.
    await put(door, resident("钱二", "1971-11-12", 8) | {"id": "mei"})
    assert await candidates(store, asked) == []
    await door.auto(SYSTEM).delete("Patient", "other")
    assert await candidates(store, blocks.keys(other)) == []
    faults: list[Fault] = []
    await check(store, faults.append)
    assert faults == []


async def test_large_blocks_are_cut_and_who_shares_most_comes_first(store: Store) -> None:
    door, _ = open_door(store)
    phone = [{"system": "phone", "value": "13800000000"}]
    crowd = [resident("张小梅", "1990-03-07", 2 * n, telecom=phone) | {"id": f"p{n}"} for n in range(1, 9)]
    await put(door, *crowd)
    found = await candidates(store, blocks.keys(crowd[0]), of_block=3, most=2)
    assert len(found) == 2
    everybody = await candidates(store, blocks.keys(crowd[0]), of_block=50, most=50)
    assert len(everybody) == 8
    assert everybody[0].row.id == "p1"
