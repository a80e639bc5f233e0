"""The CapabilityStatement against the door: what it claims works, and what works it claims."""

from typing import Any

import httpx
import pytest

from tests.server.conftest import SETTINGS
from xinglin.fhir import codec
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.server.capability_statement import UNSUPPORTED
from xinglin.server.routes import ROUTES

# A value that every parameter of a kind understands.
VALUES = {
    "string": "a",
    "token": "http://x|a",
    "uri": "http://x",
    "date": "2020-01-01",
    "number": "1",
    "quantity": "1|http://unitsofmeasure.org|mg",
    "reference": "Patient/1",
}
# Parameters without a general value: how each is asked for.
SPECIAL = {
    "_text": "a",
    "_content": "a",
    "_list": "1",
    "near": "35.2|113.2|10|km",
    "_id": "1",
    "_filter": "_id eq 1",
    "_security": "a",
    "_tag": "a",
}


@pytest.fixture(scope="module")
async def statement(client: httpx.AsyncClient) -> dict[str, Any]:
    made: dict[str, Any] = (await client.get("/metadata")).json()
    return made


def rest(statement: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = statement["rest"][0]
    return found


async def test_the_statement_is_a_sound_resource(client: httpx.AsyncClient) -> None:
    codec.decode((await client.get("/metadata")).content, "CapabilityStatement")


def test_every_type_is_listed_with_the_interactions_of_the_router(statement: dict[str, Any]) -> None:
    listed = {
        resource["type"]: {one["code"] for one in resource["interaction"]} for resource in rest(statement)["resource"]
    }
    assert listed.keys() == RESOURCES.keys()
    routed = {route.interaction for route in ROUTES}
    for codes in listed.values():
        assert codes <= routed
    system = {one["code"] for one in rest(statement)["interaction"]}
    assert system == {"transaction", "batch", "search-system", "history-system"}
    # "capabilities" is this statement; a search within a compartment has no code of its own.
    assert routed - next(iter(listed.values())) - system == {"capabilities", "search-compartment"}


def test_every_search_parameter_is_listed_or_said_to_be_unsupported(statement: dict[str, Any]) -> None:
    shared = {one["name"] for one in rest(statement)["searchParam"]}
    for resource in rest(statement)["resource"]:
        own = {one["name"] for one in resource.get("searchParam", [])}
        if resource["type"] != "AuditEvent":  # made of the ledger, which has indexes of its own
            assert own | shared >= PARAMETERS[resource["type"]].keys() - UNSUPPORTED
        assert not (own | shared) & UNSUPPORTED


async def asked(client: httpx.AsyncClient, kind: str, name: str, value: str) -> str:
    """Give what is wrong with a search, or nothing."""
    response = await client.get(f"/{kind}", params={name: value, "_count": "1"}, headers={"prefer": "handling=strict"})
    return "" if response.status_code == 200 else f"{kind}?{name}={value}: {response.status_code} {response.text[:200]}"


async def test_every_listed_parameter_is_understood(client: httpx.AsyncClient, statement: dict[str, Any]) -> None:
    wrong = []
    shared = rest(statement)["searchParam"]
    for resource in rest(statement)["resource"]:
        kind = resource["type"]
        for parameter in [*resource.get("searchParam", []), *(shared if kind in {"Patient", "Binary"} else ())]:
            name = parameter["name"]
            if kind == "Binary" and name == "_text":
                continue  # Binary is no DomainResource and has no narrative
            value = SPECIAL.get(name) or VALUES.get(parameter["type"]) or composite(kind, name)
            wrong.append(await asked(client, kind, name, value))
    assert not [one for one in wrong if one]


def composite(kind: str, name: str) -> str:
    """Put a value together from those of a composite's parts."""
    parts = []
    for code, _ in PARAMETERS[kind][name].components:
        found = PARAMETERS[kind].get(code.rpartition("/")[2].rpartition("-")[2]) or PARAMETERS[kind].get(code)
        parts.append(VALUES.get(found.kind if found else "token", "a"))
    return "$".join(parts)


async def test_every_include_is_understood(client: httpx.AsyncClient, statement: dict[str, Any]) -> None:
    wrong = []
    for resource in rest(statement)["resource"]:
        if resource["type"] in {"Patient", "Observation", "Encounter", "Provenance"}:
            wrong += [await asked(client, resource["type"], "_include", value) for value in resource["searchInclude"]]
            wrong += [
                await asked(client, resource["type"], "_revinclude", value)
                for value in resource["searchRevInclude"][:40]
            ]
    assert not [one for one in wrong if one]


async def test_every_listed_operation_answers_and_no_other(
    client: httpx.AsyncClient, statement: dict[str, Any]
) -> None:
    for resource in rest(statement)["resource"]:
        if resource["type"] not in {"Patient", "Encounter", "Task", "Basic"}:
            continue
        names = {one["name"] for one in resource["operation"]}
        for name in ("validate", "meta", "meta-add", "meta-delete", "everything", "claim", "nothing"):
            answers = [await _fault(client, f"/{resource['type']}{place}/${name}") for place in ("", "/never")]
            assert ("unknown-operation" not in answers or answers.count("unknown-operation") == 1) is (name in names), (
                name
            )


async def _fault(client: httpx.AsyncClient, place: str) -> str:
    """Call an operation without anything; give the key of the fault, "" when it answers."""
    answer = await client.post(place)
    return "" if answer.status_code == 200 else answer.json()["issue"][0]["details"]["coding"][0]["code"]


async def test_the_limits_are_those_of_the_settings(statement: dict[str, Any]) -> None:
    assert str(SETTINGS.max_bundle_entries) in rest(statement)["documentation"]
    assert statement["format"] == ["application/fhir+json", "json"]
