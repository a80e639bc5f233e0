"""Messages from the outbox to the phone, by a gateway that fails in every way, and what people do with them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from tests.capabilities.access.ward import PHYSICIAN, RESIDENT, Stopped, open_door, patient, put, staff
from xinglin.capabilities.access.contract import BREAK_GLASS, OPENED, BreakGlass
from xinglin.capabilities.consents.contract import WITHDRAWN
from xinglin.capabilities.notifications import jobs
from xinglin.capabilities.notifications.contract import (
    CALL,
    CONFIRM,
    DELIVER,
    NOTICES,
    NOTIFY,
    READ,
    REFUSE,
    RESEND,
    TOLD,
    Notice,
    One,
    Refusing,
)
from xinglin.capabilities.notifications.gateways.http import SmsGateway
from xinglin.capabilities.notifications.operations.deliver import Terms
from xinglin.capabilities.notifications.rules.messages import state_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.anomalies import night_of
from xinglin.security.principal import SYSTEM
from xinglin.simulators import sms
from xinglin.store.door import Door
from xinglin.store.store import Store

PHONE: Final = "13800000001"
DEAD: Final = "13800000000"
DESK: Final = staff("receptionist", "8")
ELSEWHERE: Final = staff("receptionist", "7", organization="Organization/2")
OPEN: Final = Notice(OPENED.code, "Patient/1", ("who=王医生", "reason=昏迷", "days=3"), sender="Organization/1")
RUNS: Final = {DELIVER: jobs.deliver, CONFIRM: jobs.confirm}
ROUNDS: Final = 40


class Wire(httpx.ASGITransport):
    """The way to the simulator; the fault on it stands for a number of messages. lost: done, and the answer lost."""

    def __init__(self) -> None:
        super().__init__(sms.application())
        self.fault, self.times, self.asked = "", 0, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/messages" and request.method == "POST":
            self.asked += 1
            if self.times:
                self.times -= 1
                if self.fault == "down":
                    return httpx.Response(503)
                if self.fault == "refuse":
                    return httpx.Response(422, json={"reason": "no"})
                await super().handle_async_request(request)
                raise httpx.ReadTimeout("too late")
        return await super().handle_async_request(request)


class Office:
    """The door, its clock, and a worker that runs the jobs that are due."""

    def __init__(self, door: Door, clock: Stopped) -> None:
        self.door, self.clock, self.wire = door, clock, Wire()
        self.terms = Terms(night_of("22:00-08:00"), "Asia/Shanghai", 5, {"sms": SmsGateway("http://sms", self.wire)})

    async def notify(self, given: Notice = OPEN) -> str:
        async with self.door.work(SYSTEM) as work:
            return await work.platform.operate(NOTIFY, given)

    async def run(self, *, until: datetime | None = None, twice: bool = False) -> None:
        """Run what is due, letting time pass to each job, until nothing is left or until a moment."""
        for _ in range(ROUNDS):
            rows = await self.door.store.fetch(
                "SELECT id, task_name, args::text AS args, scheduled_at AS at FROM procrastinate_jobs"
                " WHERE status = 'todo' AND ($1::timestamptz IS NULL OR coalesce(scheduled_at, $2) <= $1)"
                " ORDER BY coalesce(scheduled_at, $2), id LIMIT 1",
                until,
                self.clock.moment,
            )
            if not rows:
                return
            (row,) = rows
            if row["at"] is not None:
                self.clock.moment = max(self.clock.moment, row["at"])
            for _ in range(2 if twice else 1):
                async with self.door.work(SYSTEM) as work:
                    await RUNS[row["task_name"]](work, **json.loads(row["args"]), terms=self.terms)
            await self.door.store.fetch(
                "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = $1 RETURNING id", row["id"]
            )
        raise AssertionError("the jobs come to no end")

    async def message(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await self.door.auto(SYSTEM).read("Communication", id)).body())
        return found

    async def state(self, id: str) -> str:
        return state_of(await self.message(id))

    async def arrived(self) -> list[str]:
        async with httpx.AsyncClient(transport=self.wire, base_url="http://sms") as client:
            return [one["text"] for one in (await client.get("/messages")).json()]


def with_phone(id: str, phone: str = PHONE, **more: Any) -> dict[str, Any]:
    return patient(id) | {"telecom": [{"system": "phone", "value": phone}]} | more


@pytest.fixture
async def office(store: Store) -> Office:
    door, clock = open_door(store)
    await put(door, with_phone("1"), with_phone("2", DEAD), patient("3"))
    return Office(door, clock)


async def test_a_message_goes_from_the_outbox_to_the_phone(office: Office) -> None:
    id = await office.notify()
    assert await office.state(id) == "queued"
    await office.run(until=office.clock.moment)
    assert await office.state(id) == "sent"
    await office.run()
    assert await office.state(id) == "delivered"
    assert len(await office.arrived()) == 1


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("fault", ["lost", "down"])
async def test_no_key_is_delivered_twice_whatever_is_lost(
    office: Office, fault: str, times: int, *, twice: bool
) -> None:
    office.wire.fault, office.wire.times = fault, times
    id = await office.notify()
    await office.run(twice=twice)
    assert await office.state(id) == "delivered"
    assert len(await office.arrived()) == 1
    assert office.wire.asked >= times + 1


@pytest.mark.parametrize(("fault", "whom"), [("down", "1"), ("refuse", "1"), ("", "2"), ("", "3")])
async def test_whom_nothing_reaches_a_person_calls(office: Office, fault: str, whom: str) -> None:
    office.wire.fault, office.wire.times = fault, 99 if fault else 0
    id = await office.notify(Notice(OPENED.code, f"Patient/{whom}", OPEN.parameters, sender="Organization/1"))
    await office.run()
    assert await office.state(id) == "failed"
    desk = office.door.auto(DESK)
    (task,) = (await desk.find("Task")).matches
    assert json.loads(task.body())["focus"]["reference"] == f"Communication/{id}"
    called = await desk.operate(CALL, One(id))
    assert "昏迷" not in called.text  # the desk need not know why
    assert "紧急查阅" in called.text
    await desk.operate(TOLD, One(id, "本人接听"))
    assert await office.state(id) == "told"
    assert await desk.count("Task", status="completed") == 1
    with pytest.raises(OutcomeError):
        await desk.operate(RESEND, One(id))


async def test_what_failed_is_sent_again_under_a_new_key(office: Office) -> None:
    office.wire.fault, office.wire.times = "refuse", 1
    id = await office.notify()
    await office.run()
    assert await office.state(id) == "failed"
    await office.door.auto(DESK).operate(RESEND, One(id))
    await office.run()
    assert await office.state(id) == "delivered"
    assert await office.door.auto(DESK).count("Task", status="requested") == 0
    with pytest.raises(OutcomeError):
        await office.door.auto(DESK).operate(CALL, One(id))


async def test_the_desk_sees_its_own_outbox_without_what_it_says(office: Office) -> None:
    id = await office.notify()
    seen = json.loads((await office.door.auto(DESK).read("Communication", id)).body())
    assert "payload" not in seen
    assert seen["recipient"][0]["display"] != "张小兰"
    with pytest.raises(OutcomeError) as refused:
        await office.door.auto(ELSEWHERE).read("Communication", id)
    assert refused.value.status == 404
    with pytest.raises(OutcomeError):
        await office.door.auto(ELSEWHERE).operate(RESEND, One(id))


async def test_at_night_a_message_waits_for_the_morning(office: Office) -> None:
    office.clock.moment = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # 23:30 in Jiaozuo
    id = await office.notify()
    await office.run(until=office.clock.moment)
    assert (await office.state(id), await office.arrived()) == ("queued", [])
    await office.run()
    assert await office.state(id) == "delivered"
    assert office.clock.moment >= datetime(2026, 11, 21, 0, 0, tzinfo=UTC)


async def test_what_one_does_not_want_stands_on_the_page_only(office: Office) -> None:
    resident = office.door.auto(RESIDENT)
    await resident.operate(REFUSE, Refusing((WITHDRAWN.code,)))
    optional = await office.notify(Notice(WITHDRAWN.code, "Patient/1"))
    required = await office.notify()
    await office.run()
    assert [await office.state(one) for one in (optional, required)] == ["delivered", "delivered"]
    assert len(await office.arrived()) == 1
    assert await resident.count("Communication") == 2
    await resident.operate(REFUSE, Refusing())
    await office.notify(Notice(WITHDRAWN.code, "Patient/1"))
    await office.run()
    assert len(await office.arrived()) == 2


async def test_what_the_law_asks_for_cannot_be_refused(office: Office) -> None:
    with pytest.raises(OutcomeError) as refused:
        await office.door.auto(RESIDENT).operate(REFUSE, Refusing((OPENED.code,)))
    assert refused.value.issues[0].key == "notice-not-optional"


async def test_a_person_gets_so_many_a_day(office: Office) -> None:
    for number in range(7):
        await office.notify(Notice(WITHDRAWN.code, "Patient/1", key=f"k{number}"))
    await office.run()
    assert len(await office.arrived()) == 5
    office.clock.pass_(days=1)
    await office.notify(Notice(WITHDRAWN.code, "Patient/1"))
    await office.run()
    assert len(await office.arrived()) == 6


async def test_one_key_makes_one_message(office: Office) -> None:
    given = Notice(WITHDRAWN.code, "Patient/1", key="once")
    assert await office.notify(given) == await office.notify(given)
    await office.run()
    assert len(await office.arrived()) == 1


async def test_reading_is_the_recipients_own(office: Office) -> None:
    id = await office.notify()
    assert await office.door.auto(RESIDENT).operate(READ, One(id)) is True
    assert await office.door.auto(RESIDENT).operate(READ, One(id)) is False
    assert await office.state(id) == "read"
    await office.run()
    assert await office.arrived() == []  # who has read it needs no text message
    with pytest.raises(OutcomeError):
        await office.door.auto(DESK).operate(READ, One(id))


async def test_a_reader_of_english_is_told_in_english(office: Office) -> None:
    spoken: dict[str, Any] = {"communication": [{"language": {"coding": [{"code": "en"}]}, "preferred": True}]}
    await put(office.door, with_phone("1", **spoken))
    id = await office.notify()
    await office.run()
    assert "in an emergency" in (await office.message(id))["payload"][0]["contentString"]
    assert (await office.arrived())[0].startswith("[Xinglin]")


@pytest.mark.parametrize(
    "given",
    [
        Notice("nothing", "Patient/1"),
        Notice(OPENED.code, "Patient/1", ("who=x",)),
        Notice(WITHDRAWN.code, "Organization/1"),
    ],
)
async def test_nonsense_is_refused(office: Office, given: Notice) -> None:
    with pytest.raises(OutcomeError) as refused:
        await office.notify(given)
    assert refused.value.status < 500


@pytest.mark.rule("R7-032")
async def test_who_opens_a_record_in_an_emergency_has_the_patient_told(office: Office) -> None:
    await office.door.auto(PHYSICIAN).operate(BREAK_GLASS, BreakGlass("1", "昏迷送诊, 需要了解过敏史"))
    await office.run()
    (row,) = (await office.door.auto(RESIDENT).find("Communication", category=f"{NOTICES}|break-glass")).matches
    assert state_of(json.loads(row.body())) == "delivered"
    (text,) = await office.arrived()
    assert "昏迷" not in text
    assert office.clock.moment - datetime(2026, 11, 20, 4, 0, tzinfo=UTC) < timedelta(minutes=5)
