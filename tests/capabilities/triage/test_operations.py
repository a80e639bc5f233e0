"""$triage and $keep-triage against the real store, and the rule base behind them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from tests.capabilities.residents.people import DESK, MEI, resident
from tests.capabilities.triage.places import PLACES
from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.capabilities.triage.contract import KEEP, KEPT, TRIAGE, Asked, Keeping
from xinglin.capabilities.triage.queries import emergencies, offered
from xinglin.capabilities.triage.rules import refusals
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, connections=4, keys=key_store())
    door = Door(store, create_registry(Settings()).rulebook)
    async with door.work(SYSTEM) as work:
        for document in (*PLACES, resident("张小梅", "1990-03-07", 124) | {"id": "mei"}):
            await work.fhir.update(msgspec.json.encode(document), type=document["resourceType"], id=document["id"])
    yield door
    await store.close()


async def test_a_red_flag_leads_to_emergency(door: Door) -> None:
    async with door.work(MEI) as work:
        advised = await work.fhir.operate(TRIAGE, Asked("胸口疼，出冷汗", age_days=20_000))
    assert (advised.urgency, advised.departments[0]) == ("emergency", "20")
    assert "chest-pain" in advised.flags
    assert advised.questions == ()


async def test_the_desk_may_ask_and_is_told_why(door: Door) -> None:
    async with door.work(DESK) as work:
        advised = await work.fhir.operate(TRIAGE, Asked("头晕三天，没有胸痛", age_days=20_000, sex="male"))
    assert advised.departments[0] == "03.03"
    assert "dizzy" in advised.rules
    assert "chest-pain" in advised.denied
    assert advised.questions


async def test_what_is_kept_is_the_own_and_says_what_was_passed_by(door: Door) -> None:
    async with door.work(MEI) as work:
        id = await work.fhir.operate(KEEP, Keeping("mei", "胸口疼", continued=True))
    async with door.work(MEI) as work:
        kept = document_of((await work.fhir.read("QuestionnaireResponse", id)).body())
    assert kept["meta"]["profile"] == [KEPT.url]
    said = {item["linkId"]: [next(iter(one.values())) for one in item["answer"]] for item in kept["item"]}
    assert said["complaint"] == ["胸口疼"]
    assert said["flag"] == ["chest-pain"]
    assert said["continued"] == [True]


async def test_nobody_keeps_a_triage_for_somebody_else(door: Door) -> None:
    async with door.work(replace(MEI, patient="Patient/other", patients=("Patient/other",))) as work:
        with pytest.raises(OutcomeError) as refused:
            await work.fhir.operate(KEEP, Keeping("mei", "头晕"))
    assert refused.value.status == 404


async def test_the_emergency_department_of_the_county_comes_first(door: Door) -> None:
    async with door.work(MEI) as work:
        places = await emergencies(work, "410821")
        assert [(one.name, one.near) for one in places] == [("修武县人民医院", True), ("焦作市人民医院", False)]
        assert places[0].phone == "0391-0001234"
        assert "修武县" in places[0].address


async def test_a_department_that_nobody_has_is_replaced(door: Door) -> None:
    async with door.work(MEI) as work:
        assert (await offered(work, "03.03", "03", ""))[0] == "03.03"
        assert (await offered(work, "03.05", "03", ""))[0] == "02"


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (Asked("晕" * 501), "triage-long"),
        (Asked("晕", yes=("dizzy",) * 101), "triage-many"),
        (Asked("晕", age_days=-1), "triage-age"),
        (Asked("晕", age_days=60_000), "triage-age"),
        (Asked("晕", sex="maybe"), "triage-sex"),
    ],
)
def test_what_cannot_be_taken_is_said(asked: Asked, key: str) -> None:
    assert [issue.key for issue in refusals(asked)] == [key]
