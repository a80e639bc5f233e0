"""Search over HTTP: links, pages, forms, compartments, and the conditional interactions that stand on it."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.server.test_read_and_write import PATIENT, created, key
from tests.server.test_transaction import SYSTEM, observation, patient


def links(bundle: Any) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle["link"]}


def ids(bundle: Any, mode: str = "match") -> list[str]:
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


async def test_pages_follow_links_that_keep_every_parameter(client: httpx.AsyncClient) -> None:
    owner = await created(client, patient("pages"))
    made = {(await created(client, observation(f"Patient/{owner['id']}")))["id"] for _ in range(5)}
    url = f"/Observation?subject=Patient/{owner['id']}&_include=Observation:subject&_count=2&_elements=code"
    seen: list[str] = []
    for _ in range(4):
        page = (await client.get(url)).json()
        seen += ids(page)
        assert ids(page, "include") == [owner["id"]]
        assert page["type"] == "searchset"
        for part in ("_include=Observation:subject", "_count=2", "_elements=code", f"subject=Patient/{owner['id']}"):
            assert part in links(page)["self"]
        if "next" not in links(page):
            break
        assert "_include=Observation:subject" in links(page)["next"]
        url = links(page)["next"]
    assert len(seen) == 5
    assert set(seen) == made


async def test_unknown_parameters_are_reported_or_refused(client: httpx.AsyncClient) -> None:
    lenient = (await client.get("/Patient?colour=red&gender=male")).json()
    assert "colour" not in links(lenient)["self"]
    assert "gender=male" in links(lenient)["self"]
    outcome = next(e["resource"] for e in lenient["entry"] if e["search"]["mode"] == "outcome")
    assert "colour" in outcome["issue"][0]["diagnostics"]
    strict = await client.get("/Patient?colour=red", headers={"prefer": "handling=strict"})
    assert strict.status_code == 400
    assert (
        await client.get("/Patient?_summary=false&gender=male", headers={"prefer": "handling=strict"})
    ).status_code == 200


async def test_a_form_and_the_address_are_joined(client: httpx.AsyncClient) -> None:
    made = await created(client, patient("form", gender="female"))
    form = {"content-type": "application/x-www-form-urlencoded"}
    found = await client.post("/Patient/_search?gender=female", content=f"identifier={SYSTEM}%7Cform", headers=form)
    assert ids(found.json()) == [made["id"]]
    assert "gender=female" in links(found.json())["self"]
    none = await client.post("/Patient/_search?gender=male", content=f"identifier={SYSTEM}%7Cform", headers=form)
    assert ids(none.json()) == []
    assert (await client.post("/Patient/_search", json={})).status_code == 415
    assert (await client.post("/Patient/_search?gender=female", headers={"content-type": ""})).status_code == 200


async def test_counts_without_resources(client: httpx.AsyncClient) -> None:
    await created(client, patient("counted"))
    for query in ("_summary=count", "_count=0"):
        page = (await client.get(f"/Patient?identifier={SYSTEM}|counted&{query}")).json()
        assert (page["total"], page.get("entry")) == (1, None)


async def test_a_page_is_never_larger_than_the_setting(client: httpx.AsyncClient) -> None:
    page = (await client.get("/Patient?_count=100000")).json()
    assert "_count=100&" in links(page)["self"] + "&"


@pytest.mark.parametrize(
    "query", ["_count=x", "_total=some", "gender:colour=male", "birthdate=yesterday", "_page=nonsense", "name="]
)
async def test_wrong_values_are_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/Patient?{query}", headers={"prefer": "handling=strict"})
    assert response.status_code == 400, response.text


async def test_a_compartment_holds_its_own(client: httpx.AsyncClient) -> None:
    owner, other = await created(client, patient("own")), await created(client, patient("other"))
    mine = await created(client, observation(f"Patient/{owner['id']}"))
    await created(client, observation(f"Patient/{other['id']}"))
    found = (await client.get(f"/Patient/{owner['id']}/Observation")).json()
    assert ids(found) == [mine["id"]]
    assert links(found)["self"].endswith(f"/Patient/{owner['id']}/Observation")
    assert set(ids((await client.get(f"/Patient/{owner['id']}/*")).json())) >= {mine["id"]}
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = await client.post(f"/Patient/{owner['id']}/Observation/_search", content="status=final", headers=form)
    assert ids(posted.json()) == [mine["id"]]


async def test_a_search_over_several_types(client: httpx.AsyncClient) -> None:
    owner = await created(client, patient("several-types"))
    found = (await client.get(f"/?_type=Patient,Observation&_id={owner['id']}")).json()
    assert ids(found) == [owner["id"]]
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = await client.post("/_search", content=f"_type=Patient&_id={owner['id']}", headers=form)
    assert ids(posted.json()) == [owner["id"]]


async def test_summaries_mark_each_resource_and_not_the_bundle(client: httpx.AsyncClient) -> None:
    made = await created(client, patient("subset"))
    page = (await client.get(f"/Patient?_id={made['id']}&_summary=true")).json()
    assert "meta" not in page
    assert page["entry"][0]["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert (await client.get("/Patient?_summary=true&_elements=id")).status_code == 400


async def test_conditional_create_makes_one_under_concurrency(client: httpx.AsyncClient) -> None:
    headers = {"if-none-exist": f"identifier={SYSTEM}|conditional"}
    answers = await asyncio.gather(
        *(client.post("/Patient", json=patient("conditional"), headers=headers) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    await created(client, patient("conditional"))
    assert (await client.post("/Patient", json=patient("conditional"), headers=headers)).status_code == 412
    assert (await client.post("/Patient", json=PATIENT, headers={"if-none-exist": "colour=red"})).status_code == 400
    chained = {"if-none-exist": f"subject:Patient.identifier={SYSTEM}|conditional"}
    assert (await client.post("/Observation", json=observation("Patient/x"), headers=chained)).status_code == 201


async def test_conditional_update(client: httpx.AsyncClient) -> None:
    where = f"/Patient?identifier={SYSTEM}|where"
    first = await client.put(where, json=patient("where"))
    assert first.status_code == 201
    again = await client.put(where, json=patient("where", gender="male"))
    assert (again.status_code, again.json()["id"], again.headers["etag"]) == (200, first.json()["id"], 'W/"2"')
    other = await client.put(where, json=patient("where", id="other-id"))
    assert (other.status_code, key(other)) == (400, "id-mismatch")
    assert (
        await client.put(where, json=patient("where", gender="female"), headers={"if-match": 'W/"1"'})
    ).status_code == 412
    existing = await created(client, patient("taken"))
    taken = await client.put(f"/Patient?identifier={SYSTEM}|nobody", json=patient("nobody", id=existing["id"]))
    assert taken.status_code in {409, 412}
    await created(client, patient("where"))
    assert (await client.put(where, json=patient("where"))).status_code == 412


async def test_conditional_delete(client: httpx.AsyncClient) -> None:
    where = f"/Patient?identifier={SYSTEM}|gone"
    nothing = await client.delete(where)
    assert (nothing.status_code, nothing.json()["resourceType"]) == (200, "OperationOutcome")
    made = await created(client, patient("gone"))
    assert (await client.delete(where)).status_code == 204
    assert (await client.get(f"/Patient/{made['id']}")).status_code == 410
    for _ in range(2):
        await created(client, patient("gone"))
    assert (await client.delete(where)).status_code == 412
    assert (await client.get(f"{where}&_summary=count")).json()["total"] == 2


async def test_conditional_patch(client: httpx.AsyncClient) -> None:
    where = f"/Patient?identifier={SYSTEM}|patched"
    headers = {"content-type": "application/json-patch+json"}
    patch = [{"op": "add", "path": "/gender", "value": "male"}]
    assert (await client.patch(where, json=patch, headers=headers)).status_code == 404
    await created(client, patient("patched"))
    done = await client.patch(where, json=patch, headers=headers)
    assert (done.status_code, done.json()["gender"]) == (200, "male")
    await created(client, patient("patched"))
    assert (await client.patch(where, json=patch, headers=headers)).status_code == 412


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_an_unknown_criterion_never_widens(client: httpx.AsyncClient, method: str) -> None:
    made = await created(client)
    headers = {"content-type": "application/json-patch+json" if method == "PATCH" else "application/fhir+json"}
    body: Any = [] if method == "PATCH" else PATIENT
    response = await client.request(method, "/Patient?colour=red", json=body, headers=headers)
    assert response.status_code == 400
    assert (await client.get(f"/Patient/{made['id']}")).status_code == 200
