"""Dictionaries: trained once a type, taken up by every process, and needed forever."""

import asyncio
import json
from collections.abc import Sequence

from tests.conftest import key_store
from tests.store.records import entry
from xinglin.store import maintenance
from xinglin.store.body import ZSTD
from xinglin.store.executor import Change
from xinglin.store.store import Store


def observation(n: int) -> Change:
    coding = {"system": "http://loinc.org", "code": f"{n % 50}-{n % 7}", "display": f"Finding number {n % 50}"}
    value = {"value": n / 7, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    document = {"status": "final", "code": {"coding": [coding]}, "subject": {"reference": f"Patient/{n * 7919}"}}
    tail = b"}," + json.dumps({**document, "valueQuantity": value}).encode()[1:]
    return Change("create", "Observation", f"d{n}", tail, entry("Observation", f"d{n}"))


async def fill(store: Store, first: int, last: int) -> None:
    await asyncio.gather(*(store.write(observation(n)) for n in range(first, last)))


async def nobody(types: Sequence[str]) -> None:
    """Train nothing: the test calls the trainer itself."""


async def test_a_dictionary_is_trained_once_and_makes_later_bodies_smaller(store: Store, postgres_dsn: str) -> None:
    store._train = nobody  # type: ignore[method-assign]
    await fill(store, 0, 999)
    assert await maintenance.train_dictionaries(postgres_dsn, vault=store.vault) == ()
    await fill(store, 999, 1_200)
    both = await asyncio.gather(*(maintenance.train_dictionaries(postgres_dsn, vault=store.vault) for _ in range(2)))
    assert sorted(both) == [(), ("Observation",)]
    later = await Store.open(postgres_dsn, keys=key_store())
    await fill(later, 2_000, 2_100)
    sizes = {
        -1 - r["enc"]: r["size"]
        for r in await later.fetch("SELECT enc, avg(length(body)) AS size FROM res GROUP BY enc")
    }
    assert sizes[2] * 2 < sizes[ZSTD]
    # A process that knows nothing of the dictionary reads it when it meets it, alone or in a page.
    row = await store.get("Observation", "d2000")
    assert row is not None
    assert row.tail == observation(2_000).tail
    fresh = await Store.open(postgres_dsn, keys=key_store())
    fresh.records.bodies._openers.pop(2)
    [row] = await fresh.rows(
        await fresh.fetch("SELECT rt, id, rid, vid, ts, deleted, enc, body, pat FROM res WHERE id = 'd2001'")
    )
    assert row.tail == observation(2_001).tail
    await later.close()
    await fresh.close()


async def test_a_type_that_grows_gets_its_dictionary_by_itself(store: Store) -> None:
    await fill(store, 0, 1_100)
    await asyncio.gather(*store._tasks)
    assert [r["enc"] for r in await store.fetch("SELECT enc FROM dict")] == [2]
    await fill(store, 1_100, 1_101)
    assert [r["enc"] for r in await store.fetch("SELECT enc FROM res WHERE id = 'd1100'")] == [-1 - 2]


async def test_loading_trains_as_it_goes(store: Store) -> None:
    for first in range(0, 2_000, 500):
        await store.load([observation(n) for n in range(first, first + 500)])
    assert {r["enc"] for r in await store.fetch("SELECT enc FROM res")} == {-1 - ZSTD, -1 - 2}


async def test_statistics_are_refreshed(store: Store, postgres_dsn: str) -> None:
    await fill(store, 0, 100)
    await maintenance.refresh_statistics(postgres_dsn)
    [record] = await store.fetch("SELECT reltuples::int AS n FROM pg_class WHERE relname = 'res'")
    assert record["n"] == 100
