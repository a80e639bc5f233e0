"""The policy as data: every line can be obeyed, and says no more than a role needs."""

import pytest

from tests.capabilities.access.ward import (
    COLLEAGUE,
    PHYSICIAN,
    RESIDENT,
    condition,
    consent,
    encounter,
    observation,
    open_door,
    order,
    patient,
    put,
    staff,
)
from xinglin.app import create_registry
from xinglin.capabilities.access import policy
from xinglin.capabilities.access.contract import MAY, STAFF_ROLES, May
from xinglin.security.grants import Reach, filled
from xinglin.security.principal import Principal
from xinglin.settings import Settings
from xinglin.store.rulebook import Rulebook
from xinglin.store.search.shield import search_of
from xinglin.store.store import Store

GRANTS = policy.grants(Settings())
RULEBOOK: Rulebook = create_registry(Settings()).rulebook
SOMEBODY = Principal(
    "x",
    frozenset({"x"}),
    patient="Patient/1",
    practitioner="Practitioner/1",
    practitioner_role="PractitionerRole/1",
    organization="Organization/1",
)
HEALTH = {*policy.RECORD, *policy.PAYMENT}


def test_every_reach_is_a_search_that_the_type_knows() -> None:
    for grant in RULEBOOK.grants:
        search = filled(grant.reach, SOMEBODY)
        assert search is not None, grant
        search_of(grant.on, search, Reach(), "")


@pytest.mark.rule("R7-017", "R7-032")
def test_only_supervision_and_systems_reach_health_data_without_a_condition() -> None:
    free = {
        grant.role for grant in GRANTS if grant.on in HEALTH and not grant.reach and "operate" not in grant.interactions
    }
    assert free == {"regulator", "partner"}


def test_all_staff_need_two_factors() -> None:
    for grant in GRANTS:
        if grant.role in STAFF_ROLES:
            assert "strong" in grant.needs, grant


def test_without_the_second_factor_a_physician_is_nobody() -> None:
    weak = Principal("w", PHYSICIAN.roles, practitioner="Practitioner/1", strong=False)
    assert RULEBOOK.reach(weak, "read", "Observation").nothing


def test_administrators_see_no_health_data() -> None:
    for role in ("system-admin", "security-admin", "audit-admin"):
        assert {grant.on for grant in GRANTS if grant.role == role and grant.on in HEALTH} <= {"Task", "Patient"}
        assert RULEBOOK.reach(staff(role, "9", purpose="HSYSADMIN"), "read", "Patient").nothing


@pytest.mark.rule("R6-043", "A11-21")
@pytest.mark.parametrize(
    ("level", "appointment", "record"),
    [("L0", False, False), ("L1", True, False), ("L2", True, True), ("L3", True, True)],
)
def test_a_resident_needs_a_level(level: str, *, appointment: bool, record: bool) -> None:
    who = Principal("r", frozenset({"resident"}), patient="Patient/1", level=level)
    assert RULEBOOK.reach(who, "read", "Appointment").nothing is not appointment
    assert RULEBOOK.reach(who, "read", "Observation").nothing is not record


def test_a_system_without_scopes_reaches_nothing() -> None:
    assert RULEBOOK.reach(Principal("s", frozenset({"partner"})), "read", "Observation").nothing
    scoped = Principal("s", frozenset({"partner"}), scopes=frozenset({"system/Observation.rs"}))
    assert not RULEBOOK.reach(scoped, "read", "Observation").nothing
    assert RULEBOOK.reach(scoped, "read", "Condition").nothing


@pytest.mark.rule("R7-032")
def test_a_purpose_that_a_grant_does_not_serve_reaches_nothing() -> None:
    other = staff("physician", "1", purpose="HMGT")
    assert RULEBOOK.reach(other, "read", "Observation").nothing


@pytest.mark.parametrize("type", ["Encounter", "Appointment", "CareTeam"])
def test_clinicians_found_no_relations_for_themselves(type: str) -> None:
    for role in ("physician", "village-doctor", "nurse", "family-doctor", "technician", "pharmacist"):
        assert RULEBOOK.reach(staff(role, "1"), "create", type).nothing


async def test_an_explanation_names_what_decides(store: Store) -> None:
    door, _ = open_door(store)
    await put(door, patient("1"), observation("o1", "1"), condition("f1", "1", "F20"))
    await put(door, encounter("e", "1", "1"), order("s", "1", "2"))
    explain = door.auto(RESIDENT).explain
    assert (await explain(PHYSICIAN, "read", "Observation", "o1")).allowed
    level = await explain(COLLEAGUE, "read", "Condition", "f1")
    assert not level.allowed
    assert [one.kind for one in level.why if not one.held and one.kind in {"reach", "label", "consent"}] == ["label"]
    await put(door, consent("n", "1", {"type": "deny"}))
    refused = await explain(PHYSICIAN, "read", "Observation", "o1")
    assert not refused.allowed
    assert "consent: denied by a consent: no" in map(str, refused.why)
    stranger = await explain(staff("physician", "7"), "read", "Observation", "o1")
    assert not stranger.allowed
    assert any(one.kind == "reach" and one.name == "care" and not one.held for one in stranger.why)
    nurse = await explain(staff("nurse", "1", purpose="HPAYMT"), "read", "Observation", "o1")
    assert ("purpose", False) in {(one.kind, one.held) for one in nurse.why}
    insurer = await explain(staff("insurer", "1", purpose="HPAYMT"), "read", "Observation", "o1")
    assert [one.kind for one in insurer.why] == ["role"]


async def test_the_officer_asks_for_an_explanation(store: Store) -> None:
    door, _ = open_door(store)
    await put(door, patient("1"), observation("o1", "1"))
    officer = staff("security-admin", "9", purpose="HSYSADMIN")
    answer = await door.auto(officer).operate(MAY, May("physician", "read", "Observation", "o1", "Practitioner/1"))
    assert not answer.allowed
    assert any(line.startswith("reach: care: no") for line in answer.why)
