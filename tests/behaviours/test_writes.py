"""Writes, bundles, deletion, history and patches: lines 17 to 27."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.behaviours.asked import PATCH_JSON, Document, found, observation, patient, put
from tests.server.conftest import OPEN, PEOPLE, SETTINGS, who
from tests.server.test_operations import parameters
from tests.server.test_read_and_write import OBSERVATION, PATIENT, created, key
from tests.server.test_transaction import SYSTEM, done, entry, place, sent, total
from tests.server.test_transaction import patient as identified
from xinglin.registry import Registry
from xinglin.server.asgi import create_asgi
from xinglin.store.door import Door
from xinglin.store.dumping import dump
from xinglin.store.store import Store

DIGITS = (b"1.00", b"1.2E+2", b"0.123456789012345678901234567890")


async def test_digits_survive_a_search_an_everything_and_a_fhirpath_patch(client: httpx.AsyncClient) -> None:
    subject = b'"subject":{"reference":"Patient/digits"},'
    raw = OBSERVATION.replace(b'"status"', b'"id":"digits",' + subject + b'"status"', 1)
    await put(client, patient("digits", "D"))
    assert (await client.put("/Observation/digits", content=raw)).status_code == 201
    change = parameters(
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Observation.status"},
                {"name": "value", "valueCode": "amended"},
            ],
        }
    )
    answers = [
        await client.get("/Observation?_id=digits"),
        await client.get("/Observation?_id=digits&_elements=value,component"),
        await client.get("/Patient/digits/$everything"),
        await client.patch("/Observation/digits", json=change),
        await client.get("/Observation/digits?_pretty=true"),
        await client.get("/Observation/_history"),
    ]
    for answer in answers:
        assert [one for one in DIGITS if one not in answer.content] == [], answer.request.url


async def test_digits_survive_a_bundle_and_its_representation(client: httpx.AsyncClient) -> None:
    one = b'{"resource":%s,"request":{"method":"POST","url":"Observation"}}' % OBSERVATION
    for kind in (b"transaction", b"batch"):
        raw = b'{"resourceType":"Bundle","type":"%s","entry":[%s]}' % (kind, one)
        answer = await client.post("/", content=raw, headers={"prefer": "return=representation"})
        assert [digits for digits in DIGITS if digits not in answer.content] == []


async def test_digits_survive_a_dump(client: httpx.AsyncClient, store: Store, tmp_path: Path) -> None:
    raw = OBSERVATION.replace(b'"status"', b'"id":"dumped","status"', 1)
    assert (await client.put("/Observation/dumped", content=raw)).status_code == 201
    fhir = Door(store, Registry((OPEN,)).rulebook).auto(PEOPLE["developer"])
    async for _ in dump(fhir, tmp_path, plain=True):
        pass
    lines = (tmp_path / "Observation.ndjson").read_bytes().splitlines()
    written = next(line for line in lines if b'"id":"dumped"' in line)
    assert [digits for digits in DIGITS if digits not in written] == []


async def test_every_version_has_a_weak_etag(client: httpx.AsyncClient) -> None:
    made = await client.post("/Patient", json=PATIENT)
    url = f"/Patient/{made.json()['id']}"
    answers = [made, await client.get(url), await client.get(f"{url}/_history/1")]
    assert {answer.headers["etag"] for answer in answers} == {'W/"1"'}


async def test_a_condition_that_one_resource_meets_keeps_its_id(client: httpx.AsyncClient) -> None:
    where = f"/Patient?identifier={SYSTEM}|keeps"
    made = (await client.put(where, json=identified("keeps"))).json()
    other = await client.put(where, json=identified("keeps", id="another"))
    assert (other.status_code, key(other)) == (400, "id-mismatch")
    same = await client.put(where, json=identified("keeps", id=made["id"], gender="male"))
    assert (same.status_code, same.json()["id"]) == (200, made["id"])


async def test_the_statement_says_how_conditional_deletes_end(client: httpx.AsyncClient) -> None:
    statement = (await client.get("/metadata")).json()
    # the ledger's entries are deleted by nobody
    written = [one for one in statement["rest"][0]["resource"] if one["type"] != "AuditEvent"]
    assert {one["conditionalDelete"] for one in written} == {"single"}
    for _ in range(2):
        await created(client, identified("undeleted"))
    refused = await client.delete(f"/Patient?identifier={SYSTEM}|undeleted")
    assert (refused.status_code, refused.json()["resourceType"]) == (412, "OperationOutcome")


async def test_unguarded_updates_of_one_id_all_succeed(client: httpx.AsyncClient) -> None:
    bodies = [patient("retried", f"n{number}") for number in range(16)]
    answers = await asyncio.gather(*(client.put("/Patient/retried", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert {answer.headers["etag"] for answer in answers} == {f'W/"{number}"' for number in range(1, 17)}


def phone(number: int) -> Document:
    return {"system": "phone", "value": str(number)}


async def test_unguarded_patches_of_one_resource_lose_nothing(client: httpx.AsyncClient) -> None:
    await put(client, patient("patched-by-many", "P", telecom=[phone(0)]))
    answers = await asyncio.gather(
        *(
            client.patch(
                "/Patient/patched-by-many",
                json=[{"op": "add", "path": "/telecom/-", "value": phone(number)}],
                headers=PATCH_JSON,
            )
            for number in range(1, 9)
        )
    )
    taken = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    stored = (await client.get("/Patient/patched-by-many")).json()["telecom"]
    assert len(stored) == 1 + len(taken)


async def test_an_unknown_element_is_refused_and_named(client: httpx.AsyncClient) -> None:
    for method, url in (("POST", "/Patient"), ("PUT", "/Patient/unknown-element")):
        body = PATIENT | {"id": "unknown-element", "colour": "red"}
        response = await client.request(method, url, json=body)
        assert response.status_code == 400
        assert "Patient.colour" in response.json()["issue"][0]["expression"]


async def test_identities_that_a_condition_brings_together_refuse_the_transaction(client: httpx.AsyncClient) -> None:
    made = await created(client, identified("overlap"))
    query = f"Patient?identifier={SYSTEM}|overlap"
    for second in (
        entry("PUT", query, identified("overlap", gender="male")),
        entry("DELETE", query),
    ):
        response = await sent(client, entry("PUT", f"Patient/{made['id']}", made | {"gender": "other"}), second)
        assert response.status_code == 400, response.text
    assert (await client.get(f"/Patient/{made['id']}")).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("other", ["PUT", "POST"])
async def test_two_writes_that_would_create_on_one_condition_are_refused(client: httpx.AsyncClient, other: str) -> None:
    query = f"Patient?identifier={SYSTEM}|once-{other}"
    second = (
        entry("PUT", query, identified(f"once-{other}", gender="male"))
        if other == "PUT"
        else entry("POST", "Patient", identified(f"once-{other}"), ifNoneExist=query.partition("?")[2])
    )
    response = await sent(client, entry("PUT", query, identified(f"once-{other}")), second)
    assert (response.status_code, key(response)) == (400, "bundle-overlap")
    assert await total(client, query) == 0


@pytest.mark.parametrize("delete", ["condition", "id"])
async def test_a_condition_does_not_meet_what_the_transaction_deletes(client: httpx.AsyncClient, delete: str) -> None:
    query = f"Patient?identifier={SYSTEM}|renewed-{delete}"
    old = await created(client, identified(f"renewed-{delete}"))
    answers = await done(
        client,
        entry("POST", "Observation", observation("x", "renewed", of=query)),
        entry("POST", "Patient", identified(f"renewed-{delete}"), ifNoneExist=query.partition("?")[2]),
        entry("DELETE", query if delete == "condition" else f"Patient/{old['id']}"),
    )
    assert [answer["response"]["status"][:3] for answer in answers] == ["201", "201", "204"]
    assert place(answers[1]) != f"Patient/{old['id']}"
    assert await total(client, query) == 1
    assert (await client.get(f"/{place(answers[0])}")).json()["subject"]["reference"] == place(answers[1])


async def test_of_two_that_meet_a_condition_one_may_be_deleted(client: httpx.AsyncClient) -> None:
    query = f"Patient?identifier={SYSTEM}|merged"
    kept, dropped = [await created(client, identified("merged")) for _ in range(2)]
    answers = await done(
        client, entry("DELETE", f"Patient/{dropped['id']}"), entry("PUT", query, identified("merged", gender="female"))
    )
    assert place(answers[1]) == f"Patient/{kept['id']}"


async def test_a_conditional_reference_finds_nothing_that_the_transaction_deletes(client: httpx.AsyncClient) -> None:
    old = await created(client, identified("leaving"))
    response = await sent(
        client,
        entry("DELETE", f"Patient/{old['id']}"),
        entry("POST", "Observation", observation("x", "l", of=f"Patient?identifier={SYSTEM}|leaving")),
    )
    assert (response.status_code, key(response)) == (412, "reference-conditional")
    assert (await client.get(f"/Patient/{old['id']}")).status_code == 200


async def test_concurrent_conditional_updates_create_one(client: httpx.AsyncClient) -> None:
    query = f"Patient?identifier={SYSTEM}|upserted"
    bodies = [identified("upserted", birthDate=f"200{number}") for number in range(10)]
    answers = await asyncio.gather(*(client.put(f"/{query}", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert await total(client, query) == 1


async def test_links_in_nested_bundles_and_uris_are_rewritten(client: httpx.AsyncClient) -> None:
    inner: Document = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "http://x/Observation/1", "resource": observation("1", "n", of="urn:uuid:nested")}],
    }
    basic = {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:nested"}}
    answers = await done(
        client,
        entry("POST", "Bundle", inner),
        entry("POST", "Patient", PATIENT, fullUrl="urn:uuid:nested"),
        entry("POST", "Basic", basic),
    )
    stored = (await client.get(f"/{place(answers[0])}")).json()
    assert stored["entry"][0]["resource"]["subject"]["reference"] == place(answers[1])
    assert (await client.get(f"/{place(answers[2])}")).json()["subject"]["reference"] == place(answers[1])


async def test_the_full_url_of_a_put_is_a_name_of_what_it_writes(client: httpx.AsyncClient) -> None:
    answers = await done(
        client,
        entry("PUT", "Patient/put-named", patient("put-named", "P"), fullUrl="urn:uuid:put"),
        entry("PUT", "Observation/put-ref", observation("put-ref", "p", of="urn:uuid:put"), fullUrl="urn:uuid:put2"),
    )
    assert [place(answer) for answer in answers] == ["Patient/put-named", "Observation/put-ref"]
    assert await found(client, "Observation?patient=put-named") == {"put-ref"}


async def test_a_bundle_without_type_is_refused_and_told_why(client: httpx.AsyncClient) -> None:
    body = {"resourceType": "Bundle", "entry": [entry("POST", "Patient", identified("untyped"))]}
    response = await client.post("/", json=body)
    assert response.status_code == 400
    assert "Bundle.type" in response.json()["issue"][0]["expression"]
    assert await total(client, f"Patient?identifier={SYSTEM}|untyped") == 0


@pytest.mark.parametrize("kind", ["searchset", "history", "collection", "document", "banana"])
async def test_a_bundle_of_another_type_is_not_executed(client: httpx.AsyncClient, kind: str) -> None:
    response = await sent(client, entry("POST", "Patient", identified("kind")), kind=kind)
    assert 400 <= response.status_code < 500
    assert await total(client, f"Patient?identifier={SYSTEM}|kind") == 0


async def test_a_batch_larger_than_announced_is_refused_whole(client: httpx.AsyncClient) -> None:
    statement = (await client.get("/metadata")).json()
    assert "500 entries" in statement["rest"][0]["documentation"]
    given = [entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "big"}})] * 501
    response = await sent(client, *given, kind="batch")
    assert (response.status_code, response.json()["resourceType"]) == (413, "OperationOutcome")


async def test_more_than_ten_thousand_entries_are_taken_where_the_setting_allows(store: Store) -> None:
    registry = Registry((OPEN,))
    settings = replace(SETTINGS, max_bundle_entries=12_000, max_body_bytes=2**24)
    application = create_asgi(registry, Door(store, registry.rulebook), settings, principal_of=who)
    many = [entry("GET", "Basic/never")] * 10_500 + [entry("PUT", "Patient/many", patient("many", "Many"))]
    headers = {"content-type": "application/fhir+json"}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir", headers=headers) as client:
        answers = await done(client, *many, kind="batch")
    assert len(answers) == 10_501
    assert {answer["response"]["status"][:3] for answer in answers[:-1]} == {"404"}
    assert answers[-1]["response"]["status"] == "201 Created"


async def test_version_one_stays_whatever_comes_later(client: httpx.AsyncClient) -> None:
    made = await created(client)
    url = f"/Patient/{made['id']}"
    await client.put(url, json=made | {"gender": "male"})
    await client.delete(url)
    await client.delete(url)
    assert (await client.get(f"{url}/_history/1")).json() == made
    history = (await client.get(f"{url}/_history")).json()["entry"]
    assert [one["response"]["etag"] for one in history] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert "resource" not in history[0]
    assert (await client.get(f"{url}/_history/3")).status_code == 410


async def test_a_resource_erased_from_the_tables_is_not_found_and_breaks_nothing(
    client: httpx.AsyncClient, store: Store
) -> None:
    made = await created(client, {"resourceType": "Basic", "code": {"text": "erased"}})
    await client.put(f"/Basic/{made['id']}", json=made | {"code": {"text": "erased twice"}})
    async with store.begin() as transaction:
        for table in ("ix", "dx", "sx", "qx", "tx"):
            await transaction.fetch(f"DELETE FROM {table} WHERE rid = (SELECT rid FROM res WHERE id = $1)", made["id"])
        await transaction.fetch("DELETE FROM hist WHERE id = $1", made["id"])
        await transaction.fetch("DELETE FROM res WHERE id = $1", made["id"])
    for url in (f"/Basic/{made['id']}", f"/Basic/{made['id']}/_history/1", f"/Basic/{made['id']}/_history"):
        assert (await client.get(url)).status_code == 404, url
    assert (await client.get("/Basic/_history")).status_code == 200
    assert await found(client, f"Basic?_id={made['id']}") == set()


CODED = {"extension": [{"url": "http://x/g", "valueCode": "g"}]}
PRIMITIVES: dict[str, Any] = {
    "resourceType": "Patient",
    "birthDate": "2000-01-01",
    "_birthDate": {"extension": [{"url": "http://x/time", "valueDateTime": "2000-01-01T08:00:00+08:00"}]},
    "name": [
        {
            "family": "王",
            "given": ["小", None],
            "_given": [None, {"extension": [{"url": "http://x/g", "valueCode": "g"}]}],
        }
    ],
}


async def test_a_patch_keeps_extensions_of_primitives_nulls_and_offsets(client: httpx.AsyncClient) -> None:
    made = await created(client, PRIMITIVES)
    change = [
        {"op": "test", "path": "/_birthDate/extension/0/url", "value": "http://x/time"},
        {"op": "add", "path": "/gender", "value": "male"},
    ]
    answer = await client.patch(f"/Patient/{made['id']}", json=change, headers=PATCH_JSON)
    assert answer.status_code == 200, answer.text
    stored = (await client.get(f"/Patient/{made['id']}")).json()
    assert {name: stored[name] for name in PRIMITIVES} == PRIMITIVES


async def test_a_test_alone_changes_nothing_and_a_failing_one_is_refused(client: httpx.AsyncClient) -> None:
    made = await created(client)
    url = f"/Patient/{made['id']}"
    passes = await client.patch(url, json=[{"op": "test", "path": "/name/0/family", "value": "王"}], headers=PATCH_JSON)
    assert (passes.status_code, passes.headers["etag"]) == (200, 'W/"1"')
    change = [
        {"op": "replace", "path": "/name/0/family", "value": "李"},
        {"op": "test", "path": "/name/0/family", "value": "王"},
    ]
    fails = await client.patch(url, json=change, headers=PATCH_JSON)
    assert (fails.status_code, key(fails)) == (422, "patch-test")
    assert (await client.get(url)).json() == made


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/gender", "value": "red"},
        {"op": "add", "path": "/colour", "value": "red"},
        {"op": "replace", "path": "/id", "value": "stolen"},
        {"op": "replace", "path": "/resourceType", "value": "Person"},
        {"op": "add", "path": "/birthDate", "value": "2001-02-31"},
    ],
    ids=json.dumps,
)
async def test_what_a_patch_makes_is_validated(client: httpx.AsyncClient, operation: Any) -> None:
    made = await created(client)
    answer = await client.patch(f"/Patient/{made['id']}", json=[operation], headers=PATCH_JSON)
    assert 400 <= answer.status_code < 500
    assert (await client.get(f"/Patient/{made['id']}")).json() == made
