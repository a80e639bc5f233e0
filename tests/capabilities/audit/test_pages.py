"""The officer's desk and the resident's page, as a browser without JavaScript sees them."""

import json
import re
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import httpx
import pytest

from tests.conftest import key_store
from tests.store.ledger.test_ledger import observation
from xinglin.app import bound, create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

SETTINGS: Final = Settings(dev_principal=False)
OFFICER: Final = Principal("officer", frozenset({"audit-admin"}), strong=True, display="Officer")
WEAK: Final = Principal("weak", frozenset({"audit-admin"}), display="Weak")
RESIDENT: Final = Principal(
    "account-1", frozenset({"resident"}), patient="Patient/1", patients=("Patient/1",), level="L2", display="Li"
)
OTHER: Final = Principal(
    "account-2", frozenset({"resident"}), patient="Patient/2", patients=("Patient/2",), level="L2", display="Zhao"
)
NOBODY: Final = Principal("account-3", frozenset({"resident"}), display="New")
SECURITY: Final = Principal("security", frozenset({"security-admin"}), strong=True, display="Security")
PEOPLE: Final = {one.id: one for one in (OFFICER, WEAK, RESIDENT, OTHER, NOBODY, SECURITY)}
DOCTOR: Final = Principal(
    "doctor", frozenset({"physician"}), practitioner="Practitioner/w", organization="Organization/h", purpose="TREAT"
)


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, keys=key_store())
    door = Door(store, create_registry(SETTINGS).rulebook)
    fhir = door.auto(SYSTEM)
    people: tuple[dict[str, object], ...] = (
        {"resourceType": "Patient", "id": "1"},
        {"resourceType": "Patient", "id": "2"},
        {"resourceType": "Practitioner", "id": "w", "name": [{"text": "王芳"}]},
        {"resourceType": "Organization", "id": "h", "name": "焦作市人民医院"},
    )
    for one in people:
        await fhir.update(json.dumps(one).encode(), type=str(one["resourceType"]), id=str(one["id"]))
    written = await fhir.create(observation("1"), type="Observation")
    refs = (f"Observation/{written.id}/_history/1",)
    for _ in range(2):
        await door.event(DOCTOR, "read", type="Observation", refs=refs, patient=rid_of("Patient", "1"))
    yield door
    await store.close()


async def who(request: Request) -> Principal | None:
    return PEOPLE.get(request.header(b"x-who") or "")


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    pages = create_pages(create_registry(SETTINGS), door, SETTINGS, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://127.0.0.1") as made:
        yield made


async def get(client: httpx.AsyncClient, one: Principal, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers={"x-who": one.id, "accept-language": "zh"})
    assert answer.status_code == status, answer.text[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]))


async def post(client: httpx.AsyncClient, one: Principal, path: str, **fields: str) -> httpx.Response:
    shown = await client.get("/who-looked", headers={"x-who": one.id})
    fields["csrf"] = client.cookies["csrf"]
    assert shown.status_code in {200, 404}
    return await client.post(path, data=fields, headers={"x-who": one.id})


async def event_of(door: Door, **asked: str) -> str:
    found = await door.auto(SYSTEM).find("AuditEvent", **asked)
    return found.matches[0].id


@pytest.mark.rule("R7-041")
async def test_a_resident_sees_in_plain_words_who_looked(client: httpx.AsyncClient) -> None:
    said = await get(client, RESIDENT, "/who-looked")
    assert "王芳" in said
    assert "焦作市人民医院" in said
    assert "查看了" in said
    assert "Observation" not in said
    assert "共 2 次" in said
    assert "诊疗" in said


async def test_ones_own_acts_show_when_asked_for(client: httpx.AsyncClient, door: Door) -> None:
    await door.event(RESIDENT, "read", type="Patient", refs=("Patient/1/_history/1",))
    assert "您本人" not in await get(client, RESIDENT, "/who-looked")
    assert "您本人" in await get(client, RESIDENT, "/who-looked?own=yes")


@pytest.mark.rule("R7-041")
async def test_another_resident_sees_nothing_of_it(client: httpx.AsyncClient, door: Door) -> None:
    said = await get(client, OTHER, "/who-looked")
    assert "共 2 次" not in said
    read = await event_of(door, patient="1", subtype="read", altid="doctor")
    await get(client, OTHER, f"/who-looked/{read}", 404)
    assert "您还没有健康档案" in await get(client, NOBODY, "/who-looked")


async def test_an_objection_reaches_the_security_officer_once_it_says_something(
    client: httpx.AsyncClient, door: Door
) -> None:
    read = await event_of(door, patient="1", subtype="read", altid="doctor")
    assert "我有异议" in await get(client, RESIDENT, f"/who-looked/{read}")
    refused = await post(client, RESIDENT, f"/who-looked/{read}", text="no")
    assert refused.status_code == 422
    sent = await post(client, RESIDENT, f"/who-looked/{read}", text="我那天没有就诊")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/who-looked/{read}?sent=yes")
    assert "我那天没有就诊" in await get(client, RESIDENT, f"/who-looked/{read}?sent=yes")
    [row] = (await door.auto(SECURITY).find("Task")).matches
    task = json.loads(row.body())
    assert (task["focus"]["reference"], task["for"]["reference"]) == (f"AuditEvent/{read}", "Patient/1")
    assert (await post(client, OTHER, f"/who-looked/{read}", text="我那天没有就诊")).status_code == 404
    assert await door.auto(SYSTEM).count("AuditEvent", subtype="objection", patient="1") == 1


async def test_the_desk_finds_entries(client: httpx.AsyncClient) -> None:
    said = await get(client, OFFICER, "/audit?patient=Patient/1&what=read&who=doctor")
    assert said.count("查看了 观察") == 2
    assert "没有符合条件的记录" in await get(client, OFFICER, "/audit?who=nobody-of-that-name")
    assert "有些条件无法使用" in await get(client, OFFICER, "/audit?date.since=x")


async def test_the_desk_pages_on(client: httpx.AsyncClient, door: Door) -> None:
    for number in range(60):
        await door.event(DOCTOR, "login", detail=str(number))
    first = await client.get("/audit?what=login", headers={"x-who": "officer"})
    [following] = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = await client.get("/audit" + following.replace("&amp;", "&"), headers={"x-who": "officer"})
    entries = [set(re.findall(r"/audit/entries/(\d+)", page.text)) for page in (first, second)]
    assert (len(entries[0]), len(entries[1]), entries[0] & entries[1]) == (50, 10, set())


async def test_an_entry_is_shown_with_a_proof_that_holds(client: httpx.AsyncClient, door: Door) -> None:
    read = await event_of(door, patient="1", subtype="read", altid="doctor")
    said = await get(client, OFFICER, f"/audit/entries/{read}")
    assert "已证明在账本中" in said
    assert "Observation/" in said
    await get(client, OFFICER, "/audit/entries/1", 404)


async def test_heads_are_signed_and_the_ledger_verified_from_the_desk(client: httpx.AsyncClient, door: Door) -> None:
    assert (await post(client, OFFICER, "/audit/tree", do="head")).status_code == 303
    said = await get(client, OFFICER, "/audit/tree")
    assert "有效" in said
    assert "无效" not in said
    asked = await post(client, OFFICER, "/audit/tree", do="verify")
    assert asked.headers["location"] == "/audit/tree?asked=yes"
    [verify] = [job for job in bound(create_registry(SETTINGS), door) if job.name == "audit.verify"]
    await verify.run()
    assert "faults=0" in await get(client, OFFICER, "/audit/tree")
    connection = await asyncpg.connect(door.store.dsn)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE audit SET who = 'x' WHERE id = (SELECT max(id) FROM audit WHERE what = 'login')")
    await connection.close()
    await verify.run()
    said = await get(client, OFFICER, "/audit/tree")
    assert "有改动" in said
    assert "faults=1; changed" in said


async def test_the_desk_is_for_audit_officers_with_a_second_factor(client: httpx.AsyncClient, door: Door) -> None:
    await get(client, RESIDENT, "/audit", 404)
    await get(client, SECURITY, "/audit", 404)
    await get(client, WEAK, "/audit", 403)
    with pytest.raises(OutcomeError) as refused:
        await door.auto(SECURITY).find("AuditEvent")
    assert refused.value.status == 403


async def test_both_languages_show(client: httpx.AsyncClient) -> None:
    for path, one in (("/who-looked", RESIDENT), ("/audit", OFFICER), ("/audit/tree", OFFICER)):
        answer = await client.get(path, headers={"x-who": one.id, "accept-language": "en"})
        assert answer.status_code == 200
        assert "audit." not in re.sub(r"<[^>]+>", " ", answer.text)
