"""The whole platform in demo mode: its resident and its physician let the Python fhirclient in."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.encounter import Encounter

from tests.conftest import FOLDER
from tests.server.oauth.people import form_of, patient
from tests.server.running import Running, running
from xinglin.app import create_registry, open_door
from xinglin.cli.demonstration_accounts import STAFF, people, seed
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import read
from xinglin.store.door import Door
from xinglin.store.identity import apps

CALLBACK = "http://127.0.0.1:9999/callback"
OFFICER = Principal("officer", frozenset({"security-admin"}), strong=True)
PHYSICIAN = STAFF["physician"]
ADULT, CHILD = (one[0] for one in people()[:2])
RECORDS: tuple[dict[str, Any], ...] = (
    patient(ADULT),
    patient(CHILD, "小"),
    patient("stranger", "王"),
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/stranger"},
        "participant": [
            {"individual": {"reference": f"Practitioner/{PHYSICIAN.worker.id if PHYSICIAN.worker else None}"}}
        ],
        "serviceProvider": {"reference": f"Organization/{PHYSICIAN.organization}"},
    },
)


@dataclass(frozen=True)
class Place:
    """The running platform, and the id of an app that was registered and approved as anybody would."""

    server: Running
    app: str


@pytest.fixture(scope="module")
async def place(postgres_dsn: str) -> AsyncIterator[Place]:
    variables = {"DATABASE_URL": postgres_dsn, "KEY_FILE": f"{os.environ[FOLDER]}/master.key", "DEMO": "on"}
    settings = read({f"XINGLIN_{name}": value for name, value in variables.items()})
    await seed(settings)
    door = await open_door(settings, create_registry(settings))
    try:
        async with door.work(SYSTEM) as work:
            for record in RECORDS:
                await work.fhir.update(msgspec.json.encode(record), type=record["resourceType"], id=record["id"])
        given = {"WORKERS": "1", "LOG_LEVEL": "warning", "DEMO": "on", "DEV_PRINCIPAL": "off"}
        with running(postgres_dsn, target="xinglin.app:create_app", **given) as server:
            yield Place(server, await registered(server, door))
    finally:
        await door.store.close()


async def registered(server: Running, door: Door) -> str:
    """Register an app by the network, and approve it as the security officer does."""
    wish = {
        "client_name": "健康助手",
        "redirect_uris": [CALLBACK],
        "initiate_login_uri": "http://127.0.0.1:9999/launch",
        "scope": "launch launch/patient patient/*.rs user/*.rs openid fhirUser profile",
    }
    async with httpx.AsyncClient(base_url=server.root) as http:
        id: str = (await http.post("/oauth/register", json=wish)).raise_for_status().json()["client_id"]
    async with door.work(OFFICER) as work:
        assert id in [one.id for one in await apps.listed(work, "asked")]
        await apps.decide(work, id, "approved")
    return id


@contextmanager
def signed_in(place: Place, role: str) -> Iterator[httpx.Client]:
    """Become somebody of the demonstration by one click."""
    with httpx.Client(base_url=place.server.root) as http:
        http.get("/login")
        answer = http.post("/demo/role", data={"csrf": http.cookies["csrf"], "role": role})
        assert answer.status_code == 303, answer.text
        yield http


def smart(place: Place, **more: Any) -> FHIRClient:
    made = FHIRClient({"app_id": place.app, "api_base": place.server.fhir, "redirect_uri": CALLBACK} | more)
    made.prepare()
    return made


def consent(http: httpx.Client, address: str, **fields: str) -> str:
    page = http.get(address)
    assert page.status_code == 200, page.headers.get("location", page.text)
    answer = http.post("/oauth/decision", data=form_of(page.text) | {"decision": "allow"} | fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_the_resident_lets_an_app_in_by_itself(place: Place) -> None:
    app = smart(place)
    with signed_in(place, "resident") as http:
        app.handle_callback(consent(http, app.authorize_url, patient=f"Patient/{ADULT}"))
    assert app.patient.id == ADULT
    assert app.server.request_json(f"Patient/{ADULT}")["id"] == ADULT


def test_the_resident_lets_an_app_in_for_the_child(place: Place) -> None:
    app = smart(place)
    with signed_in(place, "resident") as http:
        app.handle_callback(consent(http, app.authorize_url, patient=f"Patient/{CHILD}"))
    assert app.patient.id == CHILD


def test_the_physician_opens_an_app_from_the_record(place: Place) -> None:
    with signed_in(place, "physician") as http:
        opened = http.get("/oauth/launch", params={"client": place.app, "patient": "Patient/stranger"})
        assert opened.status_code == 303, opened.text
        given = dict(parse_qsl(urlsplit(opened.headers["location"]).query))
        app = smart(place, launch_token=given["launch"], scope="user/*.rs openid fhirUser")
        app.handle_callback(consent(http, app.authorize_url))
    assert app.patient.id == "stranger"
    found = Encounter.where(struct={"patient": "stranger"}).perform_resources(app.server)
    assert [one.id for one in found] == ["visit"]


def test_the_physician_opens_none_for_who_is_nobodys_patient_here(place: Place) -> None:
    with signed_in(place, "physician") as http:
        opened = http.get("/oauth/launch", params={"client": place.app, "patient": f"Patient/{ADULT}"})
        assert opened.status_code == 404


def test_who_is_not_signed_in_signs_in_and_comes_back(place: Place) -> None:
    app = smart(place)
    with httpx.Client(base_url=place.server.root) as http:
        asked = http.get(app.authorize_url)
        assert asked.status_code == 303
        login = urlsplit(asked.headers["location"])
        assert login.path == "/login"
        back = dict(parse_qsl(login.query))["back"]
        assert back.startswith("/oauth/authorize?")
        assert dict(parse_qsl(urlsplit(back).query))["client_id"] == place.app
