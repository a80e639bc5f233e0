"""Records, access and terminology over a store with the national tables, spoken to in process."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import key_store
from xinglin.capabilities.access import capability as access
from xinglin.capabilities.notifications import capability as notifications
from xinglin.capabilities.records import capability as records
from xinglin.capabilities.terminology import capability
from xinglin.registry import Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

WHO = {
    "physician": Principal("p1", frozenset({"physician"}), practitioner="Practitioner/d1", purpose="TREAT"),
    "resident": Principal("r1", frozenset({"resident"}), patient="Patient/1", purpose="PATRQT"),
    "developer": Principal("dev", frozenset({"developer"})),
    "stranger": Principal("s", frozenset({"stranger"})),
}
FISH = "http://example.org/fish"
# An old and a new edition, of which the new one has retired a code, dropped one and renamed one.
OLD = {
    "resourceType": "CodeSystem",
    "id": "fish-1",
    "url": FISH,
    "version": "1",
    "language": "zh",
    "status": "active",
    "date": "2010-01-01",
    "content": "complete",
    "title": "鱼类",
    "concept": [
        {
            "code": "F",
            "display": "鱼",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {"code": "F1", "display": "鲤鱼", "designation": [{"language": "en", "value": "Carp"}]},
                {"code": "F2", "display": "草鱼"},
                {"code": "F3", "display": "长江鲟", "property": [{"code": "weight", "valueInteger": 20}]},
            ],
        },
        {"code": "W", "display": "鲸鱼"},
    ],
}
NEW = OLD | {
    "id": "fish-2",
    "version": "2",
    "date": "2020-01-01",
    "concept": [
        {
            "code": "F",
            "display": "鱼",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    "code": "F1",
                    "display": "鲤",
                    "designation": [{"language": "en", "value": "Carp"}],
                    "concept": [{"code": "F1.1", "display": "锦鲤"}],
                },
                {
                    "code": "F2",
                    "display": "草鱼",
                    "property": [{"code": "retirementDate", "valueDateTime": "2024-01-01"}],
                },
                {"code": "F3", "display": "长江鲟", "property": [{"code": "weight", "valueInteger": 20}]},
            ],
        }
    ],
}


async def who(request: Request) -> Principal | None:
    return WHO[request.header(b"x-who") or "physician"]


@pytest.fixture(scope="module")
async def store(national_dsn: str) -> AsyncIterator[Store]:
    opened = await Store.open(national_dsn, connections=6, keys=key_store())
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def door(store: Store) -> Door:
    settings = Settings()
    registry = Registry(
        (
            records.declare(settings),
            notifications.declare(settings),
            access.declare(settings),
            capability.declare(settings),
        )
    )
    made = Door(store, registry.rulebook)
    for document in (OLD, NEW):
        await made.auto(SYSTEM).update(json.dumps(document).encode(), type="CodeSystem", id=str(document["id"]))
    return made


@pytest.fixture(scope="module")
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    served = create_asgi(
        Registry(
            (
                records.declare(Settings()),
                notifications.declare(Settings()),
                access.declare(Settings()),
                capability.declare(Settings()),
            )
        ),
        door,
        Settings(),
        principal_of=who,
    )
    headers = {"content-type": "application/fhir+json"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(served), base_url="http://localhost/fhir", headers=headers
    ) as made:
        yield made


def values(answer: httpx.Response) -> dict[str, Any]:
    """Give the single parameters of an answer by name."""
    assert answer.status_code == 200, answer.text
    return {
        part["name"]: next((value for name, value in part.items() if name.startswith("value")), None)
        for part in answer.json()["parameter"]
    }


def codes(answer: httpx.Response) -> list[str]:
    """Give the codes of an expansion."""
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["expansion"].get("contains", [])]


def parameters(**given: Any) -> dict[str, Any]:
    """Make Parameters: a dict with resourceType is a resource, others by the kind of their value."""
    parts = []
    for name, value in given.items():
        match value:
            case {"resourceType": _}:
                parts.append({"name": name, "resource": value})
            case {"coding": _}:
                parts.append({"name": name, "valueCodeableConcept": value})
            case dict():
                parts.append({"name": name, "valueCoding": value})
            case bool():
                parts.append({"name": name, "valueBoolean": value})
            case int():
                parts.append({"name": name, "valueInteger": value})
            case _:
                parts.append({"name": name, "valueString": value})
    return {"resourceType": "Parameters", "parameter": parts}
