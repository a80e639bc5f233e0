import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date

import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.security.principal import SYSTEM
from xinglin.settings import read
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.store import Store
from xinglin.store.terminology.checking import Coded, known
from xinglin.store.terminology.concepts import find
from xinglin.store.terminology.filling import fill
from xinglin.store.terminology.systems import newest, system_of, systems

URL = "http://example.org/fish"


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, connections=10, keys=key_store())
    yield Door(store, create_registry(read({})).rulebook)
    await store.close()


@pytest.fixture
async def work(door: Door) -> AsyncIterator[UnitOfWork]:
    async with door.work(SYSTEM) as work:
        yield work


def fish(**members: object) -> bytes:
    document = {
        "resourceType": "CodeSystem",
        "id": "fish",
        "url": URL,
        "version": "1",
        "status": "active",
        "content": "complete",
        "language": "zh",
        "concept": [
            {
                "code": "F",
                "display": "鱼",
                "concept": [
                    {"code": "F1", "display": "鲤鱼", "designation": [{"language": "en", "value": "carp"}]},
                    {"code": "F2", "display": "草鱼"},
                ],
            },
            {"code": "M", "display": "哺乳动物", "property": [{"code": "notSelectable", "valueBoolean": True}]},
        ],
    }
    return json.dumps(document | members).encode()


async def codes(door: Door, text: str) -> list[str]:
    store = door.store
    return [one.code for one in await find(store, text, newest(await systems(store)))]


async def test_a_code_system_written_through_the_door_keeps_its_concepts_in_the_table(door: Door) -> None:
    fhir = door.auto(SYSTEM)
    await fhir.update(fish(), type="CodeSystem", id="fish")
    system = await system_of(door.store, URL)
    assert system is not None
    assert (system.version, system.concepts, system.complete) == ("1", 4, True)
    assert await codes(door, "") == ["F", "F1", "F2", "M"]
    assert await codes(door, "cy") == ["F2"]
    assert await codes(door, "liyu") == ["F1"]
    assert await codes(door, "carp") == ["F1"]
    assert await codes(door, "鱼") == ["F", "F2", "F1"] or await codes(door, "鱼") == ["F", "F1", "F2"]
    assert await codes(door, "f2") == ["F2"]
    await fhir.update(fish(concept=[{"code": "F", "display": "鱼"}]), type="CodeSystem", id="fish")
    assert await codes(door, "") == ["F"]
    await fhir.delete("CodeSystem", "fish")
    assert await systems(door.store) == []
    assert await codes(door, "") == []


async def test_the_national_tables_are_filled_in_once(door: Door) -> None:
    done = await fill(door)
    assert "code system gbt-2261-1" in done
    assert await fill(door) == ()
    sex = await system_of(door.store, "https://xinglin.health/fhir/CodeSystem/gbt-2261-1")
    assert sex is not None
    assert sex.complete
    assert [one.code for one in await find(door.store, "nanxing", [sex])] == ["1"]
    fhir = door.auto(SYSTEM)
    document = json.loads((await fhir.read("CodeSystem", "gbt-2261-1")).body())
    assert document["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.16.156.10011.2.3.3.4"}]
    assert document["content"] == "complete"
    divisions = json.loads((await fhir.read("CodeSystem", "division")).body())
    assert (divisions["content"], "concept" in divisions) == ("not-present", False)
    found = await system_of(door.store, divisions["url"])
    assert found is not None
    assert found.concepts == divisions["count"]
    await fhir.read("ValueSet", "division")
    await fhir.read("ConceptMap", "marital-to-front-page")


@pytest.mark.rule("ST-57")
async def test_what_people_call_a_disease_finds_it_and_is_no_name_for_a_record(door: Door) -> None:
    await fill(door)
    url = "http://hl7.org/fhir/sid/icd-10-cn"
    diseases = await system_of(door.store, url)
    assert diseases is not None
    for typed in ("冠心病", "guanxinbing", "gxb"):
        assert "I25.103" in [one.code for one in await find(door.store, typed, [diseases])]
    said = ("冠状动脉粥样硬化性心脏病", "Coronary atherosclerotic heart disease", "冠心病")
    verdicts = await known(door.store, [Coded(url, "I25.103", name) for name in said], date(2026, 11, 22))
    assert [one.state for one in verdicts] == ["right", "right", "other-display"]


async def test_two_who_fill_in_at_once_do_not_disturb_each_other(postgres_dsn: str) -> None:
    stores = [await Store.open(postgres_dsn, connections=6, keys=key_store()) for _ in range(2)]
    doors = [Door(store, create_registry(read({})).rulebook) for store in stores]
    await stores[0].fetch("UPDATE code_system SET digest = '' WHERE id = ANY ($1)", ["gbt-2261-1", "gbt-3304"])
    done = await asyncio.gather(*map(fill, doors))
    assert sorted(name for each in done for name in each) == ["code system gbt-2261-1", "code system gbt-3304"]
    for store in stores:
        await store.close()


async def test_a_fragment_says_nothing_of_codes_that_it_does_not_have(door: Door) -> None:
    await door.auto(SYSTEM).update(fish(content="fragment"), type="CodeSystem", id="fish")
    day = date(2026, 11, 22)
    has, other, wrong = await known(door.store, [Coded(URL, "F2"), Coded(URL, "F9"), Coded(URL, "F2", "鲤鱼")], day)
    assert (has.state, other.state, wrong.state) == ("right", "unknown-system", "other-display")
    assert [one.is_sound for one in (has, other, wrong)] == [True, True, False]
    (elsewhere,) = await known(door.store, [Coded("http://example.org/elsewhere", "1")], day)
    assert elsewhere.is_sound
