"""What a consent denies leaves by no way: lines 28 and 29, over HTTP and the platform's own policy.

Physician 3 attends Patient/1; a consent of the patient then denies the institution.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.behaviours.asked import PATCH_JSON
from tests.capabilities.access.ward import (
    PEOPLE,
    Stopped,
    actor,
    condition,
    consent,
    encounter,
    observation,
    open_door,
    patient,
    put,
)
from tests.served import called
from tests.server.test_search import ids, links
from xinglin.app import create_registry
from xinglin.server.asgi import create_asgi
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

STRANGER = {"x-who": "stranger"}
DENIAL = consent("n", "1", {"type": "deny", "actor": [actor("Organization/2")]})


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, patient("1"), encounter("e1", "1", "3"))
    await put(door, consent("n", "1", {"type": "deny"}, "inactive"))
    of_visit = {"encounter": {"reference": "Encounter/e1"}, "note": [{"text": "confidential"}]}
    await put(door, *(observation(f"secret{place}", "1", **of_visit) for place in range(5)))
    await put(
        door, condition("c1", "1", "I10", **of_visit), observation("secret0", "1", **of_visit, method={"text": "again"})
    )
    return door, clock


@pytest.fixture
async def client(ward: tuple[Door, Stopped]) -> AsyncIterator[httpx.AsyncClient]:
    application = create_asgi(create_registry(Settings()), ward[0], Settings(), principal_of=called(PEOPLE))
    headers = {"content-type": "application/fhir+json", **STRANGER}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir", headers=headers) as made:
        yield made


def batch(*urls: str) -> dict[str, Any]:
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "batch", "entry": entries}


WAYS = [
    "Observation/secret0",
    "Observation/secret0/_history/1",
    "Observation/secret0/_history",
    "Observation/_history",
    "_history",
    "Observation",
    "Observation?_sort=-_lastUpdated",
    "Observation?_sort=_id&_total=accurate",
    "Observation?code=http://loinc.org|8867-4",
    "Observation?patient=Patient/1",
    "Observation?subject:Patient._id=1",
    "Observation?encounter.status=in-progress",
    "Observation?_filter=code eq 8867-4",
    "?_type=Observation,Condition",
    "Patient/1/Observation",
    "Patient/1/*",
    "Patient?_revinclude=Observation:patient",
    "Patient?_has:Observation:patient:code=8867-4",
    "Patient?_revinclude=Encounter:patient&_revinclude:iterate=Observation:encounter",
    "Condition?_include=Condition:encounter&_revinclude:iterate=Observation:encounter",
    "Encounter?_include=Encounter:patient",
    "Encounter?_revinclude=Observation:encounter",
    "Patient/1/$everything",
    "Encounter/e1/$everything",
]


def shows(response: httpx.Response) -> bool:
    """Tell whether an answer holds anything of the patient's record, totals included."""
    found = response.json()
    if found["resourceType"] == "OperationOutcome":
        return False
    if found["resourceType"] == "Bundle":
        return bool(found.get("total")) or bool(found.get("entry"))
    return True


@pytest.mark.rule("R7-002", "R7-021")
@pytest.mark.parametrize("way", WAYS)
async def test_a_denial_closes_every_way_at_once(
    ward: tuple[Door, Stopped], client: httpx.AsyncClient, way: str
) -> None:
    assert shows(await client.get(f"/{way}"))
    await put(ward[0], DENIAL)
    hidden = await client.get(f"/{way}")
    assert not shows(hidden), hidden.text
    assert "confidential" not in hidden.text


async def test_search_by_post_and_bundles_are_closed_too(ward: tuple[Door, Stopped], client: httpx.AsyncClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", **STRANGER}
    asked = batch("Observation/secret0", "Observation?patient=Patient/1", "Observation/secret0/_history")
    for expected in (True, False):
        posted = await client.post("/Observation/_search", content="patient=Patient/1", headers=form)
        assert shows(posted) is expected
        answers = (await client.post("/", json=asked)).json()["entry"]
        assert [one["response"]["status"][:3] == "200" for one in answers] == [expected, True, expected]
        assert bool(answers[1]["resource"].get("entry")) is expected
        await put(ward[0], DENIAL)


@pytest.mark.rule("R7-021")
async def test_a_withdrawn_consent_ends_running_pages(ward: tuple[Door, Stopped], client: httpx.AsyncClient) -> None:
    for way in ("Observation?_count=2", "Observation?patient=Patient/1&_count=2", "Observation/_history?_count=2"):
        first = (await client.get(f"/{way}")).json()
        following = links(first)["next"]
        assert len(first["entry"]) == 2
        await put(ward[0], DENIAL)
        assert not shows(await client.get(following))
        await put(ward[0], consent("n", "1", {"type": "deny"}, "inactive"))
        assert shows(await client.get(following))


async def test_criteria_and_patches_tell_nothing(ward: tuple[Door, Stopped], client: httpx.AsyncClient) -> None:
    await put(ward[0], DENIAL)
    patch = [{"op": "test", "path": "/status", "value": "final"}]
    hidden = await client.patch("/Observation/secret0", json=patch, headers=PATCH_JSON)
    missing = await client.patch("/Observation/never", json=patch, headers=PATCH_JSON)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace("secret0", "never") == missing.text
    changed = observation("secret0", "1")
    hidden = await client.put("/Observation/secret0", json=changed)
    assert hidden.status_code in {403, 404}
    hidden, missing = [await client.delete(f"/Observation?patient=Patient/{id}") for id in ("1", "never")]
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)


async def test_who_is_not_meant_sees_as_before(ward: tuple[Door, Stopped], client: httpx.AsyncClient) -> None:
    await put(ward[0], encounter("e2", "1", "1"), DENIAL)
    answer = (await client.get("/Observation?_total=accurate", headers={"x-who": "physician"})).json()
    assert answer["total"] == 5
    assert set(ids(answer)) == {f"secret{place}" for place in range(5)}
