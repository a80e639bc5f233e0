"""Scopes at the FHIR interface: behaviour 28 for apps, over a person who reaches everything."""

from typing import Any

import httpx
import pytest

from tests.server.oauth.people import App, Person, bearer, observation, patient, returned
from xinglin.store.identity.clients import Client


class Door:
    """The FHIR interface with the token of an app."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http = http
        self.headers = bearer(token) | {"content-type": "application/fhir+json"}

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(f"/fhir/{path}", headers=self.headers)

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.http.request(method, f"/fhir/{path}", headers=self.headers, json=body)

    async def found(self, path: str) -> set[str]:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in answer.json().get("entry", ())}


async def let_in(http: httpx.AsyncClient, client: Client, person: Person, scope: str, find: str = "张") -> Door:
    """Let an app in for patient 1; the physician reaches all three patients."""
    app = App(http, client, person, scope)
    page = await app.ask(q=find)
    given = (await app.redeem(returned(await app.decide(page))["code"])).json()
    http.cookies.clear()
    return Door(http, given["access_token"])


@pytest.fixture
async def narrow(http: httpx.AsyncClient, app_client: Client, physician: Person) -> Door:
    return await let_in(http, app_client, physician, "launch/patient patient/*.rs")


async def test_reads_and_searches_stay_in_the_compartment(narrow: Door) -> None:
    assert (await narrow.get("Patient/1")).status_code == 200
    assert (await narrow.get("Patient/2")).status_code == 404
    assert (await narrow.get("Observation/lab-2")).status_code == 404
    assert (await narrow.get("Observation/lab-2/_history/1")).status_code == 404
    assert (await narrow.get("Observation/lab-2/_history")).status_code == 404
    assert await narrow.found("Patient") == {"Patient/1"}
    assert await narrow.found("Observation") == {"Observation/lab-1", "Observation/vital-1"}
    assert await narrow.found("Observation?subject=Patient/2") == set()
    assert await narrow.found("Observation?subject:Patient.family=王") == set()
    assert await narrow.found("Patient?_has:Observation:subject:_id=lab-2") == set()


async def test_totals_includes_and_history_hide_the_rest(narrow: Door) -> None:
    assert (await narrow.get("Patient?_total=accurate")).json()["total"] == 1
    assert (await narrow.get("Patient?_summary=count")).json()["total"] == 1
    assert await narrow.found("Patient?_revinclude=Observation:subject") == {
        *("Patient/1", "Observation/lab-1", "Observation/vital-1"),
    }
    assert await narrow.found("Observation?_include=Observation:subject") == {
        *("Patient/1", "Observation/lab-1", "Observation/vital-1"),
    }
    assert await narrow.found("Observation/_history") == {"Observation/lab-1", "Observation/vital-1"}


async def test_pages_of_one_app_do_not_open_for_another(
    http: httpx.AsyncClient, app_client: Client, physician: Person, narrow: Door
) -> None:
    wide = await let_in(http, app_client, physician, "user/*.rs")
    first = (await wide.get("Observation?_count=1&_sort=_id")).json()
    following = next(one["url"] for one in first["link"] if one["relation"] == "next")
    path = following.split("/fhir/")[1]
    assert await wide.found(path) == {"Observation/lab-2"}
    assert not any("lab-2" in one or "lab-3" in one for one in await narrow.found(path))


async def test_reading_scopes_write_nothing(narrow: Door) -> None:
    assert (await narrow.send("POST", "Observation", observation("x", "1"))).status_code == 403
    assert (await narrow.send("PUT", "Patient/1", patient("1"))).status_code == 403
    assert (await narrow.send("DELETE", "Observation/lab-1")).status_code == 403


async def test_a_writing_app_writes_about_its_patient_alone(
    http: httpx.AsyncClient, app_client: Client, physician: Person
) -> None:
    app = await let_in(http, app_client, physician, "launch/patient patient/*.write patient/*.read")
    made = observation("", "1")
    del made["id"]
    assert (await app.send("POST", "Observation", made)).status_code == 201
    foreign = made | {"subject": {"reference": "Patient/2"}, "performer": [{"reference": "Patient/1"}]}
    assert (await app.send("POST", "Observation", foreign)).status_code == 403
    assert (await app.send("PUT", "Observation/new-1", observation("new-1", "2"))).status_code == 403
    assert (await app.send("PUT", "Observation/lab-2", observation("lab-2", "1"))).status_code in {403, 404}
    moved = observation("lab-1", "2")
    assert (await app.send("PUT", "Observation/lab-1", moved)).status_code == 403
    assert (await app.get("Observation/lab-1")).json()["subject"]["reference"] == "Patient/1"


async def test_patient_scopes_make_no_other_patients(
    http: httpx.AsyncClient, app_client: Client, physician: Person
) -> None:
    app = await let_in(http, app_client, physician, "launch/patient patient/*.write patient/*.read")
    someone = patient("")
    del someone["id"]
    assert (await app.send("POST", "Patient", someone)).status_code == 403
    assert (await app.send("PUT", "Patient/new", patient("new"))).status_code in {403, 404}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": someone, "request": {"method": "POST", "url": "Patient"}}],
    }
    assert (await app.send("POST", "", bundle)).status_code == 403
    assert (await app.send("PUT", "Patient/1", patient("1") | {"gender": "female"})).status_code == 200


async def test_a_clause_narrows_what_is_read_and_found(
    http: httpx.AsyncClient, app_client: Client, physician: Person
) -> None:
    app = await let_in(http, app_client, physician, "launch/patient patient/Observation.rs?category=laboratory")
    assert "Observation/vital-1" not in await app.found("Observation")
    assert "Observation/lab-1" in await app.found("Observation")
    assert (await app.get("Observation/vital-1")).status_code == 404
    assert (await app.get("Patient/1")).status_code == 404


async def test_letters_are_kept_apart(http: httpx.AsyncClient, app_client: Client, physician: Person) -> None:
    app = await let_in(http, app_client, physician, "user/Patient.s user/Observation.r")
    assert (await app.get("Patient/1")).status_code == 404
    assert await app.found("Patient?_id=1") == {"Patient/1"}
    assert (await app.get("Observation/lab-2")).status_code == 200
    assert (await app.get("Observation")).status_code == 403


async def test_a_scope_does_not_leak_by_its_answers(narrow: Door) -> None:
    hidden, absent = await narrow.get("Observation/lab-2"), await narrow.get("Observation/nothing")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace("lab-2", "nothing") == absent.text
