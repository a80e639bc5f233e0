"""A system abroad is shown what may leave the country, and everybody whose data left is counted."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.server.oauth.conftest import Time
from tests.server.oauth.people import ASSERTION_TYPE, assertion, bearer, register_system
from tests.server.oauth.test_systems import jwks
from xinglin.app import create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.egress import Destination, Persons
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.store import egress
from xinglin.store.door import Door
from xinglin.store.dumping import dump
from xinglin.store.identity import apps
from xinglin.store.store import Store

KEY = ECKey.generate_key("P-384", {"kid": "abroad"})
OFFICER = Principal("officer", frozenset({"security-admin"}), strong=True)
LISTED = Destination("d1", "Partner", "SG", "contract", "备 2026-1")
NAMES = Destination("d2", "Names", "SG", "exempt", "")


@pytest.fixture(scope="module")
async def listed(door: Door) -> None:
    async with door.work(OFFICER) as work:
        for one in (LISTED, NAMES):
            await egress.add(work.executor, one, by="officer")


async def counted(store: Store) -> Mapping[str, Persons]:
    return await egress.counts(store, 2026)


async def opened(http: httpx.AsyncClient, door: Door, time: Time, abroad: str) -> dict[str, str]:
    """Let a system in, and give the header of its token."""
    system = await register_system(door, jwks(KEY), abroad=abroad)
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(system.id, KEY, time()),
    }
    return bearer((await http.post("/oauth/token", data=form)).json()["access_token"])


@pytest.mark.rule("R7-020")
async def test_a_system_abroad_is_shown_what_may_leave(
    http: httpx.AsyncClient, door: Door, store: Store, time: Time, listed: None
) -> None:
    names = await opened(http, door, time, "d2")
    assert (await http.get("/fhir/Patient/1", headers=names)).status_code == 200
    assert (await http.get("/fhir/Patient/1", headers=names)).status_code == 200
    assert await counted(store) == {"": Persons(1, 0), "d2": Persons(1, 0)}
    refused = await http.get("/fhir/Observation?patient=1", headers=names)
    assert (refused.status_code, refused.json()["issue"][0]["details"]["coding"][0]["code"]) == (403, "egress-ground")
    assert (await counted(store))[""] == Persons(1, 0)

    more = await opened(http, door, time, "d1")
    assert (await http.get("/fhir/Observation?_count=50", headers=more)).status_code == 200
    assert (await http.get("/fhir/Observation?_count=50", headers=more)).status_code == 200
    found = await counted(store)
    assert found["d1"] == Persons(3, 3)
    assert found[""] == Persons(3, 3)  # the one whose name had left is counted once


@pytest.mark.rule("R7-020")
async def test_a_system_abroad_of_no_destination_is_shown_nothing(
    http: httpx.AsyncClient, door: Door, time: Time, listed: None
) -> None:
    nowhere = await opened(http, door, time, "gone")
    for path in ("/fhir/Patient/1", "/fhir/Patient", "/fhir/Patient/1/$everything"):
        assert (await http.get(path, headers=nowhere)).status_code == 403, path


@pytest.mark.rule("R7-020")
async def test_a_destination_that_ended_counts_at_once(
    http: httpx.AsyncClient, door: Door, time: Time, listed: None
) -> None:
    async with door.work(OFFICER) as work:
        await egress.add(work.executor, replace(NAMES, id="d3"), by="officer")
    headers = await opened(http, door, time, "d3")
    assert (await http.get("/fhir/Patient/1", headers=headers)).status_code == 200
    async with door.work(OFFICER) as work:
        assert await egress.end(work.executor, "d3", by="officer")
    assert (await http.get("/fhir/Patient/1", headers=headers)).status_code == 403


@pytest.mark.rule("R7-020")
async def test_a_dump_for_abroad_counts_everybody(store: Store, listed: None, tmp_path: Path) -> None:
    door = Door(store, create_registry(Settings()).rulebook)
    with pytest.raises(OutcomeError) as refused:
        async for _ in dump(door.auto(SYSTEM), tmp_path / "names", abroad="d2"):
            pass
    assert refused.value.issues[0].key == "egress-ground"
    assert not (tmp_path / "names").exists()
    async for _ in dump(door.auto(SYSTEM), tmp_path / "all", abroad="d1"):
        pass
    assert (tmp_path / "all" / "Patient.ndjson.gz").exists()
    assert (await counted(store))["d1"] == Persons(3, 3)


@pytest.mark.rule("R7-020")
async def test_a_system_is_approved_for_a_destination_on_the_list_only(door: Door, listed: None) -> None:
    system = await register_system(door, jwks(KEY))
    async with door.work(OFFICER) as work:
        with pytest.raises(OutcomeError) as refused:
            await apps.decide(work, system.id, "approved", abroad="nowhere")
        assert refused.value.issues[0].key == "client-abroad"
        assert (await apps.decide(work, system.id, "approved", abroad="d1")).abroad == "d1"
        assert (await apps.decide(work, system.id, "approved", abroad="")).abroad is None
