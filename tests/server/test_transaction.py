"""Transactions and batches: order, all or nothing, links, conditions."""

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from tests.server.conftest import SETTINGS
from tests.server.test_read_and_write import PATIENT, created

SYSTEM = "http://x/id"


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    full_url = {"fullUrl": more.pop("fullUrl")} if "fullUrl" in more else {}
    body = {} if resource is None else {"resource": resource}
    return {**full_url, **body, "request": {"method": method, "url": url, **more}}


def patient(value: str, **more: Any) -> dict[str, Any]:
    return PATIENT | {"identifier": [{"system": SYSTEM, "value": value}]} | more


def observation(subject: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "c"},
        "subject": {"reference": subject},
    } | more


async def sent(client: httpx.AsyncClient, *entries: Any, kind: str = "transaction", **headers: str) -> httpx.Response:
    body = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return await client.post("/", json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def done(
    client: httpx.AsyncClient, *entries: Any, kind: str = "transaction", **headers: str
) -> list[dict[str, Any]]:
    response = await sent(client, *entries, kind=kind, **headers)
    assert response.status_code == 200, response.text
    assert response.json()["type"] == f"{kind}-response"
    answers: list[dict[str, Any]] = response.json()["entry"]
    return answers


def place(answer: dict[str, Any]) -> str:
    """Type and id of what an entry wrote."""
    return str(answer["response"]["location"]).partition("/_history")[0]


async def total(client: httpx.AsyncClient, query: str) -> int:
    return int((await client.get(f"/{query}&_summary=count")).json()["total"])


async def test_entries_find_each_other_by_full_url(client: httpx.AsyncClient) -> None:
    full_url = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{full_url}">p</a></div>'
    narrative = {"status": "generated", "div": div}
    answers = await done(
        client,
        entry("POST", "Observation", observation(full_url, text=narrative, focus=[{"reference": "urn:oid:1.2.3"}])),
        entry("POST", "Patient", PATIENT, fullUrl=full_url),
        entry(
            "PUT",
            "Organization/org-1",
            {"resourceType": "Organization", "id": "org-1", "name": "o"},
            fullUrl="urn:oid:1.2.3",
        ),
    )
    assert [answer["response"]["status"] for answer in answers] == ["201 Created"] * 3
    made = (await client.get(f"/{place(answers[0])}")).json()
    assert made["subject"]["reference"] == place(answers[1])
    assert f'href="{place(answers[1])}"' in made["text"]["div"]
    assert made["focus"][0]["reference"] == "Organization/org-1"


async def test_digits_survive_a_transaction_with_links(client: httpx.AsyncClient) -> None:
    raw = (
        b'{"resourceType":"Bundle","type":"transaction","entry":['
        b'{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},'
        b'{"resource":{"resourceType":"Observation","status":"final","code":{"text":"c"},"subject":{"reference":"urn:uuid:1"},'
        b'"derivedFrom":[{"reference":"urn:uuid:1"}],"valueQuantity":{"value":1.00},'
        b'"extension":[{"url":"http://e","valueUri":"urn:uuid:1"}]},'
        b'"request":{"method":"POST","url":"Observation"}}]}'
    ).replace(b'"derivedFrom":[{"reference":"urn:uuid:1"}],', b"")
    response = await client.post("/", content=raw)
    assert response.status_code == 200, response.text
    answers = response.json()["entry"]
    found = await client.get(f"/{place(answers[1])}")
    assert b"1.00" in found.content
    assert found.json()["extension"][0]["valueUri"] == place(answers[0])


async def test_a_restful_full_url_gives_relative_references_their_base(client: httpx.AsyncClient) -> None:
    answers = await done(
        client,
        entry("POST", "Patient", PATIENT | {"id": "1"}, fullUrl="http://elsewhere/fhir/Patient/1"),
        entry("POST", "Observation", observation("Patient/1"), fullUrl="http://elsewhere/fhir/Observation/1"),
    )
    assert (await client.get(f"/{place(answers[1])}")).json()["subject"]["reference"] == place(answers[0])


async def test_one_bad_entry_leaves_nothing(client: httpx.AsyncClient) -> None:
    before = await total(client, "Patient?_id:missing=false")
    response = await sent(
        client,
        entry("POST", "Patient", patient("half")),
        entry("POST", "Patient", PATIENT | {"gender": "x"}),
        entry("GET", "Patient"),
    )
    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.gender"]
    assert await total(client, f"Patient?identifier={SYSTEM}|half") == 0
    late = await sent(client, entry("POST", "Patient", patient("half")), entry("GET", "Patient/never"))
    assert late.status_code == 404
    assert late.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert await total(client, "Patient?_id:missing=false") == before


async def test_deletes_come_first_and_reads_last(client: httpx.AsyncClient) -> None:
    old = await created(client, patient("ordered"))
    answers = await done(
        client,
        entry("GET", f"Patient?identifier={SYSTEM}|ordered"),
        entry("POST", "Patient", patient("ordered")),
        entry("DELETE", f"Patient/{old['id']}"),
    )
    found = [e["resource"]["id"] for e in answers[0]["resource"]["entry"]]
    assert found == [place(answers[1]).removeprefix("Patient/")]
    assert answers[2]["response"]["status"] == "204 No Content"


async def test_put_patch_and_delete_obey_if_match(client: httpx.AsyncClient) -> None:
    made = await created(client)
    url = f"Patient/{made['id']}"
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "add"},
                    {"name": "path", "valueString": "Patient"},
                    {"name": "name", "valueString": "gender"},
                    {"name": "value", "valueCode": "male"},
                ],
            }
        ],
    }
    for method, resource in (("PUT", made | {"gender": "male"}), ("PATCH", parameters), ("DELETE", None)):
        assert (await sent(client, entry(method, url, resource, ifMatch='W/"9"'))).status_code == 412
        assert (await sent(client, entry(method, url, resource, ifMatch="nine"))).status_code == 400
    assert (await client.get(f"/{url}")).headers["etag"] == 'W/"1"'
    answers = await done(client, entry("PATCH", url, parameters, ifMatch='W/"1"'))
    assert (answers[0]["response"]["status"], answers[0]["response"]["etag"]) == ("200 OK", 'W/"2"')


async def test_json_patch_comes_in_a_binary(client: httpx.AsyncClient) -> None:
    made = await created(client)
    data = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2dlbmRlciIsInZhbHVlIjoibWFsZSJ9XQ=="
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    for kind in ("transaction", "batch"):
        await done(client, entry("PATCH", f"Patient/{made['id']}", binary), kind=kind)
    assert (await client.get(f"/Patient/{made['id']}")).json()["gender"] == "male"


async def test_a_conditional_create_in_a_bundle(client: httpx.AsyncClient) -> None:
    condition = f"identifier={SYSTEM}|once"
    given = [
        entry("POST", "Patient", patient("once"), fullUrl="urn:uuid:a", ifNoneExist=condition),
        entry("POST", "Observation", observation("urn:uuid:a")),
    ]
    first = await done(client, *given)
    second = await done(client, *given)
    assert [first[0]["response"]["status"], second[0]["response"]["status"]] == ["201 Created", "200 OK"]
    assert place(first[0]) == place(second[0])
    assert (await client.get(f"/{place(second[1])}")).json()["subject"]["reference"] == place(first[0])


async def test_the_same_condition_twice_in_a_bundle_creates_one(client: httpx.AsyncClient) -> None:
    given = [
        entry("POST", "Patient", patient("twice"), fullUrl=f"urn:uuid:{name}", ifNoneExist=f"identifier={SYSTEM}|twice")
        for name in "ab"
    ]
    answers = await done(client, *given, entry("POST", "Observation", observation("urn:uuid:b")))
    assert place(answers[0]) == place(answers[1])
    assert (await client.get(f"/{place(answers[2])}")).json()["subject"]["reference"] == place(answers[0])
    assert await total(client, f"Patient?identifier={SYSTEM}|twice") == 1


async def test_conditions_that_meet_several_refuse_the_whole(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await created(client, patient("several"))
    query = f"Patient?identifier={SYSTEM}|several"
    for wrong in (
        entry("POST", "Patient", patient("several"), ifNoneExist=query.partition("?")[2]),
        entry("PUT", query, patient("several")),
        entry("DELETE", query),
    ):
        response = await sent(client, entry("POST", "Patient", patient("innocent")), wrong)
        assert response.status_code == 412
        assert response.json()["issue"][0]["expression"] == ["Bundle.entry[1].request"]
        assert "several" in response.json()["issue"][0]["diagnostics"]
    assert await total(client, f"Patient?identifier={SYSTEM}|innocent") == 0


async def test_a_conditional_update_takes_the_id_it_finds(client: httpx.AsyncClient) -> None:
    made = await created(client, patient("updated"))
    query = f"Patient?identifier={SYSTEM}|updated"
    answers = await done(
        client,
        entry("PUT", query, patient("updated", gender="male"), fullUrl="urn:uuid:u"),
        entry("POST", "Observation", observation("urn:uuid:u")),
    )
    assert place(answers[0]) == f"Patient/{made['id']}"
    assert (await client.get(f"/{place(answers[1])}")).json()["subject"]["reference"] == f"Patient/{made['id']}"
    new = await done(client, entry("PUT", f"Patient?identifier={SYSTEM}|new-one", patient("new-one")))
    assert new[0]["response"]["status"] == "201 Created"


async def test_conditional_references_must_find_one(client: httpx.AsyncClient) -> None:
    made = await created(client, patient("referred"))
    answers = await done(client, entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|referred")))
    assert (await client.get(f"/{place(answers[0])}")).json()["subject"]["reference"] == f"Patient/{made['id']}"
    await created(client, patient("referred"))
    for value in ("referred", "nobody"):
        response = await sent(
            client,
            entry("POST", "Patient", patient("innocent")),
            entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|{value}")),
        )
        issue = response.json()["issue"][0]
        assert (response.status_code, issue["expression"]) == (412, ["Bundle.entry[1].resource"])
        assert f"Patient?identifier={SYSTEM}|{value}" in issue["diagnostics"]
    assert await total(client, f"Patient?identifier={SYSTEM}|innocent") == 0


async def test_a_conditional_reference_finds_what_the_bundle_creates_on_that_condition(
    client: httpx.AsyncClient,
) -> None:
    answers = await done(
        client,
        entry("POST", "Patient", patient("made-here"), ifNoneExist=f"identifier={SYSTEM}|made-here"),
        entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|made-here")),
    )
    assert (await client.get(f"/{place(answers[1])}")).json()["subject"]["reference"] == place(answers[0])


async def test_a_conditional_reference_outside_of_a_transaction_must_find_one_too(client: httpx.AsyncClient) -> None:
    nobody = observation(f"Patient?identifier={SYSTEM}|nobody")
    assert (await client.post("/Observation", json=nobody)).status_code == 412
    assert (await client.put("/Observation/referring", json=nobody | {"id": "referring"})).status_code == 412
    assert (await done(client, entry("POST", "Observation", nobody), kind="batch"))[0]["response"]["status"][
        :3
    ] == "412"
    made = await created(client, patient("alone"))
    answer = await client.post("/Observation", json=observation(f"Patient?identifier={SYSTEM}|alone"))
    assert answer.json()["subject"]["reference"] == f"Patient/{made['id']}"


@pytest.mark.parametrize(
    "entries",
    [
        [entry("PUT", "Patient/o", PATIENT | {"id": "o"}), entry("DELETE", "Patient/o")],
        [entry("PUT", "Patient/o", PATIENT | {"id": "o"})] * 2,
        [
            entry("POST", "Patient", PATIENT, fullUrl="urn:uuid:o"),
            entry("POST", "Patient", PATIENT, fullUrl="urn:uuid:o"),
        ],
        [entry("POST", "", {"resourceType": "Bundle", "type": "batch"})],
        [entry("POST", "Patient/1", PATIENT)],
        [entry("POST", "Patient")],
        [entry("PUT", "Patient", PATIENT)],
        [entry("PUT", "Patient/o", PATIENT)],
        [entry("PUT", "Patient/o", PATIENT | {"id": 7})],
        [entry("PUT", "Patient/o/_history/1", PATIENT)],
        [entry("DELETE", "Nothing/1")],
        [entry("GET", "Nothing/1")],
        [entry("PATCH", "Patient/o", {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="})],
        [entry("POST", "Patient", PATIENT, ifNoneExist="colour=red")],
        [entry("GET", "Patient")] * (SETTINGS.max_bundle_entries + 1),
    ],
)
async def test_a_contradictory_bundle_is_refused(client: httpx.AsyncClient, entries: list[Any]) -> None:
    response = await sent(client, *entries)
    assert 400 <= response.status_code < 500, response.text
    assert (await client.get("/Patient/o")).status_code == 404


async def test_bundles_that_wait_for_each_other_are_both_carried_out(client: httpx.AsyncClient) -> None:
    left, right = [(await created(client))["id"] for _ in range(2)]
    data = base64.b64encode(b'[{"op":"add","path":"/communication/-","value":{"language":{"text":"b"}}}]').decode()
    first = base64.b64encode(b'[{"op":"add","path":"/communication","value":[{"language":{"text":"a"}}]}]').decode()

    def patches(data: str, *ids: str) -> list[dict[str, Any]]:
        binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
        return [entry("PATCH", f"Patient/{id_}", binary) for id_ in ids]

    await done(client, *patches(first, left, right))
    pairs = ((left, right), (right, left)) * 3
    answers = await asyncio.gather(*(sent(client, *patches(data, *pair)) for pair in pairs))
    assert [answer.status_code for answer in answers] == [200] * len(pairs)
    for id_ in (left, right):
        added = (await client.get(f"/Patient/{id_}")).json()["communication"]
        assert len(added) == 1 + len(pairs)


async def test_representations_come_when_they_are_preferred(client: httpx.AsyncClient) -> None:
    answers = await done(client, entry("POST", "Patient", PATIENT), prefer="return=representation")
    assert answers[0]["resource"]["name"] == PATIENT["name"]
    answers = await done(client, entry("POST", "Patient", PATIENT), prefer="return=OperationOutcome")
    assert answers[0]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    answers = await done(client, entry("POST", "Patient", PATIENT))
    assert answers[0].keys() == {"response"}


async def test_concurrent_bundles_with_one_condition_create_one_resource(client: httpx.AsyncClient) -> None:
    given = [
        entry("POST", "Patient", patient("raced"), fullUrl="urn:uuid:r", ifNoneExist=f"identifier={SYSTEM}|raced"),
        entry("POST", "Observation", observation("urn:uuid:r")),
    ]
    answers = await asyncio.gather(*(sent(client, *given) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await total(client, f"Patient?identifier={SYSTEM}|raced") == 1


async def test_the_entries_of_a_batch_are_independent(client: httpx.AsyncClient) -> None:
    made = await created(client)
    answers = await done(
        client,
        entry("POST", "Patient", PATIENT | {"gender": "x"}),
        entry("POST", "Patient", PATIENT),
        {},
        entry("GET", f"Patient/{made['id']}"),
        entry("GET", f"Patient/{made['id']}", ifNoneMatch='W/"1"'),
        entry("DELETE", "Patient/1", ifMatch="x"),
        entry("GET", "Nothing"),
        entry("POST", "Patient/$validate", PATIENT),
        entry("HEAD", f"Patient/{made['id']}"),
        entry("POST", "", {"resourceType": "Bundle", "type": "batch"}),
        kind="batch",
    )
    status = [answer["response"]["status"].split()[0] for answer in answers]
    assert status == ["400", "201", "400", "200", "304", "400", "404", "200", "200", "400"]
    assert answers[0]["response"]["outcome"]["issue"][0]["expression"] == ["Patient.gender"]
    assert answers[3]["resource"] == made
    assert "resource" not in answers[8]


async def test_a_large_bundle_is_refused_before_anything_is_written(client: httpx.AsyncClient) -> None:
    body = (
        b'{"resourceType":"Bundle","type":"transaction","entry":['
        + b'{"request":{"method":"GET","url":"Patient"}},' * 40_000
    )
    response = await client.post("/", content=body[:-1] + b"]}")
    assert response.status_code == 413
    assert json.loads(response.content)["issue"][0]["code"] in {"too-costly", "too-long"}


async def test_a_new_record_lies_in_the_bucket_of_its_patient(client: httpx.AsyncClient) -> None:
    answers = await done(
        client,
        entry("POST", "Observation", observation("urn:uuid:home")),
        entry("POST", "Patient", PATIENT, fullUrl="urn:uuid:home"),
    )
    buckets = [place(answer).split("/")[1][:2] for answer in answers]
    assert buckets[0] == buckets[1]
