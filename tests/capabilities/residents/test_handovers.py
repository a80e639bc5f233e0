"""A resident moves: the doctor there asks for the record, the institution that kept it answers (HR-07)."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.capabilities.access.ward import observation, staff
from tests.capabilities.residents.people import DESK, number, resident
from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.capabilities.residents import contract
from xinglin.capabilities.residents.contract import Closing, Handover, HandoverDecision, Opening
from xinglin.capabilities.residents.rules import handovers as rules
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

THERE = staff("family-doctor", "16", organization="Organization/2")
ELSEWHERE = staff("family-doctor", "17", organization="Organization/3")
PEOPLE = {"here": replace(DESK, display="高雨欣"), "there": replace(THERE, display="陈建国")}
NUMBERS = iter(range(100, 900, 2))


async def who(request: Request) -> Principal | None:
    return PEOPLE.get((request.header(b"cookie") or "").partition("who=")[2].partition(";")[0])


@pytest.fixture(scope="module")
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, keys=key_store())
    made = Door(store, create_registry(Settings()).rulebook)
    for id, name in (
        ("1", "民主街道社区卫生服务中心"),
        ("2", "王褚街道社区卫生服务中心"),
        ("3", "新华街道社区卫生服务中心"),
    ):
        document = {"resourceType": "Organization", "id": id, "name": name, "active": True}
        await made.auto(SYSTEM).update(bytes_of(document), type="Organization", id=id)
    yield made
    await store.close()


@pytest.fixture
async def moved(door: Door) -> dict[str, Any]:
    """Somebody with a record at the first institution, and a reading in it."""
    sequence = next(NUMBERS)
    id = f"moved{sequence}"
    fhir = door.auto(SYSTEM)
    keeper = {"managingOrganization": {"reference": "Organization/1"}}
    person = resident("李秀兰", "1958-04-02", sequence, id=id, generalPractitioner=[{"display": "张医生"}], **keeper)
    await fhir.update(bytes_of(person), type="Patient", id=id)
    await fhir.update(bytes_of(observation(f"o{id}", id)), type="Observation", id=f"o{id}")
    await door.auto(DESK).operate(contract.OPEN_RECORD, Opening(id))
    return {"id": id, "number": number("1958-04-02", sequence)}


async def refused(call: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert error.value.status < 500
    return {issue.key for issue in error.value.issues}


async def request(door: Door, given: Handover, by: Principal = THERE) -> str:
    return str((await door.auto(by).operate(contract.REQUEST_HANDOVER, given)).id)


async def decide(door: Door, task: str, decision: str, reason: str = "", *, by: Principal = DESK) -> Any:
    return await door.auto(by).operate(contract.DECIDE_HANDOVER, HandoverDecision(task, decision, reason))


async def patient(door: Door, id: str) -> dict[str, Any]:
    made: dict[str, Any] = document_of((await door.auto(SYSTEM).read("Patient", id)).body())
    return made


@pytest.mark.rule("HR-07", "HR-08")
async def test_a_record_goes_on_where_its_resident_lives_now(door: Door, moved: dict[str, Any]) -> None:
    id = moved["id"]
    closing = Closing(id, "moved", "2026-11-01", "解放区王褚街道")
    await door.auto(DESK).operate(contract.CLOSE_RECORD, closing)
    before = await patient(door, id)
    there = door.auto(THERE)
    assert (await there.find("Observation", patient=f"Patient/{id}")).matches == []

    task = await request(door, Handover(moved["number"], agreed=True, note="现住王褚街道"))
    assert (await there.find("Observation", patient=f"Patient/{id}")).matches == []
    made = await decide(door, task, "hand-over")
    assert made.status == "accepted"
    assert {one.type.text: one.valueString for one in made.output}["place"] == "解放区王褚街道"

    after = await patient(door, id)
    assert after["identifier"] == before["identifier"]
    assert after["managingOrganization"] == {"reference": "Organization/2"}
    assert "generalPractitioner" not in after
    assert contract.RECORD_CLOSED not in {one["url"] for one in after["extension"]}
    assert {row.id for row in (await there.find("Observation", patient=f"Patient/{id}")).matches} == {f"o{id}"}
    assert (await door.auto(ELSEWHERE).find("Observation", patient=f"Patient/{id}")).matches == []
    (reading,) = (await door.auto(SYSTEM).find("Task", **{"part-of": f"Task/{task}"})).matches
    period = document_of(reading.body())["executionPeriod"]
    assert period["start"][:10] < period["end"][:10]
    told = await door.auto(SYSTEM).find("Communication", recipient=f"Patient/{id}")
    assert len(told.matches) == 1
    assert await refused(decide(door, task, "hand-over")) == {"handover-decided"}
    own = Handover(moved["number"], agreed=True)
    assert await refused(request(door, own)) == {"handover-own"}


@pytest.mark.rule("HR-07")
async def test_a_request_is_refused_or_withdrawn_and_then_made_anew(door: Door, moved: dict[str, Any]) -> None:
    given = Handover(moved["number"], agreed=True)
    task = await request(door, given)
    assert await refused(request(door, given, ELSEWHERE)) == {"handover-waits"}
    assert await refused(decide(door, task, "refuse")) == {"handover-reason"}
    assert await refused(decide(door, task, "hand-over", by=THERE)) == {"handover-not-yours"}
    assert await refused(decide(door, task, "withdraw")) == {"handover-not-yours"}
    assert await refused(decide(door, task, "perhaps")) == {"handover-decision"}
    assert (await decide(door, task, "refuse", "本人仍住原址")).status == "rejected"
    again = await request(door, given)
    assert (await decide(door, again, "withdraw", by=THERE)).status == "cancelled"
    assert (await patient(door, moved["id"]))["managingOrganization"] == {"reference": "Organization/1"}
    with pytest.raises(OutcomeError):
        await door.auto(ELSEWHERE).read("Task", again)


@pytest.mark.rule("HR-07", "HR-08")
async def test_what_is_not_asked_for(door: Door, moved: dict[str, Any]) -> None:
    assert await refused(request(door, Handover(moved["number"], agreed=False))) == {"handover-agreed"}
    assert await refused(request(door, Handover("410802199001011235", agreed=True))) == {"handover-unknown"}
    assert await refused(request(door, Handover(moved["number"], agreed=True), DESK)) == {"forbidden"}
    await door.auto(DESK).operate(contract.CLOSE_RECORD, Closing(moved["id"], "death", "2026-11-01"))
    assert await refused(request(door, Handover(moved["number"], agreed=True))) == {"handover-death"}


def test_only_who_keeps_the_record_by_now_hands_it_over() -> None:
    task = {"status": "requested", "owner": {"reference": "Organization/1"}}
    elsewhere = {"managingOrganization": {"reference": "Organization/3"}}
    given = HandoverDecision("1", "hand-over")
    (fault,) = rules.deciding_faults(task, elsewhere, given, "Organization/1")
    assert fault.key == "handover-elsewhere"


@pytest.fixture(scope="module")
async def browser(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    registry = create_registry(Settings())
    pages = create_pages(registry, door, Settings(), principal_of=who)
    served = create_asgi(registry, door, Settings(), pages=pages, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as client:
        yield client


async def send(client: httpx.AsyncClient, path: str, who: str, **fields: str) -> httpx.Response:
    cookie = {"cookie": f"who={who}"}
    shown = await client.get(path, headers=cookie)
    token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
    assert token is not None, shown.text
    kept = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return await client.post(
        path, data={"csrf": token[1], **fields}, headers={"cookie": f"who={who}; {kept}", "origin": "http://localhost"}
    )


async def test_the_pages_of_a_hand_over(browser: httpx.AsyncClient, door: Door, moved: dict[str, Any]) -> None:
    answer = await send(browser, "/handovers/new", "there", number="410802199001011235", agreed="yes")
    assert answer.status_code == 422
    assert "没有找到这个身份证号的健康档案" in answer.text
    answer = await send(browser, "/handovers/new", "there", number=moved["number"], agreed="yes", note="现住王褚街道")
    assert answer.status_code == 303, answer.text
    one = answer.headers["location"].partition("?")[0]
    # Who asks does not see the whole name before it is handed over.
    assert "李秀兰" not in (await browser.get(one, headers={"cookie": "who=there"})).text
    listed = (await browser.get("/handovers", headers={"cookie": "who=here"})).text
    assert "李秀兰" in listed
    assert "申请移交档案" not in listed
    assert (await browser.get("/handovers/new", headers={"cookie": "who=here"})).status_code in {403, 404}
    answer = await send(browser, one, "here", do="refuse", reason="")
    assert answer.status_code == 422
    assert "请写明不同意移交的原因" in answer.text
    answer = await send(browser, one, "here", do="hand-over", reason="")
    assert answer.status_code == 303, answer.text
    shown = (await browser.get(one + "?done=hand-over", headers={"cookie": "who=there"})).text
    assert "李秀兰" in shown
    assert f"/patients/{moved['id']}" in shown
