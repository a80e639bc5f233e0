"""Lists: a page at a time, forward and back, filtered, sorted, exported, and what they say when there is nothing."""

import csv
import io
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import httpx
import msgspec
import pytest
from openpyxl import load_workbook

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.fhir.declarations import Text
from xinglin.registry import WORKBENCH, Capability, Page, Registry
from xinglin.security.principal import SYSTEM
from xinglin.server.asgi import create_asgi
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.store import Store
from xinglin.web import cells
from xinglin.web.export import harmless
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, View

PEOPLE: Final = 45
NOBODY: Final = Empty("users", Text("还没有人", "Nobody yet"), Text("先登记。", "Register first."))
SEXES: Final = (("female", Text("女", "Female")), ("male", Text("男", "Male")))


def _born(found: Found) -> Cell:
    return Cell(str(found.document["birthDate"]), note=str(found.more.get(found.id, "")))


async def _numbers(_work: UnitOfWork, documents: Any) -> dict[str, object]:
    return {one["id"]: f"of {len(documents)}" for one in documents}


LISTING: Final = Listing(
    name="people",
    title=Text("人员", "People"),
    type="Patient",
    columns=(
        Column(Text("姓名", "Name"), cells.name(), "name"),
        Column(Text("出生日期", "Born"), _born, "birthdate"),
        Column(Text("医生", "Doctor"), lambda found: cells.named(found.follow("generalPractitioner"))),
    ),
    where=(("_include", "Patient:general-practitioner"),),
    filters=(
        Filter("name", Text("姓名", "Name")),
        Filter("sex", Text("性别", "Sex"), "choice", "gender", SEXES),
        Filter("born", Text("出生", "Born"), "days", "birthdate"),
    ),
    sort="birthdate",
    href=lambda found: f"/records/Patient/{found.id}",
    more=_numbers,
    empty=NOBODY,
)
SHORT: Final = Listing(
    name="few", title=Text("少数", "A few"), type="Patient", columns=LISTING.columns[:1], empty=NOBODY, export=7
)
VACANT: Final = Listing(
    name="none",
    title=Text("药品", "Drugs"),
    type="Medication",
    columns=(Column(Text("名称", "Name"), cells.coded("code")),),
    empty=Empty(
        "pill", Text("还没有药品", "No drugs yet"), Text("先导入。", "Import."), (Text("导入", "Import"), "/x")
    ),
)


async def _people(work: UnitOfWork, form: Form) -> View | Download:
    return await show_list(work, form, LISTING)


async def _few(work: UnitOfWork, form: Form) -> View | Download:
    return await show_list(work, form, SHORT)


async def _vacant(work: UnitOfWork, form: Form) -> View | Download:
    return await show_list(work, form, VACANT)


LISTS: Final = Capability(
    "lists",
    Text("列表", "Lists"),
    pages=(
        Page(WORKBENCH, "/people-list", show=_people),
        Page(WORKBENCH, "/few", show=_few),
        Page(WORKBENCH, "/vacant", show=_vacant),
    ),
)


@pytest.fixture(scope="module")
async def client(postgres_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    opened = await Store.open(postgres_dsn, connections=4, keys=key_store())
    settings = Settings()
    registry = Registry((*create_registry(settings).capabilities, LISTS))
    door = Door(opened, registry.rulebook)
    async with door.work(SYSTEM) as work:
        doctor = {"resourceType": "Practitioner", "id": "wang", "name": [{"family": "王", "given": ["建国"]}]}
        await work.fhir.update(msgspec.json.encode(doctor), type="Practitioner", id="wang")
        for number in range(PEOPLE):
            patient = {
                "resourceType": "Patient",
                "id": f"p{number:02d}",
                "name": [{"text": f"李{'甲乙丙丁戊己庚辛壬癸'[number % 10]}{number:02d}"}],
                "gender": "female" if number % 3 else "male",
                "birthDate": f"19{50 + number}-03-08",
                "generalPractitioner": [{"reference": "Practitioner/wang"}],
            }
            await work.fhir.update(msgspec.json.encode(patient), type="Patient", id=f"p{number:02d}")
    served = create_asgi(registry, door, settings, pages=create_pages(registry, door, settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as made:
        made.headers["accept-language"] = "zh"
        yield made
    await opened.close()


async def seen(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def people(text: str) -> list[str]:
    """Give the ids of the rows of a page, in order."""
    return re.findall(r'class="main wrap" href="/records/Patient/(\w+)"', text)


def way(text: str, rel: str) -> str:
    """Give where the button of *rel* leads; empty when there is none."""
    found = re.search(rf'rel="{rel}" href="([^"]+)"', text)
    return unescape(found[1]) if found else ""


async def test_pages_go_forward_and_back_and_miss_nobody(client: httpx.AsyncClient) -> None:
    pages, text = [], await seen(client, "/people-list")
    assert "共 45 条" in text
    assert way(text, "prev") == ""
    pages.append(people(text))
    while following := way(text, "next"):
        text = await seen(client, f"/people-list{following}")
        pages.append(people(text))
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [one for page in pages for one in page] == [f"p{number:02d}" for number in range(PEOPLE)]
    for page in reversed(pages[:-1]):
        text = await seen(client, f"/people-list{way(text, 'prev')}")
        assert people(text) == page
    assert way(text, "prev") == ""


async def test_a_heading_sorts_and_sorts_the_other_way(client: httpx.AsyncClient) -> None:
    text = await seen(client, "/people-list")
    assert 'aria-sort="ascending"' in text
    other = re.search(r'class="sorts" href="([^"]*birthdate[^"]*)"', text)
    assert other is not None
    assert people(await seen(client, f"/people-list{unescape(other[1])}"))[0] == "p44"


async def test_an_unknown_order_is_the_usual_one(client: httpx.AsyncClient) -> None:
    assert people(await seen(client, "/people-list?_sort=_lastUpdated"))[0] == "p00"


async def test_filters_narrow_and_stay_while_paging(client: httpx.AsyncClient) -> None:
    text = await seen(client, "/people-list?sex=female&born.since=1960-01-01&unknown=1")
    assert "共 24 条" in text
    following = dict(parse_qsl(way(text, "next")[1:]))
    assert following["sex"] == "female"
    assert following["born.since"] == "1960-01-01"
    assert "unknown" not in following
    assert len(people(await seen(client, f"/people-list{way(text, 'next')}"))) == 4


async def test_a_text_is_taken_letter_by_letter(client: httpx.AsyncClient) -> None:
    assert people(await seen(client, f"/people-list?{urlencode({'name': '李甲00,李乙01'})}")) == []
    assert people(await seen(client, f"/people-list?{urlencode({'name': '李甲00'})}")) == ["p00"]


async def test_what_was_brought_along_stands_in_the_cells(client: httpx.AsyncClient) -> None:
    text = await seen(client, "/people-list")
    assert "王建国" in text
    assert "of 20" in text


async def test_nothing_found_and_nothing_there_are_told_apart(client: httpx.AsyncClient) -> None:
    assert "没有符合条件的记录" in await seen(client, "/people-list?name=%E8%B5%B5")
    text = await seen(client, "/vacant")
    assert "还没有药品" in text
    assert 'href="/x"' in text


async def test_a_fault_in_a_filter_is_told_above_the_list(client: httpx.AsyncClient) -> None:
    text = await seen(client, "/people-list?born.since=yesterday")
    assert "有些条件无法使用" in text
    assert 'value="yesterday"' in text
    assert "有些条件无法使用" in await seen(client, "/people-list?_page=nonsense")


async def test_htmx_gets_the_results_alone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/people-list", headers={"hx-request": "true"})
    assert "<html" not in answer.text
    assert len(people(answer.text)) == 20


async def test_an_export_holds_every_row_that_the_filters_find(client: httpx.AsyncClient) -> None:
    answer = await client.get("/people-list?_format=csv&sex=male&_sort=-birthdate")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "people-" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["姓名", "出生日期", "医生"]
    assert len(rows) == 16
    assert rows[1] == ["李丙42", "1992-03-08", "王建国"]


async def test_a_workbook_holds_texts(client: httpx.AsyncClient) -> None:
    answer = await client.get("/people-list?_format=xlsx&_page=ignored")
    book = load_workbook(io.BytesIO(answer.content))
    rows = list(book.worksheets[0].values)
    assert len(rows) == PEOPLE + 1
    assert rows[1][1] == "1950-03-08"


async def test_an_export_stops_at_its_limit_and_says_so(client: httpx.AsyncClient) -> None:
    rows = list(csv.reader(io.StringIO((await client.get("/few?_format=csv")).content.decode("utf-8-sig"))))
    assert len(rows) == 9
    assert rows[-1] == ["只导出前 7 行，请缩小筛选范围后分次导出。"]


async def test_an_export_is_noted_in_the_ledger(client: httpx.AsyncClient, postgres_dsn: str) -> None:
    await client.get("/few?_format=csv")
    opened = await Store.open(postgres_dsn, connections=1, keys=key_store())
    try:
        entries = await opened.fetch("SELECT entry FROM audit")
    finally:
        await opened.close()
    acts = [msgspec.json.decode(one["entry"]) for one in entries]
    assert any(act["what"] == "export" and act["detail"] == "few csv 7" for act in acts)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-3.5", "-3.5"), ("+86 138", "'+86 138"), ("张三", "张三"), ("", "")],
)
def test_a_cell_is_no_formula(cell: str, kept: str) -> None:
    assert harmless(cell) == kept
