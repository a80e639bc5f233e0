"""The decoction room: each step with who, when and on which machine; nothing is given out before it is done."""

from typing import Any

import pytest

from tests.capabilities.pharmacy.shop import ALL, ANNE, BELL, OTHER, act, documents, formula, released
from tests.capabilities.pharmacy.test_operations import refused, state
from tests.capabilities.prescriptions.clinic import RESIDENT, Stopped, document, open_door, put, signed_in
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Choosing, Claiming, Dispensing, Keyed, Reviewing, Stepping
from xinglin.capabilities.pharmacy.rules import decoctions
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store


@pytest.fixture
async def place(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *documents())
    return door, clock


async def paid(door: Door, anne: Principal) -> tuple[str, str, str]:
    """The formula, its supply and its work order."""
    id = await formula(door)
    choice = Choosing(id, "shop1", "pharmacy-pickup", "choose-1", decocted=True)
    task = await act(door, RESIDENT, contract.CHOOSE, choice)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    await act(door, anne, contract.PHARMACY_REVIEW, Reviewing(task, "review-1", "pass", checked=ALL))
    await act(door, anne, contract.TAKE_PAYMENT, Keyed(task, "payment-1"))
    kind = f"{contract.WORK_ORDERS.system}|decoction"
    return id, task, (await door.auto(SYSTEM).find("Task", code=kind)).matches[0].id


@pytest.mark.rule("R3-092", "R3-100", "R3-102")
async def test_from_the_scales_to_the_cold_room(place: tuple[Door, Stopped]) -> None:
    door, clock = place
    anne, bell = await signed_in(door, ANNE), await signed_in(door, BELL)
    id, task, order = await paid(door, anne)
    good = Dispensing(task, "dispense", "Practitioner/s2", ALL)
    assert await refused(door, anne, contract.GIVE_OUT, good) == {"decoction-open"}
    count = 0

    def step(code: str, **more: Any) -> Stepping:
        nonlocal count
        count += 1
        return Stepping(order, f"step-{count:04}", code, **more)

    assert await refused(door, anne, contract.DECOCT, step("soaking")) == {"decoction-order"}
    assert await refused(door, anne, contract.DECOCT, step("prepared", weights=("10.6", "6"))) == {"weight-off"}
    scales = step("prepared", weights=("10.4", "5.8"), lots=("A1", "B2"), category="exterior")
    for _ in range(2):  # a lost answer
        await act(door, anne, contract.DECOCT, scales)
    assert await refused(door, anne, contract.DECOCT, step("checked")) == {"decoction-apart"}
    await act(door, bell, contract.DECOCT, step("checked"))
    assert await refused(door, RESIDENT, contract.WITHDRAW, Keyed(id, "withdraw")) == {"decoction-started"}
    await act(door, bell, contract.DECOCT, step("soaking"))
    clock.pass_(minutes=20)
    assert await refused(door, bell, contract.DECOCT, step("soaking")) == {"decoction-early"}
    clock.pass_(minutes=10)
    await act(door, bell, contract.DECOCT, step("soaking"))
    assert await refused(door, bell, contract.DECOCT, step("decocting-1")) == {"decoction-device"}
    await act(door, bell, contract.DECOCT, step("decocting-1", device="JX-07", celsius="100"))
    clock.pass_(minutes=10)
    await act(door, bell, contract.DECOCT, step("late-herbs"))
    clock.pass_(minutes=7)
    await act(door, bell, contract.DECOCT, step("decocting-1", device="JX-07"))
    await act(door, bell, contract.DECOCT, step("decocting-2", device="JX-07"))
    clock.pass_(minutes=12)
    await act(door, bell, contract.DECOCT, step("decocting-2", device="JX-07"))
    await act(door, bell, contract.DECOCT, step("merged"))
    assert await refused(door, bell, contract.DECOCT, step("packed", packs=13, ml=200)) == {"packs-count"}
    await act(door, bell, contract.DECOCT, step("packed", packs=14, ml=200))
    await act(door, bell, contract.DECOCT, step("labelled"))
    await act(door, anne, contract.DECOCT, step("quality-checked"))
    await act(door, anne, contract.DECOCT, step("stored"))
    kept = decoctions.steps(await document(door, "Task", order))
    assert [one["code"] for one in kept] == (
        "prepared checked soaking decocting-1 late-herbs decocting-2 merged packed labelled quality-checked stored"
    ).split()
    assert (kept[0]["lots"], kept[3]["device"], kept[3]["celsius"]) == ("A1 B2", "JX-07", "100")
    await act(door, anne, contract.GIVE_OUT, good)
    assert (await state(door, id))[0] == "dispensed"


async def test_only_slices_are_decocted_and_only_here(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    id = await released(door)
    choice = Choosing(id, "shop1", "pharmacy-pickup", "choose-0", decocted=True)
    assert await refused(door, RESIDENT, contract.CHOOSE, choice) == {"not-decocted"}
    anne = await signed_in(door, ANNE)
    _, _, order = await paid(door, anne)
    other = await signed_in(door, OTHER)
    given = Stepping(order, "step-0001", "prepared", weights=("10", "6"))
    assert await refused(door, other, contract.DECOCT, given) == {"not-found"}
