"""An online re-visit in two browsers: asked for, judged, talked through, signed; and a first visit that is refused."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.internet_hospital.clinic import BO, DOCTOR, MEI, PNG, documents, signed_in
from tests.served import door_of, served
from xinglin.store.clock import Clock


@pytest.fixture(scope="module")
async def site(postgres_dsn: str) -> AsyncIterator[str]:
    """The whole platform; a cookie says who asks."""
    async with door_of(postgres_dsn) as door:
        people = {"mei": MEI, "bo": BO, "doctor": await signed_in(door, DOCTOR)}
    with served(postgres_dsn, people, documents(Clock().now())) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> Page:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


async def ask(page: Page, words: str) -> None:
    """Fill in the form for the department that is open."""
    await page.goto("/my/visits/new")
    await page.get_by_role("link", name="心血管内科").click()
    await page.locator("#f-complaint").fill(words)
    for box in await page.locator("input[name=agree][required]").all():
        await box.check()


async def test_a_visit_from_request_to_note(opened: Open, site: str) -> None:
    mine = await as_("mei", await opened(PHONE), site)
    desk = await as_("doctor", await opened(DESKTOP), site)
    await mine.goto("/my/visits/online")
    await expect(mine.get_by_text("还没有在线复诊")).to_be_visible()
    await mine.goto("/my/visits/new")
    await shot(mine, "390-visit-1-where")
    assert await faults_of(mine) == []
    await ask(mine, "高血压复诊，近期血压 130/80，药快吃完了")
    await shot(mine, "390-visit-2-ask")
    assert await faults_of(mine) == []
    await mine.get_by_role("button", name="提交申请").click()
    await expect(mine.get_by_text("正在等待医生接诊")).to_be_visible()
    await shot(mine, "390-visit-3-asked")
    assert await faults_of(mine) == []

    await desk.goto("/clinic/visits")
    await expect(desk.get_by_role("link", name="高血压复诊")).to_be_visible()
    await shot(desk, "1366-visit-1-list")
    assert await faults_of(desk) == []
    await desk.get_by_role("link", name="高血压复诊").click()
    await expect(desk.get_by_text("张小梅")).to_have_count(0)
    await shot(desk, "1366-visit-2-offered")
    assert await faults_of(desk) == []
    await desk.get_by_role("button", name="接诊", exact=True).click()
    await expect(desk.locator(".banner-name")).to_contain_text("张小梅")
    await shot(desk, "1366-visit-3-accepted")
    assert await faults_of(desk) == []
    await desk.get_by_role("button", name="开始诊疗").click()
    await expect(desk.get_by_role("alert")).to_contain_text("请先核对既往诊断资料")
    await desk.get_by_role("button", name="核对有效").click()
    await expect(desk.get_by_text("已核对，有效")).to_be_visible()

    # The patient's page hears of it by itself.
    await expect(mine.get_by_text("医生已接诊，正在核对资料")).to_be_visible(timeout=30_000)
    await mine.get_by_role("button", name="我已准备好").click()
    await expect(mine.get_by_text("您已候诊")).to_be_visible()
    await desk.get_by_role("button", name="开始诊疗").click()
    await expect(desk.get_by_role("heading", name="复诊病历")).to_be_visible()
    await desk.locator("#f-text").fill("您好，最近有头晕吗？")
    await desk.get_by_role("button", name="发送").click()
    await expect(mine.get_by_text("最近有头晕吗")).to_be_visible(timeout=30_000)
    await mine.locator("#f-text").fill("没有，血压很稳。")
    await mine.locator("#f-text").press("Control+Enter")
    await expect(mine.get_by_text("血压很稳")).to_be_visible()
    await expect(desk.get_by_text("血压很稳")).to_be_visible()
    await mine.locator("#f-file").set_input_files({"name": "血压.png", "mimeType": "image/png", "buffer": PNG})
    await mine.get_by_role("button", name="发送").click()
    await expect(mine.locator(".talk-one img")).to_be_visible()
    await shot(mine, "390-visit-4-talk")
    assert await faults_of(mine) == []

    await desk.locator("#f-history").fill("高血压两年，规律服药，血压平稳，无头晕。")
    await desk.locator("#f-advice").fill("继续原方案，低盐饮食，三个月后复查。")
    await shot(desk, "1366-visit-4-note")
    assert await faults_of(desk) == []
    await desk.get_by_role("button", name="签名并结束").click()
    await expect(desk.get_by_text("医师已签名")).to_be_visible()
    await shot(desk, "1366-visit-5-finished")
    await expect(mine.get_by_text("低盐饮食")).to_be_visible(timeout=30_000)
    await shot(mine, "390-visit-5-finished")
    assert await faults_of(mine) == []


async def test_a_first_visit_is_refused_with_the_way_to_a_hospital(opened: Open, site: str) -> None:
    page = await as_("bo", await opened(PHONE, script=False), site)
    await ask(page, "最近胃疼，想开点药")
    await page.get_by_role("button", name="提交申请").click()
    await expect(page.get_by_role("alert").first).to_contain_text("属于首诊")
    await expect(page.get_by_role("alert").first).to_contain_text("0391-1234567")
    await shot(page, "390-visit-6-first")


async def test_a_doctor_ends_a_visit_that_needs_a_hospital(opened: Open, site: str) -> None:
    mine = await as_("mei", await opened(PHONE, language="en"), site)
    await mine.goto("/my/visits/new?hospital=i1&department=03.04")
    await mine.locator("#f-complaint").fill("Chest tightness since this morning")
    for box in await mine.locator("input[name=agree][required]").all():
        await box.check()
    await mine.get_by_role("button", name="Ask for the visit").click()
    desk = await as_("doctor", await opened(DESKTOP), site)
    await desk.goto("/clinic/visits")
    await desk.get_by_role("link", name="Chest tightness").click()
    await desk.get_by_role("button", name="接诊", exact=True).click()
    await desk.get_by_text("拒诊并引导线下就医").first.click()
    await desk.locator("#f-code").select_option("EMERGENCY_RED_FLAG")
    await desk.locator("#f-end-advice").fill("请立即拨打 120 或前往最近的急诊。")
    await desk.get_by_role("button", name="拒诊并引导线下就医").click()
    await expect(mine.get_by_role("alert")).to_contain_text("Signs of an emergency", timeout=30_000)
    await shot(mine, "390-en-visit-7-ended")
    assert await faults_of(mine) == []
