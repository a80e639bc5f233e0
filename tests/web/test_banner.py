"""The patient banner: what it says, to whom, and why they may see it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.store import relations
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.banner import Banner, banner_of

NOW: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DOCTOR: Final = Principal(
    "p", frozenset({"physician"}), practitioner="Practitioner/1", organization="Organization/1", strong=True
)
CLERK: Final = Principal("d", frozenset({"receptionist"}), organization="Organization/1", purpose="HMGT", strong=True)
MOTHER: Final = Principal(
    "r", frozenset({"resident"}), patient="Patient/9", patients=("Patient/9", "Patient/1"), purpose="PATRQT", level="L2"
)
Show = Callable[..., Any]


class Stopped(Clock):
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


def coded(code: str, system: str = "http://snomed.info/sct", text: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]} | ({"text": text} if text else {})


def allergy(id: str, text: str, code: str = "1", **more: Any) -> dict[str, Any]:
    state = coded(more.pop("state", "active"), "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical")
    about = {"reference": "Patient/1"}
    kind = {"resourceType": "AllergyIntolerance", "id": id, "patient": about, "clinicalStatus": state}
    return kind | {"code": coded(code, text=text)} | more


PATIENT: Final[dict[str, Any]] = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "410802199903081221"}],
    "name": [{"text": "张小梅"}],
    "gender": "female",
    "birthDate": "1999-03-08",
    "managingOrganization": {"reference": "Organization/1"},
}
VISIT: Final[dict[str, Any]] = {
    "resourceType": "Encounter",
    "id": "v",
    "status": "in-progress",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/1"},
    "participant": [{"individual": {"reference": "Practitioner/1"}}],
    "period": {"start": "2026-11-22T03:00:00Z"},
}
PREGNANCY: Final[dict[str, Any]] = {
    "resourceType": "EpisodeOfCare",
    "id": "e",
    "status": "active",
    "type": [coded("pregnancy", "https://xinglin.health/fhir/CodeSystem/episode")],
    "patient": {"reference": "Patient/1"},
}
COVER: Final[dict[str, Any]] = {
    "resourceType": "Coverage",
    "id": "c",
    "status": "active",
    "type": coded("employee", "https://xinglin.health/fhir/CodeSystem/insurance-kind"),
    "beneficiary": {"reference": "Patient/1"},
    "payor": [{"reference": "Organization/9"}],
}


@pytest.fixture
async def door(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, connections=2, keys=key_store())
    monkeypatch.setattr(store, "clock", Stopped())
    door = Door(store, create_registry(Settings()).rulebook)
    for type in ("AllergyIntolerance", "EpisodeOfCare", "Coverage", "Flag", "Encounter", "Task"):
        for row in (await door.auto(SYSTEM).find(type)).matches:
            await door.auto(SYSTEM).delete(type, row.id)
    await put(door, PATIENT)
    yield door
    await store.close()


async def put(door: Door, *resources: dict[str, Any]) -> None:
    for one in resources:
        await door.auto(SYSTEM).update(msgspec.json.encode(one), type=one["resourceType"], id=one["id"])


async def banner(door: Door, who: Principal, language: Any = "zh") -> Banner:
    async with door.work(who) as work:
        return await banner_of(work, "1", language)


async def test_a_physician_sees_dangers_first_and_the_visit_that_lets_him(door: Door) -> None:
    await put(door, VISIT, PREGNANCY, COVER, allergy("a", "花粉"), allergy("b", "青霉素", criticality="high"))
    shown = await banner(door, DOCTOR)
    assert shown.name == "张小梅"
    assert shown.facts == ("女", "27 岁", "1999-03-08", "410802********1221")
    assert shown.risks == ("青霉素（高危）", "花粉", "孕产妇")
    assert shown.why == "因就诊可见"
    assert not shown.urgent
    assert not shown.masked


async def test_allergies_that_are_over_are_no_danger(door: Door) -> None:
    await put(door, VISIT, allergy("a", "花粉", state="resolved"))
    shown = await banner(door, DOCTOR)
    assert shown.risks == ()
    assert shown.calm == ("过敏史未记录",)


async def test_no_known_allergy_is_told_from_nothing_written(door: Door) -> None:
    await put(door, VISIT, allergy("a", "无已知过敏", code="716186003"))
    shown = await banner(door, DOCTOR, "en")
    assert shown.risks == ()
    assert shown.calm == ("No known allergies",)


async def test_who_may_not_see_allergies_is_told_nothing_of_them(door: Door) -> None:
    await put(door, allergy("a", "青霉素"))
    shown = await banner(door, CLERK)
    assert shown.risks == ()
    assert shown.calm == ()
    assert shown.why == ""


async def test_a_stranger_learns_nothing(door: Door) -> None:
    with pytest.raises(OutcomeError) as refused:
        await banner(door, DOCTOR)
    assert refused.value.status == 404


@pytest.mark.rule("R7-032")
async def test_an_emergency_says_until_when(door: Door) -> None:
    emergency = {
        "resourceType": "Task",
        "id": "t",
        "status": "in-progress",
        "intent": "order",
        "code": coded("break-glass", "https://xinglin.health/fhir/CodeSystem/task"),
        "for": {"reference": "Patient/1"},
        "requester": {"reference": "Practitioner/1"},
        "executionPeriod": {"start": "2026-11-22T03:30:00Z", "end": "2026-11-22T06:05:00Z"},
    }
    await put(door, emergency)
    shown = await banner(door, DOCTOR)
    assert shown.why == "紧急访问，至 14:05"
    assert shown.urgent
    await put(door, VISIT)
    assert (await banner(door, DOCTOR)).why == "因就诊可见"  # the usual way lasts longer than the emergency


async def test_ones_own_record_and_those_one_acts_for(door: Door) -> None:
    assert (await banner(door, MOTHER)).why == "本人或被监护人的档案"


@pytest.mark.rule("R7-032")
async def test_a_visit_holds_some_days_beyond_its_end(door: Door) -> None:
    ended = VISIT | {"status": "finished", "period": {"start": "2026-11-20T03:00:00Z", "end": "2026-11-20T04:00:00Z"}}
    await put(door, ended)
    windows = door.rulebook.windows
    async with door.work(DOCTOR) as work:
        (held,) = await relations.held(work.executor, DOCTOR, "1", windows)
    assert held.kind == "encounter"
    assert held.until == datetime(2026, 11, 20, 4, 0, tzinfo=UTC) + timedelta(hours=windows.grace_hours, seconds=1)
    await put(door, ended | {"period": {"start": "2026-11-10T03:00:00Z", "end": "2026-11-10T04:00:00Z"}})
    async with door.work(DOCTOR) as work:
        assert await relations.held(work.executor, DOCTOR, "1", windows) == ()


@pytest.mark.rule("R7-032")
@pytest.mark.parametrize(("day", "live"), [("2026-11-22", ["appointment"]), ("2026-11-23", []), ("2026-11-21", [])])
async def test_an_appointment_holds_on_its_day(door: Door, day: str, live: list[str]) -> None:
    booked = {
        "resourceType": "Appointment",
        "id": "b",
        "status": "booked",
        "start": f"{day}T10:00:00+08:00",
        "end": f"{day}T10:10:00+08:00",
        "participant": [
            {"actor": {"reference": "Patient/1"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/1"}, "status": "accepted"},
        ],
    }
    await put(door, booked)
    async with door.work(DOCTOR) as work:
        found = await relations.held(work.executor, DOCTOR, "1", door.rulebook.windows)
    assert [one.kind for one in found] == live
