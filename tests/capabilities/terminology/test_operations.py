"""The operations over HTTP, by GET and POST, at a type and at a resource, as R4 has them."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.capabilities.terminology.conftest import FISH, OLD, codes, parameters, values

BASE = "https://xinglin.health/fhir"
SEX = f"{BASE}/CodeSystem/gbt-2261-1"
DEPARTMENTS = f"{BASE}/CodeSystem/department"
DIVISION = f"{BASE}/ValueSet/division"


def fish(*include: dict[str, Any], exclude: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    compose: dict[str, Any] = {"include": [{"system": FISH} | one for one in include]}
    if exclude:
        compose["exclude"] = [{"system": FISH} | one for one in exclude]
    return {"resourceType": "ValueSet", "status": "active", "url": "http://example.org/vs", "compose": compose}


def rule(property: str, op: str, value: str) -> dict[str, Any]:
    return {"filter": [{"property": property, "op": op, "value": value}]}


async def expanded(client: httpx.AsyncClient, value_set: dict[str, Any], **more: Any) -> list[str]:
    return codes(await client.post("/ValueSet/$expand", json=parameters(valueSet=value_set, **more)))


# -- $expand --------------------------------------------------------------------------------------------------------


async def test_a_value_set_is_expanded_by_address_and_at_its_own(client: httpx.AsyncClient) -> None:
    by_url = await client.get("/ValueSet/$expand", params={"url": f"{BASE}/ValueSet/gbt-2261-1"})
    at_it = await client.get("/ValueSet/gbt-2261-1/$expand")
    assert codes(by_url) == codes(at_it) == ["0", "1", "2", "9"]
    expansion = by_url.json()["expansion"]
    assert expansion["total"] == 4
    assert expansion["identifier"].startswith("urn:uuid:")
    assert expansion["contains"][1] == {"system": SEX, "version": "2003", "code": "1", "display": "男性"}


@pytest.mark.parametrize("asked", ["心血管", "xxg", "xinxueguan", "03.04"])
async def test_a_filter_is_chinese_pinyin_initials_or_a_code(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get("/ValueSet/$expand", params={"url": f"{BASE}/ValueSet/department", "filter": asked})
    assert codes(answer)[0] == "03.04"


async def test_an_expansion_goes_page_by_page_and_says_how_many_there_are(client: httpx.AsyncClient) -> None:
    first = await client.get("/ValueSet/$expand", params={"url": DIVISION, "count": 3})
    second = await client.get("/ValueSet/$expand", params={"url": DIVISION, "count": 3, "offset": 3})
    assert first.json()["expansion"]["total"] == second.json()["expansion"]["total"] == 2149
    assert second.json()["expansion"]["offset"] == 3
    assert codes(first) + codes(second) == codes(
        await client.get("/ValueSet/$expand", params={"url": DIVISION, "count": 6})
    )
    assert codes(await client.get("/ValueSet/$expand", params={"url": DIVISION, "count": 0})) == []


async def test_more_codes_than_an_answer_holds_are_too_costly(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ValueSet/$expand", params={"url": DIVISION})
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "too-costly")


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ({}, ["F", "F1", "F1.1", "F2", "F3"]),
        ({"concept": [{"code": "F3"}, {"code": "F1"}, {"code": "none"}]}, ["F1", "F3"]),
        (rule("concept", "is-a", "F1"), ["F1", "F1.1"]),
        (rule("concept", "descendent-of", "F"), ["F1", "F1.1", "F2", "F3"]),
        (rule("concept", "is-not-a", "F1"), ["F", "F2", "F3"]),
        (rule("concept", "generalizes", "F1.1"), ["F", "F1", "F1.1"]),
        (rule("concept", "in", "F1, F2"), ["F1", "F2"]),
        (rule("concept", "not-in", "F1,F2"), ["F", "F1.1", "F3"]),
        (rule("code", "regex", r"F\d"), ["F1", "F2", "F3"]),
        (rule("display", "=", "草鱼"), ["F2"]),
        (rule("weight", "=", "20"), ["F3"]),
        (rule("weight", "exists", "true"), ["F3"]),
        (rule("parent", "=", "F1"), ["F1.1"]),
        (rule("child", "=", "F1.1"), ["F1"]),
        ({"version": "1"}, ["F", "F1", "F2", "F3", "W"]),
    ],
)
async def test_includes_take_codes_and_filters(
    client: httpx.AsyncClient, include: dict[str, Any], expected: list[str]
) -> None:
    assert await expanded(client, fish(include)) == expected


async def test_includes_are_united_and_excludes_taken_away(client: httpx.AsyncClient) -> None:
    both = fish(rule("concept", "is-a", "F1"), {"concept": [{"code": "F3"}]}, exclude=({"concept": [{"code": "F1"}]},))
    assert await expanded(client, both) == ["F1.1", "F3"]


async def test_a_system_and_value_sets_in_one_include_are_what_they_have_in_common(client: httpx.AsyncClient) -> None:
    common = fish(rule("concept", "descendent-of", "F") | {"valueSet": [f"{FISH}?fhir_vs=isa/F1"]})
    assert await expanded(client, common) == ["F1", "F1.1"]


async def test_value_sets_in_a_circle_are_too_costly(client: httpx.AsyncClient) -> None:
    circle = {
        "resourceType": "ValueSet",
        "id": "circle",
        "status": "active",
        "url": "http://example.org/circle",
        "compose": {"include": [{"valueSet": ["http://example.org/circle"]}]},
    }
    put = await client.put("/ValueSet/circle", json=circle, headers={"x-who": "developer"})
    assert put.status_code == 201
    answer = await client.get("/ValueSet/circle/$expand")
    assert answer.json()["issue"][0]["code"] == "too-costly"


async def test_what_counts_is_decided_by_the_day(client: httpx.AsyncClient) -> None:
    assert await expanded(client, fish({}), date="2015-06-01") == ["F", "F1", "F2", "F3", "W"]
    assert await expanded(client, fish({}), activeOnly=True) == ["F", "F1", "F1.1", "F3"]
    assert await expanded(client, fish({}), activeOnly=True, date="2021-01-01") == ["F", "F1", "F1.1", "F2", "F3"]
    assert await expanded(client, fish({}), **{"system-version": f"{FISH}|1"}) == ["F", "F1", "F2", "F3", "W"]


async def test_names_come_in_a_language_and_designations_when_asked_for(client: httpx.AsyncClient) -> None:
    given = parameters(valueSet=fish({"concept": [{"code": "F1"}]}), displayLanguage="en", includeDesignations=True)
    (one,) = (await client.post("/ValueSet/$expand", json=given)).json()["expansion"]["contains"]
    assert (one["display"], one["designation"]) == ("Carp", [{"language": "en", "value": "Carp"}])


async def test_codes_of_systems_that_are_not_here_stand_as_they_are_listed(client: httpx.AsyncClient) -> None:
    loinc = {"system": "http://loinc.org", "concept": [{"code": "8480-6", "display": "Systolic"}, {"code": "8462-4"}]}
    assert await expanded(client, fish(loinc, {"concept": [{"code": "F1"}]})) == ["8480-6", "8462-4", "F1"]
    assert await expanded(client, fish(loinc), filter="sys") == ["8480-6"]


async def test_a_value_set_that_r4_binds_is_expanded(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ValueSet/$expand", params={"url": "http://hl7.org/fhir/ValueSet/administrative-gender"})
    assert codes(answer) == ["female", "male", "other", "unknown"]


# -- $validate-code -------------------------------------------------------------------------------------------------


async def test_a_code_is_validated_by_its_system(client: httpx.AsyncClient) -> None:
    right = await client.get("/CodeSystem/$validate-code", params={"url": SEX, "code": "1", "display": "男性"})
    assert values(right) == {"result": True, "display": "男性"}
    at_it = values(await client.get("/CodeSystem/gbt-2261-1/$validate-code", params={"code": "7"}))
    assert at_it["result"] is False
    assert "'7'" in at_it["message"]


async def test_case_counts_unless_the_system_says_that_it_does_not(client: httpx.AsyncClient) -> None:
    birds = "http://example.org/case"
    document = OLD | {"id": "case", "url": birds, "version": "1", "caseSensitive": False}
    made = await client.put("/CodeSystem/case", json=document, headers={"x-who": "developer"})
    assert made.status_code == 201, made.text
    in_birds = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": birds}]}}
    for system, right in ((birds, True), (FISH, False)):
        asked = {"url": system, "code": "f1", "version": "1"}
        assert values(await client.get("/CodeSystem/$validate-code", params=asked))["result"] is right
        sent = parameters(codeSystem=document | {"caseSensitive": not right}, code="f1")
        assert values(await client.post("/CodeSystem/$validate-code", json=sent))["result"] is right
    sent = parameters(valueSet=in_birds, code="f2", system=birds)
    assert values(await client.post("/ValueSet/$validate-code", json=sent))["result"] is True
    assert (
        values(await client.get("/CodeSystem/$lookup", params={"system": birds, "code": "f3"}))["display"] == "长江鲟"
    )
    asked = {"system": birds, "codeA": "f", "codeB": "F2"}
    assert values(await client.get("/CodeSystem/$subsumes", params=asked))["outcome"] == "subsumes"


@pytest.mark.rule("ST-57", "CD-21")
async def test_code_and_name_must_match_the_version(client: httpx.AsyncClient) -> None:
    async def judged(**given: str) -> dict[str, Any]:
        return values(await client.get("/CodeSystem/$validate-code", params={"url": FISH, "code": "F1"} | given))

    assert (await judged(display="鲤"))["result"] is True
    assert (await judged(display="carp"))["result"] is True
    wrong = await judged(display="鲤鱼")
    assert (wrong["result"], wrong["display"]) == (False, "鲤")
    assert (await judged(display="鲤鱼", version="1"))["result"] is True
    assert (await judged(display="鲤鱼", date="2015-01-01"))["result"] is True


@pytest.mark.rule("ST-57")
@pytest.mark.parametrize(
    ("code", "day", "result"),
    [
        ("F2", "2023-12-31", True),
        ("F2", "2024-01-01", False),
        ("W", "2019-12-31", True),
        ("W", "2020-01-01", False),
        ("F1.1", "2019-12-31", False),
    ],
)
async def test_a_retired_code_is_accepted_for_days_before_its_retirement(
    client: httpx.AsyncClient, code: str, day: str, *, result: bool
) -> None:
    for path, name in (("CodeSystem", FISH), ("ValueSet", f"{FISH}?fhir_vs")):
        given = {"url": name, "system": FISH, "code": code, "date": day}
        if path == "CodeSystem":
            del given["system"]
        assert values(await client.get(f"/{path}/$validate-code", params=given))["result"] is result


async def test_a_code_is_validated_by_a_value_set(client: httpx.AsyncClient) -> None:
    carps = fish(rule("concept", "is-a", "F1"))

    async def judged(**given: Any) -> bool:
        answer = await client.post("/ValueSet/$validate-code", json=parameters(valueSet=carps, **given))
        return bool(values(answer)["result"])

    assert await judged(code="F1.1", system=FISH)
    assert await judged(code="F1.1")  # the value set draws on one system
    assert not await judged(code="F2", system=FISH)
    assert await judged(coding={"system": FISH, "code": "F1", "display": "鲤"})
    assert not await judged(coding={"system": FISH, "code": "F1", "display": "草鱼"})
    concept = {"coding": [{"system": "http://loinc.org", "code": "1"}, {"system": FISH, "code": "F1"}]}
    assert await judged(codeableConcept=concept)


async def test_a_code_that_only_groups_others_will_not_do_where_a_real_one_is_asked(client: httpx.AsyncClient) -> None:
    given = {"url": FISH, "code": "F"}
    assert values(await client.get("/CodeSystem/$validate-code", params=given))["result"] is True
    real = values(await client.get("/CodeSystem/$validate-code", params=given | {"abstract": "false"}))
    assert real["result"] is False


async def test_codes_of_r4_itself_are_judged(client: httpx.AsyncClient) -> None:
    gender = "http://hl7.org/fhir/administrative-gender"
    for code, result in (("male", True), ("m", False)):
        answer = await client.get("/CodeSystem/$validate-code", params={"url": gender, "code": code})
        assert values(answer)["result"] is result


# -- $lookup, $subsumes ---------------------------------------------------------------------------------------------


async def test_a_code_is_looked_up_with_its_neighbours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/CodeSystem/$lookup", params={"system": FISH, "code": "F1"})
    told = values(answer)
    assert (told["name"], told["version"], told["display"]) == ("鱼类", "2", "鲤")
    found = [
        (part["part"][0]["valueCode"], next(v for k, v in part["part"][1].items() if k.startswith("value")))
        for part in answer.json()["parameter"]
        if part["name"] == "property"
    ]
    assert found == [("inactive", False), ("parent", "F"), ("child", "F1.1")]
    assert [part["part"] for part in answer.json()["parameter"] if part["name"] == "designation"] == [
        [{"name": "language", "valueCode": "en"}, {"name": "value", "valueString": "Carp"}]
    ]


async def test_only_the_properties_asked_for_are_told(client: httpx.AsyncClient) -> None:
    given = {"system": FISH, "code": "F3", "property": ["weight", "parent"]}
    answer = await client.get("/CodeSystem/$lookup", params=given)
    told = [p["part"][0]["valueCode"] for p in answer.json()["parameter"] if p["name"] == "property"]
    assert told == ["parent", "weight"]
    posted = await client.post("/CodeSystem/$lookup", json=parameters(coding={"system": FISH, "code": "F3"}))
    assert values(posted)["display"] == "长江鲟"


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [("F", "F1.1", "subsumes"), ("F1.1", "F", "subsumed-by"), ("F1", "F1", "equivalent"), ("F1", "F2", "not-subsumed")],
)
async def test_two_codes_are_compared(client: httpx.AsyncClient, a: str, b: str, outcome: str) -> None:
    by_system = await client.get("/CodeSystem/$subsumes", params={"system": FISH, "codeA": a, "codeB": b})
    at_it = await client.get("/CodeSystem/fish-2/$subsumes", params={"codeA": a, "codeB": b})
    assert values(by_system) == values(at_it) == {"outcome": outcome}


# -- $translate -----------------------------------------------------------------------------------------------------


def matches(answer: httpx.Response) -> list[tuple[str, str, str]]:
    return [
        (part["part"][0]["valueCode"], part["part"][1]["valueCoding"]["system"], part["part"][1]["valueCoding"]["code"])
        for part in answer.json()["parameter"]
        if part["name"] == "match"
    ]


@pytest.mark.rule("CD-22")
async def test_a_code_is_translated_into_the_list_of_another_use(client: httpx.AsyncClient) -> None:
    marital, page = f"{BASE}/CodeSystem/gbt-2261-2", f"{BASE}/CodeSystem/front-page-marital"
    every = await client.get("/ConceptMap/$translate", params={"system": marital, "code": "22"})
    assert {system for _, system, _ in matches(every)} == {
        page,
        f"{BASE}/CodeSystem/form-marital",
        "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
    }
    one = await client.get("/ConceptMap/$translate", params={"system": marital, "code": "22", "targetsystem": page})
    assert values(one)["result"] is True
    assert matches(one) == [("wider", page, "2")]
    at_it = await client.get("/ConceptMap/marital-to-front-page/$translate", params={"system": marital, "code": "22"})
    assert matches(at_it) == matches(one)


async def test_a_map_is_read_backwards_too(client: httpx.AsyncClient) -> None:
    page = f"{BASE}/CodeSystem/front-page-marital"
    url = f"{BASE}/ConceptMap/marital-to-front-page"
    given = {"url": url, "system": page, "code": "2", "reverse": "true"}
    answer = await client.get("/ConceptMap/$translate", params=given)
    assert [(how, code) for how, _, code in matches(answer)] == [
        ("equivalent", "20"), ("narrower", "21"), ("narrower", "22"), ("narrower", "23"),
    ]  # fmt: skip


async def test_what_no_map_translates_is_said(client: httpx.AsyncClient) -> None:
    answer = values(await client.get("/ConceptMap/$translate", params={"system": FISH, "code": "F1"}))
    assert answer["result"] is False
    assert "F1" in answer["message"]


# -- $closure -------------------------------------------------------------------------------------------------------


async def test_a_closure_grows_with_the_codes_that_are_added(client: httpx.AsyncClient) -> None:
    async def closed(*codes: str, **given: Any) -> dict[str, Any]:
        parts = parameters(name="mine", **given)
        parts["parameter"] += [{"name": "concept", "valueCoding": {"system": FISH, "code": one}} for one in codes]
        answer = await client.post("/$closure", json=parts)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def pairs(answer: dict[str, Any]) -> list[tuple[str, str]]:
        groups = answer.get("group", [])
        return [(e["code"], t["code"]) for group in groups for e in group["element"] for t in e["target"]]

    assert pairs(await closed()) == []
    first = await closed("F1.1", "F")
    assert (first["version"], pairs(first)) == ("1", [("F1.1", "F")])
    second = await closed("F1", "F3")
    assert pairs(second) == [("F1", "F"), ("F1.1", "F1"), ("F3", "F")]
    assert pairs(await closed(version="1")) == pairs(second)
    assert pairs(await closed(version="0")) == [("F1", "F"), ("F1.1", "F"), ("F1.1", "F1"), ("F3", "F")]
    assert pairs(await closed("F1")) == []
    other = await client.post("/$closure", json=parameters(name="mine", version="1"), headers={"x-who": "developer"})
    assert other.status_code == 404


# -- one status for each situation ----------------------------------------------------------------------------------

NOWHERE = "http://example.org/nowhere"


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("ValueSet/$expand", {"url": NOWHERE}, 404),
        ("ValueSet/$expand", {}, 400),
        ("ValueSet/nowhere/$expand", {}, 404),
        ("ValueSet/$expand", {"url": f"{BASE}/ValueSet/gbt-2261-1", "date": "soon"}, 400),
        ("ValueSet/$expand", {"url": f"{BASE}/ValueSet/gbt-2261-1", "offset": -1}, 400),
        ("ValueSet/$expand", {"url": f"{BASE}/ValueSet/gbt-2261-1", "count": "x"}, 400),
        ("ValueSet/$expand", {"url": f"{BASE}/ValueSet/gbt-2261-1", "never": "x"}, 400),
        ("ValueSet/$validate-code", {"url": NOWHERE, "code": "1"}, 404),
        ("ValueSet/$validate-code", {"url": f"{BASE}/ValueSet/gbt-2261-1"}, 400),
        ("CodeSystem/$validate-code", {"url": NOWHERE, "code": "1"}, 404),
        ("CodeSystem/$validate-code", {"code": "1"}, 400),
        ("CodeSystem/$validate-code", {"url": SEX, "version": "1900", "code": "1"}, 404),
        ("CodeSystem/$lookup", {"system": NOWHERE, "code": "1"}, 404),
        ("CodeSystem/$lookup", {"system": SEX, "code": "nothing"}, 404),
        ("CodeSystem/$lookup", {"code": "1"}, 400),
        ("CodeSystem/$lookup", {"system": SEX}, 400),
        ("CodeSystem/$subsumes", {"system": SEX, "codeA": "1", "codeB": "nothing"}, 404),
        ("CodeSystem/$subsumes", {"system": SEX, "codeA": "1"}, 400),
        ("ConceptMap/$translate", {"url": NOWHERE, "system": SEX, "code": "1"}, 404),
        ("ConceptMap/$translate", {"code": "1"}, 400),
    ],
)
async def test_each_situation_has_one_status(
    client: httpx.AsyncClient, path: str, given: dict[str, Any], status: int
) -> None:
    answer = await client.get(f"/{path}", params=given)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome"), answer.text


@pytest.mark.parametrize("filter", [rule("code", "regex", "(["), rule("code", "regex", "a" * 300), rule("x", "~", "1")])
async def test_a_filter_that_cannot_be_read_is_refused(client: httpx.AsyncClient, filter: dict[str, Any]) -> None:
    answer = await client.post("/ValueSet/$expand", json=parameters(valueSet=fish(filter)))
    assert answer.status_code in {400, 403}


async def test_the_statement_lists_the_operations_under_the_addresses_of_the_standard(
    client: httpx.AsyncClient,
) -> None:
    rest = (await client.get("/metadata")).json()["rest"][0]
    claimed = {
        (kind.get("type", ""), one["name"]): one["definition"]
        for kind in (rest, *rest["resource"])
        for one in kind.get("operation", [])
    }
    standard = "http://hl7.org/fhir/OperationDefinition"
    assert claimed["ValueSet", "expand"] == f"{standard}/ValueSet-expand"
    assert claimed["CodeSystem", "lookup"] == f"{standard}/CodeSystem-lookup"
    assert claimed["", "closure"] == f"{standard}/ConceptMap-closure"


@pytest.mark.parametrize(("who", "status"), [("resident", 200), ("stranger", 403)])
async def test_whoever_is_signed_in_may_ask_for_codes(client: httpx.AsyncClient, who: str, status: int) -> None:
    answer = await client.get("/CodeSystem/$lookup", params={"system": SEX, "code": "1"}, headers={"x-who": who})
    assert answer.status_code == status


# -- the examples of the standard -----------------------------------------------------------------------------------


async def test_the_examples_of_the_standard_answer_as_they_say(client: httpx.AsyncClient, shared: Path) -> None:
    for name in ("codesystem", "valueset", "conceptmap"):
        document = json.loads((shared / "data" / "fhir-r4-examples" / f"{name}-example.json").read_text("utf-8"))
        if name == "codesystem":
            del document["concept"][1]  # a code that stands twice, which the standard's own invariant csd-1 forbids
        address = f"/{document['resourceType']}/{document['id']}"
        put = await client.put(address, json=document, headers={"x-who": "developer"})
        assert put.status_code in {200, 201}, put.text
    extensional = await client.get("/ValueSet/example-extensional/$expand")
    assert codes(extensional) == ["14647-2", "2093-3", "35200-5", "9342-7"]
    acme = {"system": "http://hl7.org/fhir/CodeSystem/example", "code": "chol"}
    assert values(await client.get("/CodeSystem/$lookup", params=acme))["display"] == "SChol"
    use = "http://hl7.org/fhir/address-use"
    for code, result in (("home", True), ("old", False)):
        answer = await client.get("/ConceptMap/101/$translate", params={"system": use, "code": code})
        assert values(answer)["result"] is result
    found = await client.get("/ConceptMap/101/$translate", params={"system": use, "code": "home"})
    assert matches(found) == [("equivalent", "http://terminology.hl7.org/CodeSystem/v3-AddressUse", "H")]
