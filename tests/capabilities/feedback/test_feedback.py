"""Ratings of visits, complaints with their working days, disputes about money."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.capabilities.internet_hospital.clinic import BO, MEI
from tests.capabilities.supervision.city import ADMINISTRATOR, REGULATOR, City, Province
from tests.capabilities.supervision.test_uploading import send
from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.feedback import contract, jobs
from xinglin.capabilities.feedback.contract import Answering, Complaining, Confirming, Rating, Taking
from xinglin.capabilities.feedback.pages.mine import ways
from xinglin.capabilities.feedback.rules import complaints
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.store import Store

BAD = Complaining("mei", "Encounter/e1", "manner", "等了两个小时，没有人解释。")


@pytest.fixture
async def city(store: Store) -> City:
    return await City(store).settled()


async def refused(call: Any) -> list[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert 400 <= error.value.status < 500
    return [issue.key for issue in error.value.issues]


def state(task: Any) -> str:
    return str(task.businessStatus.coding[0].code)


@pytest.mark.rule("R8-002", "R8-006")
def test_the_term_is_counted_in_working_days_with_the_days_that_make_up() -> None:
    friday = date(2026, 11, 20)
    assert complaints.deadline(friday, several=False).isoformat() == "2026-11-27T23:59:59+08:00"
    assert complaints.deadline(friday, several=True).date() == date(2026, 12, 4)
    # National day 2026: 1 to 7 October are free, 10 October is worked.
    assert complaints.deadline(date(2026, 9, 30), several=False).date() == date(2026, 10, 13)


@pytest.mark.rule("R8-002")
def test_a_complaint_is_due_on_its_last_day_and_the_working_day_before() -> None:
    received = datetime(2026, 11, 20, 4, tzinfo=UTC)
    task = complaints.made(BAD, owner="Organization/h1", requester="Patient/mei", now=received)
    due = [day for day in range(20, 31) if complaints.is_due(task, date(2026, 11, day))]
    assert due == [26, 27, 28, 29, 30]
    assert not complaints.is_due(complaints.confirmed(task, satisfied=True, now=received), date(2026, 11, 27))


@pytest.mark.rule("R8-004", "R8-010", "R8-011")
def test_the_ways_of_a_dispute_are_named() -> None:
    assert ways() == ("negotiate", "mediate", "authority", "court")


@pytest.mark.rule("R2-040")
async def test_a_visit_is_rated_once_by_its_patient_and_the_province_hears_of_it(city: City) -> None:
    visit = await city.begun()
    assert await refused(city.act(MEI, contract.RATE, Rating(visit, 5))) == ["rating-early"]
    await city.finished(visit)
    province = Province()
    await send(city, province)
    assert await refused(city.act(MEI, contract.RATE, Rating(visit, 6))) == ["rating-stars"]
    assert await refused(city.act(BO, contract.RATE, Rating(visit, 5))) == ["not-found"]
    city.clock.pass_(minutes=1)
    await city.act(MEI, contract.RATE, Rating(visit, 4, solved=True, text="医生很耐心"))
    assert await refused(city.act(MEI, contract.RATE, Rating(visit, 1))) == ["rating-twice"]
    city.clock.pass_(minutes=1)
    await send(city, province)
    reception = next(one for key, one in (await province.taken()).items() if key.startswith("T2"))
    assert reception["rating"] == "1"  # good


@pytest.mark.rule("R2-032", "R8-001", "R8-002", "R8-005")
async def test_a_complaint_from_the_first_receiver_to_the_end(city: City) -> None:
    here = replace(ADMINISTRATOR, organization="Organization/h1")
    id = await city.act(MEI, contract.COMPLAIN, BAD)
    assert await refused(city.act(replace(here, organization="Organization/i1"), contract.TAKE, Taking(id))) == [
        "not-found"
    ]
    taken = await city.act(here, contract.TAKE, Taking(id, several=True))
    assert (state(taken), taken.restriction.period.end[:10]) == ("investigating", "2026-12-04")
    assert complaints.value((await city.read("Task", id)), contract.FIRST) == {"reference": "Practitioner/adm"}
    assert await refused(city.act(here, contract.REPLY, Answering(id, " "))) == ["complaint-answer"]
    assert await refused(city.act(here, contract.REPLY, Answering(id, "已核实情况", percent=50))) == [
        "complaint-no-dispute"
    ]
    given = Answering(id, "当日候诊系统故障，已致歉", "增加叫号屏")
    assert state(await city.act(here, contract.REPLY, given)) == "answered"
    told = await city.door.auto(MEI).find("Communication", patient="Patient/mei", category="complaint-answered")
    assert len(told.matches) == 1
    assert await refused(city.act(BO, contract.CONFIRM, Confirming(id, satisfied=True))) == ["not-found"]
    again = await city.act(MEI, contract.CONFIRM, Confirming(id, satisfied=False))
    assert state(again) == "investigating"
    await city.act(here, contract.REPLY, Answering(id, "已安排专人上门说明"))
    assert state(await city.act(MEI, contract.CONFIRM, Confirming(id, satisfied=True))) == "closed"
    assert await refused(city.act(here, contract.REPLY, Answering(id, "再次说明情况"))) == ["complaint-state"]
    assert len(complaints.answers(await city.read("Task", id))) == 2
    seen = await city.door.auto(REGULATOR).find("Task", code=f"{contract.TASKS.system}|complaint")
    assert [row.id for row in seen.matches] == [id]


@pytest.mark.rule("R8-007")
async def test_what_is_with_a_court_is_declined_with_the_reason(city: City) -> None:
    here = replace(ADMINISTRATOR, organization="Organization/h1")
    id = await city.act(MEI, contract.COMPLAIN, BAD)
    assert await refused(city.act(here, contract.TAKE, Taking(id, declined="tired"))) == ["complaint-declined"]
    done = await city.act(here, contract.TAKE, Taking(id, declined="court"))
    assert (state(done), done.statusReason.text) == ("declined", "已经法院或仲裁处理")


@pytest.mark.rule("R8-005")
async def test_what_a_complaint_lacks_is_said_all_at_once(city: City) -> None:
    wrong = Complaining("mei", "Patient/mei", "tea", "x")
    assert await refused(city.act(MEI, contract.COMPLAIN, wrong)) == [
        "complaint-category",
        "complaint-text",
        "complaint-about",
    ]
    assert await refused(city.act(BO, contract.COMPLAIN, BAD)) == ["complaint-not-yours"]
    of_another = replace(BAD, id="bo")
    assert await refused(city.act(BO, contract.COMPLAIN, of_another)) == ["not-found"]
    dispute = replace(BAD, category="refund")
    id = await city.act(MEI, contract.COMPLAIN, dispute)
    here = replace(ADMINISTRATOR, organization="Organization/h1")
    assert await refused(city.act(here, contract.REPLY, Answering(id, "同意全额退费", percent=100))) == [
        "complaint-unpaid"
    ]


@pytest.mark.rule("R8-002")
async def test_the_institution_is_reminded_once_a_day(city: City) -> None:
    await city.act(MEI, contract.COMPLAIN, BAD)
    reminded = []
    for days in (0, 6, 0, 1):
        city.clock.pass_(days=days)
        async with city.door.work(SYSTEM) as work:
            await jobs.remind(work)
        page = await city.door.auto(SYSTEM).find("Task", code=f"{contract.TASKS.system}|complaint")
        reminded.append(page.matches[0].vid)
    assert reminded == [1, 2, 2, 3]


@pytest.mark.rule("R5-015")
async def test_a_dispute_about_money_gives_back_through_billing(city: City) -> None:
    fee = bills.Charge("mei", "Encounter/e1", (bills.Line("F0024"),), "Organization/h1", visit="Encounter/e1")
    bill = await city.act(SYSTEM, bills.CHARGE, fee)
    desk = replace(ADMINISTRATOR, roles=frozenset({"receptionist"}), organization="Organization/h1", purpose="HMGT")
    await city.act(desk, bills.BEGIN, bills.Begin(bill))
    assert await city.act(desk, bills.PAY, bills.Pay(bill, "cash")) == "paid"
    dispute = replace(BAD, about=f"Invoice/{bill}", category="refund")
    id = await city.act(MEI, contract.COMPLAIN, dispute)
    here = replace(ADMINISTRATOR, organization="Organization/h1")
    given = Answering(id, "核实重复收费，同意全额退费", percent=100)
    assert state(await city.act(here, contract.REPLY, given)) == "answered"
    for _ in range(2):
        async with city.door.work(SYSTEM) as work:
            await jobs.give_back(work, id)
    kept = await city.read("Invoice", bill)
    assert complaints.value(kept, bills.STATE) in {"refunding", "refunded"}
    assert complaints.value(await city.read("Task", id), contract.REFUNDED) == 100
