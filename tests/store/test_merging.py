"""Two records become one person in every search, and two again, while the records stay as they were."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from tests.conftest import key_store
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.keys import rid_of
from xinglin.security.grants import Grant
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store import merging
from xinglin.store import transaction as transactions
from xinglin.store.consistency import check
from xinglin.store.door import Door
from xinglin.store.rulebook import Rulebook
from xinglin.store.store import Store

READ = frozenset({"read", "vread", "search", "history"})
ALL = READ | {"create", "update", "patch", "delete"}
RULES = Rulebook(
    grants=(
        Grant("system", ALL, "*"),
        *(Grant("physician", READ, on, "_relation=encounter") for on in ("Patient", "Observation", "Encounter")),
        Grant("resident", READ, "Patient", "_id={patients.id}"),
        *(Grant("resident", READ, on, "patient={patients}") for on in ("Observation", "Encounter", "Consent")),
    )
)
OLD, NEW = "old", "new"


def patient(id: str, name: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "name": [{"text": name, "family": name}], "birthDate": "1980-01-01"}


def observation(id: str, whose: str, code: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{whose}"},
        **more,
    }


def encounter(id: str, whose: str, who: str = "Practitioner/1") -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{whose}"},
        "period": {"start": "2020-01-01"},
        "participant": [{"individual": {"reference": who}}],
    }


def coverage(id: str, whose: str) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "id": id,
        "status": "active",
        "beneficiary": {"reference": f"Patient/{whose}"},
        "payor": [{"reference": "Organization/1"}],
    }


WORLD = (
    patient(OLD, "张伟"),
    patient(NEW, "张玮"),
    patient("x", "李娜"),
    observation("o1", OLD, effectiveDateTime="2024-01-01T00:00:00Z"),
    observation("o2", NEW, effectiveDateTime="2024-02-01T00:00:00Z"),
    observation("o3", "x", performer=[{"reference": f"Patient/{OLD}"}]),
    observation("o4", OLD, code="2"),
    encounter("e1", OLD),
    coverage("c1", OLD),
    {"resourceType": "Group", "id": "g1", "type": "person", "actual": True,
     "member": [{"entity": {"reference": "Patient/old"}}, {"entity": {"reference": "Patient/new"}}]},
    {"resourceType": "Task", "id": "t1", "status": "requested", "intent": "order",
     "for": {"reference": "Patient/old"}},
)  # fmt: skip

SEARCHES = (
    *(f"Observation?patient={who}" for who in (OLD, NEW, "x", f"{OLD},x")),
    *(f"Observation?subject=Patient/{who}&code=http://loinc.org|1" for who in (OLD, NEW)),
    "Observation?patient.name=张伟",
    "Observation?patient.name=张玮",
    "Observation?performer=Patient/old",
    "Observation?performer=Patient/new",
    "Patient?_has:Observation:patient:code=http://loinc.org|1",
    "Patient?_has:Observation:patient:code=http://loinc.org|2",
    "Patient?_has:Observation:patient:status=final",
    "Patient?_id=old&_has:Encounter:patient:status=in-progress",
    "Encounter?patient=new&_include=Encounter:patient",
    "Patient?_id=new&_revinclude=Observation:patient",
    "Patient?_id=old&_revinclude=Observation:patient",
    "Coverage?beneficiary=Patient/new",
    "Group?member=Patient/new",
    "Task?patient=Patient/new",
    "Observation?patient=old&_sort=date",
    "Observation?_has:Provenance:target:patient=old",
    "Patient?name=张",
    "Observation?patient=old&_total=accurate&_count=0",
)


@pytest.fixture
async def door(store: Store) -> Door:
    door = Door(store, RULES, audited=False)
    for one in WORLD:
        await put(door, one)
    return door


async def put(door: Door, document: dict[str, Any]) -> None:
    fhir = door.auto(SYSTEM)
    await fhir.update(json.dumps(document).encode(), type=document["resourceType"], id=document["id"])


async def found(door: Door, search: str, who: Principal = SYSTEM) -> set[str]:
    type, _, rest = search.partition("?")
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in rest.split("&"))]
    page = await door.auto(who).search(parse(type, pairs, strict=True))
    return {f"{row.rt}/{row.id}" for row in (*page.matches, *page.included)}


async def answers(door: Door) -> dict[str, Any]:
    """Answer every search, byte by byte."""
    found: dict[str, Any] = {}
    for search in SEARCHES:
        type, _, rest = search.partition("?")
        pairs = [(name, value) for name, _, value in (part.partition("=") for part in rest.split("&"))]
        page = await door.auto(SYSTEM).search(parse(type, pairs, strict=True))
        found[search] = [row.entry for row in page.matches], {row.entry for row in page.included}, page.total
    return found


async def merge(door: Door, source: str = OLD, target: str = NEW) -> int:
    async with door.store.begin() as transaction:
        await merging.hold(transaction)
        return await merging.merge(transaction, source, target, by="tester", reason="same person")


async def unmerge(door: Door, source: str = OLD) -> merging.Merge | None:
    async with door.store.begin() as transaction:
        await merging.hold(transaction)
        return await merging.unmerge(transaction, source)


async def sound(door: Door) -> list[str]:
    faults: list[str] = []
    await check(door.store, lambda fault: faults.append(f"{fault.what} {fault.of} {fault.text}"))
    return faults


@pytest.mark.rule("HR-03")
async def test_either_name_finds_all_of_the_person(door: Door) -> None:
    await merge(door)
    for name in (OLD, NEW, f"{OLD},{NEW}"):
        assert await found(door, f"Observation?patient={name}") == {
            "Observation/o1",
            "Observation/o2",
            "Observation/o4",
        }
        assert await found(door, f"Observation?subject=Patient/{name.split(',')[0]}&code=http://loinc.org|1") == {
            "Observation/o1",
            "Observation/o2",
        }
    assert await found(door, "Observation?performer=Patient/new") == {"Observation/o3"}
    assert await found(door, "Coverage?beneficiary=Patient/new") == {"Coverage/c1"}
    assert await found(door, "Task?patient=Patient/new") == {"Task/t1"}
    assert await found(door, "Group?member=Patient/old") == {"Group/g1"}


async def test_a_chain_asks_every_record_of_the_person(door: Door) -> None:
    await merge(door)
    for name in ("张伟", "张玮"):
        assert await found(door, f"Observation?patient.name={name}") == {
            "Observation/o1", "Observation/o2", "Observation/o4"
        }  # fmt: skip
    assert await found(door, "Patient?_has:Observation:patient:code=http://loinc.org|2") == {
        "Patient/old", "Patient/new"
    }  # fmt: skip


async def test_an_include_brings_the_record_that_is_named(door: Door) -> None:
    await merge(door)
    assert await found(door, "Encounter?patient=new&_include=Encounter:patient") == {"Encounter/e1", "Patient/old"}


async def test_records_and_versions_stay(door: Door) -> None:
    before = [await door.auto(SYSTEM).read("Observation", id) for id in ("o1", "o2", "o3")]
    await merge(door)
    after = [await door.auto(SYSTEM).read("Observation", id) for id in ("o1", "o2", "o3")]
    assert [(row.vid, row.ts, row.entry) for row in before] == [(row.vid, row.ts, row.entry) for row in after]
    assert await sound(door) == []


async def test_undone_every_search_answers_as_before(door: Door) -> None:
    before = await answers(door)
    assert await merge(door)
    merged = await answers(door)
    assert merged != before
    assert await unmerge(door)
    assert await answers(door) == before
    assert await sound(door) == []


async def test_twice_is_once(door: Door) -> None:
    await merge(door)
    once = await answers(door)
    assert await merge(door) == 0
    assert await answers(door) == once
    await unmerge(door)
    assert await unmerge(door) is None


async def test_what_was_written_since_stays_where_it_says(door: Door) -> None:
    await merge(door)
    await put(door, observation("o5", OLD))
    await put(door, observation("o6", NEW))
    assert {"Observation/o5", "Observation/o6"} <= await found(door, f"Observation?patient={NEW}")
    await door.auto(SYSTEM).delete("Observation", "o4")
    await put(door, observation("o1", OLD, code="9"))
    assert await sound(door) == []
    await unmerge(door)
    assert await found(door, f"Observation?patient={OLD}") == {"Observation/o1", "Observation/o5"}
    assert await found(door, f"Observation?patient={NEW}") == {"Observation/o2", "Observation/o6"}
    assert await sound(door) == []


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
async def test_chains_are_followed_and_undone_in_any_order(door: Door, order: tuple[str, str]) -> None:
    before = await answers(door)
    await merge(door, OLD, NEW)
    await merge(door, NEW, "x")
    everything = {f"Observation/o{n}" for n in (1, 2, 3, 4)}
    for name in (OLD, NEW, "x"):
        assert await found(door, f"Observation?patient={name}") == everything
    assert await sound(door) == []
    await unmerge(door, order[0])
    left = {OLD: {"Observation/o1", "Observation/o4"}, NEW: {f"Observation/o{n}" for n in (1, 2, 4)}}[order[0]]
    assert await found(door, f"Observation?patient={order[0]}") == left
    assert await sound(door) == []
    await unmerge(door, order[1])
    assert await answers(door) == before


async def test_merges_that_make_no_sense_are_refused(door: Door) -> None:
    with pytest.raises(OutcomeError) as same:
        await merge(door, OLD, OLD)
    assert same.value.status == 422
    await merge(door, OLD, NEW)
    with pytest.raises(OutcomeError) as into_merged:
        await merge(door, "x", OLD)
    assert into_merged.value.issues[0].key == "merge-target-merged"
    with pytest.raises(OutcomeError) as elsewhere:
        await merge(door, OLD, "x")
    assert elsewhere.value.status == 409


async def test_rights_of_either_record_count_for_the_person(door: Door) -> None:
    physician = Principal("p", frozenset({"physician"}), practitioner="Practitioner/1")
    assert await found(door, "Observation?code=http://loinc.org|1", physician) == {"Observation/o1"}
    await merge(door)
    assert await found(door, "Observation?code=http://loinc.org|1", physician) == {"Observation/o1", "Observation/o2"}
    assert (await door.auto(physician).read("Patient", NEW)).id == NEW
    assert (await door.auto(physician).read("Patient", OLD)).id == OLD
    await unmerge(door)
    with pytest.raises(OutcomeError):
        await door.auto(physician).read("Observation", "o2")


@pytest.mark.parametrize("own", [OLD, NEW])
async def test_an_account_of_either_record_reaches_the_person(door: Door, own: str) -> None:
    await merge(door)
    resident = Principal("r", frozenset({"resident"}), patient=f"Patient/{own}", patients=(f"Patient/{own}",))
    assert await found(door, "Observation?code=http://loinc.org|1", resident) == {"Observation/o1", "Observation/o2"}
    assert await found(door, "Patient?name=张", resident) == {"Patient/old", "Patient/new"}
    for id in (OLD, NEW):
        assert (await door.auto(resident).read("Patient", id)).id == id


async def test_another_process_writes_for_the_survivor_at_once(door: Door, postgres_dsn: str) -> None:
    other = await Store.open(postgres_dsn, keys=key_store())
    try:
        elsewhere = Door(other, RULES, audited=False)
        deaf = other.persons
        await merge(door)
        other._persons = deaf  # as if nobody had told it
        await put(elsewhere, observation("o7", OLD))
        other._persons = deaf
        assert await found(elsewhere, f"Observation?patient={OLD}&code=http://loinc.org|1") == {
            "Observation/o1", "Observation/o2", "Observation/o7"
        }  # fmt: skip
        other._persons = deaf
        async with elsewhere.work(SYSTEM) as work:
            await work.fhir.update(json.dumps(observation("o8", OLD)).encode(), type="Observation", id="o8")
        assert "Observation/o8" in await found(door, f"Observation?patient={NEW}")
        assert await sound(door) == []
        merged = other.persons
        await unmerge(door)
        other._persons = merged
        assert await found(elsewhere, f"Observation?patient={NEW}") == {"Observation/o2"}
    finally:
        await other.close()


async def test_a_write_under_way_is_seen_by_the_merge(door: Door, postgres_dsn: str) -> None:
    """A transaction that has written keeps the merge waiting, so that nothing slips in between."""
    other = await Store.open(postgres_dsn, keys=key_store())
    try:
        elsewhere = Door(other, RULES, audited=False)
        async with elsewhere.work(SYSTEM) as work:
            await work.fhir.update(json.dumps(observation("o9", OLD)).encode(), type="Observation", id="o9")
            waiting = asyncio.create_task(merge(door))
            await asyncio.sleep(0.3)
            assert not waiting.done()
        await waiting
    finally:
        await other.close()
    assert "Observation/o9" in await found(door, f"Observation?patient={NEW}")
    assert await sound(door) == []


async def test_readers_see_before_or_after(door: Door, postgres_dsn: str) -> None:
    for number in range(60):
        await put(door, observation(f"many{number}", OLD, code="7"))
    before = {f"Observation/many{number}" for number in range(60)}
    other = await Store.open(postgres_dsn, keys=key_store())
    seen: list[set[str]] = []
    ends = asyncio.Event()

    async def reading(who: Door, name: str) -> None:
        while not ends.is_set():
            seen.append(await found(who, f"Observation?patient={name}&code=http://loinc.org|7&_count=100"))

    try:
        elsewhere = Door(other, RULES, audited=False)
        readers = [asyncio.create_task(reading(who, OLD)) for who in (door, elsewhere, elsewhere)]
        for _ in range(4):
            await merge(door)
            await unmerge(door)
        ends.set()
        await asyncio.gather(*readers)
    finally:
        await other.close()
    assert len(seen) > 10
    assert all(one == before for one in seen)


async def test_only_one_of_two_merges_of_one_record_stands(door: Door) -> None:
    done = await asyncio.gather(merge(door, OLD, NEW), merge(door, OLD, "x"), return_exceptions=True)
    assert sum(isinstance(one, OutcomeError) for one in done) == 1
    assert await sound(door) == []


async def test_merges_are_listed(door: Door) -> None:
    await merge(door)
    (one,) = await merging.merges(door.store, count=10)
    assert (one.source, one.target, one.reason) == (OLD, NEW, "same person")
    assert await merging.merges_into(door.store, NEW) == [one]
    assert door.store.persons.members(rid_of("Patient", OLD)) == (rid_of("Patient", NEW), rid_of("Patient", OLD))


async def test_the_epoch_is_one_row(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    try:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO merging (epoch) VALUES (1)")
    finally:
        await connection.close()


async def test_rows_that_are_kept_stand_under_the_survivor_too(door: Door, postgres_dsn: str) -> None:
    keeping = await Store.open(postgres_dsn, keys=key_store(), keep_bytes=2**20)
    try:
        kept = Door(keeping, RULES, audited=False)
        query = parse("Observation", [("_id", "o1")], strict=True)
        for name in (OLD, NEW, OLD):
            (row,) = (await kept.auto(SYSTEM).search(query)).matches
            assert row.pat == rid_of("Patient", name)
            await (merge(kept) if name == OLD else unmerge(kept))
    finally:
        await keeping.close()


async def test_a_merge_does_not_wait_long_for_a_writer(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "HOLD_WAITS_MS", 100)
    async with door.work(SYSTEM) as work:
        await work.fhir.update(json.dumps(observation("o9", OLD)).encode(), type="Observation", id="o9")
        with pytest.raises(OutcomeError) as refused:
            await merge(door)
    assert refused.value.status == 409
    assert await merge(door)
