"""Entries as AuditEvent through the door: sound resources, found by what the standard names, within the reach."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import key_store
from tests.store.ledger.test_ledger import DOCTOR, OPEN, observation
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.registry import Capability, Registry
from xinglin.security.grants import Grant
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

AUDITOR = Principal("aud", frozenset({"audit-admin"}))
RESIDENT = Principal("p", frozenset({"resident"}), patient="Patient/1", patients=("Patient/1",))
STRANGER = Principal("s", frozenset({"stranger"}))
LOOKERS = Capability(
    "lookers",
    Text("看", "Lookers"),
    grants=(
        Grant("audit-admin", frozenset({"read", "vread", "search"}), "AuditEvent", name="auditors"),
        Grant("resident", frozenset({"read", "search"}), "AuditEvent", "patient={patient}"),
    ),
)


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    """A door with acts about two patients."""
    store = await Store.open(postgres_dsn, keys=key_store())
    door = Door(store, Registry((OPEN, LOOKERS)).rulebook)
    fhir = door.auto(DOCTOR)
    for number in "12":
        await fhir.update(b'{"resourceType":"Patient","id":"%s"}' % number.encode(), type="Patient", id=number)
        made = await fhir.create(observation(number, id="x"), type="Observation")
        await fhir.read("Observation", made.id)
    await fhir.find("Observation", **{"code:text": "Hb", "patient": "1"})
    await door.event(DOCTOR, "login")
    await door.event(STRANGER, "denied", outcome="4", detail="403 forbidden")
    yield door
    await store.close()


async def found(door: Door, who: Principal = AUDITOR, /, **asked: str) -> list[dict[str, Any]]:
    page = await door.auto(who).find("AuditEvent", **asked)
    return [codec.to_dict(codec.decode(row.body(), "AuditEvent")) for row in page.matches]


async def whats(door: Door, who: Principal = AUDITOR, /, **asked: str) -> list[str]:
    """The events found, without those that tell of our own asking."""
    events = [event["subtype"][0]["code"] for event in await found(door, who, **asked)]
    return sorted(str(what) for what in events)


@pytest.mark.rule("R7-041")
async def test_an_event_says_all_that_the_entry_says(door: Door) -> None:
    [event] = await found(door, subtype="read", patient="Patient/1")
    assert event["action"] == "R"
    assert event["outcome"] == "0"
    who, institution = event["agent"]
    assert who["who"] == {"reference": "Practitioner/1"}
    assert [policy.rpartition("/")[2] for policy in who["policy"]] == ["physician-*"]
    assert institution["who"] == {"reference": "Organization/1"}
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    patient, resource = event["entity"]
    assert patient["what"] == {"reference": "Patient/1"}
    assert resource["what"]["reference"].startswith("Observation/")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"patient": "1"}, ["create", "read", "search", "update"]),
        ({"patient": "Patient/2"}, ["create", "read", "update"]),
        ({"patient": "1,2", "action": "C"}, ["create", "create"]),
        ({"entity": "Patient/1", "type": "rest", "action": "R"}, ["read"]),
        ({"type": "110114"}, ["login"]),
        ({"subtype": "login,denied"}, ["denied", "login"]),
        ({"outcome": "4"}, ["denied"]),
        ({"agent": "Practitioner/1", "subtype": "create"}, ["create", "create"]),
        ({"agent": "Practitioner/2"}, []),
        ({"altid": "s"}, ["denied"]),
        ({"date": "lt2020"}, []),
        ({"date": "ge2020", "subtype": "login"}, ["login"]),
        ({"date": "le2100", "subtype": "login"}, ["login"]),
        ({"_id": "12345,x"}, []),
    ],
)
async def test_events_are_found_by(door: Door, asked: dict[str, str], expected: list[str]) -> None:
    assert await whats(door, AUDITOR, **asked) == expected


async def test_a_day_finds_what_happened_on_it(door: Door) -> None:
    today = (door.clock.now() + timedelta(hours=8)).date()
    assert await whats(door, date=today.isoformat(), subtype="login") == ["login"]
    assert await whats(door, date=(today - timedelta(days=1)).isoformat(), subtype="login") == []


async def test_an_entity_is_found_in_every_version(door: Door) -> None:
    [event] = await found(door, subtype="read", patient="Patient/1")
    name = str(event["entity"][1]["what"]["reference"]).partition("/_history")[0]
    assert await whats(door, entity=name) == ["create", "read", "search"]


async def test_pages_go_on_where_the_last_ended_newest_first(door: Door) -> None:
    fhir = door.auto(AUDITOR)
    seen: list[str] = []
    pairs = [("_count", "2"), ("altid", "doc")]
    page = await fhir.search(parse("AuditEvent", pairs))
    while True:
        seen += [row.id for row in page.matches]
        if page.next_token is None:
            break
        page = await fhir.search(parse("AuditEvent", [*pairs, ("_page", page.next_token)]))
    assert len(seen) == len(set(seen)) == 8
    assert seen == sorted(seen, key=int, reverse=True)
    oldest = await fhir.find("AuditEvent", altid="doc", _sort="date", _count="1", _total="accurate")
    assert ([row.id for row in oldest.matches], oldest.total) == (seen[-1:], 8)
    assert await fhir.count("AuditEvent", altid="doc") == 8


@pytest.mark.rule("R7-041")
async def test_a_resident_finds_what_is_about_them_and_nothing_else(door: Door) -> None:
    assert await whats(door, RESIDENT) == ["create", "read", "search", "update"]
    assert await whats(door, RESIDENT, patient="Patient/2") == []
    assert await whats(door, RESIDENT, subtype="login") == []
    [of_other] = (await door.auto(AUDITOR).find("AuditEvent", subtype="read", patient="2")).matches
    with pytest.raises(OutcomeError) as refused:
        await door.auto(RESIDENT).read("AuditEvent", of_other.id)
    assert refused.value.status == 404
    with pytest.raises(OutcomeError) as refused:
        await door.auto(STRANGER).find("AuditEvent")
    assert refused.value.status == 403


async def test_an_event_is_read_as_it_was_found(door: Door) -> None:
    [row] = (await door.auto(AUDITOR).find("AuditEvent", subtype="login")).matches
    fhir = door.auto(AUDITOR)
    assert (await fhir.read("AuditEvent", row.id)).body() == row.body()
    assert (await fhir.vread("AuditEvent", row.id, "1")).body() == row.body()
    for id, vid in ((row.id, "2"), ("nothing", "1"), ("9" * 30, "1")):
        with pytest.raises(OutcomeError) as refused:
            await fhir.vread("AuditEvent", id, vid)
        assert refused.value.status == 404


async def test_to_look_at_the_ledger_is_an_act(door: Door) -> None:
    before = await door.auto(AUDITOR).count("AuditEvent", altid="aud", subtype="search")
    assert await door.auto(AUDITOR).count("AuditEvent", altid="aud", subtype="search") == before + 1


async def test_nobody_writes_an_event(door: Door) -> None:
    [row] = (await door.auto(AUDITOR).find("AuditEvent", subtype="login")).matches
    fhir = door.auto(DOCTOR)
    for call in (
        fhir.create(row.body(), type="AuditEvent"),
        fhir.update(row.body(), type="AuditEvent", id=row.id),
        fhir.delete("AuditEvent", row.id),
    ):
        with pytest.raises(OutcomeError) as refused:
            await call
        assert refused.value.status == 405


@pytest.mark.parametrize(
    "asked", [{"source": "x"}, {"date": "ap2020"}, {"date": "gtx"}, {"_sort": "patient"}, {"patient.name": "x"}]
)
async def test_what_cannot_be_asked_is_refused(door: Door, asked: dict[str, str]) -> None:
    with pytest.raises(OutcomeError) as refused:
        await found(door, AUDITOR, **asked)
    assert refused.value.status == 400


async def test_a_compartment_is_kept_to(door: Door) -> None:
    fhir = door.auto(AUDITOR)
    page = await fhir.search(parse("AuditEvent", [("subtype", "read")], compartment=("Patient", "2")))
    assert len(page.matches) == 1
    with pytest.raises(OutcomeError) as refused:
        await fhir.search(parse("AuditEvent", [], compartment=("Practitioner", "1")))
    assert refused.value.status == 400


@pytest.mark.rule("R7-041")
async def test_an_act_names_the_visit_that_all_it_shows_belongs_to(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    visit = await fhir.create(
        b'{"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"},'
        b'"subject":{"reference":"Patient/2"}}',
        type="Encounter",
    )
    body = observation("2", id="x")
    within = body[:-1] + b',"encounter":{"reference":"Encounter/%s"}}' % visit.id.encode()
    made = await fhir.create(within, type="Observation")
    await fhir.read("Observation", made.id)
    await fhir.read("Encounter", visit.id)
    acts = await found(door, entity=f"Encounter/{visit.id}")
    refs = [[entity["what"]["reference"] for entity in act["entity"] if "what" in entity] for act in acts]
    about = [act for act in refs if any(ref.startswith(f"Observation/{made.id}/_history/") for ref in act)]
    assert len(about) == 2  # written, and read
    assert all(f"Encounter/{visit.id}" in act for act in about)
    assert sum(f"Encounter/{visit.id}/_history/1" in act for act in refs) == 2
