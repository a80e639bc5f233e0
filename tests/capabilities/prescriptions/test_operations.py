"""A prescription is signed by the physician of the visit and takes effect by another's review."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.capabilities.practitioners.people import place
from tests.capabilities.prescriptions.clinic import (
    COLLEAGUE,
    DOCTOR,
    PHARMACIST,
    RESIDENT,
    YOUNG,
    Stopped,
    document,
    documents,
    draft,
    header,
    line,
    open_door,
    put,
    signed_in,
    visit,
)
from xinglin.capabilities.prescriptions import contract, jobs
from xinglin.capabilities.prescriptions.contract import Cancelling, Draft, Reviewing, Revising
from xinglin.capabilities.signatures.contract import VERIFY, Verify
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

ALL = tuple(contract.CHECKS.codes)


@pytest.fixture
async def clinic(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *documents())
    return door, clock


async def act(door: Door, who: Principal, operation: Any, given: Any) -> Any:
    async with door.work(who) as work:
        return await work.fhir.operate(operation, given)


async def refused(door: Door, who: Principal, operation: Any, given: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await act(door, who, operation, given)
    assert 400 <= error.value.status < 500
    return {issue.key for issue in error.value.issues}


async def signed(door: Door, given: Draft | None = None) -> str:
    id: str = await act(door, await signed_in(door, DOCTOR), contract.SIGN, given or draft())
    return id


async def state(door: Door, id: str) -> tuple[str, str, set[str]]:
    """State and status of a prescription, and the statuses of its lines."""
    group = await document(door, "RequestGroup", id)
    found = next(one["valueCode"] for one in group["extension"] if one["url"] == contract.STATE)
    lines = {
        (await document(door, "MedicationRequest", one["resource"]["reference"].rpartition("/")[2]))["status"]
        for one in group["action"]
    }
    return found, group["status"], lines


async def task_of(door: Door, id: str) -> dict[str, Any]:
    page = await door.auto(SYSTEM).find("Task", focus=f"RequestGroup/{id}")
    assert len(page.matches) == 1
    return await document(door, "Task", page.matches[0].id)


@pytest.mark.rule("R1-057", "R3-050", "R3-052", "R3-055", "R3-080")
async def test_it_takes_effect_by_a_pharmacists_review(clinic: tuple[Door, Stopped]) -> None:
    door, clock = clinic
    checked = await act(door, DOCTOR, contract.CHECK, draft())
    assert checked.signable
    id = await signed(door)
    assert await state(door, id) == ("review-pending", "on-hold", {"on-hold"})
    task = await task_of(door, id)
    assert task["owner"]["reference"] == "Organization/h1"
    assert task["status"] == "requested"
    clock.pass_(minutes=3)
    pharmacist = await signed_in(door, PHARMACIST)
    some = Reviewing(id, "pass", checked=ALL[:3])
    assert await refused(door, pharmacist, contract.DECIDE, some) == {"review-checks"}
    assert await act(door, pharmacist, contract.DECIDE, Reviewing(id, "pass", checked=ALL)) == id
    assert await state(door, id) == ("released", "active", {"active"})
    verdict = await act(door, DOCTOR, VERIFY["Task"], Verify(task["id"]))
    assert verdict.signed
    assert len(verdict.finding) == 2  # the prescriber's and the reviewer's
    assert await refused(door, pharmacist, contract.DECIDE, Reviewing(id, "pass", checked=ALL)) == {
        "prescription-state"
    }
    seen = await door.auto(RESIDENT).find("RequestGroup", patient="Patient/p1")
    assert [row.id for row in seen.matches] == [id]


@pytest.mark.rule("R3-020")
async def test_it_ends_with_its_last_day(clinic: tuple[Door, Stopped]) -> None:
    door, clock = clinic
    id = await signed(door, draft(head=header({"url": contract.EXTRA_DAYS, "valueInteger": 1})))
    group = await document(door, "RequestGroup", id)
    until = next(one["valueDateTime"] for one in group["extension"] if one["url"] == contract.VALID_UNTIL)
    assert until == "2026-11-21T23:59:59+08:00"
    clock.pass_(days=2)
    pharmacist = await signed_in(door, PHARMACIST)
    late = await refused(door, pharmacist, contract.DECIDE, Reviewing(id, "pass", checked=ALL))
    assert late == {"prescription-over", "review-duty"}  # a Sunday by now
    for _ in range(2):
        async with door.work(SYSTEM) as work:
            await jobs.expire(work, id)
    assert await state(door, id) == ("expired", "revoked", {"stopped"})


@pytest.mark.rule("R3-051")
async def test_who_may_not_review(clinic: tuple[Door, Stopped]) -> None:
    door, clock = clinic
    id = await signed(door)
    passing = Reviewing(id, "pass", checked=ALL)
    assert await refused(door, await signed_in(door, YOUNG), contract.DECIDE, passing) == {"review-experience"}
    assert await refused(door, await signed_in(door, DOCTOR), contract.DECIDE, passing) == {"forbidden"}
    elsewhere = replace(PHARMACIST, organization="Organization/h2")
    assert await refused(door, await signed_in(door, elsewhere), contract.DECIDE, passing) == {"not-found"}
    prescriber = replace(PHARMACIST, practitioner=DOCTOR.practitioner)
    own = await refused(door, await signed_in(door, prescriber), contract.DECIDE, passing)
    assert {"review-own", "review-title", "pharmacist-missing"} <= own
    clock.pass_(hours=16)  # Saturday by the clock of Beijing; the roster says Fridays
    assert "review-duty" in await refused(door, await signed_in(door, PHARMACIST), contract.DECIDE, passing)


@pytest.mark.rule("R3-052", "R3-053", "R3-054")
async def test_a_returned_one_is_written_anew_and_a_refused_one_is_over(clinic: tuple[Door, Stopped]) -> None:
    door, _ = clinic
    id = await signed(door)
    pharmacist = await signed_in(door, PHARMACIST)
    assert await refused(door, pharmacist, contract.DECIDE, Reviewing(id, "return")) == {"review-reason"}
    await act(door, pharmacist, contract.DECIDE, Reviewing(id, "return", reason=("2-5",), note="剂量请复核"))
    assert (await state(door, id))[:2] == ("review-failed", "on-hold")
    assert (await task_of(door, id))["businessStatus"]["coding"][0]["code"] == "unsuitable"
    told = await door.auto(SYSTEM).find("Communication", recipient="Practitioner/d1")
    assert len(told.matches) == 1
    doctor = await signed_in(door, DOCTOR)
    again = draft(line(dose="2.5"))
    other = await signed_in(door, COLLEAGUE)
    assert await refused(door, other, contract.REVISE, Revising(id, again.prescription, again.line)) & {
        "not-found",
        "not-the-prescriber",
    }
    new = await act(door, doctor, contract.REVISE, Revising(id, again.prescription, again.line))
    assert (await state(door, id)) == ("revised", "revoked", {"cancelled"})
    assert (await document(door, "RequestGroup", new))["replaces"] == [{"reference": f"RequestGroup/{id}"}]
    refusing = Reviewing(new, "refuse", reason=("3-1",))
    assert await refused(door, pharmacist, contract.DECIDE, refusing) == {"decision-note"}
    await act(door, pharmacist, contract.DECIDE, replace(refusing, note="与诊断不符"))
    assert await state(door, new) == ("rejected", "revoked", {"cancelled"})
    assert await refused(door, doctor, contract.CANCEL, Cancelling(new, "x")) == {"prescription-state"}


@pytest.mark.rule("R2-025")
async def test_nothing_but_signing_makes_an_order_of_it(clinic: tuple[Door, Stopped]) -> None:
    door, _ = clinic
    active = line() | {"status": "active", "encounter": {"reference": "Encounter/v1"}}
    with pytest.raises(OutcomeError) as error:
        await door.auto(DOCTOR).create(_raw(active), type="MedicationRequest")
    assert error.value.status == 403
    made = await door.auto(DOCTOR).create(_raw(active | {"status": "draft"}), type="MedicationRequest")
    with pytest.raises(OutcomeError) as error:
        await door.auto(DOCTOR).update(_raw(active | {"id": made.id}), type="MedicationRequest", id=made.id)
    assert error.value.status == 403
    machine = draft(line(source="ai-generated"))
    assert await refused(door, await signed_in(door, DOCTOR), contract.SIGN, machine) == {"input-source"}
    # whoever does not receive the patient does not prescribe
    await put(door, visit("v2", by="d2"))
    elsewhere = draft(head=header(encounter={"reference": "Encounter/v2"}))
    assert await refused(door, await signed_in(door, DOCTOR), contract.SIGN, elsewhere) == {"not-your-visit"}


@pytest.mark.rule("R3-010")
async def test_what_was_signed_stays(clinic: tuple[Door, Stopped]) -> None:
    door, _ = clinic
    id = await signed(door)
    group = await document(door, "RequestGroup", id)
    first = group["action"][0]["resource"]["reference"].rpartition("/")[2]
    request = await document(door, "MedicationRequest", first)
    request["dispenseRequest"]["quantity"]["value"] = 700
    for type_name, changed in (
        ("MedicationRequest", request),
        ("RequestGroup", group | {"subject": {"reference": "Patient/p2"}}),
        ("RequestGroup", _with_state(group, "released") | {"action": []}),
        ("Task", (await task_of(door, id)) | {"focus": {"reference": "RequestGroup/other"}}),
    ):
        with pytest.raises(OutcomeError) as error:
            await door.auto(SYSTEM).update(_raw(changed), type=type_name, id=changed["id"])
        assert error.value.issues[0].key in {"prescription-stays", "codec"} or error.value.status in {400, 422}
    with pytest.raises(OutcomeError) as error:
        await door.auto(SYSTEM).update(_raw(_with_state(group, "dispensed")), type="RequestGroup", id=id)
    assert error.value.issues[0].key == "prescription-state"


async def test_signing_twice_with_a_key_is_signing_once(clinic: tuple[Door, Stopped]) -> None:
    door, _ = clinic
    keyed = draft(head=header(groupIdentifier={"value": "form-1"}))
    first = await signed(door, keyed)
    assert await signed(door, keyed) == first
    assert await door.auto(SYSTEM).count("RequestGroup") == 1


async def test_the_prescriber_takes_it_back(clinic: tuple[Door, Stopped]) -> None:
    door, _ = clinic
    id = await signed(door)
    doctor = await signed_in(door, DOCTOR)
    assert await refused(door, doctor, contract.CANCEL, Cancelling(id, " ")) == {"cancel-reason"}
    await act(door, doctor, contract.CANCEL, Cancelling(id, "患者改变主意"))
    assert await state(door, id) == ("cancelled", "revoked", {"cancelled"})
    assert (await task_of(door, id))["status"] == "cancelled"


async def test_an_institution_without_pharmacists_is_reviewed_above(clinic: tuple[Door, Stopped]) -> None:
    door, _ = clinic
    await put(
        door,
        {
            "resourceType": "Organization",
            "id": "clinic",
            "name": "村卫生室",
            "partOf": {"reference": "Organization/h1"},
        },
        place("r3", "d1", "clinic", "filed"),
        visit("v1", at="clinic"),
    )
    id = await signed(door)
    assert (await task_of(door, id))["owner"]["reference"] == "Organization/h1"
    pharmacist = await signed_in(door, PHARMACIST)
    seen = await door.auto(pharmacist).find("RequestGroup", _id=id)
    assert [row.id for row in seen.matches] == [id]
    await act(door, pharmacist, contract.DECIDE, Reviewing(id, "pass", checked=ALL))
    assert (await state(door, id))[0] == "released"


def _with_state(group: dict[str, Any], state: str) -> dict[str, Any]:
    others = [one for one in group["extension"] if one["url"] != contract.STATE]
    return group | {"extension": [{"url": contract.STATE, "valueCode": state}, *others]}


def _raw(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
