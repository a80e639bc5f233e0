"""The operations over HTTP, for those who may call them."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.capabilities.practitioners import people
from xinglin.capabilities.notifications import capability as notifications
from xinglin.capabilities.practitioners import capability, contract
from xinglin.capabilities.records import capability as records
from xinglin.registry import Registry
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.simulators import practitioners as simulator
from xinglin.store.door import Door
from xinglin.store.store import Store

WHO = {
    "admin": Principal("a1", frozenset({"system-admin"}), organization="Organization/h1"),
    "stranger": Principal("a2", frozenset({"system-admin"}), organization="Organization/h2"),
    "physician": Principal("p1", frozenset({"physician"}), practitioner="Practitioner/d1"),
    "resident": Principal("r1", frozenset({"resident"}), patient="Patient/1"),
}


async def who(request: Request) -> Principal | None:
    return WHO[request.header(b"x-who") or "admin"]


@pytest.fixture
def through_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead the gateway to the simulator in this process."""
    transport = httpx.ASGITransport(simulator.application())
    plain = httpx.AsyncClient.__init__

    def led(self: httpx.AsyncClient, **options: object) -> None:
        plain(self, **{**options, "transport": options.get("transport") or transport})  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.AsyncClient, "__init__", led)


@pytest.fixture
async def client(store: Store, through_simulator: None) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(staff_register_url="http://register")
    registry = Registry((records.declare(settings), notifications.declare(settings), capability.declare(settings)))
    door = Door(store, registry.rulebook)
    for document in (people.organization(), people.physician(), people.place()):
        raw = json.dumps(document).encode()
        await door.auto(SYSTEM).update(raw, type=document["resourceType"], id=document["id"])
    app = create_asgi(registry, door, settings, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost/fhir") as made:
        yield made


def opening(at: str) -> dict[str, object]:
    given = {"organization": "Organization/h1", "evidence": "face-1", "kind": "face", "at": at}
    parts: list[dict[str, object]] = [{"name": name, "valueString": value} for name, value in given.items()]
    return {"resourceType": "Parameters", "parameter": [*parts, {"name": "passed", "valueBoolean": True}]}


@pytest.mark.rule("R1-030")
async def test_the_administrator_verifies_by_the_operation(client: httpx.AsyncClient) -> None:
    answer = await client.post("/Practitioner/d1/$verify-credentials")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["resourceType"] == "VerificationResult"
    assert found["primarySource"][0]["validationStatus"]["coding"][0]["code"] == "valid"
    listed = (await client.get("/Practitioner", params={"_tag": f"{contract.STANDINGS.system}|valid"})).json()
    assert [one["resource"]["id"] for one in listed["entry"]] == ["d1"]
    results = (await client.get("/VerificationResult", params={"target": "Practitioner/d1"})).json()
    assert results["total" if "total" in results else "entry"]


@pytest.mark.parametrize(
    ("name", "operation", "status"),
    [
        ("stranger", "verify-credentials", 404),
        ("physician", "verify-credentials", 403),
        ("resident", "verify-credentials", 403),
        ("resident", "open-session", 403),
        ("admin", "open-session", 403),
    ],
)
async def test_others_may_not(client: httpx.AsyncClient, name: str, operation: str, status: int) -> None:
    body = opening("2026-11-22T10:00:00Z") if operation == "open-session" else None
    answer = await client.post(f"/Practitioner/d1/${operation}", json=body, headers={"x-who": name})
    assert answer.status_code == status, answer.text


@pytest.mark.rule("R2-010")
async def test_the_physician_opens_a_reception_or_is_told_why_not(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/Practitioner/d1/$open-session", json=opening("2020-01-01T00:00:00Z"), headers={"x-who": "physician"}
    )
    assert answer.status_code == 422
    assert [one["details"]["coding"][0]["code"] for one in answer.json()["issue"]] == ["presence-old"]
    malformed = await client.post(
        "/Practitioner/d1/$open-session", json=opening("today"), headers={"x-who": "physician"}
    )
    assert malformed.status_code == 400


@pytest.mark.rule("R6-002")
@pytest.mark.parametrize("number", ["410802900307123", people.PERSON, f"{IDENTITY_CARD}|410802900307123"])
async def test_an_old_number_finds_who_has_the_new_one(client: httpx.AsyncClient, number: str) -> None:
    found = (await client.get("/Practitioner", params={"identifier": number})).json()
    assert [one["resource"]["id"] for one in found["entry"]] == ["d1"]
    chained = (await client.get("/PractitionerRole", params={"practitioner.identifier": number})).json()
    assert [one["resource"]["id"] for one in chained["entry"]] == ["r1"]


async def test_both_operations_are_in_the_capability_statement(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metadata")).text
    assert "verify-credentials" in text
    assert "open-session" in text
