"""Every grant lets its role do what it says, its absence denies it, and the search of its reach runs."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.accounts import PURPOSES
from xinglin.security.grants import Grant
from xinglin.security.principal import Principal
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.rulebook import Rulebook
from xinglin.store.store import Store

REGISTRY = create_registry(Settings())
GRANTS = {one.name: one.grants for one in REGISTRY.capabilities if one.grants}
EACH = pytest.mark.parametrize("grants", GRANTS.values(), ids=GRANTS)
NOBODY = Rulebook(grants=())


def meeting(grant: Grant) -> Principal:
    """Give somebody who meets every condition of a grant."""
    return Principal(
        id="p",
        roles=frozenset({grant.role}),
        patient="Patient/1",
        patients=("Patient/1",),
        practitioner="Practitioner/1",
        practitioner_role="PractitionerRole/1",
        organization="Organization/1",
        purpose=min(grant.purposes, default=PURPOSES.get(grant.role, "TREAT")),
        level="L3",
        strong=True,
        scopes=frozenset({"system/*.cruds"}) if "scopes" in grant.needs else None,
    )


def allowed(rulebook: Rulebook, who: Principal, grant: Grant) -> set[str]:
    """Name what of a grant somebody may do: interactions, and operations as ``$code``."""
    on = kind(grant)
    may = {one for one in grant.interactions - {"operate"} if not rulebook.reach(who, one, on).nothing}
    if "operate" in grant.interactions:
        may |= {f"${code}" for code in grant.operations if rulebook.may_operate(who, code, grant.on)}
    return may


def kind(grant: Grant) -> str:
    """Give a type that a grant speaks of."""
    return "Patient" if grant.on == "*" else grant.on


@EACH
def test_a_grant_lets_its_role_do_all_it_says_and_its_absence_nothing(grants: tuple[Grant, ...]) -> None:
    for grant in grants:
        who = meeting(grant)
        wanted = {*(grant.interactions - {"operate"}), *(f"${code}" for code in grant.operations)}
        assert allowed(Rulebook(grants=(grant,)), who, grant) == wanted, grant
        assert allowed(NOBODY, who, grant) == set(), grant


@EACH
def test_another_role_gains_nothing_by_a_grant(grants: tuple[Grant, ...]) -> None:
    for grant in grants:
        # What is granted to whoever has not signed in (a public log) is a grant to that role alone, too.
        another = "developer" if grant.role == "anonymous" else "anonymous"
        other = replace(meeting(grant), roles=frozenset({another}))
        assert allowed(Rulebook(grants=(grant,)), other, grant) == set(), grant


@EACH
def test_whoever_lacks_a_condition_of_a_grant_gains_nothing(grants: tuple[Grant, ...]) -> None:
    lacking = {"strong": {"strong": False}, "scopes": {"scopes": None}}
    for grant in grants:
        whole, alone = meeting(grant), Rulebook(grants=(grant,))
        if grant.purposes:
            assert allowed(alone, replace(whole, purpose="HMARKT"), grant) == set(), grant
        for need in grant.needs - {"L0"}:
            changed = lacking.get(need, {"level": ""})
            assert allowed(alone, replace(whole, **changed), grant) == set(), grant  # type: ignore[arg-type]


@pytest.fixture(scope="module")
async def store(postgres_dsn: str) -> AsyncIterator[Store]:
    opened = await Store.open(postgres_dsn, connections=2, keys=key_store())
    yield opened
    await opened.close()


@EACH
async def test_the_search_of_a_reach_runs_and_without_the_grant_it_is_refused(
    store: Store, grants: tuple[Grant, ...]
) -> None:
    nobody = Door(store, NOBODY, audited=False)
    # Grants differ by type and role more than by reach: each search runs once for a type.
    asked = {(kind(one), one.reach, one.role in {"resident", "guardian"}): one for one in grants if _searches(one)}
    for (on, _, _), grant in asked.items():
        who = meeting(grant)
        door = Door(store, Rulebook(grants=(grant,)), audited=False)
        page = await door.auto(who).find(on, _count="1")
        assert page.matches == []
        with pytest.raises(OutcomeError) as refused:
            await nobody.auto(who).find(on, _count="1")
        assert refused.value.status == 403


def _searches(grant: Grant) -> bool:
    return "search" in grant.interactions and kind(grant) != "AuditEvent"
