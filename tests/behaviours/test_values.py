"""Parameters and values: lines 1 to 11."""

import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.behaviours.asked import STRICT, found, observation, page, patient, put
from tests.server.conftest import OPEN, SETTINGS, who
from tests.server.test_read_and_write import created, key
from tests.server.test_search import links
from xinglin.registry import Registry
from xinglin.server.asgi import create_asgi
from xinglin.store.door import Door
from xinglin.store.store import Store


@pytest.mark.parametrize("asked", ["banana.name=x", "subject.banana=x", "code.text=x", "subject:Banana.name=x"])
async def test_a_chain_that_is_not_known_is_refused_even_when_lenient(client: httpx.AsyncClient, asked: str) -> None:
    response = await client.get(f"/Observation?{asked}", headers={"prefer": "handling=lenient"})
    assert response.status_code == 400, response.text


@pytest.mark.parametrize("parameter", ["_tag", "_security", "_profile"])
async def test_labels_restrict_and_do_not_only_stand_in_self(client: httpx.AsyncClient, parameter: str) -> None:
    meta: dict[str, Any] = {"tag": [{"code": "l1"}], "security": [{"code": "l1"}], "profile": ["http://l1"]}
    await put(client, patient("labelled", "Label", meta=meta), patient("bare", "Label"))
    wanted = "http://l1" if parameter == "_profile" else "l1"
    answer = await page(client, f"Patient?family=Label&{parameter}={wanted}")
    assert [entry["resource"]["id"] for entry in answer["entry"]] == ["labelled"]
    assert f"{parameter}=" in links(answer)["self"]
    assert await found(client, f"Patient?family=Label&{parameter}={wanted}-not") == set()


async def test_self_and_next_repeat_what_was_asked_and_nothing_else(client: httpx.AsyncClient) -> None:
    await put(client, *(observation(f"self-{n}", "self", of="Patient/self") for n in range(3)))
    asked = (
        "code=self&date:missing=true&code:not=other&code:not=third&_include=Observation:subject"
        "&_revinclude=Provenance:target&_sort=-_lastUpdated&_count=1&_total=accurate"
    )
    answer = await page(client, f"Observation?{asked}")
    wanted = parse_qsl(asked)
    assert parse_qsl(urlsplit(links(answer)["self"]).query) == wanted
    assert parse_qsl(urlsplit(links(answer)["next"]).query)[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("date", "ge2020-03-16T00:00:00+08:00"),
        ("identifier", r"urn:s|a\,b"),
        ("code:text", "头痛 & 发热=#1"),
        ("_id", "a,b"),
        ("identifier", "50%2F50"),
    ],
)
async def test_a_link_means_again_what_it_meant(client: httpx.AsyncClient, parameter: str, value: str) -> None:
    answer = await client.get("/Observation", params={parameter: value}, headers=STRICT)
    assert parse_qsl(urlsplit(links(answer.json())["self"]).query) == [(parameter, value)]


async def test_repeated_is_and_a_comma_is_or(client: httpx.AsyncClient) -> None:
    both = [{"system": "urn:s", "value": "and-1"}, {"system": "urn:s", "value": "and-2"}]
    await put(client, patient("both", "A", identifier=both), patient("one", "A", identifier=both[:1]))
    assert await found(client, "Patient?identifier=and-1&identifier=and-2") == {"both"}
    assert await found(client, "Patient?identifier=and-1,and-2") == {"both", "one"}


@pytest.mark.parametrize("asked", ["Patient?name:colour=x", "Patient?birthdate:exact=2020", "Patient?_id:contains=x"])
async def test_an_unknown_modifier_is_refused_even_when_lenient(client: httpx.AsyncClient, asked: str) -> None:
    assert (await client.get(f"/{asked}")).status_code == 400


async def test_an_empty_value_is_reported_and_never_found_silently(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/Patient?family=")).json()
    assert "family" not in links(answer)["self"]
    assert [entry["search"]["mode"] for entry in answer["entry"]][-1] == "outcome"


async def test_not_in_a_chain_includes_targets_without_the_element(client: httpx.AsyncClient) -> None:
    await put(
        client,
        patient("not-male", "N", gender="male"),
        patient("not-said", "N"),
        observation("n1", "not", of="Patient/not-male"),
        observation("n2", "not", of="Patient/not-said"),
    )
    assert await found(client, "Observation?code=not&patient.gender:not=male") == {"n2"}
    assert await found(client, "Patient?family=N&gender:not=male") == {"not-said"}
    assert await found(client, "Patient?_has:Observation:patient:code:not=other&family=N") == {"not-male", "not-said"}


FULL: dict[str, Any] = {
    "effectiveDateTime": "2020-01-01",
    "valueQuantity": {"value": 1, "unit": "mg"},
    "subject": {"reference": "Patient/1"},
    "method": {"text": "m", "coding": [{"code": "m"}]},
}


@pytest.mark.parametrize(
    ("kind", "parameter", "full"),
    [
        ("Observation", "date", FULL),
        ("Observation", "value-quantity", FULL),
        ("Observation", "subject", FULL),
        ("Observation", "patient", FULL),
        ("Observation", "method", FULL),
        ("Observation", "code-value-quantity", FULL),
        ("Patient", "family", {"name": [{"family": "x"}]}),
        ("Patient", "general-practitioner", {"generalPractitioner": [{"reference": "Practitioner/1"}]}),
        ("ValueSet", "url", {"url": "http://v", "status": "active"}),
        ("RiskAssessment", "probability", {"prediction": [{"probabilityDecimal": 0.1}]}),
        ("QuestionnaireResponse", "questionnaire", {"questionnaire": "http://q"}),
    ],
)
async def test_missing_asks_for_presence_of_every_kind(
    client: httpx.AsyncClient, kind: str, parameter: str, full: dict[str, Any]
) -> None:
    others: dict[str, dict[str, Any]] = {
        "Observation": {"status": "final", "code": {"coding": [{"code": "missing"}]}},
        "ValueSet": {"status": "active"},
        "RiskAssessment": {"status": "final", "subject": {"reference": "Patient/1"}},
        "QuestionnaireResponse": {"status": "completed"},
    }
    bare = others.get(kind, {})
    with_value, without = f"with-{parameter}", f"without-{parameter}"
    await put(
        client,
        {"resourceType": kind, "id": with_value, **bare, **full},
        {"resourceType": kind, "id": without, **bare},
    )
    ids = f"_id={with_value},{without}"
    assert await found(client, f"{kind}?{parameter}:missing=true&{ids}") == {without}
    assert await found(client, f"{kind}?{parameter}:missing=false&{ids}") == {with_value}


async def test_missing_at_the_end_of_a_chain(client: httpx.AsyncClient) -> None:
    await put(
        client,
        patient("chain-m", "M", gender="male"),
        patient("chain-x", "M"),
        observation("cm", "chained-missing", of="Patient/chain-m"),
        observation("cx", "chained-missing", of="Patient/chain-x"),
    )
    assert await found(client, "Observation?code=chained-missing&patient.gender:missing=true") == {"cx"}
    assert await found(client, "Observation?code=chained-missing&patient.gender:missing=false") == {"cm"}


async def test_a_second_of_zero_is_a_second_and_not_a_minute(client: httpx.AsyncClient) -> None:
    await put(
        client,
        observation("zero", "sec", effectiveDateTime="2020-03-14T16:30:00Z"),
        observation("thirty", "sec", effectiveDateTime="2020-03-14T16:30:30Z"),
    )
    assert await found(client, "Observation?code=sec&date=2020-03-14T16:30:00Z") == {"zero"}
    assert await found(client, "Observation?code=sec&date=2020-03-14T16:30Z") == {"zero", "thirty"}
    assert await found(client, "Observation?code=sec&date=gt2020-03-14T16:30:00Z") == {"thirty"}


@pytest.mark.parametrize("server", ["UTC", "America/Los_Angeles", "Asia/Shanghai"])
async def test_the_zone_of_the_process_changes_no_answer(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setenv("TZ", server)
    time.tzset()
    try:
        # A date without a zone is a day in Beijing: until 16:00 UTC.
        await put(
            client,
            observation("in", "zone", effectiveDateTime="2020-03-14T15:59:59Z"),
            observation("out", "zone", effectiveDateTime="2020-03-14T16:00:00Z"),
            observation("day", "zone", effectiveDateTime="2020-03-14"),
        )
        assert await found(client, "Observation?code=zone&date=2020-03-14") == {"in", "day"}
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_a_last_updated_without_zone_is_read_as_every_date(client: httpx.AsyncClient) -> None:
    made = await created(client)
    assert await found(client, f"Patient?_id={made['id']}&_lastUpdated=gt2020-01-01") == {made["id"]}
    assert await found(client, f"Patient?_id={made['id']}&_lastUpdated=lt2020-01-01") == set()
    instant = made["meta"]["lastUpdated"].replace("+", "%2B")
    assert await found(client, f"Patient?_id={made['id']}&_lastUpdated={instant}") == {made["id"]}


async def test_a_plus_that_was_not_encoded_is_no_server_error(client: httpx.AsyncClient) -> None:
    response = await client.get("/Observation?date=2020-03-15T00:00:00+08:00")
    assert response.status_code in {200, 400}
    if response.status_code == 400:
        assert key(response)


async def test_a_large_or_precise_number_is_compared_by_value(client: httpx.AsyncClient) -> None:
    def measured(id: str, value: str) -> bytes:
        return (
            b'{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"code":"num"}]},'
            b'"valueQuantity":{"value":%s,"system":"http://unitsofmeasure.org","code":"mg"}}'
        ) % (id.encode(), value.encode())

    for id, value in (("big", "1.2E+2"), ("plain", "120"), ("below", "-0.5")):
        assert (await client.put(f"/Observation/{id}", content=measured(id, value))).status_code == 201
    assert await found(client, "Observation?code=num&value-quantity=120") == {"big", "plain"}
    assert await found(client, "Observation?code=num&value-quantity=1.2e2") == {"big", "plain"}
    assert await found(client, "Observation?code=num&value-quantity=0.12||g") == {"big", "plain"}
    assert await found(client, "Observation?code=num&value-quantity=le-0.5") == {"below"}


async def test_an_absolute_address_of_our_own_is_local_where_the_setting_names_it(store: Store) -> None:
    registry = Registry((OPEN,))
    settings = replace(SETTINGS, base_url="https://his.example/fhir")
    door = Door(store, registry.rulebook, base_url="https://his.example/fhir")
    transport = httpx.ASGITransport(create_asgi(registry, door, settings, principal_of=who))
    headers = {"content-type": "application/fhir+json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir", headers=headers) as client:
        await put(
            client,
            patient("abs", "Absolute"),
            observation("own", "abs", of="https://his.example/fhir/Patient/abs"),
            observation("other", "abs", of="https://elsewhere.example/fhir/Patient/abs"),
            observation("version", "abs", of="Patient/abs/_history/1"),
        )
        assert await found(client, "Observation?code=abs&patient=abs") == {"own", "version"}
        assert await found(client, "Observation?code=abs&patient.family=absolute") == {"own", "version"}
        assert await found(client, "Patient?_has:Observation:patient:_id=own") == {"abs"}
        assert await found(client, "Patient?_has:Observation:patient:_id=other") == set()


async def test_a_reference_finds_no_longer_id_that_begins_alike(client: httpx.AsyncClient) -> None:
    await put(
        client,
        patient("r1", "R", managingOrganization={"reference": "Organization/id"}),
        patient("r2", "R", managingOrganization={"reference": "Organization/id1"}),
    )
    assert await found(client, "Patient?organization=Organization/id") == {"r1"}
    assert await found(client, "Patient?organization=http://localhost/fhir/Organization/id") == {"r1"}
    assert await found(client, "Patient?organization=http://elsewhere/fhir/Organization/id") == set()
