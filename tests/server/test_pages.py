"""Pages over HTTP: what guards them, and what a visitor is told when something is refused."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import WORKBENCH, Capability, Page, Registry
from xinglin.server.asgi import create_asgi
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.store import Store
from xinglin.web.view import Form, View

SETTINGS = Settings(design_page=True)


async def _broken(_work: UnitOfWork, _form: Form) -> View:
    raise ZeroDivisionError("Zhang Xiaomei")


async def _unrenderable(_work: UnitOfWork, _form: Form) -> View:
    return View("records/find.html", {})


FAULTY = Capability(
    "faulty",
    Text("差错", "Faults"),
    pages=(Page(WORKBENCH, "/broken", show=_broken), Page(WORKBENCH, "/unrenderable", show=_unrenderable)),
)


@pytest.fixture(scope="module")
async def client(postgres_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    opened = await Store.open(postgres_dsn, connections=4, keys=key_store())
    registry = Registry((*create_registry(SETTINGS).capabilities, FAULTY))
    door = Door(opened, registry.rulebook)
    served = create_asgi(registry, door, SETTINGS, pages=create_pages(registry, door, SETTINGS))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as made:
        yield made
    await opened.close()


@pytest.fixture(autouse=True)
def _forget(client: httpx.AsyncClient) -> None:
    client.cookies.clear()


async def test_a_page_forbids_foreign_scripts_and_frames(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


@pytest.mark.parametrize(
    ("accepts", "language"), [("zh-CN,zh;q=0.9", "zh-CN"), ("en-GB", "en"), ("fr", "zh-CN"), ("", "zh-CN")]
)
async def test_the_browser_chooses_the_language(client: httpx.AsyncClient, accepts: str, language: str) -> None:
    answer = await client.get("/records", headers={"accept-language": accepts})
    assert f'lang="{language}"' in answer.text


async def test_the_developer_is_called_so_in_the_language_of_the_page(client: httpx.AsyncClient) -> None:
    chinese = (await client.get("/", headers={"accept-language": "zh"})).text
    english = (await client.get("/", headers={"accept-language": "en"})).text
    assert "<span>开发者</span>" in chinese
    assert "Developer" not in chinese
    assert "<span>Developer</span>" in english


async def test_a_preference_needs_the_token_of_the_page(client: httpx.AsyncClient) -> None:
    await client.get("/")
    token = client.cookies["csrf"]
    refused = await client.post("/preferences", data={"language": "en", "back": "/"})
    taken = await client.post("/preferences", data={"language": "en", "back": "/records", "csrf": token})
    assert refused.status_code == 403
    assert "language" not in refused.cookies
    assert taken.status_code == 303
    assert taken.headers["location"] == "/records"
    assert taken.cookies["language"] == "en"


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
async def test_the_way_back_stays_here(client: httpx.AsyncClient, back: str) -> None:
    await client.get("/")
    answer = await client.post("/preferences", data={"large": "on", "back": back, "csrf": client.cookies["csrf"]})
    assert answer.status_code == 303
    assert "evil" not in answer.headers["location"]
    assert answer.headers["location"].startswith("/")


async def test_another_site_sends_no_form(client: httpx.AsyncClient) -> None:
    await client.get("/")
    headers = {"origin": "https://evil.example"}
    answer = await client.post("/preferences", data={"csrf": client.cookies["csrf"]}, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/records/Nonsense", "/records/Patient/none", "/records/Patient/none/versions", "/x"])
async def test_what_is_not_there_is_told_kindly(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "没有找到" in answer.text


async def test_who_is_refused_a_page_is_written_down(client: httpx.AsyncClient, postgres_dsn: str) -> None:
    assert (await client.get("/records/Patient/never-was")).status_code == 404
    connection = await asyncpg.connect(postgres_dsn)
    try:
        entry = await connection.fetchval("SELECT entry FROM audit WHERE what = 'page' ORDER BY id DESC LIMIT 1")
    finally:
        await connection.close()
    written = msgspec.json.decode(entry)
    assert (written["who"], written["outcome"], written["detail"]) == ("dev", "4", "404 not-found")


async def test_a_refusal_that_cannot_be_written_down_is_not_told(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise OutcomeError(Issue("transient", "ledger-away"), status=503)

    monkeypatch.setattr(Door, "event", away)
    assert (await client.get("/records/Patient/never-was")).status_code == 503


@pytest.mark.parametrize("path", ["/broken", "/unrenderable"])
async def test_a_bug_is_told_without_detail(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"x-request-id": "r-1"})
    assert answer.status_code == 500
    assert "系统出错" in answer.text
    assert "r-1" in answer.text
    assert "Zhang" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "name=%00",
        "birthdate=x",
        "_page=nonsense",
        "_sort=nonsense",
        "nonsense=1",
        "_count=-1",
        "name=%ff",
        "name:exact=",
    ],
)
async def test_a_strange_query_is_never_a_fault(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/records/Patient?{query}")
    assert answer.status_code < 500


async def test_a_deleted_record_leads_to_what_it_said(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/fhir+json"}
    body = '{"resourceType":"Patient","id":"p","name":[{"family":"\u003cb\u003e李"}]}'
    await client.put("/fhir/Patient/p", content=body, headers=headers)
    shown = await client.get("/records/Patient/p")
    await client.delete("/fhir/Patient/p")
    gone = await client.get("/records/Patient/p")
    before = await client.get("/records/Patient/p?version=1")
    assert "&lt;b&gt;李" in shown.text
    assert "<b>李" not in shown.text
    assert gone.status_code == 410
    assert "/records/Patient/p?version=1" in gone.text
    assert before.status_code == 200


async def test_htmx_gets_only_the_results(client: httpx.AsyncClient) -> None:
    answer = await client.get("/records/Patient", headers={"hx-request": "true"})
    assert answer.text.lstrip().startswith('<div class="stack" id="results">')
    assert "<html" not in answer.text
