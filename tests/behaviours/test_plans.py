"""Searches that other servers do by reading everything, seen by EXPLAIN ANALYZE: line 8, and what must stay fast."""

import pytest

from tests.store.search.shelf import Shelf, observation, patient
from tests.store.search.test_plans import FREQUENT, LIMIT, at, explained, indexes, scanned
from xinglin.store.store import Store


@pytest.fixture(scope="module")
async def filled(store: Store) -> Store:
    """A store with one frequent code and status over many patients, one of whom has an identifier of their own."""
    shelf = Shelf(store)
    await shelf.put(
        *(
            patient(f"p{n}", family="usual", identifier=[{"system": "urn:s", "value": f"v{n}"}])
            for n in range(FREQUENT // 2)
        )
    )
    await shelf.put(*(observation(f"o{n}", "often", of=f"Patient/p{n % 60}", at=at(n)) for n in range(FREQUENT)))
    await store.fetch("ANALYZE")
    return store


@pytest.mark.parametrize("past", ["_lastUpdated=lt2020-01-01", "_lastUpdated=gt2999-01-01"])
@pytest.mark.parametrize("more", ["", "&code=often", "&_sort=-_lastUpdated", "&_sort=-date"])
async def test_a_time_of_change_at_which_nothing_changed_reads_nothing(filled: Store, past: str, more: str) -> None:
    plan = await explained(filled, f"Observation?{past}{more}")
    assert "res_ts" in indexes(plan)
    assert scanned(plan) == 0
    assert max(int(node.get("Rows Removed by Filter", 0)) for node in plan) == 0


async def test_the_condition_of_a_conditional_create_is_looked_up(filled: Store) -> None:
    plan = await explained(filled, "Patient?identifier=urn:s|v7")
    assert scanned(plan) <= LIMIT
    assert not [node for node in plan if node["Node Type"] == "Seq Scan"]


async def test_a_status_beside_a_frequent_code_keeps_the_walk(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinglin.store.search.plan.RARE", 50)  # so that six hundred are many
    plan = await explained(filled, "Observation?code=http://loinc.org|often&status=final&_sort=-date")
    assert "ix_ord" in indexes(plan)
    assert scanned(plan) <= 3 * LIMIT
