"""The commission traces a prescription, draws a sample and checks it; a resident complains and is answered."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.internet_hospital.clinic import MEI
from tests.capabilities.supervision.city import ADMINISTRATOR, REGULATOR, City, Province
from tests.capabilities.supervision.test_uploading import send
from tests.conftest import key_store
from tests.served import served
from xinglin.capabilities.prescriptions.contract import NUMBERS
from xinglin.capabilities.supervision.rules.documents import identifier
from xinglin.store.store import Store

PEOPLE = {"commission": REGULATOR, "administrator": ADMINISTRATOR, "mei": replace(MEI, display="张小梅")}


@pytest.fixture(scope="module")
async def done(postgres_dsn: str) -> dict[str, str]:
    """A visit from the request to the receipt of the province: its id, and the number of the prescription."""
    store = await Store.open(postgres_dsn, keys=key_store())
    city = await City(store).settled()
    visit = await city.begun()
    order = await city.prescribed(visit)
    await city.reviewed(order)
    await city.finished(visit)
    await send(city, Province())
    number = identifier(await city.read("RequestGroup", order), NUMBERS)
    await store.close()
    return {"visit": visit, "number": number}


@pytest.fixture(scope="module")
def site(postgres_dsn: str, done: dict[str, str]) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    assert done
    with served(postgres_dsn, PEOPLE) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> None:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])


async def test_the_commission_traces_a_prescription_and_checks_the_visit(
    opened: Open, site: str, done: dict[str, str]
) -> None:
    context = await opened(DESKTOP)
    await as_("commission", context, site)
    page = await context.new_page()
    await page.goto("/commission/live")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await shot(page, "1366-zh-CN-supervision-live")
    assert await faults_of(page) == []
    await page.goto("/commission/trace")
    await page.locator("#f-about").fill(done["number"])
    await page.keyboard.press("Enter")
    await expect(page.locator(".head h1")).to_have_text("全程追溯")
    await expect(page.get_by_text("R1-043")).to_be_visible()
    await expect(page.locator(".state-success", has_text="有效")).to_have_count(3)
    await page.locator("details summary").first.click()
    await expect(page.get_by_text("默克尔路径核验通过").first).to_be_visible()
    await shot(page, "1366-zh-CN-supervision-trace")
    assert await faults_of(page) == []
    paper = await context.request.get(f"/commission/trace/Encounter/{done['visit']}?form=pdf")
    assert (await paper.body())[:5] == b"%PDF-"
    await page.goto("/commission/checks")
    await page.locator("#f-institution").select_option(label="焦作市示范医院互联网医院")
    await page.locator("#f-month").fill("2026-11")
    await page.locator("#f-seed").fill("0812 15 22 27 33 08")
    await page.get_by_role("button", name="抽取样本").click()
    await expect(page.get_by_text("按公布的种子重新抽取，结果一致")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("link", name="填写").click()
    for one in await page.locator("input[value=yes]").all():
        await one.check()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="提交检查表").click()
    await expect(page.locator(".state-success", has_text="A 无缺陷")).to_be_visible()


async def test_a_resident_rates_and_complains_and_the_institution_answers(
    opened: Open, site: str, done: dict[str, str]
) -> None:
    context = await opened(PHONE)
    await as_("mei", context, site)
    page = await context.new_page()
    await page.goto("/my/feedback")
    await shot(page, "390-zh-CN-feedback")
    assert await faults_of(page) == []
    await page.goto(f"/my/feedback/rate/{done['visit']}")
    assert await faults_of(page) == []
    await page.locator("input[value='4']").check()
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.get_by_text("您已评价")).to_be_visible()
    await page.goto(f"/my/feedback/new?about=Encounter/{done['visit']}")
    assert await faults_of(page) == []
    await page.locator("#f-category").select_option("manner")
    await page.locator("#f-text").fill("等了一个小时，没有人解释。")
    await page.get_by_role("button", name="提交投诉").click()
    await expect(page.locator(".state", has_text="已受理")).to_be_visible()
    case = page.url.rpartition("/")[2]

    desk = await opened(DESKTOP)
    await as_("administrator", desk, site)
    there = await desk.new_page()
    await there.goto(f"/institution/complaints/{case}")
    assert await faults_of(there) == []
    await there.get_by_role("button", name="受理并调查").click()
    await expect(there.locator(".state", has_text="调查中")).to_be_visible()
    await there.locator("#f-answer").fill("当日候诊系统故障，已致歉并修复。")
    await there.get_by_role("button", name="答复投诉人").click()
    await expect(there.locator(".state", has_text="已答复")).to_be_visible()

    await page.reload()
    await expect(page.get_by_text("当日候诊系统故障")).to_be_visible()
    await page.get_by_role("button", name="满意，办结").click()
    await expect(page.locator(".state", has_text="已办结")).to_be_visible()
