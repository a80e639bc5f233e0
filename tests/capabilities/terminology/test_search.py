"""Searches by hierarchy and value set of the national tables, over HTTP."""

import httpx
import pytest

ICD10 = "http://hl7.org/fhir/sid/icd-10-cn"
CODES = ("I10.x00x002", "I10.x00", "I11", "E11.900", "J06.900")


@pytest.fixture(scope="module")
async def conditions(client: httpx.AsyncClient) -> None:
    developer = {"x-who": "developer"}
    await client.put("/Patient/p", json={"resourceType": "Patient", "id": "p"}, headers=developer)
    for n, code in enumerate(CODES):
        document = {
            "resourceType": "Condition",
            "id": f"c{n}",
            "subject": {"reference": "Patient/p"},
            "code": {"coding": [{"system": ICD10, "code": code}]},
        }
        answer = await client.put(f"/Condition/c{n}", json=document, headers=developer)
        assert answer.status_code == 201, answer.text


async def found(client: httpx.AsyncClient, asked: str) -> set[str]:
    answer = await client.get(f"/Condition?{asked}", headers={"x-who": "developer", "Prefer": "handling=strict"})
    assert answer.status_code == 200, answer.text
    return {one["resource"]["code"]["coding"][0]["code"] for one in answer.json().get("entry", [])}


@pytest.mark.rule("ST-52")
@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (f"code:below={ICD10}|I10", {"I10.x00x002", "I10.x00"}),
        (f"code:below={ICD10}|I10-I15", {"I10.x00x002", "I10.x00", "I11"}),
        (f"code:below={ICD10}|IX", {"I10.x00x002", "I10.x00", "I11"}),
        (f"code:above={ICD10}|I10.x00x002", {"I10.x00x002", "I10.x00"}),
        (f"code:in={ICD10}?fhir_vs=isa/E11", {"E11.900"}),
        (f"code:not-in={ICD10}?fhir_vs=isa/IX", {"E11.900", "J06.900"}),
        ("code:in=https://xinglin.health/fhir/ValueSet/icd-10-cn", set(CODES)),
    ],
)
async def test_conditions_are_found_by_block_chapter_and_value_set(
    client: httpx.AsyncClient, conditions: None, asked: str, codes: set[str]
) -> None:
    assert await found(client, asked) == codes


async def test_a_large_value_set_is_found_in_order(client: httpx.AsyncClient, conditions: None) -> None:
    # The dictionary holds a number for a code that looks like one of a person: such a search takes the long way.
    own = {"system": "http://example.org/own", "code": "13812345678"}
    document = {"resourceType": "Condition", "id": "own", "subject": {"reference": "Patient/p"}}
    asked = "code:in=https://xinglin.health/fhir/ValueSet/icd-10-cn&_sort=-_id"
    for more in ({}, {"code": {"coding": [own]}}):
        if more:
            answer = await client.put("/Condition/own", json=document | more, headers={"x-who": "developer"})
            assert answer.status_code == 201, answer.text
        answer = await client.get(f"/Condition?{asked}", headers={"x-who": "developer"})
        assert [one["resource"]["id"] for one in answer.json()["entry"]] == ["c4", "c3", "c2", "c1", "c0"]


async def test_what_is_called_exactly_so_comes_first(client: httpx.AsyncClient) -> None:
    given = {"url": "https://xinglin.health/fhir/ValueSet/icd-10-cn", "count": "1"}
    for asked in ("肺炎", "feiyan", "fy"):
        answer = await client.get("/ValueSet/$expand", params={**given, "filter": asked})
        (first,) = answer.json()["expansion"]["contains"]
        assert first["display"][:1] in {"肺", "风", "腹"}
        assert len(first["display"]) <= 3
