"""Level and class stand in every answer, whatever way it takes."""

from typing import Any

import httpx
import pytest

LEVEL = "https://xinglin.health/fhir/CodeSystem/security-level"
CLASS = "https://xinglin.health/fhir/CodeSystem/data-class"
HIV = "http://hl7.org/fhir/sid/icd-10-cn"


def condition(code: str) -> dict[str, Any]:
    coding = {"coding": [{"system": HIV, "code": code}]}
    return {"resourceType": "Condition", "code": coding, "subject": {"reference": "Patient/labels"}}


def labels(resource: dict[str, Any]) -> set[str]:
    found = resource["meta"]["security"]
    assert len(found) == len({(one["system"], one["code"]) for one in found})
    return {one["code"] for one in found}


@pytest.mark.rule("R7-030", "R7-031")
async def test_every_way_out_tells_level_and_class(client: httpx.AsyncClient) -> None:
    made = (await client.post("/Condition", json=condition("I10"))).json()
    place = f"/Condition/{made['id']}"
    assert labels(made) == {"4", "status"}
    assert labels((await client.get(place)).json()) == {"4", "status"}
    assert labels((await client.get(place, params={"_elements": "code"})).json()) >= {"4", "status"}
    assert labels((await client.get(f"{place}/_history/1")).json()) == {"4", "status"}
    [version] = (await client.get(f"{place}/_history")).json()["entry"]
    assert labels(version["resource"]) == {"4", "status"}
    meta = (await client.get(f"{place}/$meta")).json()["parameter"][0]["valueMeta"]
    assert {one["code"] for one in meta["security"]} == {"4", "status"}
    found = await client.get("/Condition", params={"_id": made["id"], "_security": f"{LEVEL}|4"})
    assert labels(found.json()["entry"][0]["resource"]) == {"4", "status"}
    again = await client.put(place, json=(await client.get(place)).json())
    assert again.headers["etag"] == 'W/"1"'


@pytest.mark.rule("R7-031")
async def test_an_answer_to_a_write_has_what_was_stamped(client: httpx.AsyncClient) -> None:
    made = (await client.post("/Condition", json=condition("B20"))).json()
    assert labels(made) == {"5", "hiv", "status"}
    entry = {"resource": condition("F20"), "request": {"method": "POST", "url": "Condition"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    done = await client.post("/", json=bundle, headers={"prefer": "return=representation"})
    assert labels(done.json()["entry"][0]["resource"]) == {"5", "mental", "status"}
    found = (
        await client.get("/Condition", params={"_security": f"{LEVEL}|5,{CLASS}|payment", "_id": made["id"]})
    ).json()
    assert [labels(one["resource"]) for one in found["entry"]] == [{"5", "hiv", "status"}]
