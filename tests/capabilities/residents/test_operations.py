"""Registering, records, matching and cards through the door of the whole platform."""

import json
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door, put
from tests.capabilities.residents.people import DESK, MEI, NURSE, VILLAGE, VILLAGE_DOCTOR, number, resident
from xinglin.capabilities.residents import contract
from xinglin.capabilities.residents.contract import (
    CardRequest,
    Closing,
    Match,
    Newborn,
    Opening,
    Registration,
    Reopening,
    Scan,
)
from xinglin.capabilities.residents.operations import duplicates
from xinglin.capabilities.residents.operations.matching import Terms
from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Patient
from xinglin.matching.model import residents
from xinglin.matching.persons import DIVISION, extension
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store import merging
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.tables.divisions import record_prefix

Ward = tuple[Door, Stopped]
TERMS = Terms("Asia/Shanghai", residents())


@pytest.fixture
async def ward(store: Store) -> Ward:
    await store.fetch("TRUNCATE record_counter, card_token, duplicates_sought")
    return open_door(store)


def struct(document: dict[str, Any]) -> Patient:
    made = codec.decode(json.dumps(document).encode(), "Patient")
    assert isinstance(made, Patient)
    return made


async def register(door: Door, document: dict[str, Any], *, confirmed: bool = False, who: Principal = DESK) -> Any:
    return await door.auto(who).operate(contract.REGISTER, Registration(struct(document), confirmed))


async def matched(door: Door, given: Match) -> dict[str, Any]:
    bundle = await door.auto(DESK).operate(contract.MATCH, given)
    return codec.to_dict(bundle)


async def refused(call: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert error.value.status < 500
    return {issue.key for issue in error.value.issues}


def told(patient: Patient) -> dict[str, Any]:
    return codec.to_dict(patient)


# -- registering ------------------------------------------------------------------------------------------------------


async def test_a_person_is_registered_for_the_desks_institution(ward: Ward) -> None:
    door, _ = ward
    made = await register(door, resident("张小梅", "1990-03-07", 124))
    assert told(made)["managingOrganization"]["reference"] == "Organization/1"
    assert (await door.auto(DESK).read("Patient", str(made.id))).id == made.id


@pytest.mark.rule("R6-004", "CD-04")
async def test_what_contradicts_the_number_is_refused_with_every_reason(ward: Ward) -> None:
    door, _ = ward
    wrong = resident("张", "1990-03-07", 123) | {"gender": "female", "birthDate": "1990-03-08"}
    assert await refused(register(door, wrong)) == {
        "resident-name-length",
        "person-number-sex",
        "person-number-birth",
    }
    old = resident("张小梅", "1990-03-07") | {"identifier": [{"system": IDENTITY_CARD, "value": "410802900307123"}]}
    assert await refused(register(door, old)) == {"person-number-form"}


@pytest.mark.rule("HR-03", "CD-11")
async def test_somebody_known_is_shown_before_and_written_after_confirmation(ward: Ward) -> None:
    door, _ = ward
    first = await register(door, resident("张小梅", "1990-03-07", 124))
    again = resident("張小梅", "1990-03-07", 124)
    assert await refused(register(door, again)) == {"resident-certain"}
    second = await register(door, again, confirmed=True)
    (task,) = (await door.auto(SYSTEM).find("Task", code=f"{contract.TASK_CODES}|duplicate")).matches
    document = json.loads(task.body())
    assert document["focus"]["reference"] == f"Patient/{second.id}"
    assert document["input"][0]["valueReference"]["reference"] == f"Patient/{first.id}"
    assert document["input"][2]["valueCode"] == "certain"
    assert document["for"] == document["input"][0]["valueReference"]


@pytest.mark.rule("CD-06")
async def test_a_newborn_is_registered_by_its_mother(ward: Ward) -> None:
    door, _ = ward
    mother = await register(door, resident("张小梅", "1990-03-07", 124))
    given = Newborn(str(mother.id), "2026-11-18T09:30:00+08:00", "female")
    child = await door.auto(DESK).operate(contract.REGISTER_NEWBORN, given)
    document = told(child)
    assert document["identifier"][0] == {
        "use": "temp",
        "system": contract.NEWBORN,
        "value": f"{number('1990-03-07', 124)}-202611180930-1",
    }
    assert document["name"][0]["text"] == "张小梅之女"
    assert document["address"][0]["extension"][0]["valueCode"] == VILLAGE
    related = (await door.auto(SYSTEM).find("RelatedPerson", patient=f"Patient/{child.id}")).matches
    assert json.loads(related[0].body())["extension"][0]["valueReference"]["reference"] == f"Patient/{mother.id}"
    twin = await door.auto(DESK).operate(
        contract.REGISTER_NEWBORN, Newborn(str(mother.id), "2026-11-18T09:42:00+08:00", "female", order=2)
    )
    assert told(twin)["name"][0]["text"] == "张小梅之女2"
    again = door.auto(DESK).operate(contract.REGISTER_NEWBORN, given)
    assert await refused(again) & {"resident-certain", "resident-probable"}
    father = await register(door, resident("李强", "1989-05-06", 125))
    assert "newborn-mother" in await refused(
        door.auto(DESK).operate(contract.REGISTER_NEWBORN, Newborn(str(father.id), given.born, "male"))
    )


# -- matching ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CD-11")
async def test_match_grades_scores_and_covers(ward: Ward) -> None:
    door, _ = ward
    await put(door, resident("张小梅", "1990-03-07", 124) | {"id": "mei"})
    await put(door, resident("张小眉", "1990-03-07", 126) | {"id": "other"})
    asked = resident("章晓梅", "1990-03-07", 124)
    bundle = await matched(door, Match(struct(asked)))
    shown = {one["resource"]["id"]: one for one in bundle["entry"]}
    assert shown["mei"]["search"]["extension"][0]["valueCode"] == "certain"
    assert shown["mei"]["search"]["score"] > 0.99
    # Two valid numbers that differ: never more than possible, whatever else agrees.
    assert shown["other"]["search"]["extension"][0]["valueCode"] == "possible"
    # The desk does not reach them, so it learns that there is somebody and no more.
    assert shown["mei"]["resource"]["name"] == [{"text": "张*梅"}]
    assert number("1990-03-07", 124) not in json.dumps(bundle, default=str)
    sure = await matched(door, Match(struct(asked), only_certain_matches=True))
    assert [one["resource"]["id"] for one in sure["entry"]] == ["mei"]
    assert await refused(door.auto(DESK).operate(contract.MATCH, Match(Patient()))) == {"match-empty"}
    assert await refused(door.auto(MEI).operate(contract.MATCH, Match(struct(asked)))) == {"forbidden"}


@pytest.mark.rule("R6-002")
async def test_an_old_number_of_fifteen_digits_finds_the_new_one(ward: Ward) -> None:
    door, _ = ward
    await put(door, resident("张小梅", "1990-03-07", 124) | {"id": "mei"})
    new = number("1990-03-07", 124)
    asked = {
        "resourceType": "Patient",
        "identifier": [{"system": IDENTITY_CARD, "value": new[:6] + new[8:17]}],
        "name": [{"text": "张小梅"}],
    }
    bundle = await matched(door, Match(struct(asked)))
    assert [one["search"]["extension"][0]["valueCode"] for one in bundle["entry"]] == ["certain"]


async def test_the_nightly_look_raises_a_pair_once_and_never_again_after_a_rejection(ward: Ward) -> None:
    door, clock = ward
    phone = [{"system": "phone", "use": "mobile", "value": "13800000000"}]
    await put(door, resident("张小梅", "1990-03-07", 124, telecom=phone) | {"id": "mei"})
    slip = resident("张晓梅", "1990-07-03", 124, telecom=phone)
    del slip["identifier"]
    await put(door, slip | {"id": "mei2"}, resident("赵大", "1950-01-01", 1) | {"id": "zhao"})
    async with door.work(SYSTEM) as work:
        assert await duplicates.find(work, terms=TERMS) == 1
    (row,) = (await door.auto(SYSTEM).find("Task")).matches
    task = json.loads(row.body())
    assert {task["focus"]["reference"], task["input"][0]["valueReference"]["reference"]} == {
        "Patient/mei",
        "Patient/mei2",
    }
    await put(door, {**{k: v for k, v in task.items() if k != "meta"}, "status": "rejected"})
    clock.pass_(days=1)
    await put(door, resident("张小梅", "1990-03-07", 124, telecom=phone) | {"id": "mei", "active": True})
    async with door.work(SYSTEM) as work:
        assert await duplicates.find(work, terms=TERMS) == 0


@pytest.mark.rule("HR-03")
async def test_a_merged_record_still_finds_its_person_and_answers_as_the_one_that_stands_for_it(ward: Ward) -> None:
    door, _ = ward
    kept = resident("张小梅", "1990-03-07", 124)
    maiden = resident("李小梅", "1990-03-07", 124, telecom=[{"system": "phone", "value": "13800000000"}])
    del maiden["identifier"]
    await put(door, kept | {"id": "mei"}, maiden | {"id": "maiden"})
    async with door.work(SYSTEM) as work:
        await merging.hold(work.executor)
        await merging.merge(work.executor, "maiden", "mei", by="system", reason="one person")
    bundle = await matched(door, Match(struct(maiden)))
    assert [one["resource"]["id"] for one in bundle["entry"]] == ["mei"]
    async with door.work(SYSTEM) as work:
        assert await duplicates.find(work, terms=TERMS) == 0


# -- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("HR-01", "HR-02")
async def test_record_numbers_follow_one_another_in_a_village_and_are_never_given_twice(ward: Ward) -> None:
    door, _ = ward
    prefix = str(record_prefix(VILLAGE))
    loaded = resident("赵大", "1950-01-01", 1)
    loaded["identifier"].append({"system": contract.HEALTH_RECORD, "value": f"{prefix}00001"})
    await put(door, loaded | {"id": "loaded"})
    numbers = []
    for sequence in (124, 126, 128):
        made = await register(door, resident("张小梅", f"19{sequence - 40}-03-07", sequence), confirmed=True)
        opened = await door.auto(DESK).operate(contract.OPEN_RECORD, Opening(str(made.id)))
        (value,) = [one["value"] for one in told(opened)["identifier"] if one["system"] == contract.HEALTH_RECORD]
        numbers.append(value)
        # A closed record keeps its number.
        if sequence == 124:
            await door.auto(DESK).operate(contract.CLOSE_RECORD, Closing(str(made.id), "lost", "2026-11-01"))
    assert numbers == [f"{prefix}0000{n}" for n in (2, 3, 4)]
    assert all(len(one) == 17 for one in numbers)
    homeless = resident("钱二", "1951-01-01", 3)
    del homeless["address"]
    made = await register(door, homeless)
    assert await refused(door.auto(DESK).operate(contract.OPEN_RECORD, Opening(str(made.id)))) == {"record-village"}


@pytest.mark.rule("HR-03")
async def test_one_person_has_one_live_record(ward: Ward) -> None:
    door, _ = ward
    first = await register(door, resident("张小梅", "1990-03-07", 124))
    await door.auto(DESK).operate(contract.OPEN_RECORD, Opening(str(first.id)))
    assert await refused(door.auto(DESK).operate(contract.OPEN_RECORD, Opening(str(first.id)))) == {"record-open"}
    second = await register(door, resident("张小梅", "1990-03-07", 124), confirmed=True)
    answered = await door.auto(DESK).operate(contract.OPEN_RECORD, Opening(str(second.id)))
    assert answered.id == first.id
    assert await door.auto(SYSTEM).count("Task", code=f"{contract.TASK_CODES}|duplicate") == 1


@pytest.mark.rule("HR-07")
async def test_a_record_is_closed_with_its_reason_and_opened_again(ward: Ward) -> None:
    door, _ = ward
    made = await register(door, resident("张小梅", "1990-03-07", 124), who=VILLAGE_DOCTOR)
    id = str(made.id)
    fhir = door.auto(VILLAGE_DOCTOR)
    assert await refused(fhir.operate(contract.CLOSE_RECORD, Closing(id, "lost", "2026-11-01"))) == {"record-not-open"}
    await fhir.operate(contract.OPEN_RECORD, Opening(id))
    assert await refused(fhir.operate(contract.CLOSE_RECORD, Closing(id, "moved", "2027-01-01"))) == {
        "record-future",
        "record-place",
    }
    closed = told(await fhir.operate(contract.CLOSE_RECORD, Closing(id, "death", "2026-11-01")))
    assert closed["deceasedDateTime"] == "2026-11-01"
    assert {one["url"] for one in extension(closed, contract.RECORD_CLOSED)["extension"]} == {"date", "reason"}
    assert extension(closed["address"][0], DIVISION)["valueCode"] == VILLAGE
    again = told(await fhir.operate(contract.REOPEN_RECORD, Reopening(id, "登记有误")))
    assert "deceasedDateTime" not in again
    assert not extension(again, contract.RECORD_CLOSED)
    assert [one["value"] for one in again["identifier"]] == [one["value"] for one in closed["identifier"]]


# -- cards ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def mei(ward: Ward) -> Ward:
    await put(ward[0], resident("张小梅", "1990-03-07", 124) | {"id": "mei"})
    return ward


@pytest.mark.rule("R6-040", "R6-041", "CD-10")
async def test_a_card_says_who_it_is_once(mei: Ward) -> None:
    door, clock = mei
    card = await door.auto(MEI).operate(contract.SHOW_CARD, CardRequest("mei"))
    assert len(card.number) == 64
    assert number("1990-03-07", 124) not in card.code
    assert card.number not in card.code
    checked = await door.auto(NURSE).operate(contract.VERIFY_CARD, Scan(f" {card.code}\n"))
    assert (checked.state, checked.authorises, checked.patient) == ("valid", True, "Patient/mei")
    assert (checked.name, checked.born) == ("张*梅", "1990")
    assert checked.number.startswith("410802****")
    clock.pass_(seconds=20)
    replay = await door.auto(NURSE).operate(contract.VERIFY_CARD, Scan(card.code))
    assert (replay.state, replay.authorises) == ("used", False)
    assert replay.used
    assert (replay.patient, replay.name) == ("", "")
    again = await door.auto(MEI).operate(contract.SHOW_CARD, CardRequest("mei"))
    assert again.number == card.number
    assert again.code != card.code


@pytest.mark.rule("R6-041")
async def test_codes_that_are_old_forged_or_strange_are_told_as_such(mei: Ward) -> None:
    door, clock = mei
    card = await door.auto(MEI).operate(contract.SHOW_CARD, CardRequest("mei"))
    forged = card.code[:-1] + ("0" if card.code[-1] != "0" else "1")
    nurse = door.auto(NURSE)
    assert (await nurse.operate(contract.VERIFY_CARD, Scan(forged))).state == "forged"
    assert (await nurse.operate(contract.VERIFY_CARD, Scan("https://example.com"))).state == "unknown"
    numbered = await nurse.operate(contract.VERIFY_CARD, Scan(f"ID:{number('1990-03-07', 124)}"))
    assert (numbered.state, numbered.patient) == ("identity-number", "")
    clock.pass_(minutes=10)
    late = await nurse.operate(contract.VERIFY_CARD, Scan(card.code))
    assert (late.state, late.authorises) == ("expired", False)


@pytest.mark.rule("R6-041")
async def test_a_printed_code_tells_who_and_allows_nothing(mei: Ward) -> None:
    door, _ = mei
    card = await door.auto(MEI).operate(contract.SHOW_CARD, CardRequest("mei", static=True))
    checked = await door.auto(NURSE).operate(contract.VERIFY_CARD, Scan(card.code))
    assert (checked.state, checked.authorises, checked.name) == ("static", False, "张*梅")


async def test_nobody_shows_the_card_of_another(mei: Ward) -> None:
    door, _ = mei
    stranger = Principal("x", frozenset({"resident"}), patient="Patient/x", patients=("Patient/x",), level="L2")
    assert await refused(door.auto(stranger).operate(contract.SHOW_CARD, CardRequest("mei"))) == {"not-found"}
    weak = Principal("mei", frozenset({"resident"}), patient="Patient/mei", patients=("Patient/mei",), level="L0")
    assert await refused(door.auto(weak).operate(contract.SHOW_CARD, CardRequest("mei"))) == {"forbidden"}
