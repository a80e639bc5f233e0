"""`docs/howto/add-a-capability.md` followed to the letter: its files make a capability that works."""

import importlib
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import httpx
import msgspec
import pytest

import xinglin.capabilities
from tests.conftest import ROOT, key_store
from xinglin.app import create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.registry import Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import Request
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store

PAGE: Final = ROOT / "docs/howto/add-a-capability.md"
FILE: Final = re.compile(r"^`((?:src|tests)/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME: Final = "xinglin.capabilities.wheelchairs"
NURSE: Final = Principal(
    "n", frozenset({"nurse"}), practitioner="Practitioner/1", organization="Organization/1", strong=True, display="护士"
)
OTHER: Final = Principal(
    "o", frozenset({"nurse"}), practitioner="Practitioner/2", organization="Organization/2", strong=True
)


@pytest.fixture(scope="module")
def wheelchairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Write the files of the page, and import the capability from where they are."""
    folder = tmp_path_factory.mktemp("howto")
    for path, text in FILE.findall(PAGE.read_text("utf-8")):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    place = str(folder / "src/xinglin/capabilities")
    xinglin.capabilities.__path__.append(place)
    yield importlib.import_module(f"{NAME}.capability")
    xinglin.capabilities.__path__.remove(place)
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def registry(wheelchairs: ModuleType) -> Registry:
    settings = Settings()
    return Registry((*create_registry(settings).capabilities, wheelchairs.declare(settings)))


@pytest.fixture(scope="module")
async def door(registry: Registry, postgres_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(postgres_dsn, connections=3, keys=key_store())
    made = Door(store, registry.rulebook)
    for id in ("1", "2"):
        patient = {"resourceType": "Patient", "id": id, "name": [{"text": f"张{id}"}]}
        visit = {
            "resourceType": "Encounter",
            "id": f"v{id}",
            "status": "in-progress",
            "class": {"code": "IMP"},
            "subject": {"reference": f"Patient/{id}"},
            "serviceProvider": {"reference": "Organization/1"},
            "period": {"start": "2026-11-20T03:00:00Z"},
        }
        await made.auto(SYSTEM).update(msgspec.json.encode(patient), type="Patient", id=id)
        await made.auto(SYSTEM).update(msgspec.json.encode(visit), type="Encounter", id=f"v{id}")
    yield made
    await store.close()


@pytest.fixture(scope="module")
async def client(registry: Registry, door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async def who(_request: Request) -> Principal:
        return NURSE

    settings = Settings()
    pages = create_pages(registry, door, settings, principal_of=who)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=who)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as made:
        made.headers["accept-language"] = "zh"
        yield made


def test_the_page_holds_every_file_of_the_shape() -> None:
    paths = {Path(path).name for path, _ in FILE.findall(PAGE.read_text("utf-8"))}
    shape = {"contract.py", "rules.py", "policy.py", "operations.py", "pages.py", "jobs.py", "capability.py"}
    assert paths >= {*shape, "__init__.py", "list.html", "zh.json", "en.json"}


def test_its_own_test_passes(wheelchairs: ModuleType) -> None:
    text = next(text for path, text in FILE.findall(PAGE.read_text("utf-8")) if path.endswith("test_rules.py"))
    space: dict[str, object] = {}
    exec(compile(text, "test_rules.py", "exec"), space)  # the page's own code, as a reader would run it
    tests = [one for name, one in space.items() if name.startswith("test_") and callable(one)]
    assert tests
    for one in tests:
        one()


async def lent(door: Door, patient: str, chair: str, who: Principal = NURSE) -> str:
    contract = importlib.import_module(f"{NAME}.contract")
    async with door.work(who) as work:
        loan: str = await work.fhir.operate(contract.LEND, contract.Lending(patient, chair))
        return loan


async def test_a_loan_is_made_once_and_seen_by_who_made_it(door: Door, client: httpx.AsyncClient) -> None:
    start = await client.get("/clinic")
    assert 'href="/wheelchairs"' in start.text  # the menu
    assert "借出的轮椅" not in start.text  # no card when there is nothing to say
    assert "还没有借出的轮椅" in (await client.get("/wheelchairs")).text

    form = await client.get("/wheelchairs")
    token = re.search(r'action="/wheelchairs".*?name="csrf" value="([^"]+)"', form.text, re.DOTALL)
    assert token is not None
    sent = await client.post("/wheelchairs", data={"csrf": token[1], "patient": "1", "chair": "W07"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/wheelchairs")
    again = await client.post("/wheelchairs", data={"csrf": token[1], "patient": "1", "chair": "W08"})
    assert again.status_code == 422
    assert "这位患者已借有一台轮椅" in again.text

    listed = (await client.get("/wheelchairs")).text
    assert "W07" in listed
    assert "张1" in listed
    assert "<b>1</b>借出的轮椅" in (await client.get("/clinic")).text
    exported = await client.get("/wheelchairs?_format=csv")
    assert "张1,W07," in exported.content.decode("utf-8-sig")

    async with door.work(OTHER) as work:
        assert await work.fhir.count("Task", code="wheelchair-loan") == 0


async def test_a_returned_loan_stays_returned_and_a_job_runs_twice(door: Door) -> None:
    jobs = importlib.import_module(f"{NAME}.jobs")
    loan = await lent(door, "2", "W09")
    versions = []
    for _ in range(2):
        async with door.work(SYSTEM) as work:
            await jobs.mark_due(work, loan)
        versions.append((await door.auto(SYSTEM).read("Task", loan)).vid)
    assert versions == [2, 2]
    async with door.work(SYSTEM) as work:
        await jobs.mark_due(work, "none")
    await door.auto(SYSTEM).patch(lambda task: task | {"status": "completed"}, type="Task", id=loan)
    with pytest.raises(OutcomeError) as refused:
        await door.auto(SYSTEM).patch(lambda task: task | {"status": "in-progress"}, type="Task", id=loan)
    assert refused.value.issues[0].key == "loan-returned"


async def test_what_was_declared_is_published(client: httpx.AsyncClient) -> None:
    statement = (await client.get("/fhir/metadata")).json()
    patient = next(one for one in statement["rest"][0]["resource"] if one["type"] == "Patient")
    assert any(one["name"] == "lend-wheelchair" for one in patient["operation"])
