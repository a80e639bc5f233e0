"""What gathers others is labelled as what it names, whichever of them comes first."""

import asyncio
import json
from typing import Any

import pytest

from xinglin.fhir.search.grammar import parse
from xinglin.security import labels
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door, Fhir
from xinglin.store.loading import Loader
from xinglin.store.orders import Order
from xinglin.store.rulebook import Rulebook
from xinglin.store.sources import Item
from xinglin.store.store import Store

ICD = "http://hl7.org/fhir/sid/icd-10-cn"


@pytest.fixture
def fhir(store: Store) -> Fhir:
    return Door(store, Rulebook(grants=(Grant("system", INTERACTIONS, "*"),))).auto(SYSTEM)


def condition(id: str, code: str = "I10") -> dict[str, Any]:
    coding = {"coding": [{"system": ICD, "code": code}]}
    return {"resourceType": "Condition", "id": id, "code": coding, "subject": {"reference": "Patient/p"}}


def composition(id: str, *named: str) -> dict[str, Any]:
    inner = {"title": "inner", "entry": [{"reference": one} for one in named]}
    return {
        "resourceType": "Composition",
        "id": id,
        "status": "final",
        "type": {"text": "summary"},
        "subject": {"reference": "Patient/p"},
        "date": "2026-11-22",
        "author": [{"display": "x"}],
        "title": "x",
        "section": [{"title": "outer", "section": [inner]}],
    }


def listed(id: str, *named: str) -> dict[str, Any]:
    items = [{"item": {"reference": one}} for one in named]
    return {"resourceType": "List", "id": id, "status": "current", "mode": "working", "entry": items}


async def put(fhir: Fhir, *resources: dict[str, Any]) -> None:
    for one in resources:
        await fhir.update(json.dumps(one).encode(), type=one["resourceType"], id=one["id"])


async def stated(fhir: Fhir, type: str, id: str) -> set[str]:
    meta = json.loads((await fhir.read(type, id)).body())["meta"]
    return {one["code"] for one in meta.get("security", ())}


@pytest.mark.rule("R7-031")
async def test_what_gathers_is_labelled_when_what_it_names_is_labelled_later(fhir: Fhir) -> None:
    await put(fhir, condition("c"), composition("d", "Condition/c"), listed("l", "Composition/d"))
    assert await stated(fhir, "List", "l") == set()
    await put(fhir, condition("c", "B20"))
    assert await stated(fhir, "Composition", "d") == {"hiv", "5"}
    assert await stated(fhir, "List", "l") == {"hiv", "5"}
    assert (await fhir.read("Composition", "d")).vid == 2


@pytest.mark.rule("R7-031")
async def test_what_is_named_before_it_exists_labels_when_it_comes(fhir: Fhir) -> None:
    await put(fhir, composition("d", "Condition/later"))
    made = condition("later", "F20")
    await fhir.write_many([Order("update", "Condition", json.dumps(made).encode(), "later")])
    assert await stated(fhir, "Composition", "d") == {"mental", "5"}


async def test_an_ordinary_write_makes_no_version_of_what_gathers_it(fhir: Fhir) -> None:
    await put(fhir, condition("c"), composition("d", "Condition/c"), condition("c", "I11"))
    assert (await fhir.read("Composition", "d")).vid == 1


async def test_rings_of_what_gathers_come_to_an_end(fhir: Fhir) -> None:
    await put(fhir, listed("a", "List/b", "Condition/c"), listed("b", "List/a"), condition("c", "B20"))
    assert await stated(fhir, "List", "a") == await stated(fhir, "List", "b") == {"hiv", "5"}


async def test_those_written_together_take_over_from_each_other_whatever_their_order(fhir: Fhir) -> None:
    both = [listed("l", "Composition/d"), composition("d", "Condition/c"), condition("c", "A53")]
    await fhir.write_many([Order("update", one["resourceType"], json.dumps(one).encode(), one["id"]) for one in both])
    assert await stated(fhir, "List", "l") == {"std", "5"}


async def test_none_of_two_at_once_misses_the_other(fhir: Fhir) -> None:
    for turn in range(5):
        await asyncio.gather(
            put(fhir, condition(f"c{turn}", "B20")), put(fhir, composition(f"d{turn}", f"Condition/c{turn}"))
        )
        assert await stated(fhir, "Composition", f"d{turn}") == {"hiv", "5"}


@pytest.mark.rule("R7-031")
async def test_a_load_labels_what_gathers_in_whatever_order_it_comes(fhir: Fhir) -> None:
    await put(fhir, composition("old", "Condition/c"))
    lines = [composition("new", "Condition/c", "Condition/plain"), condition("c", "B20"), condition("plain")]
    items = [Item("x.ndjson", number, json.dumps(one).encode()) for number, one in enumerate(lines)]
    loader = Loader(fhir)
    first = await loader.load(items, turn="first")
    assert [(first.created, len(first.waiting), first.refused)] == [(2, 1, [])]
    assert (await loader.load(first.waiting, turn="next")).created == 1
    assert await stated(fhir, "Composition", "new") == {"hiv", "5"}
    assert await stated(fhir, "Composition", "old") == {"hiv", "5"}
    again = await loader.load(items, turn="next")
    assert (again.unchanged, again.updated, again.refused) == (3, 0, [])


# -- level and class of every instance ------------------------------------------------------------------------------


def shown(raw: bytes) -> list[tuple[str, str]]:
    return [(one["system"].rpartition("/")[2], one["code"]) for one in json.loads(raw)["meta"]["security"]]


@pytest.mark.rule("R7-030", "R7-031")
async def test_every_instance_answers_with_its_level_and_class(fhir: Fhir) -> None:
    await put(fhir, condition("c"), condition("h", "B20"), {"resourceType": "Location", "id": "l"})
    assert shown((await fhir.read("Condition", "c")).answer()) == [("security-level", "4"), ("data-class", "status")]
    assert shown((await fhir.read("Location", "l")).answer()) == [("security-level", "1"), ("data-class", "resource")]
    assert set(shown((await fhir.read("Condition", "h")).answer())) == {
        ("security-level", "5"),
        ("data-class", "status"),
        ("sensitive-class", "hiv"),
    }


async def test_what_was_read_is_written_back_without_a_new_version(fhir: Fhir) -> None:
    await put(fhir, condition("c"), condition("h", "B20"))
    for id in ("c", "h"):
        row = await fhir.read("Condition", id)
        written = await fhir.update(row.answer(), type="Condition", id=id)
        assert written.unchanged
        assert (await fhir.read("Condition", id)).answer() == row.answer()


@pytest.mark.rule("R7-031")
async def test_nobody_lowers_a_level_by_stating_another(fhir: Fhir) -> None:
    low = condition("c") | {"meta": {"security": [{"system": labels.LEVEL, "code": "1"}, {"system": "a", "code": "b"}]}}
    await put(fhir, low)
    assert [code for _, code in shown((await fhir.read("Condition", "c")).answer())] == ["4", "status", "b"]


@pytest.mark.rule("R7-031")
async def test_a_search_finds_by_level_and_class(fhir: Fhir) -> None:
    await put(fhir, condition("c"), condition("h", "B20"))

    async def found(**asked: str) -> list[str]:
        pairs = [(name.replace("__", ":"), value) for name, value in asked.items()]
        page = await fhir.search(parse("Condition", pairs, strict=True))
        return sorted(row.id for row in page.matches)

    assert await found(_security=f"{labels.LEVEL}|4") == ["c"]
    assert await found(_security="4") == ["c"]
    assert await found(_security=f"{labels.LEVEL}|5") == ["h"]
    assert await found(_security=f"{labels.LEVEL}|") == ["c", "h"]
    assert await found(_security=f"{labels.LEVEL}|3") == []
    assert await found(_security=f"{labels.LEVEL}|3,{labels.LEVEL}|4") == ["c"]
    assert await found(_security=f"{labels.CLASS}|status") == ["c", "h"]
    assert await found(_security=f"{labels.CLASS}|payment") == []
    assert await found(_security__not=f"{labels.LEVEL}|4") == ["h"]
    assert await found(_security__missing="true") == []
    assert await found(_security__missing="false") == ["c", "h"]
    assert await found(_security=f"{labels.CLASS}|status,{labels.SPECIAL}|hiv", _id="h") == ["h"]
