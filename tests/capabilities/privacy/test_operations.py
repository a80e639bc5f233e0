"""Incidents, requests and registers against the record: who may, what is told to whom, and what stays."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.capabilities.access.ward import (
    NOW,
    OFFICER,
    PHYSICIAN,
    RESIDENT,
    Stopped,
    encounter,
    observation,
    open_door,
    patient,
    put,
)
from tests.capabilities.privacy.test_rules import ENTRY
from xinglin.app import create_registry
from xinglin.capabilities.privacy.contract import (
    ADVANCE,
    ANSWER,
    ASK,
    ASK_COPY,
    END,
    ENTER,
    REPORT,
    Answer,
    Asking,
    Copying,
    Ending,
    Incident,
    Step,
)
from xinglin.capabilities.privacy.operations.incidents import Terms, tell
from xinglin.capabilities.privacy.operations.remind import remind
from xinglin.capabilities.privacy.pages import incidents, notice, registers
from xinglin.capabilities.privacy.pages.notice import Processor
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import ANONYMOUS, SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.identity import accounts, sealed
from xinglin.store.identity.accounts import Account, Assignment
from xinglin.store.store import Store
from xinglin.web.view import Form

TERMS = Terms(critical=False, contact="0391-1234567")
TOLD = {"kinds": "姓名、手机号", "cause": "误传", "harm": "骚扰电话", "measures": "已删除", "advice": "留意诈骗电话"}


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, patient("1"), patient("2"))
    return door, clock


def incident(**more: Any) -> Incident:
    return Incident("larger", (NOW - timedelta(hours=3)).isoformat(), "数据库备份被误传", **more)


async def messages(door: Door, kind: str) -> list[dict[str, Any]]:
    page = await door.auto(SYSTEM).find("Communication", category=kind)
    return [document_of(row.body()) for row in page.matches]


@pytest.mark.rule("R7-011", "R7-019")
async def test_an_incident_is_told_to_the_persons_and_closes_with_its_summary(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    id = await door.auto(OFFICER).operate(REPORT, incident(persons=("1", "Patient/2", "1"), **TOLD))
    with pytest.raises(OutcomeError) as early:
        await door.auto(OFFICER).operate(ADVANCE, Step(id, "summary", "x"))
    assert early.value.issues[0].key == "incident-unhandled"
    assert await door.auto(OFFICER).operate(ADVANCE, Step(id, "authority", "省网信办")) == "open"
    assert await door.auto(OFFICER).operate(ADVANCE, Step(id, "persons")) == "open"
    for _ in range(2):  # the job may run again
        async with door.work(SYSTEM) as work:
            await tell(TERMS, work, id, 0)
    sent = await messages(door, "data-incident")
    assert {one["subject"]["reference"] for one in sent} == {"Patient/1", "Patient/2"}
    assert len(sent) == 2
    for said in (*TOLD.values(), TERMS.contact):
        assert said in sent[0]["payload"][0]["contentString"]
    clock.pass_(hours=1)
    assert await door.auto(OFFICER).operate(ADVANCE, Step(id, "handled", "已收回")) == "handled"
    assert await door.auto(OFFICER).operate(ADVANCE, Step(id, "summary", "总结")) == "closed"


async def test_only_the_officer_keeps_incidents_and_registers(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    for who in (PHYSICIAN, RESIDENT):
        with pytest.raises(OutcomeError) as refused:
            await door.auto(who).operate(REPORT, incident())
        assert refused.value.status == 403
        with pytest.raises(OutcomeError) as refused:
            await door.auto(who).operate(ENTER, ENTRY)
        assert refused.value.status == 403
    with pytest.raises(OutcomeError) as unknown:
        await door.auto(OFFICER).operate(REPORT, incident(persons=("1", "nobody"), **TOLD))
    assert (unknown.value.status, unknown.value.issues[0].key) == (422, "incident-unknown")


@pytest.mark.rule("R7-019", "R7-005", "R7-008")
async def test_officers_are_reminded_before_a_term_and_after_it_and_never_twice(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    await put(door, {"resourceType": "Practitioner", "id": "9", "name": [{"text": "安管"}]})
    async with door.work(SYSTEM) as work:
        name = sealed.seal(work.vault, sealed.name_place("o"), "安管")
        account = Account("o", "staff", "active", name, work.now, person="Practitioner/9")
        await accounts.add(work.executor, account, {})
        await accounts.assign(work.executor, Assignment("o", "a", "security-admin", work.now, "x"))
    await door.auto(OFFICER).operate(REPORT, incident())
    await door.auto(OFFICER).operate(ENTER, ENTRY)
    await door.auto(RESIDENT).operate(ASK, Asking("1", "copy", "要一份完整副本"))

    async def told() -> list[str]:
        async with door.work(SYSTEM) as work:
            await remind(TERMS, work)
        texts = [one["payload"][0]["contentString"] for one in await messages(door, "privacy-due")]
        return sorted(text.split("：")[0] for text in texts)

    assert await told() == []
    clock.pass_(minutes=31)  # three hours were over when it was recorded
    assert await told() == ["安全事件 · authority"]
    assert await told() == ["安全事件 · authority"]
    clock.pass_(hours=1)
    assert await told() == ["安全事件 · authority"] * 2
    clock.pass_(days=20)
    assert [one for one in await told() if not one.startswith("安全")] == ["委托处理 · 某通信公司", "权利请求"]


@pytest.mark.rule("R7-008")
async def test_a_right_is_asked_for_oneself_and_answered_with_a_reason(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    with pytest.raises(OutcomeError) as other:
        await door.auto(RESIDENT).operate(ASK, Asking("2", "copy", "要一份完整副本"))
    assert other.value.issues[0].key == "right-whose"
    id = await door.auto(RESIDENT).operate(ASK, Asking("1", "delete", "请删除我的全部病历"))
    task = document_of((await door.auto(RESIDENT).read("Task", id)).body())
    assert task["restriction"]["period"]["end"] == "2026-12-11"
    with pytest.raises(OutcomeError) as gone:
        await door.auto(OFFICER).operate(ANSWER, Answer(id, "granted", "已全部删除"))
    assert gone.value.issues[0].key == "retention"
    assert await door.auto(OFFICER).operate(ANSWER, Answer(id, "restricted", "依法保存，已限制使用")) == "completed"
    with pytest.raises(OutcomeError) as again:
        await door.auto(OFFICER).operate(ANSWER, Answer(id, "refused", "再答复一次"))
    assert again.value.issues[0].key == "right-answered"
    assert [one["subject"]["reference"] for one in await messages(door, "right-answered")] == ["Patient/1"]


@pytest.mark.rule("R7-005", "R7-010", "R7-012")
async def test_an_entry_stays_as_it_is_and_its_end_is_added_once(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    id = await door.auto(OFFICER).operate(ENTER, ENTRY)
    row = await door.auto(SYSTEM).read("Basic", id)
    document = document_of(row.body())
    with pytest.raises(OutcomeError) as kept:
        await door.auto(SYSTEM).delete("Basic", id)
    assert kept.value.issues[0].key == "register-stays"
    changed = json.loads(json.dumps(document))
    changed["extension"][0]["extension"][0]["valueString"] = "别的"
    with pytest.raises(OutcomeError) as fixed:
        await door.auto(SYSTEM).update(json.dumps(changed).encode(), type="Basic", id=id)
    assert fixed.value.issues[0].key == "register-fixed"

    async with door.work(ANONYMOUS) as work:
        before: Any = await notice.show(Processor("焦作市某平台", "0391-1"), work, Form())
        assert [one["party"] for one in before.values["entrusted"]] == ["某通信公司"]
    assert await door.auto(OFFICER).operate(END, Ending(id, "数据已删除，双方核对")) == id
    with pytest.raises(OutcomeError) as ended:
        await door.auto(OFFICER).operate(END, Ending(id, "再结束一次吧"))
    assert ended.value.issues[0].key == "register-ended"
    async with door.work(ANONYMOUS) as work:
        after: Any = await notice.show(Processor("", ""), work, Form())
        assert after.values["entrusted"] == []


async def test_the_desk_shows_the_next_term_and_how_long_an_entry_is_kept(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    id = await door.auto(OFFICER).operate(REPORT, incident(**TOLD))
    await door.auto(OFFICER).operate(ENTER, ENTRY)
    clock.pass_(hours=2)
    async with door.work(OFFICER) as work:
        listed: Any = await incidents.show(TERMS, work, Form())
        cells = listed.values["list"]["rows"][0]["cells"]
        assert (cells[3].text, "已超期" in cells[3].note) == ("报告主管部门", True)
        one = await incidents.show_one(TERMS, work, Form(path={"id": id}))
        assert one.values["steps"] == ["authority", "persons", "persons-omitted", "handled"]
        entries: Any = await registers.show(work, Form())
        shown = [cell.text for cell in entries.values["list"]["rows"][0]["cells"]]
        assert any("2029-11-20" in text for text in shown)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_lists_of_the_desk_are_drawn_with_what_they_hold(ward: tuple[Door, Stopped], language: str) -> None:
    door, _ = ward
    await put(door, encounter("e", "1", "1"), observation("o1", "1"))
    first = await door.auto(RESIDENT).operate(ASK, Asking("1", "delete", "请删除我的全部病历"))
    await door.auto(RESIDENT).operate(ASK, Asking("1", "copy", "要一份完整副本"))
    await door.auto(OFFICER).operate(ANSWER, Answer(first, "restricted", "依法保存，已限制使用"))
    await door.auto(OFFICER).operate(ENTER, ENTRY)
    await door.auto(OFFICER).operate(REPORT, incident(persons=("1",), **TOLD))
    await door.auto(PHYSICIAN).operate(ASK_COPY, Copying("Observation/o1", "bp-2026", "高血压随访质量改进统计"))
    registry = create_registry(Settings())

    async def who(request: Request) -> Principal | None:
        return OFFICER if request.path.startswith("/security") else RESIDENT

    pages = create_pages(registry, door, Settings(), principal_of=who)
    served = create_asgi(registry, door, Settings(), pages=pages, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as client:
        for path, text in (
            ("/security/requests", "要一份完整副本"),
            ("/security/requests?state=answered", "依法保存，已限制使用"),
            ("/security/copies", "高血压随访质量改进统计"),
            ("/security/register", "某通信公司"),
            ("/security/incidents", "数据库备份被误传"),
            ("/my/privacy", "依法保存，已限制使用"),
            ("/privacy", "某通信公司"),
        ):
            answer = await client.get(path, headers={"accept-language": language})
            assert answer.status_code == 200, path
            assert text in answer.text, path
