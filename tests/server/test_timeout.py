"""A database that does not answer in time is a 503 that says so, never a 500."""

import json

import asyncpg
import httpx
import pytest

from tests.conftest import key_store
from tests.server.conftest import OPEN, SETTINGS, who
from xinglin.registry import Registry
from xinglin.server.asgi import create_asgi
from xinglin.store.door import Door
from xinglin.store.store import Store


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("GET", "/Patient/1"),
        ("GET", "/Patient?name=a"),
        ("GET", "/Patient/1/_history"),
        ("POST", "/Patient"),
        ("POST", "/"),
    ],
)
async def test_a_locked_table_is_told_in_time(postgres_dsn: str, method: str, place: str) -> None:
    registry = Registry((OPEN,))
    store = await Store.open(postgres_dsn, connections=4, sql_timeout_ms=300, keys=key_store())
    blocker = await asyncpg.connect(postgres_dsn)
    try:
        application = create_asgi(registry, Door(store, registry.rulebook), SETTINGS, principal_of=who)
        body: dict[str, object] = {"resourceType": "Patient"}
        if place == "/":
            entry = {"resource": body, "request": {"method": "POST", "url": "Patient"}}
            body = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        transport = httpx.ASGITransport(application)
        async with (
            blocker.transaction(),
            httpx.AsyncClient(transport=transport, base_url="http://localhost/fhir") as client,
        ):
            await blocker.execute("LOCK TABLE res, hist IN ACCESS EXCLUSIVE MODE")
            headers = {"content-type": "application/fhir+json"}
            content = json.dumps(body) if method == "POST" else None
            response = await client.request(method, place, content=content, headers=headers)
        assert response.status_code == 503, response.text
        assert response.headers["retry-after"]
        assert response.json()["issue"][0]["code"] in {"timeout", "transient"}
    finally:
        await blocker.close()
        await store.close()
