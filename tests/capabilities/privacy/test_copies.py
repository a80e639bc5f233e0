"""A label is lowered by a reviewed copy alone: two people, a reason, a record; the original keeps what it had."""

import json
from dataclasses import replace

import pytest

from tests.capabilities.access.ward import (
    OFFICER,
    PHYSICIAN,
    STRANGER,
    condition,
    encounter,
    open_door,
    patient,
    put,
)
from xinglin.capabilities.privacy.contract import (
    ASK_COPY,
    COPY_CODE,
    FETCH_COPY,
    JUDGE_COPY,
    Copying,
    Fetching,
    Judging,
)
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.store import Store

REASON = "高血压随访质量改进统计"


@pytest.fixture
async def door(store: Store) -> Door:
    made, _ = open_door(store)
    await put(made, patient("1"), encounter("e", "1", "1"), condition("c", "1", "B20"))
    return made


async def stated(door: Door, id: str) -> frozenset[str]:
    document = document_of((await door.auto(SYSTEM).read("Condition", id)).body())
    return frozenset(one["code"] for one in document.get("meta", {}).get("security", ()))


def key_of(error: pytest.ExceptionInfo[OutcomeError]) -> str:
    return error.value.issues[0].key


@pytest.mark.rule("R7-031")
async def test_a_copy_is_asked_for_reviewed_by_another_and_made_without_identity(door: Door) -> None:
    id = await door.auto(PHYSICIAN).operate(ASK_COPY, Copying("Condition/c", "bp-2026", REASON))
    assert [row.id for row in (await door.auto(PHYSICIAN).find("Task", code=COPY_CODE)).matches] == [id]
    assert not (await door.auto(STRANGER).find("Task", code=COPY_CODE)).matches
    with pytest.raises(OutcomeError) as early:
        await door.auto(PHYSICIAN).operate(FETCH_COPY, Fetching(id))
    assert key_of(early) == "copy-waiting"
    asker = replace(OFFICER, id=PHYSICIAN.id)
    with pytest.raises(OutcomeError) as own:
        await door.auto(asker).operate(JUDGE_COPY, Judging(id, approved=True, note="看过，可以"))
    assert key_of(own) == "copy-own"
    before = await stated(door, "c")
    assert await door.auto(OFFICER).operate(JUDGE_COPY, Judging(id, approved=True, note="看过，可以")) == "completed"
    text: str = await door.auto(PHYSICIAN).operate(FETCH_COPY, Fetching(id))
    copy = json.loads(text)
    assert copy["code"]["coding"][0]["code"] == "B20"
    assert "id" not in copy
    assert "Patient/1" not in json.dumps(copy)
    assert await stated(door, "c") == before >= {"5"}
    for who in (OFFICER, STRANGER):
        with pytest.raises(OutcomeError) as other:
            await door.auto(who).operate(FETCH_COPY, Fetching(id))
        assert other.value.status in {403, 404}
    with pytest.raises(OutcomeError) as again:
        await door.auto(OFFICER).operate(JUDGE_COPY, Judging(id, approved=False, note="再看一次"))
    assert key_of(again) == "copy-judged"


@pytest.mark.rule("R7-031")
async def test_only_who_reads_the_original_asks_with_a_reason(door: Door) -> None:
    with pytest.raises(OutcomeError) as unseen:
        await door.auto(STRANGER).operate(ASK_COPY, Copying("Condition/c", "bp-2026", REASON))
    assert unseen.value.status == 404
    with pytest.raises(OutcomeError) as idle:
        await door.auto(PHYSICIAN).operate(ASK_COPY, Copying("Condition/c", "BP 2026", "统计"))
    assert [one.key for one in idle.value.issues] == ["copy-project", "copy-reason"]
    with pytest.raises(OutcomeError) as words:
        await door.auto(PHYSICIAN).operate(ASK_COPY, Copying("Composition/c", "bp-2026", REASON))
    assert key_of(words) == "deidentify-type"


@pytest.mark.rule("R7-031")
async def test_no_other_write_lowers_a_label_not_even_the_systems(door: Door) -> None:
    assert "5" in await stated(door, "c")
    plain = condition("c", "1", "I10")
    await door.auto(SYSTEM).update(json.dumps(plain).encode(), type="Condition", id="c")
    assert {"5"} <= await stated(door, "c")
    async with door.work(SYSTEM) as work:
        await work.fhir.update(json.dumps(plain).encode(), type="Condition", id="c")
        await work.fhir.patch(lambda one: one | {"meta": {"tag": [{"code": "x"}]}}, type="Condition", id="c")
    assert {"5"} <= await stated(door, "c")
