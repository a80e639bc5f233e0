"""Reach by relation: what a physician finds lives and ends with the resources that found the relation."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xinglin.fhir.outcome import OutcomeError
from xinglin.security.grants import Grant
from xinglin.security.principal import SYSTEM, Principal
from xinglin.security.relations import PROVIDER
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.rulebook import Rulebook
from xinglin.store.store import Store

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
READ = frozenset({"read", "vread", "search", "history"})
GRANTS = (
    Grant("system", READ | {"create", "update", "patch", "delete"}, "*"),
    *(
        Grant("physician", READ, on, "_relation=encounter,appointment,contract,referral,consult,order,emergency")
        for on in ("Patient", "Observation", "Encounter")
    ),
    Grant("receptionist", READ, "Patient", "_relation:organization=appointment"),
    Grant("physician", READ | {"update"}, "Task", "owner={practitioner}"),
)
PHYSICIAN = Principal("p", frozenset({"physician"}), practitioner="Practitioner/1", organization="Organization/1")
RECEPTION = Principal("d", frozenset({"receptionist"}), organization="Organization/1")


class Stopped(Clock):
    """A clock that a test sets."""

    moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
async def door(store: Store, monkeypatch: pytest.MonkeyPatch) -> Door:
    clock = Stopped()
    monkeypatch.setattr(store, "clock", clock)
    door = Door(store, Rulebook(grants=GRANTS), audited=False)
    door.clock = clock
    for id in ("1", "2"):
        await put(door, {"resourceType": "Patient", "id": id})
        await put(door, observation(id))
    return door


def observation(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{patient}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "1"}]},
        "subject": {"reference": f"Patient/{patient}"},
    }


def encounter(status: str, **period: datetime) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "e",
        "status": status,
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/1"},
        "participant": [{"individual": {"reference": "Practitioner/1"}}],
        "period": {name: moment.isoformat() for name, moment in period.items()},
    }


async def put(door: Door, document: dict[str, Any]) -> None:
    type, id = document["resourceType"], document["id"]
    await door.auto(SYSTEM).update(json.dumps(document).encode(), type=type, id=id)


async def seen(door: Door, who: Principal, type: str = "Observation", **asked: str) -> set[str]:
    return {row.id for row in (await door.auto(who).find(type, **asked)).matches}


async def test_a_physician_reaches_patients_of_open_encounters_only(door: Door) -> None:
    assert await seen(door, PHYSICIAN) == set()
    await put(door, encounter("in-progress", start=NOW - timedelta(hours=1)))
    assert await seen(door, PHYSICIAN) == {"o1"}
    assert await seen(door, PHYSICIAN, patient="Patient/1") == {"o1"}
    assert await seen(door, PHYSICIAN, patient="Patient/2") == set()
    assert await seen(door, PHYSICIAN, code="http://loinc.org|1") == {"o1"}
    assert (await door.auto(PHYSICIAN).read("Observation", "o1")).id == "o1"
    with pytest.raises(OutcomeError):
        await door.auto(PHYSICIAN).read("Observation", "o2")
    await put(door, encounter("cancelled", start=NOW - timedelta(hours=1)))
    assert await seen(door, PHYSICIAN) == set()


def referral(status: str = "accepted", days: int = 30, **more: Any) -> dict[str, Any]:
    end = NOW + timedelta(days=days)
    return {
        "resourceType": "Task",
        "id": "t",
        "status": status,
        "intent": "order",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "3457005"}]},
        "for": {"reference": "Patient/1"},
        "owner": {"reference": "Practitioner/1"},
        "executionPeriod": {"start": NOW.isoformat(), "end": end.isoformat()},
        **more,
    }


@pytest.mark.rule("R7-032")
async def test_nobody_prolongs_a_relation_by_a_task_that_he_may_change(door: Door) -> None:
    await put(door, referral())
    mine = door.auto(PHYSICIAN)

    async def change(task: dict[str, Any]) -> str:
        try:
            await mine.update(json.dumps(task).encode(), type="Task", id="t")
        except OutcomeError as refused:
            return refused.issues[0].key
        return "done"

    assert await change(referral("in-progress", note=[{"text": "已电话联系"}])) == "done"
    assert await change(referral(days=31)) == "relation-fixed"
    other: dict[str, Any] = {"owner": {"reference": "Practitioner/1"}, "executionPeriod": {"start": NOW.isoformat()}}
    assert await change(referral(**other)) == "relation-fixed"
    assert await change(referral(days=3)) == "done"
    assert await change(referral(days=30)) == "relation-fixed"
    assert await seen(door, PHYSICIAN) == {"o1"}
    assert await change(referral("completed", days=3)) == "done"
    assert await seen(door, PHYSICIAN) == set()
    assert await change(referral("accepted", days=3)) == "relation-fixed"


@pytest.mark.rule("R7-032")
@pytest.mark.parametrize(("hours", "reached"), [(71, True), (73, False)])
async def test_a_finished_encounter_is_reached_for_72_hours(door: Door, hours: int, *, reached: bool) -> None:
    await put(door, encounter("finished", start=NOW - timedelta(hours=90), end=NOW - timedelta(hours=hours)))
    assert (await seen(door, PHYSICIAN) == {"o1"}) is reached
    assert (await seen(door, PHYSICIAN, patient="Patient/1") == {"o1"}) is reached


async def test_the_same_statement_forgets_a_relation_that_ends(door: Door) -> None:
    await put(door, encounter("finished", start=NOW - timedelta(hours=2), end=NOW - timedelta(hours=1)))
    for _ in range(3):
        assert await seen(door, PHYSICIAN) == {"o1"}
    door.clock.moment = NOW + timedelta(hours=72)  # type: ignore[attr-defined]
    assert await seen(door, PHYSICIAN) == set()


@pytest.mark.parametrize(
    ("start", "reached"),
    [
        ("2026-11-22T00:30:00+08:00", True),
        ("2026-11-22T23:30:00+08:00", True),
        ("2026-11-23T00:30:00+08:00", False),
        ("2026-11-21T23:00:00+08:00", False),
    ],
)
async def test_an_appointment_is_reached_on_its_day_in_beijing(door: Door, start: str, *, reached: bool) -> None:
    await put(
        door,
        {
            "resourceType": "Appointment",
            "id": "a",
            "status": "booked",
            "start": start,
            "end": (datetime.fromisoformat(start) + timedelta(minutes=15)).isoformat(),
            "participant": [{"actor": {"reference": "Patient/1"}, "status": "accepted"}],
            "extension": [{"url": PROVIDER, "valueReference": {"reference": "Organization/1"}}],
        },
    )
    assert (await seen(door, RECEPTION, "Patient") == {"1"}) is reached
    assert await seen(door, PHYSICIAN, "Patient") == set()
