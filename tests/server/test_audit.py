"""Proofs over HTTP: checked here by the rules of RFC 9162 alone, with nothing but what was answered."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from tests.conftest import key_store
from tests.store.ledger.test_events import AUDITOR, LOOKERS, RESIDENT, STRANGER
from tests.store.ledger.test_ledger import DOCTOR, OPEN, observation
from xinglin.registry import Registry
from xinglin.security import merkle
from xinglin.security.ledger import head_of
from xinglin.security.principal import Principal
from xinglin.server.audit import AuditProofs
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

PEOPLE = {one.id: one for one in (AUDITOR, RESIDENT, STRANGER)}


async def who(request: Request) -> Principal | None:
    return PEOPLE.get(request.header(b"x-who") or "")


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, keys=key_store())
    yield Door(store, Registry((OPEN, LOOKERS)).rulebook)
    await store.close()


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    routes = AuditProofs(door, Settings(), who).routes()
    transport = httpx.ASGITransport(Starlette(routes=list(routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers={"x-who": "aud"}) as made:
        yield made


async def test_what_is_answered_proves_itself(door: Door, client: httpx.AsyncClient) -> None:
    for number in "1234567":
        await door.auto(DOCTOR).create(observation(number), type="Observation")
    first = head_of((await client.get("/audit/head")).json())
    assert door.store.vault.verify("audit", first.text(), first.signature)
    for row in (await door.auto(AUDITOR).find("AuditEvent", subtype="create")).matches:
        proof = (await client.get("/audit/proof", params={"entry": row.id, "size": str(first.size)})).json()
        leaf, *path = (bytes.fromhex(one) for one in (proof["leaf"], *proof["path"]))
        assert merkle.included(leaf, proof["index"], first.size, path, first.root)
    second = head_of((await client.get("/audit/head")).json())
    assert second.size > first.size
    proof = (await client.get("/audit/consistency", params={"from": first.size, "to": second.size})).json()
    path = [bytes.fromhex(one) for one in proof["path"]]
    assert merkle.consistent(first.size, first.root, second.size, second.root, path)


async def test_only_who_may_read_the_ledger_gets_proofs(door: Door, client: httpx.AsyncClient) -> None:
    created = (await door.auto(AUDITOR).find("AuditEvent", subtype="create")).matches
    [own] = [row for row in created if row.pat == created[-1].pat]
    assert (await client.get("/audit/head", headers={"x-who": "s"})).status_code == 403
    assert (await client.get("/audit/head", headers={"x-who": "nobody"})).status_code == 401
    of_patient_1 = (await door.auto(AUDITOR).find("AuditEvent", subtype="create", patient="1")).matches[0]
    as_resident = {"x-who": "p"}
    for row in created:
        answer = await client.get("/audit/proof", params={"entry": row.id}, headers=as_resident)
        assert answer.status_code == (200 if row.id == of_patient_1.id else 404)
    assert own.id == of_patient_1.id
    assert (await door.auto(AUDITOR).count("AuditEvent", subtype="audit-proof", outcome="4")) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("proof", 404),
        ("proof?entry=x", 404),
        ("proof?entry=1", 404),
        ("consistency", 400),
        ("consistency?from=0", 400),
        ("consistency?from=x", 400),
        ("consistency?from=1&to=999999999", 400),
        ("consistency?from=99999999999999999999", 400),
    ],
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"/audit/{path}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
