"""The operations as a client calls them, and what the interface answers by either name."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.capabilities.access.ward import encounter, observation
from tests.capabilities.residents.people import DESK, resident
from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

HERE: dict[str, Any] = {"managingOrganization": {"reference": "Organization/1"}}


@pytest.fixture(scope="module")
async def client(postgres_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    async def who(request: Request) -> Principal | None:
        return DESK if request.header(b"x-who") == "desk" else SYSTEM

    store = await Store.open(postgres_dsn, keys=key_store())
    registry = create_registry(Settings())
    application = create_asgi(registry, Door(store, registry.rulebook), Settings(), principal_of=who)
    headers = {"content-type": "application/fhir+json"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://localhost/fhir", headers=headers
    ) as made:
        for one in (
            resident("王小明", "1980-01-01", id="a", **HERE),
            resident("王晓明", "1980-01-01", id="b", **HERE),
            observation("oa", "a"),
            observation("ob", "b"),
            encounter("eb", "b", "3"),
        ):
            answer = await made.put(f"/{one['resourceType']}/{one['id']}", json=one)
            assert answer.status_code in {200, 201}, answer.text
        yield made
    await store.close()


def parameters(**given: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for name, value in given.items():
        member = "valueBoolean" if isinstance(value, bool) else "valueString"
        if value.startswith("Patient/"):
            parts.append({"name": name.replace("_", "-"), "valueReference": {"reference": value}})
        else:
            parts.append({"name": name, member: value})
    return {"resourceType": "Parameters", "parameter": parts}


async def names(client: httpx.AsyncClient, path: str) -> set[str]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in answer.json().get("entry", ())}


async def test_merge_read_by_either_name_and_unmerge(client: httpx.AsyncClient) -> None:
    desk = {"x-who": "desk"}
    before = {who: await names(client, f"/Patient/{who}/$everything?_count=100") for who in ("a", "b")}
    given = parameters(source_patient="Patient/b", target_patient="Patient/a", reason="saw the identity card")
    answer = await client.post("/Patient/$merge", json=given, headers=desk)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == "a"

    everything = {"Patient/a", "Patient/b", "Observation/oa", "Observation/ob", "Encounter/eb"}
    for who in ("a", "b"):
        assert everything <= await names(client, f"/Patient/{who}/$everything?_count=100")
        assert await names(client, f"/Patient/{who}/Observation") == {"Observation/oa", "Observation/ob"}
        assert {"Patient/a", "Patient/b"} <= await names(client, f"/Patient?_id={who}&_include=Patient:link")
    old = (await client.get("/Patient/b")).json()
    assert old["active"] is False
    assert old["link"] == [{"other": {"reference": "Patient/a"}, "type": "replaced-by"}]
    assert (await client.get("/Observation/ob")).json()["subject"] == {"reference": "Patient/b"}

    undone = await client.post(
        "/Patient/$unmerge", json=parameters(source_patient="Patient/b", reason="they are twins"), headers=desk
    )
    assert undone.status_code == 200, undone.text
    for who in ("a", "b"):
        after = await names(client, f"/Patient/{who}/$everything?_count=100")
        # What the resident was told of both stays.
        assert {one for one in after if not one.startswith("Communication/")} == before[who]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"source_patient": "Patient/b", "reason": "no target"}, 400),
        ({"source_patient": "Patient/b", "target_patient": "Patient/nobody", "reason": "is not there"}, 404),
        ({"source_patient": "Patient/b", "target_patient": "Patient/b", "reason": "the same"}, 422),
        ({"source_patient": "Patient/b/_history/1", "target_patient": "Patient/a", "reason": "a version"}, 400),
        ({"source_patient": "Patient/b", "target_patient": "Patient/a", "reason": ""}, 400),
    ],
)
async def test_what_is_wrong_is_told(client: httpx.AsyncClient, given: dict[str, str], status: int) -> None:
    answer = await client.post("/Patient/$merge", json=parameters(**given), headers={"x-who": "desk"})
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
