"""Upkeep, readiness and rights, through the door of the whole platform."""

from datetime import date
from typing import Any

import pytest

from tests.capabilities.access.ward import open_door, put
from tests.capabilities.directory.people import (
    COMMISSION,
    DESK,
    KEEPER,
    NAME,
    OTHER,
    RECORDS,
    RESIDENT,
    card,
    credit_code,
    department,
    licence,
    role,
)
from xinglin.capabilities.directory import contract, jobs
from xinglin.capabilities.directory.contract import Evidence, Hospital, SettingUp
from xinglin.capabilities.directory.operations import reminders, upkeep
from xinglin.capabilities.directory.operations.upkeep import KINDS
from xinglin.capabilities.directory.rules import checklist
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security import institution_forms as forms
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.identity import accounts
from xinglin.store.identity.accounts import Account, Assignment
from xinglin.store.store import Store


@pytest.fixture
async def door(store: Store) -> Door:
    door, _ = open_door(store)
    await put(door, *RECORDS)
    return door


async def keep(
    door: Door, kind: str, given: dict[str, str], id: str = "", who: Principal = KEEPER, why: str = "test"
) -> str:
    async with door.work(who) as work:
        return await upkeep.keep(work, KINDS[kind], id, given, why)


async def read(door: Door, type: str, id: str) -> dict[str, Any]:
    made: dict[str, Any] = document_of((await door.auto(SYSTEM).read(type, id)).body())
    return made


async def refused(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert error.value.status < 500
    return [(issue.key, issue.where) for issue in error.value.issues]


# -- upkeep -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R2-001")
async def test_a_department_is_added_changed_and_closed_with_its_history(door: Door) -> None:
    id = await keep(door, "departments", {"code": "信息科(中心)", "phone": "0391-1"})
    made = await read(door, "Organization", id)
    assert made["name"] == "信息科(中心)"
    assert forms.department_codes(made) == ("D85",)
    assert await refused(keep(door, "departments", {"code": "D85"}, id, why=" ")) == [("change-reason", "reason")]
    await keep(door, "departments", {"code": "D85", "name": "信息中心"}, id, why="更名")
    async with door.work(KEEPER) as work:
        await upkeep.set_open(work, KINDS["departments"], id, "合并", open=False)
    after = await read(door, "Organization", id)
    assert (after["name"], after["active"], upkeep.reason_of(after)) == ("信息中心", False, "合并")
    assert "telecom" not in after
    assert len((await door.auto(KEEPER).history("Organization", id)).rows) == 3


async def test_the_same_department_stands_once(door: Door) -> None:
    assert await refused(keep(door, "departments", {"code": "03.04"})) == [("directory-exists", "code")]


async def test_all_that_is_wrong_is_said_at_once(door: Door) -> None:
    given = {"name": "某人", "card": "123", "role": "仙人", "since": "2026-02-30", "number": "1"}
    found = await refused(keep(door, "staff", given))
    assert {where for _, where in found} == {"card", "role", "since", "number"}


async def test_somebody_is_engaged_once_and_known_by_the_identity_number(door: Door) -> None:
    given = {"name": "孙药师", "card": card(130), "role": "药师", "level": "中级", "title": "主管药师"}
    id = await keep(door, "staff", given)
    made = await read(door, "PractitionerRole", id)
    person = await read(door, "Practitioner", made["practitioner"]["reference"].rpartition("/")[2])
    assert person["gender"] in {"male", "female"}
    assert person["birthDate"].startswith("1975")
    assert await refused(keep(door, "staff", given)) == [("directory-exists", "")]
    assert await refused(keep(door, "staff", given | {"name": "别人", "role": "护士"})) == [("staff-name", "name")]
    other = await keep(door, "staff", given, who=OTHER)
    assert (await read(door, "PractitionerRole", other))["practitioner"] == made["practitioner"]


async def test_a_place_of_work_keeps_who_and_as_what_when_it_changes(door: Door) -> None:
    await keep(door, "staff", {"code": "03.04", "level": "senior", "title": "主任医师"}, "wang-role")
    made = await read(door, "PractitionerRole", "wang-role")
    assert forms.codes_of(made["code"], "https://xinglin.health/fhir/CodeSystem/role") == ("physician",)
    async with door.work(KEEPER) as work:
        await upkeep.set_open(work, KINDS["staff"], "wang-role", "调离", open=False)
    assert (await read(door, "PractitionerRole", "wang-role"))["active"] is False


async def test_places_and_services_are_kept(door: Door) -> None:
    place = await keep(door, "locations", {"name": "门诊楼", "form": "楼栋", "address": "东门"})
    assert (await read(door, "Location", place))["managingOrganization"]["reference"] == "Organization/renmin"
    service = await keep(door, "services", {"code": "心血管内科专业", "where": "here", "comment": "周一至周五"})
    assert (await read(door, "HealthcareService", service))["name"] == "心血管内科专业"
    assert await refused(keep(door, "services", {"code": "03.04", "where": "online"})) == [("no-hospital", "where")]


# -- rights -----------------------------------------------------------------------------------------------------------


async def test_one_institution_cannot_touch_another(door: Door) -> None:
    for kind, id in (("departments", "renmin-03.04"), ("staff", "wang-role")):
        assert await refused(keep(door, kind, {"code": "03.04"}, id, OTHER)) == [("not-found", "")]
    # Not by the FHIR interface either: neither what is there, nor something new.
    theirs = department("renmin-03.04", "renmin", "03.04", "改名")
    with pytest.raises(OutcomeError) as error:
        await door.auto(OTHER).update(bytes_of(theirs), type="Organization", id="renmin-03.04")
    assert error.value.status in {403, 404}
    moved = department("second-03.04", "renmin", "03.04", "改名")
    with pytest.raises(OutcomeError):
        await door.auto(OTHER).update(bytes_of(moved), type="Organization", id="second-03.04")
    taken = role("wang-role", "wang", "second", "physician")
    with pytest.raises(OutcomeError):
        await door.auto(OTHER).update(bytes_of(taken), type="PractitionerRole", id="wang-role")
    with pytest.raises(OutcomeError):
        await door.auto(OTHER).create(bytes_of(_without_id(theirs)), type="Organization")
    assert (await read(door, "Organization", "renmin-03.04"))["name"] == "心血管内科"


def _without_id(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "id"}


async def test_nobody_opens_a_file_by_a_place_of_work(door: Door) -> None:
    """The file of who works here is open to the institution, so nobody gets in it by a name that he only saw."""
    made = _without_id(role("x", "zhao", "renmin", "pharmacist"))
    with pytest.raises(OutcomeError) as error:
        await door.auto(KEEPER).create(bytes_of(made), type="PractitionerRole")
    assert error.value.status == 403
    moved = role("wang-role", "zhao", "renmin", "physician", "03.04")
    with pytest.raises(OutcomeError) as error:
        await door.auto(KEEPER).update(bytes_of(moved), type="PractitionerRole", id="wang-role")
    assert [issue.key for issue in error.value.issues] == ["staff-moved"]
    assert not (await door.auto(KEEPER).find("Practitioner", _id="zhao")).matches
    given = {"name": "赵敏", "card": card(125), "role": "pharmacist"}
    assert await refused(keep(door, "staff", given, who=DESK)) == [("forbidden", "")]


async def test_a_task_about_a_patient_is_no_evidence(door: Door) -> None:
    id = await set_up(door)
    task = document_of((await door.auto(SYSTEM).read("Task", (await record(door, id, "mlps")).id)).body())
    await put(door, {"resourceType": "Patient", "id": "p"})
    forged = _without_id(task) | {"for": {"reference": "Patient/p"}}
    forged["reasonCode"]["coding"][0]["code"] = "servers"
    await door.auto(SYSTEM).create(bytes_of(forged), type="Task")
    found = await refused(door.auto(KEEPER).operate(contract.ACTIVATE, Hospital(id)))
    assert ("readiness-open", "servers") in found
    assert ("readiness-open", "mlps") not in found


async def test_nobody_writes_an_institution_but_the_commission(door: Door) -> None:
    given = {
        "name": "焦作市第五人民医院",
        "uscc": credit_code(51574321),
        "licence": licence(51574321),
        "category": "综合医院",
        "division": "山阳区",
        "address": "人民路 5 号",
        "beds": "80",
        "verified": "2026/1/5",
    }
    id = await keep(door, "institutions", given, who=COMMISSION)
    made = forms.institution_of(await read(door, "Organization", id))
    assert made.licence.number == licence(51574321)
    await keep(door, "institutions", given | {"beds": "120"}, id, COMMISSION, "扩建")
    after = await read(door, "Organization", id)
    assert forms.institution_of(after).licence.beds == 120
    assert forms.identifier(after, "https://xinglin.health/id/uscc") == credit_code(51574321)
    assert await refused(keep(door, "institutions", given, who=COMMISSION)) == [("directory-exists", "")]
    for who in (KEEPER, DESK, RESIDENT):
        with pytest.raises(OutcomeError):
            await keep(door, "institutions", given | {"uscc": credit_code(61574321)}, who=who)
    own = await read(door, "Organization", "renmin")
    with pytest.raises(OutcomeError):
        await door.auto(KEEPER).update(bytes_of(own | {"name": "另一个名字"}), type="Organization", id="renmin")


# -- an internet hospital ---------------------------------------------------------------------------------------------


async def set_up(door: Door, who: Principal = KEEPER, name: str = f"{NAME}互联网医院") -> str:
    made = await door.auto(who).operate(contract.SET_UP, SettingUp("renmin", "alone", name))
    assert made.id is not None
    return made.id


async def record(door: Door, id: str, item: str, who: Principal = KEEPER, **more: Any) -> Any:
    given = {"result": "passed", "on": "2026-11-01", "responsible": "胡伟", "document": "制度汇编 V3"} | more
    return await door.auto(who).operate(contract.RECORD_EVIDENCE, Evidence(id, item, **given))


async def complete(door: Door, id: str) -> None:
    """Meet every mandatory item."""
    for code in ("D72", "D85", "D86"):
        await keep(door, "departments", {"code": code})
    await keep(door, "services", {"code": "03.04", "where": "online"})
    await keep(door, "staff", {"name": "孙药师", "card": card(130), "role": "pharmacist"})
    for item in checklist.all_items():
        if item.mandatory and not item.by_machine and item.when != "partner":
            await record(door, id, item.code)


@pytest.mark.rule("R1-010")
async def test_a_name_against_the_rule_is_refused(door: Door) -> None:
    assert await refused(set_up(door, name="焦作互联网医院")) == [("hospital-name-host", "")]
    assert await refused(set_up(door, OTHER)) == [("not-found", "")]


@pytest.mark.rule("R1-020", "R1-008")
async def test_it_is_active_only_when_every_mandatory_item_is_met(door: Door) -> None:
    id = await set_up(door)
    assert (await read(door, "Organization", id))["active"] is False
    found = dict(await refused(door.auto(KEEPER).operate(contract.ACTIVATE, Hospital(id))))
    wheres = {where for _, where in await refused(door.auto(KEEPER).operate(contract.ACTIVATE, Hospital(id)))}
    assert {"offices", "scope", "pharmacists", "platform", "mlps"} <= wheres
    assert "readiness-open" in found
    assert "line" not in wheres  # encouraged only
    await complete(door, id)
    said = await door.auto(COMMISSION).operate(contract.CHECK_READINESS, Hospital(id))
    assert "readiness-complete" in codec.encode(said).decode()
    assert await refused(door.auto(OTHER).operate(contract.ACTIVATE, Hospital(id))) == [("not-found", "")]
    made = await door.auto(KEEPER).operate(contract.ACTIVATE, Hospital(id))
    assert made.active is True
    kept = await door.auto(KEEPER).find("Task", code=f"{contract.TASKS}|{contract.READINESS}", _count="100")
    assert len(kept.matches) == len([one for one in checklist.all_items() if one.mandatory and not one.when])
    assert not (await door.auto(OTHER).find("Task", code=f"{contract.TASKS}|{contract.READINESS}")).matches


@pytest.mark.rule("R1-020")
async def test_nobody_makes_it_active_past_the_gate(door: Door) -> None:
    id = await set_up(door)
    document = await read(door, "Organization", id) | {"active": True}
    for who in (KEEPER, COMMISSION):
        with pytest.raises(OutcomeError):
            await door.auto(who).update(bytes_of(document), type="Organization", id=id)
    sly = department("sly", "renmin", "03.04", "某互联网医院") | {"active": True}
    sly["type"][0]["coding"].append({"system": forms.KINDS, "code": forms.INTERNET_HOSPITAL})
    with pytest.raises(OutcomeError):
        await door.auto(KEEPER).create(bytes_of(_without_id(sly)), type="Organization")


@pytest.mark.rule("R1-020", "R2-003")
async def test_a_lost_item_suspends_it_until_it_is_mended(door: Door) -> None:
    id = await set_up(door)
    await complete(door, id)
    await door.auto(KEEPER).operate(contract.ACTIVATE, Hospital(id))
    async with door.work(SYSTEM) as work:
        await jobs.recheck(work, suspends=True)
    assert (await read(door, "Organization", id))["active"] is True
    await record(door, id, "mlps", result="failed")
    async with door.work(SYSTEM) as work:
        await jobs.recheck(work, suspends=False)
    assert (await read(door, "Organization", id))["active"] is True
    async with door.work(SYSTEM) as work:
        await jobs.recheck(work, suspends=True)
        await jobs.recheck(work, suspends=True)
    stopped = await read(door, "Organization", id)
    assert stopped["active"] is False
    assert forms.value(forms.extension(stopped, forms.SUSPENDED), "reason") == "mlps"
    await record(door, id, "mlps")
    assert (await door.auto(KEEPER).operate(contract.ACTIVATE, Hospital(id))).active is True
    assert not forms.extension(await read(door, "Organization", id), forms.SUSPENDED)


async def test_evidence_says_what_to_mend(door: Door) -> None:
    id = await set_up(door)
    assert await refused(record(door, id, "offices")) == [("readiness-by-machine", "item")]
    assert await refused(record(door, id, "nothing")) == [("readiness-item", "item")]
    assert await refused(record(door, id, "mlps", on="2027-01-01", responsible="")) == [
        ("readiness-date", "on"),
        ("field-needed", "responsible"),
    ]
    assert await refused(record(door, id, "mlps", OTHER)) == [("not-found", "")]
    task = await record(door, id, "mlps")
    assert task.executionPeriod.end[:10] == "2027-11-01"


async def test_everybody_finds_the_directory_and_nobody_sees_numbers(door: Door) -> None:
    for who in (KEEPER, COMMISSION, DESK, RESIDENT):
        page = await door.auto(who).find("Organization", name="焦作市人民")
        assert [row.id for row in page.matches] == ["renmin"]
    page = await door.auto(RESIDENT).find("Practitioner", name="wjg")
    (row,) = page.matches
    assert card(123).encode() not in row.body()


@pytest.mark.rule("R2-003")
async def test_administrators_are_told_of_the_verification_once_in_each_stage(door: Door) -> None:
    """The hospital was verified on 2026-03-01 with 900 beds: it is due on 2029-03-01."""
    hospital = await read(door, "Organization", "renmin")
    async with door.work(SYSTEM) as work:
        id = work.new_id()
        await accounts.add(work.executor, Account(id, "staff", "active", b"x", work.now, person="Practitioner/5"), {})
        await accounts.assign(
            work.executor,
            Assignment(id, work.new_id(), "system-admin", work.now, "x", organization="Organization/renmin"),
        )
        await work.platform.update(
            bytes_of({"resourceType": "Practitioner", "id": "5", "active": True, "name": [{"text": "胡伟"}]}),
            type="Practitioner",
            id="5",
        )
    days = (
        "2028-11-30",
        "2028-12-01",
        "2028-12-02",
        "2029-01-05",
        "2029-02-10",
        "2029-02-11",
        "2029-03-02",
        "2029-03-03",
    )
    told = []
    for day in days:
        async with door.work(SYSTEM) as work:
            await reminders.remind_of(work, hospital, date.fromisoformat(day))
        told.append(await door.auto(SYSTEM).count("Communication", recipient="Practitioner/5"))
    assert told == [0, 1, 1, 2, 3, 3, 4, 4]
    async with door.work(SYSTEM) as work:
        assert await reminders.remind_of(work, hospital | {"active": False}, date(2029, 3, 2)) == 0
    found = await door.auto(SYSTEM).find("Communication", recipient="Practitioner/5", _sort="sent")
    texts = [str(document_of(row.body())["payload"][0]["contentString"]) for row in found.matches]
    assert any("2029-03-01" in text and "还剩 90 天" in text for text in texts)
    assert any("已逾期" in text for text in texts)
