"""Operations, the statement, errors and time limits: lines 32 to 35, and what is said to be missing."""

import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from tests.behaviours.asked import observation, patient, put
from tests.conftest import key_store
from tests.errands import contract
from tests.errands.capability import declare as errands
from tests.server.conftest import OPEN, SETTINGS, who
from tests.server.test_operations import faults, task
from xinglin.registry import Registry
from xinglin.server.asgi import create_asgi
from xinglin.store.door import Door
from xinglin.store.store import Store


@pytest.fixture
async def hurried(postgres_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    """The application with a quarter of a second for each statement."""
    store = await Store.open(postgres_dsn, connections=4, sql_timeout_ms=250, keys=key_store())
    registry = Registry((OPEN, errands()))
    application = create_asgi(registry, Door(store, registry.rulebook), SETTINGS, principal_of=who)
    headers = {"content-type": "application/fhir+json"}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir", headers=headers) as made:
        yield made
    await store.close()


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/Observation?code=slow"),
        ("GET", "/Observation?patient.family=slow&_total=accurate"),
        ("GET", "/Observation/slow"),
        ("GET", "/Observation/slow/_history"),
        ("GET", "/Observation/_history"),
        ("GET", "/Patient/slow/$everything"),
        ("PUT", "/Observation/slow"),
        ("PUT", "/Observation/conditional"),
        ("POST", "/"),
    ],
)
async def test_the_time_limit_of_a_statement_is_no_server_error(
    hurried: httpx.AsyncClient, postgres_dsn: str, method: str, url: str
) -> None:
    await put(hurried, patient("slow", "Slow"))
    body: Any = observation("slow", "slow", of="Patient/slow") | {"note": [{"text": url}]}
    if url.endswith("conditional"):
        body |= {"id": "conditional", "subject": {"reference": "Patient?family=slow"}}
    if method == "POST":
        body = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": body, "request": {"method": "PUT", "url": "Observation/slow"}}],
        }
    other = await asyncpg.connect(postgres_dsn)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE res, hist IN ACCESS EXCLUSIVE MODE")
            answer = await hurried.request(method, url, json=body if method != "GET" else None)
    finally:
        await other.close()
    assert answer.status_code in {503, 504}, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["code"] in {"timeout", "transient"}
    assert (await hurried.get("/Patient/slow")).status_code == 200


@pytest.mark.parametrize(
    ("method", "url", "media", "status"),
    [
        ("GET", "/Nothing", "application/fhir+json", 404),
        ("GET", "/Patient/1/2/3", "application/fhir+json", 404),
        ("DELETE", "/metadata", "application/fhir+json", 405),
        ("POST", "/Patient", "text/plain", 415),
        ("POST", "/Patient", "application/fhir+json", 413),
        ("GET", "/Patient?_format=turtle", "application/fhir+json", 406),
    ],
)
async def test_every_refusal_is_an_outcome(
    client: httpx.AsyncClient, method: str, url: str, media: str, status: int
) -> None:
    content = b" " * (SETTINGS.max_body_bytes + 1) if status == 413 else b"x" if method == "POST" else b""
    answer = await client.request(method, url, content=content, headers={"content-type": media})
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"].startswith("application/fhir+json")


OPERATIONS_TO_COME = ["expand", "lookup", "validate-code", "translate", "subsumes", "export"]


@pytest.mark.parametrize("operation", OPERATIONS_TO_COME)
@pytest.mark.parametrize("place", ["", "/ValueSet", "/CodeSystem", "/Patient", "/Group/1"])
async def test_what_is_not_offered_is_not_found_and_not_claimed(
    client: httpx.AsyncClient, operation: str, place: str
) -> None:
    answer = await client.get(f"{place}/${operation}")
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")
    rest = (await client.get("/metadata")).json()["rest"][0]
    claimed = {one["name"] for kind in (rest, *rest["resource"]) for one in kind.get("operation", [])}
    assert operation not in claimed


async def test_a_value_set_that_is_not_known_is_refused_and_named(client: httpx.AsyncClient) -> None:
    for modifier in ("in", "not-in"):
        answer = await client.get(f"/Observation?code:{modifier}=http://unknown/vs")
        assert answer.status_code == 400
        assert "http://unknown/vs" in answer.json()["issue"][0]["diagnostics"]


async def test_several_profiles_are_all_judged_in_any_order(client: httpx.AsyncClient) -> None:
    bare = task()
    del bare["for"]
    base = "http://hl7.org/fhir/StructureDefinition/Task"
    for profiles in ([base, contract.ERRAND.url], [contract.ERRAND.url, base]):
        answer = await client.post("/Task/$validate", json=bare | {"meta": {"profile": profiles}})
        assert "Task.for" in faults(answer)
        named = {name: value for name, value in bare.items() if name != "meta"}
        assert "Task.for" in faults(await client.post("/Task/$validate", params={"profile": profiles}, json=named))


def bundle(number: int) -> dict[str, Any]:
    """A collection in which every entry refers to the one before."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": f"urn:uuid:00000000-0000-4000-8000-{n:012}",
                "resource": {
                    "resourceType": "Basic",
                    "code": {"text": "x"},
                    "subject": {"reference": f"urn:uuid:00000000-0000-4000-8000-{max(n - 1, 0):012}"},
                },
            }
            for n in range(number)
        ],
    }


async def test_a_bundle_is_validated_in_time_that_grows_with_its_size(client: httpx.AsyncClient) -> None:
    async def seconds(number: int) -> float:
        body = bundle(number)
        best = 9e9
        for _ in range(3):
            start = time.perf_counter()
            assert faults(await client.post("/Bundle/$validate", json=body)) == []
            best = min(best, time.perf_counter() - start)
        return best

    await seconds(10)
    # Eight times the entries: linear is 8, quadratic 64.
    assert await seconds(4_000) < 24 * await seconds(500)


async def test_what_the_statement_counts_as_conditional_read_works(client: httpx.AsyncClient) -> None:
    await put(client, patient("statement", "Statement"))
    rest = (await client.get("/metadata")).json()["rest"][0]
    kind = next(one for one in rest["resource"] if one["type"] == "Patient")
    assert kind["conditionalRead"] == "full-support"
    read = await client.get("/Patient/statement")
    for name, value in (("if-none-match", read.headers["etag"]), ("if-modified-since", read.headers["last-modified"])):
        assert (await client.get("/Patient/statement", headers={name: value})).status_code == 304
