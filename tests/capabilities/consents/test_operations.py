"""Consents are given by who may, say what was chosen, and end when they are withdrawn."""

from typing import Any

import pytest

from tests.capabilities.access.ward import (
    PHYSICIAN,
    RESIDENT,
    STRANGER,
    Stopped,
    encounter,
    observation,
    open_door,
    patient,
    put,
    seen,
    staff,
)
from xinglin.capabilities.consents.contract import GIVE, KINDS, PROFILES, WITHDRAW, Give, Withdraw
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

GUARDIAN = Principal(
    "g", frozenset({"guardian"}), patient="Patient/1", patients=("Patient/child",), purpose="PATRQT", level="L2"
)
CHILD = Principal(
    "c", frozenset({"resident"}), patient="Patient/child", patients=("Patient/child",), purpose="PATRQT", level="L2"
)


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, patient("1"), patient("child", birthDate="2020-05-01"), observation("o1", "1"))
    await put(door, observation("oc", "child"), encounter("e", "1", "1", "3"), encounter("f", "child", "1"))
    return door, clock


async def give(door: Door, who: Principal, **given: Any) -> Any:
    return await door.auto(who).operate(GIVE, Give(given.pop("id", "1"), **given))


async def refused(door: Door, who: Principal, **given: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await give(door, who, **given)
    return {issue.key for issue in error.value.issues}


@pytest.mark.rule("R7-021")
@pytest.mark.parametrize("kind", sorted(KINDS.codes))
async def test_each_kind_is_an_object_of_its_own(ward: tuple[Door, Stopped], kind: str) -> None:
    door, _ = ward
    more: dict[str, Any] = {
        "sharing": {"actors": ("Organization/2",), "purposes": ("TREAT",)},
        "sensitive": {"classes": ("mental",)},
    }.get(kind, {})
    made = await give(door, RESIDENT, kind=kind, **more)
    assert made.meta.profile == [PROFILES[kind].url]
    assert await seen(door, RESIDENT, "Consent", category=f"{KINDS.system}|{kind}") == {made.id}


@pytest.mark.rule("R7-002", "R7-021")
async def test_a_restriction_hides_at_once_and_its_withdrawal_shows_again(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    made = await give(door, RESIDENT, kind="restriction", actors=("Organization/2",))
    assert await seen(door, STRANGER, "Observation") == set()
    assert await seen(door, PHYSICIAN, "Observation") == {"o1", "oc"}
    clock.pass_(minutes=5)
    over = await door.auto(RESIDENT).operate(WITHDRAW, Withdraw("1", made.id))
    assert over.status == "inactive"
    assert await seen(door, STRANGER, "Observation") == {"o1"}
    assert [row.vid for row in (await door.auto(RESIDENT).history("Consent", made.id)).rows] == [2, 1]
    with pytest.raises(OutcomeError) as again:
        await door.auto(RESIDENT).operate(WITHDRAW, Withdraw("1", made.id))
    assert again.value.issues[0].key == "consent-withdrawn"


async def test_a_consent_ends_with_its_last_day(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    await give(door, RESIDENT, kind="restriction", until="2026-11-21")
    assert await seen(door, STRANGER, "Observation") == set()
    clock.pass_(days=3)
    assert await seen(door, STRANGER, "Encounter") == {"e"}


@pytest.mark.rule("R7-021", "R7-032")
async def test_research_reads_after_its_consent_and_not_before(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    researcher = staff("researcher", "8", purpose="HRESCH")
    assert await seen(door, researcher, "Observation") == set()
    made = await give(door, RESIDENT, kind="research")
    assert await seen(door, researcher, "Observation") == {"o1"}
    await door.auto(RESIDENT).operate(WITHDRAW, Withdraw("1", made.id))
    assert await seen(door, researcher, "Observation") == set()


@pytest.mark.rule("R7-003", "R6-042")
async def test_the_guardian_decides_for_a_child(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    assert await refused(door, CHILD, id="child", kind="restriction") == {"consent-of-minor"}
    await give(door, GUARDIAN, id="child", kind="restriction")
    assert await seen(door, PHYSICIAN, "Observation") == {"o1"}
    assert await refused(door, RESIDENT, id="child", kind="care") == {"consent-of-another"}
    assert await refused(door, GUARDIAN, id="nobody", kind="care") == {"consent-of-another"}


@pytest.mark.rule("R7-006")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "sharing"}, {"consent-recipient", "consent-purpose"}),
        ({"kind": "sensitive"}, {"consent-class"}),
        ({"kind": "gossip"}, {"consent-kind"}),
        ({"kind": "care", "actors": ("Group/1",)}, {"consent-actor"}),
        ({"kind": "care", "roles": ("king",)}, {"consent-role"}),
        ({"kind": "care", "purposes": ("FUN",)}, {"consent-purpose-unknown"}),
        ({"kind": "care", "classes": ("weather",)}, {"consent-class-unknown"}),
        ({"kind": "care", "until": "2020-01-01"}, {"consent-until"}),
        ({"kind": "care", "until": "soon"}, {"consent-until"}),
    ],
)
async def test_what_is_missing_is_said(ward: tuple[Door, Stopped], given: dict[str, Any], said: set[str]) -> None:
    door, _ = ward
    assert await refused(door, RESIDENT, **given) == said


async def test_staff_give_no_consents(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    assert await refused(door, PHYSICIAN, kind="care") == {"forbidden"}


async def test_the_consent_of_another_is_not_there(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    made = await give(door, GUARDIAN, id="child", kind="care")
    for id in ("1", "child"):
        with pytest.raises(OutcomeError) as error:
            await door.auto(RESIDENT).operate(WITHDRAW, Withdraw(id, made.id))
        assert error.value.status == 404
