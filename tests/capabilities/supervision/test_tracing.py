"""One query shows the whole chain of a visit, with what rules decided, whose signatures hold, and audit proofs."""

from dataclasses import replace
from typing import Any

import pytest

from tests.capabilities.prescriptions.clinic import put
from tests.capabilities.supervision.city import ADMINISTRATOR, REGULATOR, City, Province
from tests.capabilities.supervision.test_uploading import send
from xinglin.capabilities.prescriptions import contract as orders
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.contract import Tracing
from xinglin.capabilities.supervision.rules.documents import identifier
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.store import Store


@pytest.fixture
async def city(store: Store) -> City:
    return await City(store).settled()


@pytest.mark.rule("R0-005", "R2-029")
async def test_a_visit_is_traced_from_its_evidence_to_the_receipt_of_the_province(city: City) -> None:
    visit = await city.begun()
    order = await city.prescribed(visit)
    await city.reviewed(order)
    await city.finished(visit)
    await send(city, Province())
    whole = await city.act(REGULATOR, contract.TRACE, Tracing(f"RequestGroup/{order}"))
    assert (whole.about, whole.patient, whole.lacking) == (f"Encounter/{visit}", "Patient/mei", ())
    steps = {one.kind: one for one in whole.steps}
    assert set(steps) == {
        *("visit", "evidence", "conversation", "diagnosis", "note"),
        *("prescription", "order", "review", "upload"),
    }
    times = [one.at for one in whole.steps]
    assert len(times) == len(whole.steps)
    gate = steps["visit"].decisions[0]
    assert (gate.rule, gate.values, gate.result) == ("R1-043", "诊断 I10.x00", "通过")
    assert [one.result for one in steps["evidence"].decisions] == ["已核对，有效"]
    review = {one.rule: one for one in steps["review"].decisions}
    assert (review["R3-055"].result, review["R3-055"].source) == ("pass", "医疗机构处方审核规范")
    assert [" valid " in line for line in steps["review"].signatures] == [True, True]
    assert [" valid " in line for line in steps["note"].signatures] == [True]
    uploads = [one for one in whole.steps if one.kind == "upload"]
    assert [one.decisions[0].result for one in uploads] == ["一致"] * 3
    proved = [proof for one in whole.steps if one.kind != "conversation" for proof in one.proofs[:1]]
    assert len(proved) == len(whole.steps) - 1
    assert all(one.holds and one.size > one.index >= 0 for one in proved)


async def test_a_chain_is_found_by_number_patient_doctor_and_any_record(city: City) -> None:
    visit = await city.begun()
    order = await city.prescribed(visit)
    number = identifier(await city.read("RequestGroup", order), orders.NUMBERS)
    card = (await city.read("Patient", "mei"))["identifier"][0]["value"]
    for query in (visit, f"Encounter/{visit}", order, number, card, "Patient/mei", "王杏", "Practitioner/d1"):
        found = await city.act(REGULATOR, contract.SEEK, Tracing(query))
        assert found.found[0] == f"Encounter/{visit}", query
    for nothing in ("", "0" * 18, "没有此人", "Encounter/none"):
        assert (await city.act(REGULATOR, contract.SEEK, Tracing(nothing))).found == ()


async def test_what_is_missing_in_a_chain_is_named(city: City) -> None:
    visit = await city.begun()
    await city.finished(visit)
    whole = await city.act(REGULATOR, contract.TRACE, Tracing(f"Encounter/{visit}"))
    assert whole.lacking == ("upload",)  # nobody has looked yet


async def test_only_the_commission_traces(city: City) -> None:
    with pytest.raises(OutcomeError) as error:
        await city.act(ADMINISTRATOR, contract.TRACE, Tracing("Encounter/e1"))
    assert error.value.status == 403
    with pytest.raises(OutcomeError) as gone:
        await city.act(REGULATOR, contract.TRACE, Tracing("Encounter/none"))
    assert gone.value.status == 404


async def test_what_cannot_be_traced_drawn_or_checked_is_refused_and_never_breaks(city: City) -> None:
    """One test, as a city takes a second."""
    odd = ("\x00", "a" * 5000, "Encounter/", "/", "Foo/bar", "Encounter/../x", "a|b,c$d", "%", "Task/none", "１２３")
    circle = {"resourceType": "Task", "status": "requested", "intent": "order"}
    await put(city.door, circle | {"id": "t1", "focus": {"reference": "Task/t2"}})
    await put(city.door, circle | {"id": "t2", "focus": {"reference": "Task/t1"}})
    drawing = contract.Drawing("Organization/i1", "2026-11", "x")
    calls: list[tuple[Any, Any]] = [
        *((contract.TRACE, Tracing(one)) for one in (*odd, "Task/t1")),
        *((contract.SEEK, Tracing(one)) for one in (*odd, "Task/t1")),
        *((contract.DRAW, replace(drawing, institution=one)) for one in odd),
        *((contract.DRAW, replace(drawing, month=one)) for one in (*odd, "2026-13", "0000-00")),
        *((contract.CHECK, contract.Checking(one, one, (one,))) for one in odd),
        *((contract.OPEN, contract.Opening(one)) for one in odd),
        *((contract.RESEND, contract.One(one)) for one in odd),
    ]
    for operation, given in calls:
        try:
            await city.act(REGULATOR, operation, given)
        except OutcomeError as refused:
            assert 400 <= refused.status < 500, given  # noqa: PT017  whatever it is refused for
