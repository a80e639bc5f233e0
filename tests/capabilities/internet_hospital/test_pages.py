"""The pages of both sides, asked over HTTP: each state of a visit can be shown, and every refusal is told."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.capabilities.access.ward import open_door
from tests.capabilities.internet_hospital import clinic
from tests.capabilities.internet_hospital.clinic import BO, DEPARTMENT, DOCTOR, ICD10, MEI, PNG, put
from xinglin.app import create_registry
from xinglin.capabilities.internet_hospital.rules import wording
from xinglin.security.principal import Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.store import Store


class Site:
    """Asks for pages and sends forms as somebody."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, who: str, path: str) -> httpx.Response:
        return await self.client.get(path, headers={"x-who": who})

    async def send(self, who: str, path: str, form: dict[str, Any], **files: Any) -> httpx.Response:
        token = "t" * 24
        body = {"csrf": token, **form}
        headers = {"x-who": who, "origin": "http://test", "cookie": f"csrf={token}"}
        return await self.client.post(path, data=body, files=files or None, headers=headers)


@pytest.fixture
async def site(store: Store) -> AsyncIterator[Site]:
    door, clock = open_door(store)
    await put(door, *clinic.documents(clock.moment))
    people: dict[str, Principal] = {"mei": MEI, "bo": BO, "doctor": await clinic.signed_in(door, DOCTOR)}

    async def who(request: Request) -> Principal | None:
        return people.get(request.header(b"x-who") or "")

    settings = Settings()
    registry = create_registry(settings)
    pages = create_pages(registry, door, settings, principal_of=who)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Site(client)


def asked(**more: str | list[str]) -> dict[str, Any]:
    return {
        "hospital": "i1",
        "department": DEPARTMENT,
        "patient": "mei",
        "complaint": "续药",
        "medium": "text",
        "encounter": "e1",
        "agree": ["care", "sensitive"],
        "version": wording.current().version,
        **more,
    }


async def test_both_sides_from_the_request_to_the_note(site: Site) -> None:
    assert "还没有在线复诊" in (await site.get("mei", "/my/visits/online")).text
    assert "高血压" in (await site.get("mei", f"/my/visits/new?hospital=i1&department={DEPARTMENT}")).text
    sent = await site.send("mei", "/my/visits/new", asked())
    assert sent.status_code == 303, sent.text[-3000:]
    mine = sent.headers["location"]
    desk = mine.replace("/my/", "/clinic/")
    assert "正在等待医生接诊" in (await site.get("mei", mine)).text
    assert "续药" in (await site.get("mei", "/my/visits/online")).text
    offered = (await site.get("doctor", desk)).text
    assert "接诊前不显示患者身份" in offered
    assert "张小梅" not in offered
    assert (await site.send("doctor", desk, {"act": "accept"})).status_code == 303
    assert "请先核对既往诊断资料" in (await site.send("doctor", desk, {"act": "start"})).text
    inside = (await site.get("doctor", desk)).text
    paper = inside.partition('name="paper" value="')[2].partition('"')[0]
    assert "张小梅" in inside
    assert (await site.send("doctor", desk, {"act": "reviewed", "paper": paper})).status_code == 303
    assert (await site.send("mei", mine, {"act": "enter"})).status_code == 303
    assert (await site.send("doctor", desk, {"act": "start"})).status_code == 303
    assert "请输入内容" in (await site.send("doctor", desk, {"act": "say", "text": " "})).text
    assert (await site.send("doctor", desk, {"act": "say", "text": "<b>您好</b>"})).status_code == 303
    picture = await site.send("mei", mine, {"act": "say"}, file=("a.png", PNG, "image/png"))
    assert picture.status_code == 303
    talk = (await site.get("mei", mine)).text
    assert "&lt;b&gt;您好" in talk
    address = talk.partition('<img src="')[2].partition('"')[0]
    file = await site.get("doctor", address.replace("/my/", "/clinic/"))
    assert (file.content, file.headers["content-type"]) == (PNG, "image/png")
    assert (await site.get("bo", address)).status_code == 404
    note = {
        "act": "finish",
        "complaint": "复诊",
        "history": "平稳",
        "advice": "继续服药",
        "diagnosis": f"{ICD10}|E11.900|糖尿病",
    }
    assert "属于首诊" in (await site.send("doctor", desk, note)).text
    done = await site.send("doctor", desk, note | {"diagnosis": f"{ICD10}|I10.x00|高血压"})
    assert done.status_code == 303, done.text[-3000:]
    assert "继续服药" in (await site.get("mei", mine)).text
    assert "医师已签名" in (await site.get("doctor", desk)).text
    assert (await site.get("doctor", "/clinic/visits?show=over")).text.count(desk) == 1


@pytest.mark.rule("R1-040")
async def test_a_first_visit_is_told_the_reason_and_the_way(site: Site) -> None:
    page = await site.send("bo", "/my/visits/new", asked(patient="bo", encounter=""))
    assert page.status_code == 422
    assert "属于首诊" in page.text
    assert "0391-1234567" in page.text
    assert "续药" in page.text  # what was typed is kept


async def test_a_refused_visit_shows_reason_and_advice(site: Site) -> None:
    mine = (await site.send("mei", "/my/visits/new", asked())).headers["location"]
    desk = mine.replace("/my/", "/clinic/")
    await site.send("doctor", desk, {"act": "accept"})
    assert "请选择原因" in (await site.send("doctor", desk, {"act": "refuse"})).text
    ending = {"act": "refuse", "code": "NEEDS_PHYSICAL_EXAM", "advice": "请到心内科门诊", "referred": ""}
    assert (await site.send("doctor", desk, ending)).status_code == 303
    page = (await site.get("mei", mine)).text
    assert "需要体格检查" in page
    assert "请到心内科门诊" in page
    assert "全额退回" in page
    assert "请到心内科门诊" in (await site.get("doctor", desk)).text


NONSENSE: tuple[dict[str, Any], ...] = (
    {"hospital": "h1"},
    {"hospital": "nowhere"},
    {"department": "99"},
    {"patient": "bo"},
    {"patient": "../x"},
    {"complaint": ""},
    {"medium": "smoke"},
    {"kind": "gossip"},
    {"agree": ["everything"]},
    {"version": "?"},
    {"doctor": "nobody"},
    {"doctor": "a/b"},
    {"guardian_name": "x", "guardian_number": "y"},
    {"encounter": "e2"},
)


async def test_what_makes_no_sense_is_told(site: Site) -> None:
    for form in NONSENSE:
        answer = await site.send("mei", "/my/visits/new", asked(**form))
        assert answer.status_code in {403, 404, 422}, (form, answer.status_code)


async def test_pages_of_a_visit_that_is_not_there_or_not_ones_own(site: Site) -> None:
    mine = (await site.send("mei", "/my/visits/new", asked())).headers["location"]
    for who, path in (
        ("bo", mine),
        ("mei", "/my/visits/none"),
        ("mei", "/my/visits/e1"),
        ("doctor", "/clinic/visits/e1"),
    ):
        assert (await site.get(who, path)).status_code == 404, path
    for form in ({"act": "dance"}, {"act": "start"}, {"act": "finish"}, {"act": "reviewed", "paper": "x"}, {}):
        answer = await site.send("doctor", mine.replace("/my/", "/clinic/"), form)
        assert answer.status_code in {403, 404, 422}, (form, answer.status_code)
