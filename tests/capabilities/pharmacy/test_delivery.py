"""Medicine on its way: sealed, cold where it must be, received by a code; a silent courier loses nothing."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.capabilities.pharmacy.shop import ALL, ANNE, CARD, act, documents, released
from tests.capabilities.pharmacy.test_operations import refused, state
from tests.capabilities.prescriptions.clinic import RESIDENT, Stopped, document, open_door, put, signed_in
from xinglin.capabilities.pharmacy import contract, jobs
from xinglin.capabilities.pharmacy.contract import (
    Choosing,
    Claiming,
    Dispensing,
    Keyed,
    One,
    Reviewing,
    Sending,
    Tracking,
)
from xinglin.capabilities.pharmacy.gateways import Courier, HttpCourier, OwnPeople
from xinglin.capabilities.pharmacy.operations import reading
from xinglin.capabilities.pharmacy.rules import supplies
from xinglin.care import delivering
from xinglin.security.principal import SYSTEM, Principal
from xinglin.simulators import courier as simulator
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.tables.catalogues import drugs

WHOM: Any = {"name": "李秀兰", "phone": "13900000001", "address": "修武县城关镇一街1号"}


@pytest.fixture
async def place(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *documents())
    return door, clock


async def dispensed(door: Door, anne: Principal) -> tuple[str, str]:
    id = await released(door)
    task = await act(door, RESIDENT, contract.CHOOSE, Choosing(id, "shop1", "online-retail", "choose-1", **WHOM))
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    await act(door, anne, contract.PHARMACY_REVIEW, Reviewing(task, "review-1", "pass", checked=ALL))
    await act(door, anne, contract.TAKE_PAYMENT, Keyed(task, "payment-1"))
    await act(door, anne, contract.GIVE_OUT, Dispensing(task, "dispense", "Practitioner/s2", ALL))
    return id, task


async def run(door: Door, job: Any, task: str, courier: Courier) -> str:
    async with door.work(SYSTEM) as work:
        await job(work, task, courier=courier)
        return supplies.custody_of(await reading.delivery(work, task))


@pytest.mark.rule("R3-087", "R3-088")
async def test_the_pharmacys_own_people_bring_it(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    nowhere = Choosing(id, "shop1", "online-retail", "choose-0", phone="123")
    assert await refused(door, RESIDENT, contract.CHOOSE, nowhere) == {"recipient-missing", "recipient-phone"}
    hospital = Choosing(id, "h1", "online-retail", "choose-0", **WHOM)
    assert await refused(door, RESIDENT, contract.CHOOSE, hospital) == {"way-elsewhere"}
    id, task = await dispensed(door, anne)
    assert (await act(door, anne, contract.SHEET, One(task))).phone == "139****0001"
    assert await refused(door, anne, contract.SEND, Sending(task, "sending-1")) == {"package-open"}
    for _ in range(2):
        await act(door, anne, contract.SEND, Sending(task, "sending-1", sealed=True))
    assert (await state(door, id))[0] == "delivering"
    assert await run(door, jobs.order_courier, task, OwnPeople()) == "packed"
    early = Tracking(task, "track-00", "delivered", identity=CARD[-4:])
    assert await refused(door, anne, contract.TRACK, early) == {"custody-order"}
    for step in ("handed-over", "in-transit", "arrived"):
        await act(door, anne, contract.TRACK, Tracking(task, f"track-{step}", step))
    stranger = Tracking(task, "track-01", "delivered", identity="0000")
    assert await refused(door, anne, contract.TRACK, stranger) == {"supply-code"}
    await act(door, anne, contract.TRACK, Tracking(task, "track-01", "delivered", identity=CARD[-4:]))
    assert await state(door, id) == ("delivered", "completed")


@pytest.mark.rule("R3-088")
async def test_a_silent_courier_loses_nothing_and_takes_a_parcel_once(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id, task = await dispensed(door, anne)
    await act(door, anne, contract.SEND, Sending(task, "sending-1", sealed=True))
    town = simulator.application()
    courier = HttpCourier("http://courier", transport=httpx.ASGITransport(app=town))
    async with httpx.AsyncClient(base_url="http://courier", transport=httpx.ASGITransport(app=town)) as tester:
        await tester.post("/faults", json={"kind": "down", "times": 1})
        assert await run(door, jobs.order_courier, task, courier) == "packed"
        await tester.post("/faults", json={"kind": "duplicate", "times": 1})
        assert await run(door, jobs.order_courier, task, courier) == "handed-over"
        for _ in range(3):
            await tester.post("/faults", json={"kind": "down", "times": 1})
            before = await run(door, jobs.follow_courier, task, courier)
            after = await run(door, jobs.follow_courier, task, courier)
            assert before == after or after in delivering.CUSTODY[before]
        assert await run(door, jobs.follow_courier, task, courier) == "arrived"
        await tester.put(f"/v1/orders/{task}", json={"code": "0000000000"})
        assert await run(door, jobs.follow_courier, task, courier) == "arrived"  # not the patient's code
        code = await act(door, RESIDENT, contract.SHOW_CODE, One(id))
        await tester.put(f"/v1/orders/{task}", json={"code": code.text})
        for _ in range(2):
            assert await run(door, jobs.follow_courier, task, courier) == "delivered"
    assert (await state(door, id))[0] == "delivered"
    delivery = (await door.auto(SYSTEM).find("SupplyDelivery", patient="Patient/p1")).matches[0]
    kept = await document(door, "SupplyDelivery", delivery.id)
    assert kept["status"] == "completed"
    assert any(one["system"] == contract.WAYBILL for one in kept["identifier"])


async def test_the_patient_confirms_what_was_left_at_the_door(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id, task = await dispensed(door, anne)
    await act(door, anne, contract.SEND, Sending(task, "sending-1", sealed=True))
    assert await refused(door, RESIDENT, contract.RECEIVE, Keyed(id, "receive-1")) == {"not-arrived"}
    for step in ("handed-over", "arrived"):
        await act(door, anne, contract.TRACK, Tracking(task, f"track-{step}", step))
    await act(door, RESIDENT, contract.RECEIVE, Keyed(id, "receive-1"))
    assert (await state(door, id))[0] == "delivered"


@pytest.mark.rule("R3-088")
def test_a_cold_chain_has_temperatures_and_is_not_broken() -> None:
    day = Stopped().moment.date()
    insulin = next(one.code for one in drugs() if one.name == "甘精胰岛素注射液")
    assert delivering.kept_cold((insulin,), day)
    assert not delivering.kept_cold(("D0001",), day)
    faults = delivering.step_faults("", "packed", cold=True, celsius=None, sealed=False)
    assert [one.key for one in faults] == ["package-open", "temperature-missing"]
    assert delivering.step_faults("arrived", "delivered", cold=True, celsius=Decimal(5)) == ()
    assert delivering.spoiled((Decimal(5), Decimal("8.1")), cold=True)
    assert not delivering.spoiled((Decimal(5), Decimal(8)), cold=True)
    assert not delivering.spoiled((Decimal(30),), cold=False)
