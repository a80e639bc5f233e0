"""What was seen and done of merged records, what was deleted of them, and loading while they are merged."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.store.test_merging import (
    ALL,
    NEW,
    OLD,
    READ,
    RULES,
    WORLD,
    found,
    merge,
    observation,
    patient,
    put,
    sound,
    unmerge,
)
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.keys import rid_of
from xinglin.security.grants import Grant
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.orders import Order
from xinglin.store.persons import PersonsChanged
from xinglin.store.rulebook import Rulebook
from xinglin.store.store import Store

LOOKING = Rulebook(
    grants=(
        *RULES.grants,
        Grant("system", ALL | {"search"}, "AuditEvent"),
        *(Grant("app", READ, on, "") for on in ("Patient", "Observation", "Encounter")),
        *(Grant("nurse", READ, on, "") for on in ("Patient", "Observation", "Consent")),
    )
)
NURSE = Principal("n", frozenset({"nurse"}), practitioner="Practitioner/9", organization="Organization/9")


@pytest.fixture
async def door(store: Store) -> Door:
    door = Door(store, LOOKING)
    for one in WORLD:
        await put(door, one)
    return door


async def last(door: Door) -> int:
    """Give the number of the last entry."""
    return int((await door.store.fetch("SELECT coalesce(max(id), 0) AS id FROM audit"))[0]["id"])


async def told(door: Door, what: str, since: int) -> list[tuple[int, str]]:
    """Give whom the acts of a kind after an entry are about, and what they name."""
    rows = await door.store.fetch(
        "SELECT patient, convert_from(entry, 'UTF8')::json->'refs'->>0 AS ref FROM audit"
        " WHERE what = $1 AND id > $2 AND patient IS NOT NULL ORDER BY id",
        what,
        since,
    )
    return [(row["patient"], row["ref"].rsplit("/_history", 1)[0]) for row in rows]


async def test_the_ledger_keeps_what_is_shown_under_the_record_that_is_named(door: Door) -> None:
    await merge(door)
    since = await last(door)
    await found(door, f"Observation?patient={NEW}&code=http://loinc.org|1", NURSE)
    await door.auto(NURSE).read("Patient", OLD)
    old, new = rid_of("Patient", OLD), rid_of("Patient", NEW)
    assert set(await told(door, "search", since)) == {(old, "Observation/o1"), (new, "Observation/o2")}
    assert await told(door, "read", since) == [(old, "Patient/old")]


async def test_the_ledger_keeps_what_is_written_under_the_record_that_is_named(door: Door) -> None:
    await merge(door)
    since = await last(door)
    await put(door, observation("o5", OLD))
    await put(door, observation("o5", OLD, code="8"))
    await put(door, observation("o6", NEW))
    old, new = rid_of("Patient", OLD), rid_of("Patient", NEW)
    assert await told(door, "update", since) == [(old, "Observation/o5")] * 2 + [(new, "Observation/o6")]


async def test_who_looked_at_a_person_is_told_for_all_records(door: Door) -> None:
    await door.auto(NURSE).read("Patient", OLD)
    await door.auto(NURSE).read("Patient", NEW)
    counts = {name: len(await _events(door, name)) for name in (OLD, NEW)}
    assert all(counts.values())
    await merge(door)
    for name in (OLD, NEW):
        assert len(await _events(door, name)) == sum(counts.values())
    await unmerge(door)
    assert {name: len(await _events(door, name)) for name in (OLD, NEW)} == counts


async def moment(door: Door) -> datetime:
    """Give an instant that lies before whatever is done next."""
    now = door.store.now
    await asyncio.sleep(0.005)
    return now


async def _events(door: Door, name: str) -> list[Any]:
    query = parse("AuditEvent", [("patient", f"Patient/{name}"), ("subtype", "read"), ("_count", "100")], strict=True)
    return (await door.auto(SYSTEM).search(query)).matches


async def test_the_patient_of_a_launch_is_the_person(door: Door) -> None:
    await merge(door)
    app = Principal("app", frozenset({"app"}), scopes=frozenset({"patient/*.rs"}), launch_patient=f"Patient/{OLD}")
    for who in (app, replace(app, launch_patient=f"Patient/{NEW}")):
        assert await found(door, "Observation?code=http://loinc.org|1", who) == {f"Observation/o{n}" for n in (1, 2, 3)}
        for id in (OLD, NEW):
            assert (await door.auto(who).read("Patient", id)).id == id
    await unmerge(door)
    assert await found(door, "Observation?code=http://loinc.org|1", app) == {"Observation/o1", "Observation/o3"}


async def test_a_consent_of_either_record_withholds_all_of_the_person(door: Door) -> None:
    consent = {
        "resourceType": "Consent", "id": "k", "status": "active", "patient": {"reference": f"Patient/{OLD}"},
        "scope": {"coding": [{"code": "patient-privacy"}]}, "category": [{"coding": [{"code": "x"}]}],
        "policyRule": {"coding": [{"code": "OPTOUT"}]},
        "provision": {"type": "deny", "actor": [{"role": {"coding": [{"code": "PRCP"}]},
                                                 "reference": {"reference": "Organization/9"}}]},
    }  # fmt: skip
    await put(door, consent)
    assert await found(door, "Observation?code=http://loinc.org|1", NURSE) == {"Observation/o2"}
    await merge(door)
    assert await found(door, "Observation?code=http://loinc.org|1", NURSE) == set()
    await unmerge(door)
    assert await found(door, "Observation?code=http://loinc.org|1", NURSE) == {"Observation/o2"}


async def test_what_was_deleted_of_either_record_is_found_at_an_instant(door: Door) -> None:
    before = await moment(door)
    await door.auto(SYSTEM).delete("Observation", "o1")
    await merge(door)
    await put(door, observation("o5", OLD))
    during = await moment(door)
    await door.auto(SYSTEM).delete("Observation", "o5")

    async def gone(name: str, at: Any) -> set[str]:
        query = parse(None, [], strict=True, compartment=("Patient", name))
        rows, _ = await door.auto(SYSTEM).departed(query, rid_of("Patient", name), at=at, count=50)
        return {row.id for row in rows}

    assert await gone(OLD, before) == {"o1"}
    for name in (OLD, NEW):
        assert await gone(name, before) == {"o1"}
        assert await gone(name, during) == {"o5"}
    await unmerge(door)
    assert await gone(OLD, before) == {"o1"}
    assert await gone(OLD, during) == {"o5"}
    assert await gone(NEW, before) == set()


async def test_histories_show_what_either_right_allows(door: Door) -> None:
    physician = Principal("p", frozenset({"physician"}), practitioner="Practitioner/1")
    with pytest.raises(OutcomeError):
        await door.auto(physician).history("Observation", "o2")
    await merge(door)
    assert [row.id for row in (await door.auto(physician).history("Observation", "o2")).rows] == ["o2"]
    every = (await door.auto(physician).history("Observation")).rows
    assert {row.id for row in every} == {"o1", "o2", "o4"}


async def test_a_load_that_was_prepared_before_a_merge_is_refused_and_prepared_anew(door: Door) -> None:
    order = Order("update", "Observation", json.dumps(observation("o9", OLD)).encode(), "o9")
    fhir = door.auto(SYSTEM)
    early = fhir.judge(order)
    await merge(door)
    with pytest.raises(PersonsChanged) as refused:
        await door.store.load([early])
    assert refused.value.status == 409
    await door.store.load([fhir.judge(order)])
    assert "Observation/o9" in await found(door, f"Observation?patient={NEW}")
    assert await sound(door) == []


async def test_a_bundle_that_was_prepared_before_a_merge_is_written_for_the_survivor(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = type(door.auto(SYSTEM))._allow_all
    merged = False

    async def late(self: Any, orders: Any, made: Any = ()) -> Any:
        nonlocal merged
        changes = await kept(self, orders, made)
        if not merged:
            merged = True
            await merge(door)
        return changes

    monkeypatch.setattr(type(door.auto(SYSTEM)), "_allow_all", late)
    document = {name: value for name, value in observation("x", OLD).items() if name != "id"}
    orders = [Order("create", "Observation", json.dumps(document).encode()) for _ in "ab"]
    written = await door.auto(SYSTEM).write_many(orders)
    assert {f"Observation/{one.id}" for one in written} <= await found(door, f"Observation?patient={NEW}")
    assert await sound(door) == []


async def test_another_patient_is_not_touched(door: Door) -> None:
    await put(door, patient("y", "赵敏"))
    await merge(door)
    assert await found(door, "Observation?patient=x") == {"Observation/o3"}
    row = await door.auto(SYSTEM).read("Patient", "y")
    assert door.store.now - row.ts < timedelta(minutes=5)
    assert row.vid == 1
