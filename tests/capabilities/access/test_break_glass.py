"""Emergency access: a reason, half an hour, a notice, a review; and no further than the role's own types."""

import json
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capabilities.access.ward import (
    OFFICER,
    PHYSICIAN,
    RESIDENT,
    Stopped,
    condition,
    consent,
    observation,
    open_door,
    patient,
    put,
    seen,
    staff,
)
from xinglin.capabilities.access.contract import BREAK_GLASS, REVIEW, BreakGlass, Review
from xinglin.capabilities.access.rules import review_due
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.store import Store

WHY = BreakGlass("1", "昏迷送诊, 需要了解过敏史")


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(
        door, patient("1"), patient("2"), observation("o1", "1"), observation("o2", "2"), condition("c1", "1", "F20")
    )
    return door, clock


async def opened(door: Door, given: BreakGlass = WHY) -> str:
    task = await door.auto(PHYSICIAN).operate(BREAK_GLASS, given)
    assert task.id is not None
    return task.id


@pytest.mark.rule("R7-032")
async def test_a_record_opens_for_thirty_minutes_to_who_asked(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    assert await seen(door, PHYSICIAN, "Observation") == set()
    await opened(door)
    assert await seen(door, PHYSICIAN, "Observation") == {"o1"}
    assert await seen(door, PHYSICIAN, "Condition") == {"c1"}  # level 5 too
    assert await seen(door, staff("physician", "2"), "Observation") == set()
    clock.pass_(minutes=29)
    assert await seen(door, PHYSICIAN, "Observation", patient="Patient/1") == {"o1"}
    clock.pass_(minutes=1, seconds=1)  # the end of a period is its last second
    assert await seen(door, PHYSICIAN, "Observation") == set()


@pytest.mark.rule("R7-032")
async def test_it_opens_what_a_consent_denies(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, consent("n", "1", {"type": "deny"}))
    await opened(door)
    assert await seen(door, PHYSICIAN, "Observation") == {"o1"}


async def test_it_reaches_no_further_than_the_role(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await opened(door)
    with pytest.raises(OutcomeError) as refused:
        await door.auto(PHYSICIAN).find("Claim")
    assert refused.value.status == 403


@pytest.mark.rule("R7-032")
async def test_the_patient_is_told(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await opened(door)
    (notice,) = (await door.auto(RESIDENT).find("Communication")).matches
    assert "昏迷送诊" in json.loads(notice.body())["payload"][0]["contentString"]


@pytest.mark.parametrize("reason", ["", "    ", "急"])
async def test_without_a_reason_nothing_opens(ward: tuple[Door, Stopped], reason: str) -> None:
    door, _ = ward
    with pytest.raises(OutcomeError):
        await opened(door, BreakGlass("1", reason))
    assert await seen(door, PHYSICIAN, "Observation") == set()


async def test_roles_without_the_right_open_nothing(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    for role in ("receptionist", "insurer", "technician"):
        with pytest.raises(OutcomeError) as refused:
            await door.auto(staff(role, "1")).operate(BREAK_GLASS, WHY)
        assert refused.value.status == 403


async def test_nobody_writes_such_a_task_himself(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    id = await opened(door)
    document = json.loads((await door.auto(SYSTEM).read("Task", id)).body())
    document["executionPeriod"]["end"] = "2099-01-01T00:00:00Z"
    with pytest.raises(OutcomeError) as refused:
        await door.auto(PHYSICIAN).update(json.dumps(document).encode(), type="Task", id=id)
    assert refused.value.status == 403


@pytest.mark.rule("R7-032")
async def test_the_officer_reviews_and_an_unjustified_access_ends(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    id = await opened(door)
    queue = await seen(door, OFFICER, "Task", code="https://xinglin.health/fhir/CodeSystem/task|break-glass")
    assert queue == {id}
    await door.auto(OFFICER).operate(REVIEW, Review(id, "unjustified", "与患者无诊疗关系"))
    assert await seen(door, PHYSICIAN, "Observation") == set()
    with pytest.raises(OutcomeError) as again:
        await door.auto(OFFICER).operate(REVIEW, Review(id, "justified", "复核"))
    assert again.value.issues[0].key == "reviewed-already"


async def test_an_officer_sees_no_record(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await opened(door)
    with pytest.raises(OutcomeError):
        await door.auto(OFFICER).find("Observation")


@pytest.mark.rule("R7-032", "A11-20")
@pytest.mark.parametrize(
    ("opened_on", "due"),
    [
        ("2026-11-20", "2026-11-25"),  # Friday: Monday, Tuesday, Wednesday
        ("2026-11-21", "2026-11-25"),
        ("2026-09-30", "2026-10-12"),  # National Day; Saturday the 10th is worked
    ],
)
def test_a_review_is_due_after_three_working_days(opened_on: str, due: str) -> None:
    holidays = {date(2026, 10, day) for day in range(1, 9)}
    worked = {date(2026, 10, 10)}
    found = review_due(datetime.fromisoformat(f"{opened_on}T10:00:00+08:00"), 3, holidays, worked)
    assert found == date.fromisoformat(due)


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(1, 30))
def test_one_more_working_day_is_never_earlier(day: date, days: int) -> None:
    moment = datetime.combine(day, time(9), UTC)
    assert review_due(moment, days + 1, (), ()) > review_due(moment, days, (), ()) > moment.date()
