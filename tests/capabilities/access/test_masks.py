"""What a grant masks is covered on every way out, cannot be asked for, and cannot be written back."""

import json
from typing import Any

import pytest

from tests.capabilities.access.ward import open_door, order, patient, put, seen, staff
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.store import Store

NUMBER = "410802199003071239"
PHONE = "13812341234"
PERSON: dict[str, Any] = {
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": NUMBER}],
    "telecom": [{"system": "phone", "value": PHONE}],
    "gender": "male",
    "birthDate": "1990-03-07",
    "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{PHONE}</div>'},
    "managingOrganization": {"reference": "Organization/1"},
}
TECHNICIAN = staff("technician", "4")
REGULATOR = staff("regulator", "5", purpose="HLEGAL")


@pytest.fixture
async def door(store: Store) -> Door:
    door, _ = open_door(store)
    await put(door, patient("1", **PERSON), order("s1", "1", "4"), patient("1", **PERSON, active=True))
    return door


async def ways(door: Door) -> list[bytes]:
    """The patient's bytes on every way that leads to them."""
    fhir = door.auto(TECHNICIAN)
    found = [(await fhir.read("Patient", "1")).body(), (await fhir.vread("Patient", "1", "1")).body()]
    found += [row.body() for row in (await fhir.find("Patient")).matches]
    found += [row.body() for row in (await fhir.find("ServiceRequest", _include="ServiceRequest:patient")).included]
    found += [row.body() for row in (await fhir.history("Patient", "1")).rows]
    found += [row.body() for row in (await fhir.history("Patient")).rows]
    return found


@pytest.mark.rule("R7-034")
async def test_every_way_out_is_covered(door: Door) -> None:
    found = await ways(door)
    assert len(found) == 8
    for body in found:
        assert NUMBER.encode() not in body
        assert PHONE.encode() not in body
        document = json.loads(body)
        assert document["identifier"][0]["value"] == "410802********1239"
        assert document["telecom"][0]["value"] == "138****1234"
        assert document["name"][0]["text"] == "张小三"
        assert "MASKED" in {one["code"] for one in document["meta"]["security"]}


@pytest.mark.parametrize(
    ("type", "asked"),
    [
        ("Patient", {"identifier": NUMBER}),
        ("Patient", {"phone": PHONE}),
        ("Patient", {"telecom:missing": "true"}),
        ("Patient", {"_sort": "address"}),
        ("Patient", {"_text": PHONE}),
        ("Patient", {"_content": PHONE}),
        ("Patient", {"_filter": f"identifier eq {NUMBER}"}),
        ("ServiceRequest", {"patient.identifier": NUMBER}),
        ("ServiceRequest", {"patient:Patient.phone": PHONE}),
        ("Encounter", {"_has:Observation:encounter:patient.phone": PHONE}),
        ("ServiceRequest", {"_filter": f"patient.phone eq {PHONE}"}),
    ],
)
async def test_what_is_masked_cannot_be_asked_for(door: Door, type: str, asked: dict[str, str]) -> None:
    with pytest.raises(OutcomeError) as refused:
        await seen(door, TECHNICIAN, type, **asked)
    assert refused.value.status == 403
    assert refused.value.issues[0].key == "masked-parameter"


async def test_what_is_not_masked_can_be_asked_for(door: Door) -> None:
    assert await seen(door, TECHNICIAN, "Patient", gender="male", name="张小三") == {"1"}


async def test_criteria_of_writes_tell_nothing_either(door: Door) -> None:
    with pytest.raises(OutcomeError) as refused:
        await door.auto(TECHNICIAN).create(b"{}", type="Observation", if_none_exist=f"patient.identifier={NUMBER}")
    assert refused.value.status == 403


async def test_a_masked_reading_cannot_be_written_back(door: Door) -> None:
    masked = (await door.auto(TECHNICIAN).read("Patient", "1")).body()
    for who in (TECHNICIAN, staff("receptionist", "7", purpose="HMGT")):
        with pytest.raises(OutcomeError):
            await door.auto(who).update(masked, type="Patient", id="1")
    with pytest.raises(OutcomeError) as refused:
        await door.auto(SYSTEM).update(masked, type="Patient", id="1")
    assert refused.value.issues[0].key == "masked"


@pytest.mark.rule("R7-034")
async def test_supervision_sees_no_name(door: Door) -> None:
    (row,) = (await door.auto(REGULATOR).find("Patient")).matches
    document = json.loads(row.body())
    assert document["name"][0]["text"] == "张*三"
    assert document["birthDate"] == "1990"
    assert "text" not in document


async def test_who_attends_sees_the_person(door: Door) -> None:
    receptionist = staff("receptionist", "7", purpose="HMGT")
    assert NUMBER.encode() in (await door.auto(receptionist).read("Patient", "1")).body()
