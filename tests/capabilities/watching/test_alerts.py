"""Alerts over a real ledger: what is found, that nothing is raised twice, and what becomes of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import asyncpg
import pytest

from tests.capabilities.access.ward import (
    COLLEAGUE,
    NOW,
    OFFICER,
    PHYSICIAN,
    STRANGER,
    Stopped,
    encounter,
    observation,
    order,
    patient,
    put,
    staff,
)
from xinglin.app import create_registry
from xinglin.capabilities.watching.capability import terms
from xinglin.capabilities.watching.contract import DECIDE, Decision
from xinglin.capabilities.watching.operations.look import look, windows
from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.security.ledger import act_by
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

TERMS = terms(Settings())
# Nobody takes entries out of the ledger again: each test has a week of its own.
WEEKS = count(1)
REGULATOR = staff("regulator", "7", purpose="HLEGAL")


@pytest.fixture
async def ward(store: Store, postgres_dsn: str) -> AsyncIterator[tuple[Door, Stopped]]:
    clock = Stopped()
    store.clock = store.ledger.clock = clock
    clock.moment += timedelta(weeks=next(WEEKS))
    door = Door(store, create_registry(Settings()).rulebook)
    yield door, clock
    connection = await asyncpg.connect(postgres_dsn)
    try:
        await connection.execute("DELETE FROM watched")
    finally:
        await connection.close()


async def looked(door: Door, *, later: timedelta = timedelta(seconds=1)) -> list[str]:
    """Look, and give the rules of the new alerts."""
    clock = door.clock
    assert isinstance(clock, Stopped)
    clock.moment += later
    async with door.work(SYSTEM) as work:
        made = await look(work, terms=TERMS)
    page = await door.auto(SYSTEM).find("Task", _id=",".join(made) or "none")
    tasks = [codec.decode(row.body(), "Task") for row in page.matches]
    return sorted(task.code.coding[0].code for task in tasks)  # type: ignore[attr-defined]


async def saw(door: Door, who: Principal, *patients: str, what: str = "read", **more: str) -> None:
    """Let the ledger hold that somebody looked at patients."""
    acts = [
        act_by(who, door.clock.now(), what, type="Observation", patient=rid_of("Patient", one), **more)  # type: ignore[arg-type]
        for one in patients
    ]
    await door.store.ledger.shown(acts)


@pytest.mark.rule("R7-042")
async def test_more_than_a_hundred_patients_in_an_hour_raise_one_alert(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    await saw(door, REGULATOR, *(f"p{n}" for n in range(100)))
    assert await looked(door) == []
    await saw(door, REGULATOR, "p100")
    assert await looked(door) == ["many-patients"]
    assert await looked(door, later=timedelta(minutes=5)) == []
    clock.moment += timedelta(hours=2)
    assert await looked(door) == []


@pytest.mark.rule("R7-042")
async def test_a_record_without_a_relation(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, patient("1"), patient("2"), encounter("e1", "1", "1"))
    await saw(door, PHYSICIAN, "1")
    assert await looked(door) == []
    await saw(door, STRANGER, "2")
    assert await looked(door) == ["no-relation"]


async def test_a_relation_to_a_place_of_work_counts(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    place = {
        "resourceType": "PractitionerRole",
        "id": "place-3",
        "practitioner": {"reference": "Practitioner/3"},
        "organization": {"reference": "Organization/2"},
    }
    asked = order("s1", "1")
    asked["performer"] = [{"reference": "PractitionerRole/place-3"}]
    await put(door, patient("1"), place, asked)
    await saw(door, STRANGER, "1")
    assert await looked(door) == []


@pytest.mark.rule("R7-042")
async def test_a_colleague_s_record(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    code = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMP"}
    await put(door, patient("1", meta={"security": [code]}), encounter("e1", "1", "1"), observation("o1", "1"))
    await door.auto(PHYSICIAN).read("Observation", "o1")
    assert await looked(door) == ["watched-patient"]


@pytest.mark.rule("R7-042")
async def test_records_at_night_and_at_noon(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward  # noon in the region
    await saw(door, REGULATOR, "1")
    assert await looked(door) == []
    clock.moment += timedelta(hours=11)
    await saw(door, REGULATOR, "1")
    await saw(door, PHYSICIAN)
    assert await looked(door) == ["off-hours"]


@pytest.mark.rule("R7-042")
async def test_many_rows_and_searches_by_name(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    refs = tuple(f"Observation/{n}/_history/1" for n in range(501))
    for _ in range(2):
        await door.store.ledger.shown([act_by(REGULATOR, door.clock.now(), "search", type="Observation", refs=refs)])
    for _ in range(11):
        await door.auto(SYSTEM).find("Patient", name="张")
        await door.store.ledger.shown(
            [act_by(REGULATOR, door.clock.now(), "search", type="Patient", detail="gender name:contains")]
        )
    assert await looked(door) == ["by-name", "many-rows"]


async def test_refusals(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    for _ in range(21):
        await door.event(STRANGER, "read", type="Observation", outcome="4", detail="404 not-found")
    assert await looked(door) == ["refused-often"]


async def test_an_alert_is_seen_closed_with_a_reason_and_stays_closed(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await saw(door, REGULATOR, *(f"p{n}" for n in range(101)))
    await looked(door)
    officer = door.auto(OFFICER)
    (row,) = (await officer.find("Task")).matches
    assert (await officer.operate(DECIDE, Decision(row.id, "seen"))).status == "in-progress"
    with pytest.raises(OutcomeError, match="says why"):
        await officer.operate(DECIDE, Decision(row.id, "closed"))
    own = door.auto(replace(OFFICER, id=REGULATOR.id))
    with pytest.raises(OutcomeError, match="himself"):
        await own.operate(DECIDE, Decision(row.id, "closed", "mine"))
    assert (await officer.operate(DECIDE, Decision(row.id, "closed", "年度检查"))).status == "completed"
    with pytest.raises(OutcomeError, match="dealt with"):
        await officer.operate(DECIDE, Decision(row.id, "seen"))


async def test_nobody_else_sees_alerts(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await saw(door, REGULATOR, *(f"p{n}" for n in range(101)))
    await looked(door)
    assert (await door.auto(OFFICER).count("Task")) == 1
    assert await door.auto(PHYSICIAN).count("Task") == 0
    auditor = staff("audit-admin", "8", purpose="HSYSADMIN")
    with pytest.raises(OutcomeError):
        await door.auto(auditor).count("Task")
    for who in (PHYSICIAN, auditor):
        with pytest.raises(OutcomeError):
            await door.auto(who).operate(DECIDE, Decision("1", "seen"))


def test_missed_hours_are_looked_through() -> None:
    found = list(windows(NOW - timedelta(hours=3), NOW))
    assert found[0][0] == NOW - timedelta(hours=4)
    assert found[-1] == (NOW - timedelta(hours=1), NOW)
    assert all(until - since == timedelta(hours=1) for since, until in found)
    assert len(list(windows(NOW - timedelta(days=400), NOW))) == 72
    assert list(windows(None, NOW)) == [(NOW - timedelta(hours=1), NOW)]


@pytest.mark.rule("R7-042")
async def test_what_happens_between_two_looks_is_seen(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, patient("1"))
    assert await looked(door) == []
    await saw(door, STRANGER, "1")
    assert await looked(door, later=timedelta(minutes=5)) == ["no-relation"]
    assert await looked(door, later=timedelta(minutes=70)) == []
    await saw(door, COLLEAGUE, "1")
    assert await looked(door, later=timedelta(hours=5)) == ["no-relation"]
