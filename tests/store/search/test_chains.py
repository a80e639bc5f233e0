"""Chains to many patients with a frequent code: the newest are looked through first, and nothing is missed."""

import pytest

from tests.store.search.shelf import Shelf, observation, patient, reaching
from tests.store.search.test_plans import at, explained, indexes
from xinglin.store.search import chains, pages
from xinglin.store.search.shapes import Statements
from xinglin.store.store import Store

ASKED = "Observation?patient.family=usual&code=http://loinc.org|often&_sort=-date"


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    """A frequent code of many patients: the newest name other ones, some name several, some a patient that is gone."""
    shelf = Shelf(store)
    await shelf.put(*(patient(f"p{n}", family="usual" if n < 30 else "other") for n in range(40)))
    await shelf.put(
        *(
            observation(
                f"o{n}",
                "often" if n % 7 else "seldom",
                of=f"Patient/p{n % 40 if n < 150 else 30 + n % 10}" if n % 11 else "Patient/gone",
                at=at(n),
                **({"performer": [{"reference": f"Patient/p{n % 5}"}]} if n % 5 == 0 else {}),
            )
            for n in range(200)
        )
    )
    await store.fetch("ANALYZE")
    return shelf


@pytest.mark.parametrize("mine", [None, "_id=p1,p2,p3,p4,p5,p6,p7,p8,p35"])
async def test_both_ways_find_the_same_pages(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, mine: str | None) -> None:
    reach = {"reach": reaching(Patient=mine)} if mine else {}
    for asked in (f"{ASKED}&_count=7", f"{ASKED}&status=final&_count=50"):
        monkeypatch.setattr(chains, "MANY", 10**9)
        monkeypatch.setattr(pages, "_STATEMENTS", Statements())
        probed = await shelf.walked(asked, **reach)
        assert len(probed) > 15
        monkeypatch.setattr(chains, "MANY", 1)
        monkeypatch.setattr(chains, "FREQUENT", 1)
        for newest in (1, 30, 120, 4_000):
            monkeypatch.setattr(chains, "NEWEST", newest)
            monkeypatch.setattr(pages, "_STATEMENTS", Statements())
            assert await shelf.walked(asked, **reach) == probed


async def test_patients_are_not_probed_when_the_newest_fill_the_page(
    shelf: Shelf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "MANY", 1)
    monkeypatch.setattr(chains, "FREQUENT", 1)
    assert "ix_patient" not in indexes(await explained(store, ASKED))
    monkeypatch.setattr(chains, "NEWEST", 10)
    assert "ix_patient" in indexes(await explained(store, ASKED))
