"""The newcomer's walk through the care line, on the demonstration as `xinglin demo` starts it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, shot
from tests.cli.test_demo import demo
from xinglin.cli.ports import free_port

SOON = 30_000  # ms: jobs of other processes are part of the way


@pytest.fixture(scope="module")
async def root(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A demonstration of its own, with all its processes."""
    if not request.config.getoption("--walk"):
        pytest.skip("takes minutes beside other tests, as it starts a demonstration: asked for by --walk")
    folder: Path = tmp_path_factory.mktemp("walk") / "data"
    with demo(folder, free_port("127.0.0.1", 18_500)) as (_, base):
        yield base.rstrip("/")


async def as_(role: str, browser: Browser, root: str, size: tuple[int, int]) -> Page:
    """Sign in by one click."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN", base_url=root, reduced_motion="reduce"
    )
    context.set_default_timeout(SOON)
    page = await context.new_page()
    await page.goto("/login")
    await page.locator("details summary").first.click()
    await page.locator(f'button[name=role][value="{role}"]').first.click()
    await expect(page).not_to_have_url(re.compile("/login"))
    return page


async def paid(page: Page) -> None:
    """Pay the bill that is open on the page, with WeChat Pay's simulator."""
    await page.get_by_role("button", name="去缴费").first.click()
    await page.get_by_label("微信支付").check()
    for box in await page.locator("input[name=agreed]").all():
        await box.check()
    await page.locator("button[value=pay]").click()
    link = page.get_by_role("link", name=re.compile("打开微信支付"))
    await expect(link).to_be_visible(timeout=SOON)
    address = await link.get_attribute("href")
    assert address is not None
    channel = await page.context.new_page()
    await channel.goto(address)
    await channel.locator("button").first.click()
    await channel.close()
    await expect(page.locator("main")).to_contain_text("已支付", timeout=SOON)


@pytest.mark.timeout(600)
async def test_the_dizzy_resident_from_the_first_word_to_the_medicine(browser: Browser, root: str) -> None:
    mine = await as_("patient", browser, root, PHONE)
    await mine.goto("/my/triage")
    await mine.locator("textarea").first.fill("头晕两天，血压有点高")
    await mine.get_by_role("button", name="下一步").click()
    await mine.get_by_role("button", name="都没有").click()
    await (
        mine.get_by_role("link", name="不再回答，直接看结果")
        .or_(mine.get_by_role("button", name="不再回答，直接看结果"))
        .click()
    )
    await expect(mine.locator("main")).to_contain_text("心血管内科")
    await shot(mine, "390-walk-1-advice")

    await mine.goto("/my/visits/new?department=03.04")
    await mine.get_by_role("link", name="心血管内科").first.click()
    await mine.locator("#f-complaint").fill("高血压复诊，近几天头晕，药快吃完了")
    for box in await mine.locator("input[name=agree]").all():
        await box.check()
    await mine.get_by_role("button", name="提交申请").click()
    await mine.get_by_role("link", name="去缴费").click()
    await paid(mine)
    await shot(mine, "390-walk-2-paid")

    doctor = await as_("physician", browser, root, DESKTOP)
    await doctor.goto("/clinic/visits")
    await doctor.get_by_role("link", name="高血压复诊").first.click()
    await doctor.get_by_role("button", name="接诊", exact=True).click()
    await doctor.get_by_role("button", name="核对有效").first.click()
    await doctor.get_by_role("button", name="开始诊疗").click()
    await expect(doctor.get_by_role("heading", name="复诊病历")).to_be_visible()
    visit = doctor.url
    await doctor.get_by_role("link", name="开处方").click()
    await doctor.get_by_label(re.compile("高血压")).first.check()
    await doctor.locator("#f-d1").fill("苯磺酸氨氯地平片")
    await doctor.locator(".code-options:visible [role=option]").first.click()
    await doctor.locator("#f-dose1").fill("5")
    await doctor.locator("#f-freq1").select_option("qd")
    await doctor.locator("#f-days1").fill("7")
    await expect(doctor.locator("#findings")).to_contain_text("一次5mg，每日1次，共7天", timeout=SOON)
    await doctor.get_by_role("button", name="签名并提交审核").click()
    await expect(doctor.locator("#state")).to_contain_text("待审核")
    await doctor.goto(visit)
    await doctor.locator("#f-history").fill("高血压多年，近几日头晕，血压 150/95。")
    await doctor.locator("#f-advice").fill("继续原方案，低盐饮食，一周后复查。")
    await doctor.get_by_role("button", name=re.compile("签名并结束")).click()
    await expect(doctor.get_by_text("医师已签名")).to_be_visible()
    await shot(doctor, "1366-walk-3-note")

    pharmacist = await as_("pharmacist", browser, root, DESKTOP)
    await pharmacist.goto("/clinic/review")
    await pharmacist.locator("#queue a").first.click()
    await expect(pharmacist.locator("main")).to_contain_text("高血压")  # what it is for
    number = (await pharmacist.locator("h1").inner_text()).split()[1]
    for box in await pharmacist.locator("input[name=checked]").all():
        await box.check()
    await pharmacist.get_by_role("button", name="签名并提交").click()
    await expect(pharmacist.locator("#queue")).to_contain_text("没有待审核的处方")

    await mine.goto("/my/prescriptions")
    await mine.get_by_role("link", name="取药").first.click()
    await mine.get_by_role("group", name="怀庆堂大药房解放路店").get_by_label("到药店自取").check()
    await mine.get_by_role("button", name=re.compile("选这家")).first.click()
    await expect(mine.locator("#supply")).to_contain_text("等待药店接单")
    supply = mine.url

    shop = await as_("retail-pharmacist", browser, root, DESKTOP)
    await shop.goto("/clinic/dispensing")
    await shop.locator("#desk .main").first.click()
    await shop.get_by_role("button", name="接单").click()
    for box in await shop.locator("input[name=checked]").all():
        await box.check()
    await shop.get_by_role("button", name="审核通过并签名").click()
    await mine.goto("/my/bills")
    await (
        mine.get_by_role("link", name=re.compile("去缴费|氨氯地平"))
        .or_(mine.get_by_role("button", name="去缴费"))
        .first.click()
    )
    await paid(mine)
    await shot(mine, "390-walk-4-bill")

    await shop.reload()
    await shop.get_by_label("药品追溯码").fill("81000000000000000017")
    own = (await shop.locator("a[href='/account']").first.inner_text()).strip()
    others = [one for one in await shop.get_by_label("调配人").locator("option").all_inner_texts() if one != own]
    await shop.get_by_label("调配人").select_option(label=others[-1])
    for box in await shop.locator("input[name=checked]").all():
        await box.check()
    await shop.get_by_role("button", name="核对无误").click()
    await shot(shop, "1366-walk-5-dispensed")
    await expect(shop.get_by_label("取药码")).to_be_visible()
    await mine.goto(supply)
    await mine.get_by_role("link", name="出示取药码").click()
    digits = await mine.locator(".pharmacy-digits").inner_text()
    await shop.get_by_label("取药码").fill(digits)
    await shop.get_by_role("button", name="确认交付").click()
    await expect(mine.locator("#supply")).to_contain_text("除质量原因外不退换", timeout=SOON)

    regulator = await as_("regulator", browser, root, DESKTOP)
    await regulator.goto("/commission/trace")
    await regulator.locator("#f-about").fill(number)
    await regulator.locator("#f-about").press("Enter")
    await expect(regulator.locator(".head h1")).to_have_text("全程追溯")
    for link in ("复诊", "处方", "调配"):
        await expect(regulator.locator("main")).to_contain_text(link)
    await expect(regulator.locator(".state-success", has_text="有效").first).to_be_visible()
    await expect(regulator.locator(".state-danger", has_text="无效")).to_have_count(0)
    await shot(regulator, "1366-walk-6-trace")
