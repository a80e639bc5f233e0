"""What a resource holds alone: one of many who want it at the same time gets it."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from xinglin.fhir.declarations import Profile, Text, canonical
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4 import Appointment
from xinglin.registry import Capability, Exclusive, Registry
from xinglin.security.grants import Grant
from xinglin.security.principal import Principal
from xinglin.store import holding
from xinglin.store.door import Door
from xinglin.store.orders import Order
from xinglin.store.store import Store

PLACE = Profile(canonical("test-place"), "Appointment")
WHO = Principal("desk", frozenset({"system"}))


def keys(appointment: Appointment) -> Iterable[str]:
    if appointment.status == "booked" and appointment.slot:
        yield f"slot/{appointment.slot[0].reference}"


ALL = frozenset({"create", "update", "patch", "delete", "read", "search"})
DESK = Capability(
    "desk",
    Text("前台", "Desk"),
    profiles=(PLACE,),
    exclusives=(Exclusive(PLACE, keys, "place-taken"),),
    grants=(Grant("system", ALL, "Appointment"),),
)


def booking(slot: str, status: str = "booked", *, claimed: bool = True, id: str | None = None) -> bytes:
    document: dict[str, Any] = {
        "resourceType": "Appointment",
        "status": status,
        "slot": [{"reference": f"Slot/{slot}"}],
        "start": "2026-12-01T08:00:00Z",
        "end": "2026-12-01T08:10:00Z",
        "participant": [{"actor": {"reference": "Patient/1"}, "status": "accepted"}],
    }
    if claimed:
        document["meta"] = {"profile": [PLACE.url]}
    if id is not None:
        document["id"] = id
    return msgspec.json.encode(document)


@pytest.fixture
def door(store: Store) -> Door:
    return Door(store, Registry((DESK,)).rulebook, audited=False)


async def test_one_of_fifty_gets_a_place(door: Door) -> None:
    fhir = door.auto(WHO)

    async def book() -> str:
        try:
            return (await fhir.create(booking("7"), type="Appointment")).id
        except OutcomeError as refused:
            return f"{refused.status} {refused.issues[0].key}"

    answers = Counter(await asyncio.gather(*(book() for _ in range(50))))
    assert answers.pop("409 place-taken") == 49
    got = list(answers)
    assert len(got) == 1
    assert await fhir.count("Appointment") == 1
    assert await holding.holders(door.store, ["slot/Slot/7", "slot/Slot/8"]) == {"slot/Slot/7": ("Appointment", got[0])}


@pytest.mark.parametrize("ending", ["cancelled", "deleted", "moved"])
async def test_a_place_that_is_given_back_can_be_taken(door: Door, ending: str) -> None:
    fhir = door.auto(WHO)
    first = (await fhir.create(booking("7"), type="Appointment")).id
    if ending == "deleted":
        await fhir.delete("Appointment", first)
    else:
        new = booking("7", "cancelled", id=first) if ending == "cancelled" else booking("8", id=first)
        await fhir.update(new, type="Appointment", id=first)
    second = (await fhir.create(booking("7"), type="Appointment")).id
    assert (await holding.holders(door.store, ["slot/Slot/7"]))["slot/Slot/7"] == ("Appointment", second)


async def test_only_the_profile_holds(door: Door) -> None:
    fhir = door.auto(WHO)
    await fhir.create(booking("7", claimed=False), type="Appointment")
    await fhir.create(booking("7", claimed=False), type="Appointment")
    assert await holding.holders(door.store, ["slot/Slot/7"]) == {}


async def test_many_at_once_are_all_or_none(door: Door) -> None:
    fhir = door.auto(WHO)
    with pytest.raises(OutcomeError):
        await fhir.write_many([Order("create", "Appointment", booking(slot)) for slot in ("1", "2", "1")])
    assert await fhir.count("Appointment") == 0
    assert await holding.holders(door.store, ["slot/Slot/1", "slot/Slot/2"]) == {}


async def test_those_who_want_the_same_two_do_not_lock_each_other_out(door: Door) -> None:
    fhir = door.auto(WHO)

    async def both(slots: tuple[str, str]) -> int:
        try:
            await fhir.write_many([Order("create", "Appointment", booking(slot)) for slot in slots])
        except OutcomeError as refused:
            return refused.status
        return 201

    got = await asyncio.gather(*(both(("1", "2") if turn % 2 else ("2", "1")) for turn in range(20)))
    assert Counter(got) == {201: 1, 409: 19}


async def test_a_load_does_not_take_what_only_one_may_have(door: Door) -> None:
    with pytest.raises(OutcomeError) as refused:
        door.auto(WHO).judge(Order("create", "Appointment", booking("7")))
    assert refused.value.issues[0].key == "exclusive"
    assert door.auto(WHO).judge(Order("create", "Appointment", booking("7", claimed=False))).op == "create"
