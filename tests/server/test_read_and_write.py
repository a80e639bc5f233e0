"""Create, read, vread, update, delete and history over HTTP."""

import asyncio
import json
from typing import Any

import httpx
import pytest

PATIENT = {"resourceType": "Patient", "name": [{"family": "王", "given": ["小"]}]}
OBSERVATION = (
    b'{ "resourceType": "Observation", "status": "final", "code": {"text": "\\u0063"},\n'
    b' "valueQuantity": {"value": 1.00, "unit": "mg"}, "component": ['
    b'{"code": {"text": "a"}, "valueQuantity": {"value": 1.2E+2}},'
    b'{"code": {"text": "b"}, "valueQuantity": {"value": 0.123456789012345678901234567890}}]}'
)


async def created(client: httpx.AsyncClient, resource: Any = PATIENT) -> dict[str, Any]:
    response = await client.post(f"/{resource['resourceType']}", json=resource)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def key(response: httpx.Response) -> str:
    issue = response.json()["issue"][0]
    return str(issue["details"]["coding"][0]["code"])


async def test_a_create_answers_where_the_resource_lives(client: httpx.AsyncClient) -> None:
    response = await client.post("/Patient", json=PATIENT)
    made = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"http://localhost/fhir/Patient/{made['id']}/_history/1"
    assert response.headers["etag"] == 'W/"1"'
    assert made["meta"]["versionId"] == "1"
    assert made["name"] == PATIENT["name"]
    assert (await client.get(f"/Patient/{made['id']}")).json() == made


async def test_digits_survive_everywhere(client: httpx.AsyncClient) -> None:
    made = await client.post("/Observation", content=OBSERVATION)
    place = f"/Observation/{made.json()['id']}"
    patch = [{"op": "add", "path": "/note", "value": [{"text": "n"}]}]
    patched = await client.patch(place, json=patch, headers={"content-type": "application/json-patch+json"})
    answers = [
        made,
        await client.get(place),
        await client.get(f"{place}/_history"),
        patched,
        await client.get(f"{place}/_history/2"),
    ]
    for response in answers:
        assert response.status_code in {200, 201}, response.text
        for digits in (b"1.00", b"1.2E+2", b"0.123456789012345678901234567890"):
            assert digits in response.content


async def test_the_servers_own_meta_wins(client: httpx.AsyncClient) -> None:
    made = await created(
        client, PATIENT | {"id": "mine", "meta": {"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z"}}
    )
    assert made["id"] != "mine"
    assert made["meta"]["versionId"] == "1"
    assert made["meta"]["lastUpdated"] > "2020"


async def test_an_update_makes_the_next_version(client: httpx.AsyncClient) -> None:
    made = await created(client)
    place = f"/Patient/{made['id']}"
    response = await client.put(place, json=made | {"gender": "male"}, headers={"if-match": 'W/"1"'})
    assert (response.status_code, response.headers["etag"]) == (200, 'W/"2"')
    assert "location" not in response.headers
    assert (await client.get(place)).json()["gender"] == "male"
    assert "gender" not in (await client.get(f"{place}/_history/1")).json()


async def test_an_update_without_a_change_makes_no_version(client: httpx.AsyncClient) -> None:
    made = await created(client)
    response = await client.put(f"/Patient/{made['id']}", json=made)
    assert (response.status_code, response.headers["etag"]) == (200, 'W/"1"')


async def test_an_update_makes_a_resource_under_the_clients_id(client: httpx.AsyncClient) -> None:
    response = await client.put("/Patient/client-made", json=PATIENT | {"id": "client-made"})
    assert response.status_code == 201
    assert response.headers["location"].endswith("/Patient/client-made/_history/1")


@pytest.mark.parametrize("body", [PATIENT, PATIENT | {"id": "other"}])
async def test_an_update_needs_the_id_of_its_address(client: httpx.AsyncClient, body: Any) -> None:
    response = await client.put("/Patient/wanted", json=body)
    assert (response.status_code, key(response)) == (400, "id-mismatch")


@pytest.mark.parametrize(("given", "status"), [('W/"7"', 412), ("7", 400), ('W/"x"', 400), ('W/"1", W/"2"', 400)])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_or_malformed_if_match_changes_nothing(
    client: httpx.AsyncClient, method: str, given: str, status: int
) -> None:
    made = await created(client)
    place = f"/Patient/{made['id']}"
    headers = {"if-match": given}
    if method == "PATCH":
        headers["content-type"] = "application/json-patch+json"
    content = json.dumps(
        made | {"gender": "male"} if method == "PUT" else [{"op": "add", "path": "/gender", "value": "male"}]
    )
    response = await client.request(method, place, content=b"" if method == "DELETE" else content, headers=headers)
    assert response.status_code == status
    assert (await client.get(place)).json() == made


async def test_if_none_match_star_only_creates(client: httpx.AsyncClient) -> None:
    headers = {"if-none-match": "*"}
    body = PATIENT | {"id": "only-new"}
    assert (await client.put("/Patient/only-new", json=body, headers=headers)).status_code == 201
    assert (await client.put("/Patient/only-new", json=body, headers=headers)).status_code == 412


async def test_reads_may_be_conditional(client: httpx.AsyncClient) -> None:
    made = await created(client)
    place = f"/Patient/{made['id']}"
    known = await client.get(place, headers={"if-none-match": 'W/"1"'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", 'W/"1"')
    assert (await client.get(place, headers={"if-none-match": '"0", W/"1"'})).status_code == 304
    assert (await client.get(place, headers={"if-none-match": 'W/"2"'})).status_code == 200
    last = (await client.get(place)).headers["last-modified"]
    assert (await client.get(place, headers={"if-modified-since": last})).status_code == 304
    assert (await client.get(place, headers={"if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT"})).status_code == 200
    assert (await client.get(place, headers={"if-modified-since": "no date"})).status_code == 200


async def test_a_deleted_resource_is_gone_and_comes_back(client: httpx.AsyncClient) -> None:
    made = await created(client)
    place = f"/Patient/{made['id']}"
    assert (await client.delete(place)).status_code == 204
    assert (await client.delete(place)).status_code == 204
    assert (await client.get(place)).status_code == 410
    assert (await client.get(f"{place}/_history/2")).status_code == 410
    assert (await client.get(f"{place}/_history/1")).status_code == 200
    assert (await client.put(place, json=made)).headers["etag"] == 'W/"3"'
    assert (await client.get(place)).status_code == 200
    entries = (await client.get(f"{place}/_history")).json()["entry"]
    assert [(e["request"]["method"], "resource" in e) for e in entries] == [
        ("PUT", True),
        ("DELETE", False),
        ("POST", True),
    ]
    assert [e["response"]["etag"] for e in entries] == ['W/"3"', 'W/"2"', 'W/"1"']


async def test_what_never_was_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/Patient/never")).status_code == 404
    assert (await client.get("/Patient/never/_history/1")).status_code == 404
    assert (await client.delete("/Patient/never")).status_code == 204


@pytest.mark.parametrize(
    ("prefer", "content"),
    [
        ("return=minimal", ""),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("respond-async", "Patient"),
    ],
)
async def test_a_write_answers_as_the_client_prefers(client: httpx.AsyncClient, prefer: str, content: str) -> None:
    response = await client.post("/Patient", json=PATIENT, headers={"prefer": prefer})
    assert response.status_code == 201
    assert (response.json()["resourceType"] if response.content else "") == content


async def test_faults_are_told_together_and_at_their_place(client: httpx.AsyncClient) -> None:
    response = await client.post("/Patient", json=PATIENT | {"gender": "x", "birthDate": "2001-02-31", "colour": "red"})
    assert response.status_code == 400
    places = {place for issue in response.json()["issue"] for place in issue.get("expression", ())}
    assert {"Patient.gender", "Patient.birthDate"} <= places
    assert any("colour" in place for place in places)


async def test_concurrent_updates_of_one_id_never_fail_otherwise(client: httpx.AsyncClient) -> None:
    made = await created(client)
    place = f"/Patient/{made['id']}"
    bodies = [made | {"name": [{"family": f"n{number}"}]} for number in range(12)]
    answers = await asyncio.gather(*(client.put(place, json=body) for body in bodies))
    assert {answer.status_code for answer in answers} <= {200, 409, 412}
    versions = [answer.headers["etag"] for answer in answers if answer.status_code == 200]
    assert len(set(versions)) == len(versions) > 0
    guarded = await asyncio.gather(
        *(client.put("/Patient/raced", json=PATIENT | {"id": "raced", "name": [{"text": str(n)}]}) for n in range(8))
    )
    assert {answer.status_code for answer in guarded} <= {200, 201, 409, 412}
    assert [answer.status_code for answer in guarded].count(201) == 1


async def test_history_of_a_type_and_of_everything_in_pages(client: httpx.AsyncClient) -> None:
    made = await created(client, {"resourceType": "Basic", "code": {"text": "1"}})
    for text in ("2", "3"):
        await client.put(f"/Basic/{made['id']}", json=made | {"code": {"text": text}})
    seen: list[str] = []
    url = "/Basic/_history?_count=2"
    for _ in range(5):
        page = (await client.get(url)).json()
        seen += [entry["response"]["etag"] for entry in page["entry"] if made["id"] in entry["fullUrl"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        url = following[0]
    assert seen == ['W/"3"', 'W/"2"', 'W/"1"']
    assert (await client.get("/_history?_count=1")).json()["entry"][0]["response"]["status"] == "200"
    after = made["meta"]["lastUpdated"].replace("+", "%2B")
    assert len((await client.get(f"/Basic/{made['id']}/_history?_since=2999")).json().get("entry", [])) == 0
    assert len((await client.get(f"/Basic/{made['id']}/_history?_since={after}")).json()["entry"]) == 3
    assert (await client.get(f"/Basic/{made['id']}/_history?_since=yesterday")).status_code == 400
    assert (await client.get("/Basic/_history?_page=nonsense")).status_code == 400


async def test_history_at_an_instant(client: httpx.AsyncClient) -> None:
    made = await created(client, {"resourceType": "Basic", "code": {"text": "1"}})
    await asyncio.sleep(0.01)
    later = (await client.put(f"/Basic/{made['id']}", json=made | {"code": {"text": "2"}})).json()
    await asyncio.sleep(0.01)
    first, second = made["meta"]["lastUpdated"], later["meta"]["lastUpdated"]
    for instant, version in ((first, "1"), (second, "2")):
        entries = (await client.get(f"/Basic/{made['id']}/_history", params={"_at": instant})).json()["entry"]
        assert [entry["resource"]["meta"]["versionId"] for entry in entries] == [version]
