"""Orders in an online visit: the gate is asked before a prescription is signed."""

from typing import Any

import pytest

from tests.capabilities.access.ward import open_door
from tests.capabilities.internet_hospital import clinic
from tests.capabilities.internet_hospital.clinic import DOCTOR, MEI, OTHER, asking, put
from tests.capabilities.prescriptions.clinic import draft, header, line
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Inviting, Judging, Visit
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.prescriptions import contract as orders
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.store.store import Store


async def sign(door: Door, who: Principal, visit: str, condition: str) -> Any:
    of: dict[str, Any] = {"subject": {"reference": "Patient/mei"}, "encounter": {"reference": f"Encounter/{visit}"}}
    head = header(**of, reasonReference=[{"reference": f"Condition/{condition}"}])
    async with door.work(who) as work:
        return await work.fhir.operate(orders.SIGN, draft(line(**of), head=head))


@pytest.mark.rule("R1-040", "R1-043")
async def test_an_order_online_is_signed_through_the_gate_alone(store: Store) -> None:
    door, clock = open_door(store)
    await put(door, *clinic.documents(clock.moment))
    async with door.work(MEI) as work:
        id = str((await work.fhir.operate(contract.REQUEST, asking())).id)
    doctor = await clinic.signed_in(door, DOCTOR)
    async with door.work(doctor) as work:
        await work.fhir.operate(contract.ACCEPT, Visit(id))
        for one in await reading.evidence(work.platform, await reading.visit(work, id)):
            await work.fhir.operate(contract.JUDGE, Judging(one["id"], "reviewed"))
        await work.fhir.operate(contract.START, Visit(id))
        await work.fhir.operate(contract.INVITE, Inviting(id, OTHER.practitioner or ""))
    # c-e0 is diabetes, diagnosed two years ago and no evidence of this visit; c-e1 is the hypertension that was judged.
    with pytest.raises(OutcomeError) as refused:
        await sign(door, doctor, id, "c-e0")
    assert "revisit-gate" in [one.key for one in refused.value.issues]
    with pytest.raises(OutcomeError) as refused:
        await sign(door, await clinic.signed_in(door, OTHER), id, "c-e1")
    assert [one.key for one in refused.value.issues] == ["visit-not-yours"]
    assert await sign(door, doctor, id, "c-e1")
