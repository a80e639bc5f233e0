"""How answers are shown: pretty, in part, compressed, with request ids; health and metrics."""

import gzip
import json

import httpx
import pytest

from tests.server.test_read_and_write import created
from xinglin.server.asgi import Application


async def test_pretty_keeps_digits(client: httpx.AsyncClient) -> None:
    content = b'{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.00}}'
    made = (await client.post("/Observation", content=content)).json()
    response = await client.get(f"/Observation/{made['id']}?_pretty=true")
    assert b'\n  "status": "final"' in response.content
    assert b'"value": 1.00' in response.content


async def test_summary_and_elements_show_a_part(client: httpx.AsyncClient) -> None:
    made = await created(
        client, {"resourceType": "Patient", "gender": "male", "photo": [{"title": "t"}], "name": [{"text": "n"}]}
    )
    place = f"/Patient/{made['id']}"
    assert "photo" not in (await client.get(f"{place}?_summary=true")).json()
    assert set((await client.get(f"{place}?_elements=gender")).json()) == {"resourceType", "id", "meta", "gender"}
    assert (await client.get(f"{place}?_summary=false")).json() == made
    assert (await client.get(f"{place}?_summary=true&_elements=id")).status_code == 400


async def test_large_answers_are_compressed_when_the_client_takes_it(application: Application) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir") as client:
        for accepted, expected in (("gzip", True), ("br, gzip;q=0.5", True), ("identity", False), ("gzip;q=0", False)):
            request = client.build_request("GET", "/metadata", headers={"accept-encoding": accepted})
            response = await client.send(request, stream=True)
            raw = b"".join([chunk async for chunk in response.aiter_raw()])
            assert (response.headers.get("content-encoding") == "gzip") is expected
            assert response.headers["vary"] == "accept-encoding"
            assert int(response.headers["content-length"]) == len(raw)
            assert json.loads(gzip.decompress(raw) if expected else raw)["resourceType"] == "CapabilityStatement"


async def test_head_answers_headers_only(client: httpx.AsyncClient) -> None:
    made = await created(client)
    got = await client.get(f"/Patient/{made['id']}")
    head = await client.head(f"/Patient/{made['id']}")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", 'W/"1"')
    assert head.headers["content-length"] == str(len(got.content))


async def test_a_request_id_is_kept_when_it_is_fit_and_made_otherwise(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metadata", headers={"x-request-id": "abc-1"})).headers["x-request-id"] == "abc-1"
    made = (await client.get("/metadata", headers={"x-request-id": 'a b"{}'})).headers["x-request-id"]
    assert made
    assert made != (await client.get("/metadata")).headers["x-request-id"]


async def test_health_and_metrics_answer(client: httpx.AsyncClient) -> None:
    root = "http://localhost"
    assert (await client.get(f"{root}/health/live")).json() == {"status": "pass"}
    assert (await client.get(f"{root}/health/ready")).status_code == 200
    assert (await client.post(f"{root}/health/ready")).status_code == 405
    assert (await client.get(f"{root}/nothing")).status_code == 404
    await client.get("/Patient/secret-id")
    text = (await client.get(f"{root}/metrics")).text
    assert 'xinglin_requests_total{method="GET",route="T/I",status="404"}' in text
    assert "secret-id" not in text


async def test_the_log_names_routes_and_ids_and_never_what_was_asked(
    client: httpx.AsyncClient, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/Patient/secret-id?name=secret-name", headers={"x-request-id": "logged-1"})
    application.flush()
    lines = capsys.readouterr().out.splitlines()
    logged = next(json.loads(line) for line in lines if "logged-1" in line)
    assert (logged["route"], logged["method"], logged["status"], logged["level"]) == ("T/I", "GET", 404, "info")
    assert not any("secret" in line for line in lines)
