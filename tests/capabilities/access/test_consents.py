"""What a patient refuses stays hidden on every way, at once; what the law asks for does not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.capabilities.access.ward import (
    COLLEAGUE,
    NOW,
    PHYSICIAN,
    RESIDENT,
    STRANGER,
    Stopped,
    actor,
    condition,
    consent,
    encounter,
    observation,
    open_door,
    order,
    patient,
    put,
    seen,
    staff,
)
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.orders import Order
from xinglin.store.store import Store

SPECIAL = "https://xinglin.health/fhir/CodeSystem/sensitive-class"
TYPES = "http://hl7.org/fhir/resource-types"
REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    """Physicians 1 and 3 attend both patients; 2 performs an order for the first."""
    door, clock = open_door(store)
    await put(door, patient("1"), patient("2"), observation("o1", "1"), observation("o2", "2"))
    await put(door, encounter("e1", "1", "1", "3"), encounter("e2", "2", "1", "3"), order("s1", "1", "2"))
    await put(door, condition("c1", "1", "I10"), condition("f1", "1", "F20.0"))
    return door, clock


async def both(door: Door) -> tuple[set[str], set[str]]:
    return await seen(door, PHYSICIAN, "Observation"), await seen(door, STRANGER, "Observation")


DENIALS: list[tuple[str, dict[str, Any], bool, bool]] = [
    ("everybody", {"type": "deny"}, False, False),
    ("an institution", {"type": "deny", "actor": [actor("Organization/2")]}, True, False),
    ("a person", {"type": "deny", "actor": [actor("Practitioner/1")]}, False, True),
    ("another person", {"type": "deny", "actor": [actor("Practitioner/7")]}, True, True),
    ("a type", {"type": "deny", "class": [{"system": TYPES, "code": "Observation"}]}, False, False),
    ("another type", {"type": "deny", "class": [{"system": TYPES, "code": "Condition"}]}, True, True),
    ("this purpose", {"type": "deny", "purpose": [{"system": REASONS, "code": "TREAT"}]}, False, False),
    ("another purpose", {"type": "deny", "purpose": [{"system": REASONS, "code": "HRESCH"}]}, True, True),
    ("time gone by", {"type": "deny", "period": {"end": "2026-11-01"}}, True, True),
    ("time to come", {"type": "deny", "period": {"start": "2026-12-01"}}, True, True),
    ("now", {"type": "deny", "period": {"start": "2026-11-01", "end": "2026-12-01"}}, False, False),
    (
        "all but one",
        {"type": "deny", "provision": [{"type": "permit", "actor": [actor("Practitioner/1")]}]},
        True,
        False,
    ),
    (
        "one of a permission",
        {"type": "permit", "provision": [{"type": "deny", "actor": [actor("Organization/2")]}]},
        True,
        False,
    ),
    ("a group that we cannot look into", {"type": "deny", "actor": [actor("Group/1")]}, False, False),
    ("part of it that we cannot tell", {"type": "deny", "dataPeriod": {"end": "2000"}}, False, False),
]


@pytest.mark.rule("R7-002", "R7-021")
@pytest.mark.parametrize(("provision", "first", "third"), [one[1:] for one in DENIALS], ids=[one[0] for one in DENIALS])
async def test_a_denial_hides_from_whom_it_means(
    ward: tuple[Door, Stopped], provision: dict[str, Any], *, first: bool, third: bool
) -> None:
    door, _ = ward
    assert await both(door) == ({"o1", "o2"}, {"o1", "o2"})
    await put(door, consent("n", "1", provision))
    assert await both(door) == ({"o2"} | ({"o1"} if first else set()), {"o2"} | ({"o1"} if third else set()))


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
async def test_only_an_active_consent_counts(ward: tuple[Door, Stopped], status: str) -> None:
    door, _ = ward
    await put(door, consent("n", "1", {"type": "deny"}, status))
    assert await seen(door, PHYSICIAN, "Observation") == {"o1", "o2"}


async def test_the_own_record_is_never_hidden(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, consent("n", "1", {"type": "deny"}))
    assert await seen(door, RESIDENT, "Observation") == {"o1"}
    assert await seen(door, RESIDENT, "Condition") == {"c1", "f1"}


async def test_a_denial_of_one_of_several_patients_counts(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    regulator = staff("regulator", "5", purpose="HLEGAL")
    both_of_them = [{"actor": {"reference": f"Patient/{id}"}, "status": "accepted"} for id in "12"]
    await put(
        door,
        {
            "resourceType": "Appointment",
            "id": "a",
            "status": "booked",
            "start": NOW.isoformat(),
            "end": NOW.isoformat(),
            "participant": both_of_them,
        },
    )
    assert await seen(door, regulator, "Appointment") == {"a"}
    await put(door, consent("n", "2", {"type": "deny"}))
    assert await seen(door, regulator, "Appointment") == set()


Way = Callable[[Door], Any]
WAYS: dict[str, Way] = {
    "read": lambda door: door.auto(PHYSICIAN).read("Observation", "o1"),
    "vread": lambda door: door.auto(PHYSICIAN).vread("Observation", "o1", "1"),
    "history": lambda door: door.auto(PHYSICIAN).history("Observation", "o1"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_refusal_takes_effect_at_once_and_looks_like_nothing(ward: tuple[Door, Stopped], way: str) -> None:
    door, _ = ward
    await WAYS[way](door)
    await put(door, consent("n", "1", {"type": "deny"}))
    with pytest.raises(OutcomeError) as refused:
        await WAYS[way](door)
    assert refused.value.status == 404
    await put(door, consent("n", "1", {"type": "deny"}, "inactive"))
    await WAYS[way](door)


@pytest.mark.rule("R7-021")
async def test_a_running_page_ends_where_the_consent_begins(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, *(observation(f"m{place}", "1") for place in range(3)))
    page = await door.auto(PHYSICIAN).find("Observation", patient="Patient/1", _count="2")
    assert page.next_token is not None
    await put(door, consent("n", "1", {"type": "deny"}))
    rest = await door.auto(PHYSICIAN).find("Observation", patient="Patient/1", _count="2", **{TOKEN: page.next_token})
    assert rest.matches == []
    assert rest.next_token is None


async def test_joins_pass_through_nothing_hidden(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, consent("n", "1", {"type": "deny", "class": [{"system": TYPES, "code": "Condition"}]}))
    fhir = door.auto(PHYSICIAN)
    assert await seen(door, PHYSICIAN, "Patient", **{"_has:Condition:patient:code": "I10"}) == set()
    page = await fhir.find("Patient", _id="1", _revinclude="Condition:patient")
    assert page.included == []
    everywhere = await fhir.history("Condition")
    assert everywhere.rows == ()
    assert await fhir.count("Condition") == 0


@pytest.mark.rule("R7-031")
async def test_level_5_is_for_who_attends(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    row = await door.auto(SYSTEM).read("Condition", "f1")
    codes = {one["code"] for one in json.loads(row.body())["meta"]["security"]}
    assert codes == {"5", "mental"}
    assert await seen(door, PHYSICIAN, "Condition") == {"c1", "f1"}
    assert await seen(door, COLLEAGUE, "Condition") == {"c1"}  # performs an order, does not attend


@pytest.mark.rule("R7-002", "R7-031")
async def test_level_5_opens_to_whom_a_consent_names_its_class(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    general = {"type": "permit", "actor": [actor("Practitioner/2")]}
    await put(door, consent("n", "1", general))
    assert await seen(door, COLLEAGUE, "Condition") == {"c1"}
    await put(door, consent("n", "1", {**general, "securityLabel": [{"system": SPECIAL, "code": "hiv"}]}))
    assert await seen(door, COLLEAGUE, "Condition") == {"c1"}
    await put(door, consent("n", "1", {**general, "securityLabel": [{"system": SPECIAL, "code": "mental"}]}))
    assert await seen(door, COLLEAGUE, "Condition") == {"c1", "f1"}


async def test_a_class_can_be_refused_to_who_attends(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, consent("n", "1", {"type": "deny", "class": [{"system": SPECIAL, "code": "mental"}]}))
    assert await seen(door, PHYSICIAN, "Condition") == {"c1"}


@pytest.mark.rule("R7-002")
async def test_the_report_of_infectious_diseases_overrides_a_refusal(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, condition("b1", "1", "B20"), consent("n", "1", {"type": "deny"}))
    assert await seen(door, staff("public-health", "6", purpose="PUBHLTH"), "Condition") == {"b1"}
    with pytest.raises(OutcomeError) as refused:
        await seen(door, staff("public-health", "6", purpose="TREAT"), "Condition")
    assert refused.value.status == 403


@pytest.mark.rule("R7-021", "R7-032", "R7-033")
async def test_research_asks_for_a_consent_that_names_it(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    researcher = staff("researcher", "8", purpose="HRESCH")
    assert await seen(door, researcher, "Observation") == set()
    await put(door, consent("n", "1", {"type": "permit"}))
    assert await seen(door, researcher, "Observation") == set()
    await put(door, consent("n", "1", {"type": "permit", "purpose": [{"system": REASONS, "code": "HRESCH"}]}))
    assert await seen(door, researcher, "Observation") == {"o1"}
    (row,) = (await door.auto(researcher).find("Patient")).matches
    assert "张小三" not in row.body().decode()


async def test_a_label_is_inherited_and_stays(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    gathered = {
        "resourceType": "List",
        "id": "l",
        "status": "current",
        "mode": "working",
        "subject": {"reference": "Patient/1"},
        "entry": [{"item": {"reference": "Condition/f1"}}],
    }
    await put(door, gathered)
    assert await seen(door, PHYSICIAN, "List") == {"l"}
    assert await seen(door, COLLEAGUE, "List") == set()
    await door.auto(PHYSICIAN).update(json.dumps(condition("f1", "1", "I10")).encode(), type="Condition", id="f1")
    assert await seen(door, COLLEAGUE, "Condition") == {"c1"}


@pytest.mark.rule("R7-031")
async def test_a_label_is_inherited_from_what_is_written_beside(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    gathered: dict[str, Any] = {
        "resourceType": "List",
        "id": "l",
        "status": "current",
        "mode": "working",
        "subject": {"reference": "Patient/1"},
        "entry": [{"item": {"reference": "Condition/new"}}],
    }
    documents = (gathered, condition("new", "1", "B20"))
    orders = [Order("update", one["resourceType"], json.dumps(one).encode(), one["id"]) for one in documents]
    await door.auto(SYSTEM).write_many(orders)
    row = await door.auto(SYSTEM).read("List", "l")
    assert {one["code"] for one in json.loads(row.body())["meta"]["security"]} == {"5", "hiv"}
    assert await seen(door, COLLEAGUE, "List") == set()


@pytest.mark.rule("R7-031")
async def test_a_moved_record_keeps_what_it_was_to_those_of_then(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, encounter("e2", "2", "1"), observation("moved", "1"))
    await put(door, observation("moved", "2"))
    third = door.auto(STRANGER)  # attends the first only
    with pytest.raises(OutcomeError):
        await third.read("Observation", "moved")
    with pytest.raises(OutcomeError):
        await third.vread("Observation", "moved", "1")
    await put(door, observation("back", "2"))
    await put(door, observation("back", "1"))
    assert (await third.read("Observation", "back")).vid == 2
    with pytest.raises(OutcomeError):
        await third.vread("Observation", "back", "1")
    assert [row.vid for row in (await third.history("Observation", "back")).rows] == [2]
    found = await third.history("Observation")
    assert {(row.id, row.vid) for row in found.rows if row.id in {"moved", "back"}} == {("back", 2)}


async def test_every_version_is_judged_by_its_own_labels_and_none_falls_away(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    colleague = door.auto(COLLEAGUE)
    await put(door, condition("x", "1", "I10"))
    assert (await colleague.vread("Condition", "x", "1")).vid == 1
    for code in ("F20", "I10"):
        await door.auto(SYSTEM).update(json.dumps(condition("x", "1", code)).encode(), type="Condition", id="x")
        with pytest.raises(OutcomeError):
            await colleague.read("Condition", "x")
    for version in ("2", "3"):
        with pytest.raises(OutcomeError):
            await colleague.vread("Condition", "x", version)


async def test_what_was_deleted_is_gone_to_who_saw_it_and_nothing_to_others(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    await put(door, observation("gone", "1"), observation("hidden", "2"))
    for id in ("gone", "hidden"):
        await door.auto(SYSTEM).delete("Observation", id)
    await put(door, consent("n", "2", {"type": "deny"}))
    statuses = []
    for id in ("gone", "hidden"):
        with pytest.raises(OutcomeError) as refused:
            await door.auto(PHYSICIAN).read("Observation", id)
        statuses.append(refused.value.status)
    assert statuses == [410, 404]
    found = await door.auto(PHYSICIAN).history("Observation")
    assert [(row.vid, row.deleted) for row in found.rows if row.id == "gone"] == [(2, True), (1, False)]
    assert not [row for row in found.rows if row.id == "hidden"]
