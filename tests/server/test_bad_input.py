"""Bad input: a 4xx OperationOutcome that names the place, never a 5xx, never half a write."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.server.conftest import SETTINGS
from tests.server.test_read_and_write import PATIENT, created, key

PATCH_JSON = {"content-type": "application/json-patch+json"}


async def test_malformed_json_is_told_with_its_position(client: httpx.AsyncClient) -> None:
    response = await client.post("/Patient", content=b'{"resourceType":"Patient",\n  "active": tru}')
    assert response.status_code == 400
    assert "line 2, column 13" in response.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"[]",
        b"null",
        b"7",
        b'"Patient"',
        b"{}",
        b'{"resourceType":"Observation"}',
        b'{"resourceType":"Nothing"}',
        b'{"resourceType":7}',
        b'{"resourceType":"Patient","active":NaN}',
        b'{"resourceType":"Patient","id":"\xff"}',
        b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}',
        b'{"resourceType":"Patient","name":[{"family":"a\x00b"}]}',
        b'{"resourceType":"Patient","active":true,"active":false}',
        b'{"resourceType":"Patient","extension":' * 5000,
        b'{"resourceType":"Patient","name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"resourceType":"Patient","extension":[{"url":"x","valueDecimal":1e999999999}]}',
        b'{"resourceType":"Patient","multipleBirthInteger":99999999999999999999999999}',
        b'{"resourceType":"Patient","contained":[' + b"{}," * 10_000 + b"{}]}",
        b'{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>x</script></div>"}}',
        b'{"resourceType":"Patient","meta":7}',
        b'{"resourceType":"Patient","meta":{"tag":{}}}',
        b'{"resourceType":"Patient","id":"a b"}',
        b'{"resourceType":"Patient","id":""}',
        b'\xef\xbb\xbf{"resourceType":"Patient"}x',
    ],
    ids=lambda content: content[:40].decode(errors="replace"),
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_body_that_is_no_patient_is_refused(client: httpx.AsyncClient, content: bytes, method: str) -> None:
    place = "/Patient" if method == "POST" else "/Patient/refused"
    response = await client.request(method, place, content=content)
    assert 400 <= response.status_code < 500, response.text
    assert response.json()["resourceType"] == "OperationOutcome"
    assert (await client.get("/Patient/refused")).status_code == 404


@pytest.mark.parametrize(
    "media",
    ["", "text/plain", "application/fhir+xml", "application/x-www-form-urlencoded", "application/json;charset=gbk"],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_wrong_content_type_is_refused(client: httpx.AsyncClient, media: str, method: str) -> None:
    place = "/Patient" if method == "POST" else "/Patient/x"
    request = client.build_request(method, place, content=b"{}", headers={"content-type": media})
    assert (await client.send(request)).status_code == 415


async def test_json_patch_is_not_sent_as_fhir_json(client: httpx.AsyncClient) -> None:
    made = await created(client)
    response = await client.patch(f"/Patient/{made['id']}", json=[{"op": "remove", "path": "/name"}])
    assert (response.status_code, key(response)) == (400, "parameters-expected")
    body = {"resourceType": "Parameters", "parameter": []}
    response = await client.patch(f"/Patient/{made['id']}", json=body, headers=PATCH_JSON)
    assert (response.status_code, key(response)) == (400, "patch-form")


@pytest.mark.parametrize(
    "accept", ["application/fhir+xml", "text/turtle", "application/fhir+json;fhirVersion=5.0", "image/png"]
)
async def test_what_cannot_be_written_is_not_acceptable(client: httpx.AsyncClient, accept: str) -> None:
    assert (await client.get("/metadata", headers={"accept": accept})).status_code == 406
    assert (await client.get("/metadata", params={"_format": accept})).status_code == 406


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/fhir+json", "application/json;q=0.5", "text/html,*/*;q=0.8", "application/fhir+xml, */*"],
)
async def test_what_can_be_written_is_acceptable(client: httpx.AsyncClient, accept: str) -> None:
    assert (await client.get("/metadata", headers={"accept": accept})).status_code == 200


async def test_format_wins_over_accept(client: httpx.AsyncClient) -> None:
    response = await client.get("/metadata?_format=json", headers={"accept": "application/fhir+xml"})
    assert response.status_code == 200


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    large = b'{"resourceType":"Patient","name":[{"text":"' + b"x" * SETTINGS.max_body_bytes + b'"}]}'
    assert (await client.post("/Patient", content=large)).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield large[: SETTINGS.max_body_bytes // 4]

    assert (await client.post("/Patient", content=chunks())).status_code == 413


async def test_compressed_bodies_are_read_and_bombs_refused(client: httpx.AsyncClient) -> None:
    body = json.dumps(PATIENT).encode()
    for coding, content in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        response = await client.post("/Patient", content=content, headers={"content-encoding": coding})
        assert response.status_code == 201, response.text
    bomb = gzip.compress(b" " * (SETTINGS.max_body_bytes * 50))
    assert (await client.post("/Patient", content=bomb, headers={"content-encoding": "gzip"})).status_code == 413
    for wrong in (b"no gzip", gzip.compress(body)[:-12], gzip.compress(body) + b"more"):
        response = await client.post("/Patient", content=wrong, headers={"content-encoding": "gzip"})
        assert (response.status_code, key(response)) == (400, "content-encoding")
    assert (await client.post("/Patient", content=body, headers={"content-encoding": "br"})).status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Nothing/1", 404),
        ("GET", "/patient/1", 404),
        ("GET", "/Nothing", 404),
        ("POST", "/Nothing", 404),
        ("GET", "/Patient/1/2/3/4", 404),
        ("GET", "/$nothing", 404),
        ("POST", "/Patient/$nothing", 404),
        ("GET", "/Patient/a%20b", 400),
        ("GET", "/Patient/a%00b", 400),
        ("PUT", "/Patient/" + "x" * 65, 400),
        ("GET", "/Patient/1/_history/a", 404),
        ("GET", "/Patient/1/_history/0", 404),
        ("GET", "/Patient/1/_history/99999999999999999999", 404),
        ("DELETE", "/Patient", 400),
        ("PUT", "/Patient", 400),
        ("PATCH", "/metadata", 405),
        ("DELETE", "/", 405),
        ("PUT", "/Patient/1/_history", 405),
        ("OPTIONS", "/Patient", 405),
        ("BREW", "/Patient", 405),
        ("GET", "/Patient/_search", 405),
        ("GET", "/Patient/1/$meta-add", 405),
        ("GET", "/Observation/1/$everything", 404),
        ("GET", "/Basic/1/Observation", 404),
        ("GET", "/metadata?_summary=some", 400),
        ("GET", "/metadata?_summary=true&_elements=id", 400),
        ("GET", "/metadata?mode=terminology", 400),
        ("GET", "/metadata?" + "a=b&" * 10_000, 414),
        ("GET", "/metadata?" + "a&" * 300, 400),
        ("GET", "/metadata?a=%FF", 400),
        ("GET", "/metadata?a=%00", 400),
    ],
)
async def test_an_address_that_is_wrong_is_told(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    body = {"resourceType": "Patient", "id": "x" * 65}
    response = await client.request(method, path, **({"json": body} if method in {"PUT", "POST", "PATCH"} else {}))  # type: ignore[arg-type]
    assert response.status_code == status, response.text
    assert response.json()["resourceType"] == "OperationOutcome"
    if status == 405:
        assert response.headers["allow"]


async def test_who_is_unknown_is_asked_to_log_in(client: httpx.AsyncClient) -> None:
    response = await client.get("/Patient/1", headers={"x-who": "nobody"})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


async def test_not_yours_looks_like_not_there(client: httpx.AsyncClient) -> None:
    made = await created(client)
    hidden = await client.get(f"/Patient/{made['id']}", headers={"x-who": "stranger"})
    missing = await client.get("/Patient/never", headers={"x-who": "stranger"})
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace(made["id"], "never") == missing.text


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a\\b", "x" * 300, "evil.example:99999999"])
async def test_a_host_that_is_none_is_refused(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/metadata", headers={"host": host})
    assert (response.status_code, key(response)) == (400, "host")


async def test_a_subset_cannot_be_written_back(client: httpx.AsyncClient) -> None:
    made = await created(client)
    part = (await client.get(f"/Patient/{made['id']}", params={"_elements": "name"})).json()
    assert any(tag["code"] == "SUBSETTED" for tag in part["meta"]["tag"])
    assert (await client.put(f"/Patient/{made['id']}", json=part)).status_code == 400
