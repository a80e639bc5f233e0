"""The Python fhirclient, unmodified, is let in by itself and from the record."""

import html
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation

from tests.server.oauth.people import Person, form_of
from tests.server.oauth.town import Town, town

ORIGIN = "http://127.0.0.1:9999"
CALLBACK = f"{ORIGIN}/callback"


@pytest.fixture(scope="module")
async def place(postgres_dsn: str) -> AsyncIterator[Town]:
    async with town(postgres_dsn, ORIGIN) as made:
        yield made


def smart(place: Town, **more: Any) -> FHIRClient:
    given = {"app_id": place.client.id, "api_base": place.server.fhir, "redirect_uri": CALLBACK}
    made = FHIRClient(settings=given | more)
    assert not made.ready
    assert not made.prepare()
    return made


def browser(place: Town, person: Person) -> httpx.Client:
    return httpx.Client(base_url=place.server.root, cookies={"session": person.cookie})


def consent(http: httpx.Client, address: str, **fields: str) -> str:
    """Follow the app to the consent page, allow, and give the address that the browser is sent back to."""
    page = http.get(address)
    assert page.status_code == 200, page.headers.get("location", page.text)
    answer = http.post("/oauth/decision", data=form_of(page.text) | {"decision": "allow"} | fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_standalone_launch_of_a_resident(place: Town) -> None:
    app = smart(place)
    with browser(place, place.resident) as http:
        app.handle_callback(consent(http, app.authorize_url))
    assert app.ready
    assert app.patient_id == "1"
    assert app.human_name(app.patient.name[0]) == "小梅 张"
    found = Observation.where(struct={}).perform_resources(app.server)
    assert [one.id for one in found] == ["lab-1"]
    assert "id_token" in app.launch_context


def test_a_launch_from_the_record_by_a_physician(place: Town) -> None:
    with browser(place, place.physician) as http:
        opened = http.get("/oauth/launch", params={"client": place.client.id, "patient": "Patient/2"})
        given = dict(parse_qsl(urlsplit(opened.headers["location"]).query))
        assert given["iss"] == place.server.fhir
        app = smart(place, launch_token=given["launch"], scope="user/*.read openid fhirUser offline_access")
        app.handle_callback(consent(http, app.authorize_url))
    assert app.patient.id == "2"
    app.server.auth.access_token = None
    assert app.reauthorize()
    assert app.patient.id == "2"


def test_a_physician_picks_the_patient(place: Town) -> None:
    app = smart(place)
    with browser(place, place.physician) as http:
        page = http.get(f"{app.authorize_url}&q=王").text
        picked = html.unescape(re.findall(r'name="patient" value="([^"]+)"', page)[0])
        app.handle_callback(consent(http, f"{app.authorize_url}&q=王", patient=picked))
    assert app.patient.id == "2"
