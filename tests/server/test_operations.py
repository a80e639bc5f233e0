"""$validate, $everything, $meta and operations that capabilities declare."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.errands import contract
from tests.server.test_read_and_write import PATIENT, created, key
from tests.server.test_search import ids, links
from tests.server.test_transaction import observation, patient


def parameters(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(parts)}


def task(**more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": contract.KINDS.system, "code": "fetch"}]}
    body = {
        "resourceType": "Task",
        "meta": {"profile": [contract.ERRAND.url]},
        "status": "requested",
        "intent": "order",
    }
    return body | {"code": code, "for": {"reference": "Patient/1"}} | more


def faults(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    assert response.json()["resourceType"] == "OperationOutcome"
    return [issue.get("expression", [""])[0] for issue in response.json()["issue"] if issue["severity"] == "error"]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("body", "told"), [(PATIENT, []), (PATIENT | {"gender": "x"}, ["Patient.gender"])])
async def test_validate_judges_a_resource(client: httpx.AsyncClient, body: Any, told: list[str], wrapped: bool) -> None:  # noqa: FBT001
    sent = parameters({"name": "resource", "resource": body}) if wrapped else body
    assert faults(await client.post("/Patient/$validate", json=sent)) == told


async def test_validate_a_stored_resource_and_a_mode(client: httpx.AsyncClient) -> None:
    made = await created(client)
    place = f"/Patient/{made['id']}/$validate"
    assert faults(await client.get(place)) == []
    assert faults(await client.post(f"{place}?mode=update", json=PATIENT)) == ["Patient.id"]
    assert faults(await client.post(f"{place}?mode=update", json=made)) == []
    body = parameters({"name": "mode", "valueCode": "delete"})
    assert faults(await client.post(place, json=body)) == []
    assert (await client.post("/Patient/never/$validate?mode=delete")).status_code == 404
    assert (await client.post("/Patient/$validate?mode=fly", json=PATIENT)).status_code == 400
    assert (await client.post("/Patient/$validate")).status_code == 400


async def test_validate_against_profiles(client: httpx.AsyncClient) -> None:
    bare = {"resourceType": "Task", "status": "requested", "intent": "order"}
    assert faults(await client.post("/Task/$validate", json=bare)) == []
    told = faults(await client.post("/Task/$validate", params={"profile": contract.ERRAND.url}, json=bare))
    assert set(told) == {"Task.for", "Task.code"}
    claimed = bare | {"meta": {"profile": [contract.ERRAND.url]}}
    assert set(faults(await client.post("/Task/$validate", json=claimed))) == {"Task.for", "Task.code"}
    body = parameters({"name": "resource", "resource": bare}, {"name": "profile", "valueUri": contract.ERRAND.url})
    assert set(faults(await client.post("/Task/$validate", json=body))) == {"Task.for", "Task.code"}
    base = {"profile": "http://hl7.org/fhir/StructureDefinition/Task"}
    assert faults(await client.post("/Task/$validate", params=base, json=bare)) == []
    unknown = await client.post("/Task/$validate", params={"profile": "http://x/unknown"}, json=bare)
    assert (len(faults(unknown)), key(unknown)) == (1, "profile-unknown")


async def test_validate_writes_nothing(client: httpx.AsyncClient) -> None:
    body = PATIENT | {"id": "validated-only"}
    assert faults(await client.post("/Patient/$validate?mode=create", json=body)) == []
    assert (await client.get("/Patient/validated-only")).status_code == 404


@pytest.mark.rule("R7-013")
async def test_everything_is_the_record_with_what_it_refers_to(client: httpx.AsyncClient) -> None:
    doctor = await created(client, {"resourceType": "Practitioner", "name": [{"text": "d"}]})
    owner = await created(client, patient("everything"))
    other = await created(client, patient("not-everything"))
    performer = [{"reference": f"Practitioner/{doctor['id']}"}]
    mine = [(await created(client, observation(f"Patient/{owner['id']}", performer=performer)))["id"] for _ in range(5)]
    await created(client, observation(f"Patient/{other['id']}"))
    place = f"/Patient/{owner['id']}/$everything"
    whole = (await client.get(place)).json()
    assert set(ids(whole)) == {owner["id"], *mine}
    assert ids(whole, "include") == [doctor["id"]]
    seen: list[str] = []
    url = f"{place}?_count=2"
    for _ in range(6):
        page = (await client.get(url)).json()
        assert len(ids(page)) <= 2
        seen += ids(page)
        if "next" not in links(page):
            break
        url = links(page)["next"]
    assert sorted(seen) == sorted([owner["id"], *mine])
    assert set(ids((await client.get(f"{place}?_type=Observation")).json())) == set(mine)
    assert set(
        ids((await client.post(place, json=parameters({"name": "_type", "valueString": "Patient"}))).json())
    ) == {owner["id"]}
    assert (await client.get("/Patient/never/$everything")).status_code == 404
    assert (await client.get(f"{place}?_type=Nothing")).status_code == 400


async def test_everything_since_and_at(client: httpx.AsyncClient) -> None:
    owner = await created(client, patient("times"))
    first = await created(client, observation(f"Patient/{owner['id']}"))
    changed = (await client.put(f"/Observation/{first['id']}", json=first | {"status": "amended"})).json()
    later = await created(client, observation(f"Patient/{owner['id']}"))
    place = f"/Patient/{owner['id']}/$everything"
    since = (await client.get(place, params={"_since": changed["meta"]["lastUpdated"]})).json()
    assert set(ids(since)) == {first["id"], later["id"]}
    then = (await client.get(place, params={"_at": first["meta"]["lastUpdated"]})).json()
    found = {e["resource"]["id"]: e["resource"]["meta"]["versionId"] for e in then["entry"]}
    assert found[owner["id"]] == "1"
    assert found[first["id"]] == "1"
    assert later["id"] not in found
    assert (await client.get(f"{place}?_since=whenever")).status_code == 400


async def test_everything_at_an_instant_has_what_was_deleted_since(client: httpx.AsyncClient) -> None:
    owner = await created(client, patient("before-deletes"))
    early = await created(client, observation(f"Patient/{owner['id']}"))
    await client.delete(f"/Observation/{early['id']}")
    made = [await created(client, observation(f"Patient/{owner['id']}")) for _ in range(5)]
    moved = await created(client, observation(f"Patient/{owner['id']}"))
    then = moved["meta"]["lastUpdated"]
    await asyncio.sleep(0.005)  # instants are milliseconds: what comes after must not be of the same
    late = await created(client, observation(f"Patient/{owner['id']}"))
    other = await created(client, observation("Patient/1"))
    await client.put(f"/Observation/{other['id']}", json=other | {"subject": {"reference": f"Patient/{owner['id']}"}})
    for one in (*made[:4], late, other):
        assert (await client.delete(f"/Observation/{one['id']}")).status_code in {200, 204}
    place = f"/Patient/{owner['id']}/$everything"
    expected = {owner["id"], moved["id"], *(one["id"] for one in made)}
    whole = (await client.get(place, params={"_at": then})).json()
    assert set(ids(whole)) == expected
    assert len(ids(whole)) == len(expected)
    assert all(entry["resource"]["meta"]["versionId"] == "1" for entry in whole["entry"])
    assert set(ids((await client.get(place)).json())) == {owner["id"], moved["id"], made[4]["id"]}
    seen: list[str] = []
    url = f"{place}?_count=2&_at={then.replace('+', '%2B')}"
    for _ in range(9):
        page = (await client.get(url)).json()
        assert len(ids(page)) <= 2
        seen += ids(page)
        if "next" not in links(page):
            break
        url = links(page)["next"]
    assert sorted(seen) == sorted(expected)
    assert ids((await client.get(place, params={"_at": then, "_type": "Patient"})).json()) == [owner["id"]]
    wrong = await client.get(place, params={"_at": then, "_page": "departed-x"})
    assert wrong.status_code == 400


async def test_everything_at_an_instant_shows_only_what_is_reached(client: httpx.AsyncClient) -> None:
    made = await client.put("/Patient/1", json=PATIENT | {"id": "1"})
    assert made.status_code in {200, 201}
    hidden = await created(client, observation("Patient/1"))
    then = hidden["meta"]["lastUpdated"]
    await client.delete(f"/Observation/{hidden['id']}")
    for who, seen in (("developer", True), ("resident", False)):
        asked = {"_at": then, "_count": "100"}
        whole = await client.get("/Patient/1/$everything", params=asked, headers={"x-who": who})
        assert whole.status_code == 200
        assert "1" in ids(whole.json())
        assert (hidden["id"] in ids(whole.json())) is seen, who


async def test_everything_of_an_encounter(client: httpx.AsyncClient) -> None:
    body = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}
    visit = await created(client, body)
    mine = await created(client, observation("Patient/1", encounter={"reference": f"Encounter/{visit['id']}"}))
    assert set(ids((await client.get(f"/Encounter/{visit['id']}/$everything")).json())) == {visit["id"], mine["id"]}


async def test_meta_is_read_added_to_and_deleted_from(client: httpx.AsyncClient) -> None:
    made = await created(client, PATIENT | {"meta": {"tag": [{"system": "http://t", "code": "a", "display": "A"}]}})
    place = f"/Patient/{made['id']}"

    def labels(response: httpx.Response) -> list[str]:
        assert response.status_code == 200, response.text
        return [tag["code"] for tag in response.json()["parameter"][0]["valueMeta"].get("tag", [])]

    def given(*codes: str) -> dict[str, Any]:
        return parameters(
            {"name": "meta", "valueMeta": {"tag": [{"system": "http://t", "code": code} for code in codes]}}
        )

    assert labels(await client.get(f"{place}/$meta")) == ["a"]
    assert labels(await client.post(f"{place}/$meta-add", json=given("a", "b"))) == ["a", "b"]
    assert (await client.get(place)).json()["meta"]["tag"][0]["display"] == "A"
    assert (await client.get(place)).headers["etag"] == 'W/"2"'
    assert labels(await client.post(f"{place}/$meta-add", json=given("b"))) == ["a", "b"]
    assert (await client.get(place)).headers["etag"] == 'W/"2"'
    assert labels(await client.post(f"{place}/$meta-delete", json=given("a", "z"))) == ["b"]
    assert (await client.post(f"{place}/$meta-add", json=given("c"), headers={"if-match": 'W/"1"'})).status_code == 412
    assert (await client.post(f"{place}/$meta-add", json=parameters())).status_code == 400
    assert (await client.post(f"{place}/$meta-add")).status_code == 400
    assert (await client.get("/Patient/never/$meta")).status_code == 404


async def test_meta_of_a_type_and_of_everything_lists_the_labels_within_reach(client: httpx.AsyncClient) -> None:
    async def made(type: str, tag: str, **more: Any) -> str:
        meta = {"tag": [{"system": "http://in-use", "code": tag, "display": "T"}], "profile": [f"http://p/{tag}|2"]}
        body = {"resourceType": type, "meta": meta} | more
        return f"/{type}/{(await created(client, body))['id']}"

    async def labels(place: str, who: str = "developer") -> dict[str, list[str]]:
        response = await client.get(f"{place}/$meta", headers={"x-who": who})
        assert response.status_code == 200, response.text
        found = [part["valueMeta"] for part in response.json().get("parameter", []) if part["name"] == "return"]
        meta = found[0] if found else {}
        tags = [tag["code"] for tag in meta.get("tag", []) if tag.get("system") == "http://in-use"]
        return {"tag": tags, "profile": [one for one in meta.get("profile", []) if one.startswith("http://p/")]}

    more = {"status": "requested", "intent": "order", "for": {"reference": "Patient/1"}}
    both = [await made("Patient", "on-patient"), await made("Basic", "on-basic", code={"text": "x"})]
    mine = await made("Task", "mine", **more)
    other = await made("Task", "others", **(more | {"for": {"reference": "Patient/another"}}))
    assert await labels("/Patient") == {
        "tag": ["on-patient"],
        "profile": ["http://p/on-patient", "http://p/on-patient|2"],
    }
    assert set((await labels(""))["tag"]) == {"on-patient", "on-basic", "mine", "others"}
    assert (await labels("/Task"))["tag"] == ["mine", "others"]
    assert (await labels("/Task", "resident"))["tag"] == ["mine"]
    assert (await labels("", "resident"))["tag"] == ["mine"]
    assert (await client.get("/Task/$meta", headers={"x-who": "stranger"})).status_code == 403
    assert (await labels("", "stranger")) == {"tag": [], "profile": []}
    for place in (*both, mine, other):
        assert (await client.delete(place)).status_code in {200, 204}
    assert await labels("") == {"tag": [], "profile": []}


async def test_a_declared_operation_is_called_with_its_types(client: httpx.AsyncClient) -> None:
    made = await created(client, task())
    owner = {"name": "owner", "valueString": "Practitioner/1"}
    headers = {"x-who": "dispatcher"}
    done = await client.post(
        "/Task/$claim", json=parameters({"name": "task", "valueString": made["id"]}, owner), headers=headers
    )
    assert done.status_code == 200, done.text
    assert done.json()["parameter"][0]["valueString"] == f"Task/{made['id']}/_history/2"
    assert (await client.get(f"/Task/{made['id']}")).json()["status"] == "accepted"
    missing = await client.post("/Task/$claim", json=parameters(owner), headers=headers)
    assert (missing.status_code, key(missing)) == (400, "parameter-missing")
    unknown = parameters(owner, {"name": "task", "valueString": "x"}, {"name": "colour", "valueString": "red"})
    assert key(await client.post("/Task/$claim", json=unknown, headers=headers)) == "unknown-parameter"
    assert (await client.post("/Task/$claim", json=parameters(), headers={"x-who": "stranger"})).status_code in {
        400,
        403,
    }
    assert (await client.get("/Task/$claim")).status_code == 405
