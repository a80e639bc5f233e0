"""Merging, undoing and telling apart, through the door of the whole platform."""

from typing import Any

import pytest

from tests.capabilities.access.ward import observation, open_door, put, staff
from tests.capabilities.residents.people import DESK, NURSE, resident
from xinglin.capabilities.duplicates import contract
from xinglin.capabilities.duplicates.contract import Deciding, Merging, Unmerging
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.datatypes import Reference
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store import merging
from xinglin.store.consistency import check
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web import persons

HEALTH = staff("public-health", "8", organization="Organization/1")
ELSEWHERE = staff("receptionist", "9", organization="Organization/9")
THERE_DESK = staff("receptionist", "4", organization="Organization/2")
HERE: dict[str, Any] = {"managingOrganization": {"reference": "Organization/1"}}
THERE: dict[str, Any] = {"managingOrganization": {"reference": "Organization/2"}}


@pytest.fixture
async def door(store: Store) -> Door:
    door, _ = open_door(store)
    await put(
        door,
        resident("王小明", "1980-01-01", id="a", active=True, **HERE),
        resident("王晓明", "1980-01-01", id="b", telecom=[{"system": "phone", "value": "13800000000"}], **THERE),
        resident("李娜", "1990-01-01", 124, id="c", **HERE),
        observation("oa", "a"),
        observation("ob", "b"),
    )
    return door


def ref(id: str) -> Reference:
    return Reference(reference=f"Patient/{id}")


async def merge(door: Door, who: Principal = DESK, source: str = "b", target: str = "a", **more: Any) -> Any:
    given = Merging(ref(source), ref(target), **({"reason": "saw the identity card"} | more))
    return await door.auto(who).operate(contract.MERGE, given)


async def unmerge(door: Door, source: str = "b", who: Principal = DESK) -> Any:
    return await door.auto(who).operate(contract.UNMERGE, Unmerging(ref(source), "two persons after all"))


async def task(door: Door) -> dict[str, Any]:
    found = await door.auto(SYSTEM).find("Task", code=f"{contract.TASK_CODES}|{contract.DUPLICATE}")
    (row,) = found.matches
    made: dict[str, Any] = document_of(row.body())
    return made


async def read(door: Door, id: str) -> dict[str, Any]:
    made: dict[str, Any] = document_of((await door.auto(SYSTEM).read("Patient", id)).body())
    return made


async def found(door: Door, type: str, **asked: str) -> set[str]:
    return {row.id for row in (await door.auto(SYSTEM).find(type, **asked)).matches}


async def refused(call: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert error.value.status < 500
    return {issue.key for issue in error.value.issues}


@pytest.mark.rule("HR-03")
async def test_merging_joins_two_histories_and_undoing_parts_them(door: Door) -> None:
    before = {id: await read(door, id) for id in ("a", "b")}
    made = await merge(door, keep=("telecom",))
    assert made.id == "a"
    assert made.telecom[0].value == "13800000000"
    for name in ("a", "b"):
        assert await found(door, "Observation", patient=name) == {"oa", "ob"}
    other = await read(door, "b")
    assert other["active"] is False
    assert other["link"] == [{"other": {"reference": "Patient/a"}, "type": "replaced-by"}]
    assert (await task(door))["status"] == "completed"

    await unmerge(door)
    assert await found(door, "Observation", patient="a") == {"oa"}
    assert await found(door, "Observation", patient="b") == {"ob"}
    after = {id: await read(door, id) for id in ("a", "b")}
    for id in ("a", "b"):
        del before[id]["meta"], after[id]["meta"]
    assert after == before
    assert (await task(door))["status"] == "requested"
    faults: list[str] = []
    await check(door.store, lambda fault: faults.append(f"{fault.what} {fault.of}"))
    assert faults == []


async def test_lists_of_people_show_a_person_once_and_the_fhir_search_both_records(door: Door) -> None:
    await merge(door, HEALTH, "b", "a")
    await merge(door, HEALTH, "a", "c", override=True)
    assert await found(door, "Patient", name="王") == {"a", "b"}
    async with door.work(SYSTEM) as work:
        for name, kind in (("王晓明", "name"), ("王小明", "name"), ("李娜", "name"), ("13800000000", "phone")):
            sought = await persons.find(work, name, "zh")
            assert (sought.kind, [one.id for one in sought.people]) == (kind, ["c"])


async def test_twice_is_once(door: Door) -> None:
    await merge(door)
    version = (await read(door, "a"))["meta"]["versionId"]
    await merge(door)
    assert (await read(door, "a"))["meta"]["versionId"] == version
    await unmerge(door)
    assert (await unmerge(door, who=THERE_DESK)).id == "b"


@pytest.mark.rule("CD-11")
async def test_two_citizens_are_merged_by_public_health_alone(door: Door) -> None:
    assert await refused(merge(door, source="c")) == {"merge-two-citizens"}
    assert await refused(merge(door, source="c", override=True)) == {"merge-override"}
    assert (await merge(door, HEALTH, source="c", override=True)).id == "a"


async def test_who_reaches_neither_record_merges_nothing(door: Door) -> None:
    assert await refused(merge(door, ELSEWHERE)) == {"not-found"}
    assert await refused(merge(door, NURSE)) == {"forbidden"}
    await merge(door)
    assert await refused(unmerge(door, who=ELSEWHERE)) == {"not-found"}


async def test_a_refused_merge_leaves_nothing(door: Door) -> None:
    assert await refused(merge(door, reason="")) == {"merge-reason"}
    assert await refused(merge(door, keep=("id",))) == {"merge-field"}
    assert await refused(merge(door, source="a", target="a")) == {"merge-same"}
    assert await refused(merge(door, source="nobody")) == {"not-found"}
    assert await merging.merges(door.store, count=1) == []
    assert await found(door, "Observation", patient="b") == {"ob"}


async def test_chains_are_undone_in_any_order(door: Door) -> None:
    await merge(door, HEALTH, "b", "a")
    await merge(door, HEALTH, "a", "c", override=True)
    for name in ("a", "b", "c"):
        assert await found(door, "Observation", patient=name) == {"oa", "ob"}
    await unmerge(door, "b", HEALTH)
    assert await found(door, "Observation", patient="c") == {"oa"}
    await unmerge(door, "a", HEALTH)
    assert await found(door, "Observation", patient="a") == {"oa"}
    assert "link" not in await read(door, "a")


async def test_the_institution_of_either_record_sees_the_pair(door: Door) -> None:
    await merge(door)
    for who, sees in ((DESK, 1), (THERE_DESK, 1), (ELSEWHERE, 0)):
        page = await door.auto(who).find("Task", code=f"{contract.TASK_CODES}|{contract.DUPLICATE}")
        assert len(page.matches) == sees


async def test_different_persons_stay_apart_until_it_is_decided_anew(door: Door) -> None:
    await merge(door)
    await unmerge(door)
    id = (await task(door))["id"]
    assert (await door.auto(DESK).operate(contract.DECIDE, Deciding(id, "different", "twins"))).status == "rejected"
    assert await refused(door.auto(DESK).operate(contract.DECIDE, Deciding(id, "different", "twins"))) == {
        "duplicate-decided"
    }
    assert (await door.auto(DESK).operate(contract.DECIDE, Deciding(id, "open", "a mistake"))).status == "requested"


async def test_a_merge_that_came_with_a_load_is_undone_as_far_as_is_known(door: Door) -> None:
    await merge(door)
    tasks = await task(door)
    tasks["output"] = [one for one in tasks["output"] if one["type"]["text"] != contract.BEFORE]
    await put(door, tasks)
    await unmerge(door)
    other = await read(door, "b")
    assert (other["active"], "link" in other) == (True, False)
    assert "link" not in await read(door, "a")
    assert await found(door, "Observation", patient="b") == {"ob"}


async def test_residents_are_told_of_a_merge_and_of_its_end(door: Door) -> None:
    await merge(door)
    kinds = [one["category"][0]["coding"][0]["code"] for one in await messages(door)]
    assert kinds == ["records-joined"]
    await unmerge(door)
    told = sorted(
        (one["category"][0]["coding"][0]["code"], one["subject"]["reference"]) for one in await messages(door)
    )
    assert [kind for kind, _ in told] == ["records-joined", "records-parted", "records-parted"]
    assert {who for kind, who in told if kind == "records-parted"} == {"Patient/a", "Patient/b"}


async def messages(door: Door) -> list[dict[str, Any]]:
    return [document_of(row.body()) for row in (await door.auto(SYSTEM).find("Communication")).matches]
