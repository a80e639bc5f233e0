"""Fast paths: what PostgreSQL really does for the searches of the speed table, seen by EXPLAIN ANALYZE."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.store.search.shelf import Shelf, everything, observation, patient, reaching
from xinglin.fhir.search.grammar import parse
from xinglin.store.search import statement
from xinglin.store.search.sql import Builder, ReachOf
from xinglin.store.store import Store

FREQUENT = 600
LIMIT = 21


def at(n: int) -> str:
    return f"2020-01-01T00:{n // 60:02}:{n % 60:02}Z"


@pytest.fixture
async def filled(store: Store) -> Store:
    """A store with a frequent code, a rare one, and a patient with a record of their own."""
    shelf = Shelf(store)
    await shelf.put(*(patient(f"p{n}", family="rare" if n < 3 else "usual") for n in range(60)))
    made = [
        observation(f"o{n}", "often" if n % 10 else "seldom", of=f"Patient/p{n % 60}", at=at(n))
        for n in range(FREQUENT)
    ]
    await shelf.put(*made)
    await store.fetch("ANALYZE")
    return store


async def explained(store: Store, asked: str, reach: ReachOf = everything) -> list[dict[str, Any]]:
    """Every node of the plan that ran for a page of 20."""
    path, _, text = asked.partition("?")
    query = parse(path, parse_qsl(text), strict=True)
    builder = Builder(reach)
    sql = await statement(store, query, reach, builder, LIMIT)
    found = await store.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *builder.args)
    raw = found[0]["QUERY PLAN"]
    document = json.loads(raw) if isinstance(raw, str) else raw
    return list(nodes(document[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def scanned(plan: list[dict[str, Any]]) -> int:
    """The greatest number of rows that any scan gave."""
    return max(int(n["Actual Rows"] * n["Actual Loops"]) for n in plan if "Scan" in n["Node Type"])


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {n["Index Name"] for n in plan if "Index Name" in n and n["Actual Loops"]}


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("Observation?patient=Patient/p7&_sort=-date", "res_patient"),
        ("Observation?patient=Patient/p7&code=http://loinc.org|often&_sort=-date", "ix_patient"),
        ("Observation?code=http://loinc.org|often&_sort=-date", "ix_ord"),
        ("Observation?code=http://loinc.org|often", "ix_ord"),
        ("Observation?_sort=-date", "res_ord"),
        ("Observation?_sort=-_lastUpdated", "res_ts"),
        ("Observation?date=ge2020-01-01&_sort=-date", "res_ord"),
        ("Observation?code=often&_sort=-date", "ix_ord"),
    ],
)
async def test_a_page_is_walked_along_its_index(filled: Store, asked: str, index: str) -> None:
    plan = await explained(filled, asked)
    assert index in indexes(plan)
    assert scanned(plan) <= 2 * LIMIT


async def test_a_chain_probes_the_code_of_each_patient(filled: Store) -> None:
    plan = await explained(filled, "Observation?patient.family=rare&code=http://loinc.org|often&_sort=-date")
    assert {"ix_patient", "sx_norm"} <= indexes(plan)
    assert scanned(plan) <= 3 * LIMIT


async def test_has_walks_the_patients_of_a_code(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinglin.store.search.plan.RARE", 50)
    plan = await explained(filled, "Patient?_has:Observation:patient:code=http://loinc.org|often")
    assert "ix_patient" in indexes(plan)
    assert not [n for n in plan if n["Node Type"] == "Sort" and n["Actual Rows"] > 2 * LIMIT]


async def test_a_restricted_caller_walks_the_own_record(filled: Store) -> None:
    mine = reaching(Observation="patient=Patient/p7")
    assert "res_patient" in indexes(await explained(filled, "Observation?_sort=-date", mine))
    plan = await explained(filled, "Observation?code=http://loinc.org|often&_sort=-date", mine)
    assert "ix_patient" in indexes(plan)
    assert scanned(plan) <= 2 * LIMIT
