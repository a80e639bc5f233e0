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
from xinglin.store.terminology.concepts import Add, find, meets, tier
from xinglin.store.terminology.filling import fill
from xinglin.store.terminology.keeping import reworded
from xinglin.store.terminology.systems import newest, system_of, systems

URL = "http://example.org/fish"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cn"
TYPED = (
    *("高血压", "gxy", "feiyan", "i10", "I10.x", "血", "性", "急性 感染", "x", "g", "i", "1", "xj", "xin", "xinj"),
    *("xinji", "gaoxuey", "a0", "伴", "hyper", "acute b", "。", "zzzz", "Ｉ１０", "妊娠合并", "e", "中毒 yao"),
)


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
    url = ICD10
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


async def in_order(store: Store, text: str, sids: list[int], offset: int) -> list[str]:
    """Put all that is found in order at once: slow, and what the steps must come to."""
    add = Add()
    where = f"c.sid = ANY ({add(sids)}::int8[]) AND {meets(text, add)}"
    rows = await store.fetch(
        f"SELECT c.code FROM concept c WHERE {where}"
        f" ORDER BY {tier(text, add)}, c.until IS NOT NULL, length(c.display), c.sid, c.place LIMIT 20 OFFSET {offset}",
        *add.args,
    )
    return [one["code"] for one in rows]


@pytest.mark.parametrize("typed", TYPED)
async def test_the_steps_come_to_the_order_of_all_that_is_found(door: Door, typed: str) -> None:
    await fill(door)
    diseases = await system_of(door.store, ICD10)
    assert diseases is not None
    each = [diseases, *(one for one in await systems(door.store) if one.id in {"laboratory-item", "icd-9-cm-3-cn"})]
    for within, offset in (([diseases], 0), (each, 0), (each, 13)):
        expected = await in_order(door.store, typed, [one.sid for one in within], offset)
        assert [one.code for one in await find(door.store, typed, within, offset=offset)] == expected


async def test_what_is_retired_comes_after_what_is_in_use(door: Door) -> None:
    gone = [{"code": "inactive", "valueBoolean": True}]
    many = [
        {"code": f"X{n}", "display": "大" * (n % 40) + "鱼" * 3, **({"property": gone} if n % 3 == 0 else {})}
        for n in range(300)
    ]
    await door.auto(SYSTEM).update(fish(concept=many), type="CodeSystem", id="fish")
    system = await system_of(door.store, URL)
    assert system is not None
    for typed in ("鱼", "yyy", "d", "x1", "大鱼", "dayu"):
        for offset in (0, 190):
            expected = await in_order(door.store, typed, [system.sid], offset)
            assert [one.code for one in await find(door.store, typed, [system], offset=offset)] == expected
            assert expected or typed not in {"鱼", "yyy"}


async def test_words_that_were_made_otherwise_are_made_anew(door: Door) -> None:
    await door.auto(SYSTEM).update(fish(), type="CodeSystem", id="fish")
    assert await reworded(door.store) == ()
    await door.store.fetch("UPDATE concept SET grams = '{}', words = '' WHERE code = 'F1'")
    await door.store.fetch("UPDATE code_system SET form = 0 WHERE id = 'fish'")
    assert "F1" not in await codes(door, "liyu")
    assert await reworded(door.store) == ("words of fish",)
    assert "F1" in await codes(door, "liyu")
