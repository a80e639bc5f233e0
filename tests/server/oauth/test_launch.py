"""EHR launch: an app opened from the record, for the patient on the screen."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from tests.server.oauth.conftest import WRITER, Time
from tests.server.oauth.people import FHIR, App, Person, bearer, register, returned, sign_in
from xinglin.store.door import Door
from xinglin.store.identity.clients import Client

SCOPE = "launch user/*.rs patient/*.rs openid fhirUser"
VISIT = {
    "resourceType": "Encounter",
    "id": "visit-1",
    "status": "in-progress",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/1"},
}


async def opened(http: httpx.AsyncClient, client: Client, person: Person, **screen: str) -> httpx.Response:
    http.cookies.update({"session": person.cookie})
    return await http.get("/oauth/launch", params={"client": client.id} | screen)


async def launched(http: httpx.AsyncClient, client: Client, person: Person, **screen: str) -> dict[str, str]:
    answer = await opened(http, client, person, **screen)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(client.launch_uri + "?")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


async def test_an_app_gets_the_patient_on_the_screen(
    http: httpx.AsyncClient, app_client: Client, physician: Person
) -> None:
    given = await launched(http, app_client, physician, patient="Patient/2")
    assert given["iss"] == FHIR
    app = App(http, app_client, physician, SCOPE, {"launch": given["launch"]})
    page = await app.ask()
    assert "王小梅" in page.text
    token = (await app.redeem(returned(await app.decide(page))["code"])).json()
    assert token["patient"] == "2"
    assert token["scope"] == SCOPE
    assert "encounter" not in token


async def test_the_encounter_goes_along(
    http: httpx.AsyncClient, app_client: Client, physician: Person, door: Door
) -> None:
    async with door.work(WRITER) as work:
        await work.fhir.update(msgspec.json.encode(VISIT), type="Encounter", id="visit-1")
    given = await launched(http, app_client, physician, patient="1", encounter="Encounter/visit-1")
    app = App(http, app_client, physician, SCOPE, {"launch": given["launch"]})
    token = await app.enter()
    assert (token["patient"], token["encounter"]) == ("1", "visit-1")
    foreign = await opened(http, app_client, physician, patient="2", encounter="Encounter/visit-1")
    assert foreign.status_code == 404


async def test_a_launch_serves_nobody_else(
    http: httpx.AsyncClient, app_client: Client, physician: Person, door: Door, time: Time
) -> None:
    given = await launched(http, app_client, physician, patient="2")
    colleague = await sign_in(door, "physician", "Practitioner/x")
    other = await register(door)
    for app in (App(http, app_client, colleague), App(http, other, physician)):
        app.scope, app.extra = SCOPE, {"launch": given["launch"]}
        assert returned(await app.ask())["error"] == "invalid_request"
    app = App(http, app_client, physician, SCOPE, {"launch": given["launch"]})
    changed = given["launch"][:-4] + ("AAAA" if given["launch"][-4:] != "AAAA" else "BBBB")
    assert returned(await app.ask(launch=changed))["error"] == "invalid_request"
    time.pass_(minutes=6)
    assert returned(await app.ask())["error"] == "invalid_request"


async def test_only_who_reaches_the_patient_opens_an_app_for_it(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    assert (await opened(http, app_client, resident, patient="2")).status_code == 404
    assert (await launched(http, app_client, resident, patient="1"))["launch"]


async def test_only_approved_apps_with_a_place_to_go_are_opened(
    http: httpx.AsyncClient, door: Door, physician: Person
) -> None:
    for fields in ({"state": "asked"}, {"launch_uri": ""}):
        made: dict[str, Any] = fields
        assert (await opened(http, await register(door, **made), physician, patient="2")).status_code == 404


async def test_the_apps_are_listed_for_the_patient(
    http: httpx.AsyncClient, app_client: Client, physician: Person
) -> None:
    http.cookies.update({"session": physician.cookie})
    page = await http.get("/oauth/apps", params={"patient": "Patient/2"})
    assert page.status_code == 200
    assert "王小梅" in page.text
    assert f"/oauth/launch?client={app_client.id}&amp;patient=Patient%2F2" in page.text


async def test_without_a_launch_the_scope_launch_drops_out(
    http: httpx.AsyncClient, app_client: Client, physician: Person
) -> None:
    token = await App(http, app_client, physician, "launch user/*.rs").enter()
    assert token["scope"] == "user/*.rs"
    assert "patient" not in token
    http.cookies.clear()
    assert (await http.get("/fhir/Patient/2", headers=bearer(token["access_token"]))).status_code == 200
