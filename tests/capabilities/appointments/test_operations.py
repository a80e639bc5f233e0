"""From a session to the end of a visit, through the door of the whole platform."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door
from tests.capabilities.appointments import hospital
from tests.capabilities.appointments.hospital import (
    ADMIN,
    DESK,
    DOCTOR,
    ELSEWHERE,
    OTHER,
    opened,
    planned,
    put,
    resident,
)
from tests.capabilities.residents.people import number
from xinglin.capabilities.appointments import contract, gateways
from xinglin.capabilities.appointments.contract import Call, CheckIn, Hold, HoldNext, One
from xinglin.capabilities.appointments.operations import fees, giving_back, queue, reading, sessions
from xinglin.capabilities.appointments.pages import hall
from xinglin.capabilities.appointments.rules import logs, policies, rosters
from xinglin.capabilities.appointments.rules.shapes import Booking
from xinglin.capabilities.billing.contract import STATE
from xinglin.care.booking import POLICY
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.view import Form

Hospital = tuple[Door, Stopped]


@pytest.fixture
async def ward(store: Store) -> Hospital:
    door, clock = open_door(store)
    await put(door, *hospital.places(), *hospital.people(8))
    return door, clock


async def refused(call: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert error.value.status < 500
    return {issue.key for issue in error.value.issues}


async def status(door: Door, id: str) -> str:
    return str((await booking(door, id)).status)


async def booking(door: Door, id: str) -> Booking:
    async with door.work(SYSTEM) as work:
        return await reading.booking(work, id)


async def slot(door: Door, id: str) -> dict[str, Any]:
    document: dict[str, Any] = document_of((await door.auto(SYSTEM).read("Slot", id)).body())
    return document


async def booked(door: Door, who: Principal, slot: str) -> str:
    id = await door.auto(who).operate(contract.HOLD, Hold(slot, who.id))
    return await door.auto(who).operate(contract.CONFIRM, One(id))


# -- numbers ----------------------------------------------------------------------------------------------------------


async def spoken(door: Door) -> bytes:
    """What the call screen of the room says, as sound."""
    async with door.work(DESK) as work:
        return (await hall.show_call(work, Form(path={"id": "room-1"}), policy=POLICY)).body


async def test_the_whole_way_from_a_number_to_the_end_of_the_visit(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, clock = ward
    await opened(door, planned())
    id = await booked(door, resident(1), "s1-002")
    assert await status(door, id) == "booked"
    assert (await slot(door, "s1-002"))["status"] == "busy"
    clock.moment = hospital.TOMORROW
    ticket = await door.auto(DESK).operate(contract.CHECK_IN, CheckIn(id))
    assert ticket == "002"
    assert await door.auto(DOCTOR).operate(contract.CALL, Call("s1")) == id

    async def echo(text: str, _: str) -> bytes:
        return text.encode()

    monkeypatch.setattr(gateways, "speak", echo)
    assert (await spoken(door)).decode() == "请 002 号 患*1 到 心内科1诊室 就诊"
    visit = {"patient": "p1", "appointment": f"Appointment/{id}"}
    assert await door.auto(DOCTOR).count("Encounter", **visit, status="in-progress") == 1
    await door.auto(DOCTOR).operate(contract.DONE, One(id))
    assert await status(door, id) == "fulfilled"
    assert await refused(spoken(door)) == {"nobody-called"}
    assert await door.auto(DOCTOR).count("Encounter", **visit, status="finished") == 1


async def test_a_number_that_is_held_is_nobody_elses(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned())
    await door.auto(resident(1)).operate(contract.HOLD, Hold("s1-002", "p1"))
    assert await refused(door.auto(resident(2)).operate(contract.HOLD, Hold("s1-002", "p2"))) == {"number-taken"}
    assert await refused(door.auto(resident(2)).operate(contract.HOLD, Hold("s1-003", "p1"))) == {"not-found"}
    assert await refused(door.auto(resident(1)).operate(contract.HOLD, Hold("s1-003", "p1"))) == {"session-booked"}


async def test_every_number_is_sold_once_to_many_who_ask_at_the_same_moment(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned(minutes=120))
    await put(door, *hospital.people(40))

    async def ask(one: int) -> str:
        try:
            if one % 2:
                return await door.auto(resident(one)).operate(contract.HOLD_NEXT, HoldNext("s1", f"p{one}"))
            return await door.auto(resident(one)).operate(contract.HOLD, Hold(f"s1-{one % 12 + 1:03d}", f"p{one}"))
        except OutcomeError as error:
            return error.issues[0].key

    said = await asyncio.gather(*(ask(one) for one in range(40)))
    async with door.work(SYSTEM) as work:
        held = await reading.bookings(work, "s1", "pending")
        numbers = await reading.numbers(work, "s1")
    assert len({one.slot for one in held}) == len({one.patient for one in held}) == len(held)
    assert {one.id for one in numbers if one.status == "busy"} == {one.slot for one in held}
    assert set(said) - {one.id for one in held} <= {"number-taken", "number-kept", "session-full"}
    kept = {one.id for one in numbers if one.channel != "any"}
    assert {one.slot for one in held} == {one.id for one in numbers} - kept


async def test_who_did_not_hear_the_answer_asks_again_and_gets_the_same(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned())
    mine = door.auto(resident(1))
    id = await mine.operate(contract.HOLD, Hold("s1-002", "p1"))
    assert await mine.operate(contract.HOLD, Hold("s1-002", "p1")) == id
    twice = [door.auto(resident(2)).operate(contract.HOLD_NEXT, HoldNext("s1", "p2")) for _ in range(5)]
    assert len(set(await asyncio.gather(*twice))) == 1
    clock.pass_(minutes=POLICY.hold_minutes)  # what is not held any more is not given again
    assert await refused(mine.operate(contract.HOLD, Hold("s1-002", "p1"))) == {"number-taken", "session-booked"}


async def test_a_number_with_seats_goes_to_as_many(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned(), seats=2)
    ids = [await booked(door, resident(one), "s1-002") for one in (1, 2)]
    assert {(await booking(door, id)).seat for id in ids} == {1, 2}
    assert (await slot(door, "s1-002"))["status"] == "busy"
    assert await refused(door.auto(resident(3)).operate(contract.HOLD, Hold("s1-002", "p3"))) == {"number-taken"}


async def test_what_is_not_confirmed_in_time_is_let_go(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned())
    id = await door.auto(resident(1)).operate(contract.HOLD, Hold("s1-002", "p1"))
    clock.pass_(minutes=POLICY.hold_minutes)
    assert await refused(door.auto(resident(1)).operate(contract.CONFIRM, One(id))) == {"hold-over"}
    for _ in range(2):  # a job may run twice
        async with door.work(SYSTEM) as work:
            await giving_back.expire(work, id, policy=POLICY)
    assert await status(door, id) == "cancelled"
    assert (await slot(door, "s1-002"))["status"] == "busy-unavailable"


async def test_the_next_number_passes_what_is_kept_for_others(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned(minutes=200))
    desk = await door.auto(DESK).operate(contract.HOLD_NEXT, HoldNext("s1", "p1"))
    mine = await door.auto(resident(2)).operate(contract.HOLD_NEXT, HoldNext("s1", "p2"))
    channels = {one: (await slot(door, (await booking(door, one)).slot)) for one in (desk, mine)}
    kept = [
        next(e["valueCode"] for e in one["extension"] if e["url"].endswith("/channel")) for one in channels.values()
    ]
    assert kept == ["desk", "any"]
    assert await refused(door.auto(ELSEWHERE).operate(contract.HOLD_NEXT, HoldNext("s1", "p3"))) == {"not-found"}


async def test_a_number_given_back_goes_to_the_waiting_list_in_order(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned(minutes=10))
    first = await booked(door, resident(1), "s1-001")
    waiting = []
    for one in (2, 3):
        clock.pass_(minutes=1)
        waiting.append(await door.auto(resident(one)).operate(contract.WAIT, HoldNext("s1", f"p{one}")))
    assert await refused(door.auto(resident(2)).operate(contract.WAIT, HoldNext("s1", "p2"))) == {"number-taken"}
    assert await door.auto(resident(1)).operate(contract.GIVE_BACK, One(first)) == "offered"
    assert [await status(door, one) for one in waiting] == ["pending", "waitlist"]
    clock.pass_(minutes=POLICY.offer_minutes)
    async with door.work(SYSTEM) as work:
        await giving_back.expire(work, waiting[0], policy=POLICY)
    assert [await status(door, one) for one in waiting] == ["cancelled", "pending"]
    await door.auto(resident(3)).operate(contract.CONFIRM, One(waiting[1]))
    assert (await booking(door, waiting[1])).slot == "s1-001"


async def test_a_number_given_back_is_free_again_when_the_draw_says_and_anybody_can_check_it(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned())
    id = await booked(door, resident(1), "s1-002")
    assert await door.auto(resident(1)).operate(contract.GIVE_BACK, One(id)) == "released"
    async with door.work(SYSTEM) as work:
        session = await reading.session(work, "s1")
        _, (line,) = await giving_back.log_of(work, session)
    assert line.until is not None
    async with door.work(SYSTEM) as work:
        await giving_back.release(work, "s1-002", policy=POLICY)
    assert (await slot(door, "s1-002"))["status"] == "busy-unavailable"  # too early
    clock.moment = line.until
    async with door.work(SYSTEM) as work:
        await giving_back.release(work, "s1-002", policy=POLICY)
    assert (await slot(door, "s1-002"))["status"] == "free"
    told = await door.auto(resident(2)).operate(contract.VERIFY, One("s1"))
    assert (told.seed, told.lines) == ("", 1)
    clock.moment = session.end
    told = await door.auto(resident(2)).operate(contract.VERIFY, One("s1"))
    assert told.seed
    assert told.faults == ()
    assert logs.id_of("s1") == "s1-log"


# -- the queue --------------------------------------------------------------------------------------------------------


async def test_who_was_passed_over_returns_some_places_behind(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned())
    ids = [await booked(door, resident(one), f"s1-00{one}") for one in (1, 2, 3, 4)]
    clock.moment = hospital.TOMORROW
    for one in ids:
        await door.auto(DESK).operate(contract.CHECK_IN, CheckIn(one))
    assert await door.auto(DOCTOR).operate(contract.CALL, Call("s1")) == ids[0]
    assert await refused(door.auto(DOCTOR).operate(contract.CALL, Call("s1"))) == {"someone-called"}
    await door.auto(DOCTOR).operate(contract.RECALL, One(ids[0]))
    await door.auto(DOCTOR).operate(contract.PASS, One(ids[0]))
    assert await door.auto(SYSTEM).count("Encounter", patient="p1", status="in-progress") == 0
    assert await refused(door.auto(resident(1)).operate(contract.CHECK_IN, CheckIn(ids[0], "x"))) == {"check-in-place"}
    async with door.work(SYSTEM) as work:
        code = queue.place_code(work, planned(), POLICY)
    await door.auto(resident(1)).operate(contract.CHECK_IN, CheckIn(ids[0], code))
    called = []
    for _ in range(4):
        clock.pass_(minutes=5)
        called.append(await door.auto(DOCTOR).operate(contract.CALL, Call("s1")))
        await door.auto(DOCTOR).operate(contract.DONE, One(called[-1]))
    assert called == [ids[1], ids[2], ids[0], ids[3]]
    assert await refused(door.auto(DOCTOR).operate(contract.CALL, Call("s1"))) == {"nobody-waits"}


async def test_only_the_physician_and_the_institution_run_a_queue(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned())
    id = await booked(door, resident(1), "s1-001")
    assert await refused(door.auto(DESK).operate(contract.CHECK_IN, CheckIn(id))) == {"check-in-early"}
    clock.moment = hospital.TOMORROW
    assert await refused(door.auto(resident(2)).operate(contract.CHECK_IN, CheckIn(id))) == {"not-found"}
    assert await refused(door.auto(ELSEWHERE).operate(contract.CHECK_IN, CheckIn(id))) == {"not-found"}
    assert await refused(door.auto(OTHER).operate(contract.CALL, Call("s1"))) == {"not-found"}
    walk = await door.auto(DESK).operate(contract.WALK_IN, contract.WalkIn("s1", "p2"))
    referred = await door.auto(DESK).operate(contract.WALK_IN, contract.WalkIn("s1", "p3", "referred"))
    assert await door.auto(DESK).operate(contract.CALL, Call("s1")) == referred
    place = (await booking(door, walk)).queue
    assert place is not None
    assert place.ticket == "W01"


# -- sessions ---------------------------------------------------------------------------------------------------------


async def test_a_stopped_session_leaves_nobody_waiting(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned())
    await opened(door, planned("s2", minutes=20, doctor=2))
    ids = [await booked(door, resident(one), f"s1-00{one}") for one in (1, 2, 3)]
    came = await door.auto(DOCTOR).operate(contract.STOP, contract.Stop("s1", "医生外出会诊"))
    assert (came.moved, came.ended, came.to_call) == (2, 1, 1)
    assert [await status(door, one) for one in ids] == ["cancelled"] * 3
    assert await refused(door.auto(resident(4)).operate(contract.HOLD, Hold("s1-004", "p4"))) == {"session-closed"}
    assert await door.auto(DESK).count("Task", code=f"{contract.TASKS.system}|booking-call") == 1
    assert await door.auto(SYSTEM).count("Communication", recipient="Patient/p1") == 2  # confirmed, moved
    async with door.work(SYSTEM) as work:
        now = sorted(await reading.bookings(work, "s2", "booked"), key=lambda one: one.number)
        assert [one.patient for one in now] == ["Patient/p1", "Patient/p2"]


async def bills(door: Door, who: str) -> list[tuple[str, int]]:
    """State and fen of the bills of somebody."""
    page = await door.auto(SYSTEM).find("Invoice", subject=f"Patient/{who}", _sort="_id")
    documents = [document_of(row.body()) for row in page.matches]
    states = [next(e["valueCode"] for e in one["extension"] if e["url"] == STATE) for one in documents]
    return [(state, int(100 * one["totalNet"]["value"])) for state, one in zip(states, documents, strict=True)]


async def refunds(door: Door) -> None:
    """Do what was deferred, twice, as a job may be."""
    found = await door.store.fetch(
        "SELECT args->>'booking' AS booking, args->>'reason' AS reason FROM procrastinate_jobs WHERE task_name = $1",
        contract.REFUND,
    )
    for row in [*found, *found]:
        async with door.work(SYSTEM) as work:
            await fees.refund(work, row["booking"], row["reason"])


async def test_a_number_costs_a_fee_until_it_is_given_back_or_the_session_is_stopped(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, replace(planned(), fee="F0006"))
    await opened(door, replace(planned("s2", minutes=20, doctor=2), fee="F0006"))
    first, second, third = [await booked(door, resident(one), f"s1-00{one}") for one in (1, 2, 3)]
    assert await bills(door, "p1") == await bills(door, "p2") == [("open", 1500)]
    assert await door.auto(resident(1)).operate(contract.CONFIRM, One(first)) == first  # charged once
    assert await door.auto(resident(1)).operate(contract.GIVE_BACK, One(first))
    await refunds(door)
    assert (await bills(door, "p1"))[0][0] == "void"
    await door.auto(DOCTOR).operate(contract.STOP, contract.Stop("s1", "医生外出会诊"))
    assert [await status(door, one) for one in (second, third)] == ["cancelled"] * 2
    await refunds(door)
    assert await bills(door, "p2") == [("open", 1500)]  # moved to the other session, and paid by the same charge
    assert (await bills(door, "p3"))[0][0] == "void"


async def test_a_doctor_adds_a_number_with_a_reason(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned(minutes=10))
    more = contract.Overbook("s1", "p2", "术后复诊")
    assert await refused(door.auto(OTHER).operate(contract.OVERBOOK, more)) == {"not-found"}
    id = await door.auto(DOCTOR).operate(contract.OVERBOOK, more)
    assert (await booking(door, id)).slot == "s1-002"
    for one in range(3, 7):
        await door.auto(DOCTOR).operate(contract.OVERBOOK, contract.Overbook("s1", f"p{one}", "加号"))
    assert await refused(door.auto(DOCTOR).operate(contract.OVERBOOK, contract.Overbook("s1", "p7", "加号"))) == {
        "overbook-most"
    }


async def test_who_did_not_come_is_a_no_show_and_books_at_the_desk_after_three(ward: Hospital) -> None:
    door, clock = ward
    for day in range(3):
        start = hospital.TOMORROW.replace(day=21 + day)
        await opened(door, planned(f"s{day}", start=start))
        await booked(door, resident(1), f"s{day}-001")
    clock.moment = hospital.TOMORROW.replace(day=24)
    for day in range(3):
        for _ in range(2):
            async with door.work(SYSTEM) as work:
                await sessions.close(work, f"s{day}")
    await opened(door, planned("s9", start=clock.moment.replace(hour=8)))
    assert await refused(door.auto(resident(1)).operate(contract.HOLD, Hold("s9-001", "p1"))) == {"no-shows"}
    assert await door.auto(DESK).operate(contract.HOLD, Hold("s9-001", "p1"))


@pytest.mark.parametrize(
    ("title", "level", "department", "code"),
    [
        ("senior", "3", "03.04", "F0008"),
        ("associate-senior", "2", "03.04", "F0007"),
        ("intermediate", "3", "03.04", "F0006"),
        ("intermediate", "2", "03.04", "F0005"),
        ("", "1", "03.04", "F0004"),
        ("senior", "3", "50.01", "F0016"),
        ("intermediate", "3", "50", "F0014"),
        ("senior", "", "03.04", ""),
    ],
)
def test_a_visit_costs_by_title_and_level(title: str, level: str, department: str, code: str) -> None:
    assert rosters.fee(title, level, department) == code


async def test_sessions_are_made_of_rosters_once(ward: Hospital) -> None:
    door, _ = ward
    await put(door, hospital.roster())
    given = contract.MakeSessions("1", "2026-11-23", 7)
    made = await door.auto(ADMIN).operate(contract.MAKE, given)
    assert (made.sessions, made.numbers) == (3, 18 + 18 + 12)
    again = await door.auto(ADMIN).operate(contract.MAKE, given)
    assert (again.sessions, again.there) == (0, 3)
    device = {
        "resourceType": "Device",
        "id": "scope",
        "status": "active",
        "location": {"reference": "Location/role-1-room"},
    }
    await put(door, device)
    await door.auto(ADMIN).operate(contract.MAKE, contract.MakeSessions("1", "2026-11-30", 1))
    assert await door.auto(SYSTEM).count("Schedule", actor="Device/scope") == 2  # held with the room, so once at a time
    page = await door.auto(resident(1)).find("Schedule", _profile=contract.SESSION.url, _sort="date")
    assert [row.id for row in page.matches][:1] == ["role-1-20261123-am"]
    assert await refused(door.auto(ADMIN).operate(contract.MAKE, contract.MakeSessions("2"))) == {"not-found"}


async def test_an_institution_decides_about_its_numbers(ward: Hospital) -> None:
    door, clock = ward
    await opened(door, planned())
    await opened(door, replace(planned("s2", doctor=2), organization="Organization/2"))
    await put(door, {"resourceType": "Organization", "id": "2", "name": "解放区医院"})
    decided = contract.Decided("1", ("hold_minutes=3", "per_department=2", "quota-desk=0"))
    assert await door.auto(ADMIN).operate(contract.DECIDE, decided) == "1-booking-policy"
    mine = await door.auto(resident(1)).operate(contract.HOLD_NEXT, HoldNext("s1", "p1"))
    elsewhere = await door.auto(resident(2)).operate(contract.HOLD_NEXT, HoldNext("s2", "p2"))
    clock.pass_(minutes=3)
    assert await refused(door.auto(resident(1)).operate(contract.CONFIRM, One(mine))) == {"hold-over"}
    assert await door.auto(resident(2)).operate(contract.CONFIRM, One(elsewhere)) == elsewhere
    for wrong, key in (
        (("per_day=11",), "policy-bounds"),
        (("per_day=x",), "policy-bounds"),
        (("zone=1",), "policy-name"),
        (("quota-desk=50", "quota-operator=50", "quota-partner=1"), "policy-quotas"),
    ):
        assert await refused(door.auto(ADMIN).operate(contract.DECIDE, contract.Decided("1", wrong))) == {key}
    other = contract.Decided("2", ("per_day=1",))
    assert await refused(door.auto(ADMIN).operate(contract.DECIDE, other)) == {"not-found"}


def test_what_an_institution_decides_is_read_as_it_was_written() -> None:
    decided = {name: least for name, (least, _) in policies.BOUNDS.items()}
    policy = policies.read(policies.write("Organization/1", decided), POLICY)
    assert policies.values(policy) == decided
    assert policies.read({}, POLICY) == POLICY


async def test_a_doctor_sits_in_one_place_at_a_time(ward: Hospital) -> None:
    door, _ = ward
    await opened(door, planned())
    with pytest.raises(OutcomeError) as error:
        await opened(door, planned("s2"))
    assert (error.value.status, {one.key for one in error.value.issues}) == (409, {"session-taken"})


async def test_a_person_is_found_by_name_and_number_together(ward: Hospital) -> None:
    door, _ = ward
    assert await door.auto(DESK).operate(contract.IDENTIFY, contract.Person("患者0", number("1990-03-07"))) == "p0"
    wrong = contract.Person("患者1", number("1990-03-07"))
    assert await refused(door.auto(DESK).operate(contract.IDENTIFY, wrong)) == {"nobody-so-named"}
