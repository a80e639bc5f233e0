"""Find a person: what a text is taken for, who is found by whom, and what is covered."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Final

import msgspec
import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.security.identifiers import person_check
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web import format as show
from xinglin.web.banner import banner_of
from xinglin.web.persons import Sought, find, kind_of, person, recent

DOCTOR: Final = Principal(
    "doctor", frozenset({"physician"}), practitioner="Practitioner/1", organization="Organization/1", strong=True
)
CLERK: Final = Principal(
    "clerk", frozenset({"receptionist"}), organization="Organization/1", purpose="HMGT", strong=True
)
REGULATOR: Final = Principal("regulator", frozenset({"regulator"}), purpose="HLEGAL", strong=True)
RESIDENT: Final = Principal("resident", frozenset({"resident"}), patient="Patient/zs", purpose="PATRQT", level="L2")
NUMBER: Final = "41080219990308122"
CARD: Final = NUMBER + person_check(NUMBER)


def patient(id: str, name: str, **more: Any) -> dict[str, Any]:
    home = {"managingOrganization": {"reference": "Organization/1"}}
    return {"resourceType": "Patient", "id": id, "name": [{"text": name}], "gender": "female"} | home | more


PEOPLE: Final = (
    patient(
        "zs",
        "张三",
        identifier=[
            {"system": "urn:oid:2.16.156.10011.1.3", "value": CARD},
            {"system": "urn:oid:2.16.156.10011.1.2", "value": "41080200100100123"},
        ],
        telecom=[{"system": "phone", "value": "13812345678"}],
        birthDate="1999-03-08",
        address=[{"text": "焦作市解放区民主路 8 号", "district": "解放区"}],
    ),
    patient("zst", "张三通"),
    patient("lzs", "李张三"),
    patient("ls", "李四", managingOrganization={"reference": "Organization/2"}),
    patient("dead", "赵六", deceasedBoolean=True),
)


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, connections=2, keys=key_store())
    door = Door(store, create_registry(Settings()).rulebook)
    visit: dict[str, Any] = {
        "resourceType": "Encounter",
        "id": "v",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/zs"},
        "participant": [{"individual": {"reference": "Practitioner/1"}}],
        "period": {"start": "2026-11-20T03:00:00Z"},
    }
    for one in (*PEOPLE, visit):
        await door.auto(SYSTEM).update(msgspec.json.encode(one), type=one["resourceType"], id=one["id"])
    yield door
    await store.close()


async def sought(door: Door, who: Principal, text: str) -> Sought:
    async with door.work(who) as work:
        return await find(work, text, "zh")


async def ids(door: Door, text: str, who: Principal = CLERK) -> list[str]:
    return [one.id for one in (await sought(door, who, text)).people]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "nothing"),
        ("  ", "nothing"),
        ("张三", "name"),
        ("zs", "name"),
        ("Zhang San", "name"),
        ("13812345678", "phone"),
        ("138 1234 5678", "phone"),
        (CARD, "identity"),
        ("410802990308122", "identity"),
        ("41080200100100123", "record"),
        ("MZ20260001", "number"),
        ("2039", "number"),
        ("XL1D." + "0" * 32 + "." + "a" * 32, "card"),
    ],
)
def test_a_text_is_taken_for_what_it_looks_like(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize("text", ["zs", "zhangsan", "张三", "Zhang San", "ZS"])
async def test_a_name_is_found_as_it_is_typed(door: Door, text: str) -> None:
    assert (await ids(door, text))[:2] == ["zs", "zst"]


async def test_a_name_is_found_within_another_after_those_that_begin_with_it(door: Door) -> None:
    assert await ids(door, "张三") == ["zs", "zst", "lzs"]
    assert await ids(door, "三通") == ["zst"]


@pytest.mark.parametrize("text", [CARD, CARD[:6] + CARD[8:17], "41080200100100123", "138 1234 5678"])
async def test_a_number_finds_its_person_whole_only(door: Door, text: str) -> None:
    assert await ids(door, text) == ["zs"]
    assert await ids(door, text[:-1]) == []


async def test_signs_of_the_search_are_letters_here(door: Door) -> None:
    assert await ids(door, "张三,李四") == []
    assert await ids(door, "\\|$") == []


async def test_everybody_finds_by_their_own_reach(door: Door) -> None:
    assert await ids(door, "ls") == []  # registered elsewhere
    assert await ids(door, "zs", DOCTOR) == ["zs"]
    assert await ids(door, "lzs", DOCTOR) == []


@pytest.mark.rule("R7-034")
async def test_names_are_covered_but_for_who_treats(door: Door) -> None:
    (plain,) = (await sought(door, DOCTOR, "zs")).people
    covered = (await sought(door, CLERK, "zs")).people[0]
    assert plain.name == "张三"
    assert covered.name == "张*"
    assert covered.facts == plain.facts
    assert f"410802********{CARD[-4:]}" in covered.facts
    assert "138****5678" in covered.facts
    assert covered.facts[-1] == "解放区"
    assert not any("民主路" in fact for fact in covered.facts)


async def test_who_sees_names_masked_cannot_look_for_them(door: Door) -> None:
    found = await sought(door, REGULATOR, "张三")
    assert found.refused
    assert found.people == ()


async def test_who_has_no_business_with_others_finds_nobody_else(door: Door) -> None:
    assert await ids(door, "李四", RESIDENT) == []


async def test_the_dead_are_told_so(door: Door) -> None:
    (one,) = (await sought(door, CLERK, "赵六")).people
    assert not one.alive


async def test_a_card_is_not_looked_up_by_a_look(door: Door) -> None:
    found = await sought(door, CLERK, "XL1D." + "0" * 32 + "." + "a" * 32)
    assert (found.kind, found.people) == ("card", ())


async def test_whom_one_looked_at_comes_back_the_last_first(door: Door) -> None:
    who = Principal("other", DOCTOR.roles, practitioner=DOCTOR.practitioner, strong=True)
    async with door.work(who) as work:
        assert await recent(work, "zh") == ()
    await ids(door, "zs", who)  # a list is no look
    async with door.work(who) as work:
        assert await recent(work, "zh") == ()
    async with door.work(who) as work:
        await banner_of(work, "zs", "zh")
    for _ in range(2):
        async with door.work(who) as work:
            assert [one.id for one in await recent(work, "zh")] == ["zs"]


@pytest.mark.rule("R7-034")
@pytest.mark.parametrize(("number", "covered"), [("13812345678", "138****5678"), ("1234", "****"), ("", "")])
def test_a_phone_is_covered_in_the_middle(number: str, covered: str) -> None:
    assert show.masked_phone(number) == covered


def test_somebody_without_anything_is_still_a_line() -> None:
    found = person({"id": "x"}, date(2026, 11, 22), "zh", plainly=False)
    assert (found.name, found.facts) == ("—", ())
