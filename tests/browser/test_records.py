"""One journey through the record browser: start → search → open → versions → differences → raw → time line."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_journey(opened: Open, size: tuple[int, int]) -> None:
    name = f"{size[0]}"
    context = await opened(size)
    page = await context.new_page()

    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator('main a[href="/records/Patient"]').first).to_contain_text("患者")
    await shot(page, f"{name}-1-start")
    assert await faults_of(page) == []

    await page.locator('main a[href="/records/Patient"]').first.click()
    if size == PHONE:
        await page.get_by_text("筛选条件").click()
    await page.get_by_label("姓名", exact=True).fill("zxm")
    await page.get_by_role("button", name="查询").click()
    await expect(page.locator("[data-rows] a.main")).to_have_text(["张小梅"])
    await expect(page).to_have_url(re.compile(r"name=zxm"))
    await shot(page, f"{name}-2-search")
    assert await faults_of(page) == []

    await page.locator("[data-rows] a.main").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("张小梅")
    await expect(page.locator(".banner")).to_contain_text("青霉素")
    doctor = page.locator(".tree").get_by_role("link", name="王建国")
    await expect(doctor).to_have_attribute("href", "/records/Practitioner/wang")
    await expect(page.locator(".narrative b")).to_have_text("女")
    await shot(page, f"{name}-3-record")
    assert await faults_of(page) == []

    tabs = page.get_by_role("navigation", name="记录的各个方面")
    await tabs.get_by_role("link", name="版本").click()
    await expect(page.locator(".diff del")).to_have_text(["13800000000"])
    await expect(page.locator(".diff ins")).to_have_text(["13900000000"])
    await shot(page, f"{name}-4-versions")
    assert await faults_of(page) == []

    await tabs.get_by_role("link", name="原始 JSON").click()
    await expect(page.locator("#json")).to_contain_text('"13900000000"')
    await shot(page, f"{name}-5-raw")
    assert await faults_of(page) == []

    await tabs.get_by_role("link", name="时间线").click()
    await expect(page.locator(".time-day h3").first).to_contain_text("2026-10-25")
    await expect(page.locator(".time-one").first).to_contain_text("血糖：8.5 mmol/L")
    await shot(page, f"{name}-6-timeline")
    assert await faults_of(page) == []


async def test_without_javascript_everything_is_reached(opened: Open) -> None:
    context = await opened(PHONE, script=False)
    page = await context.new_page()
    await page.goto("/records/Observation?_sort=date")
    await expect(page.locator("[data-rows] a.main")).to_have_count(20)
    await page.get_by_role("link", name="下一页").click()
    await expect(page.locator("[data-rows] a.main")).to_have_count(5)
    await page.get_by_role("link", name="回到首页").first.click()
    await expect(page.get_by_label("状态", exact=True)).to_be_hidden()
    await page.get_by_text("筛选条件").click()
    await page.get_by_label("状态", exact=True).select_option("final")
    await page.get_by_role("button", name="查询").click()
    await expect(page).to_have_url(re.compile(r"status=final"))
    await page.locator("[data-rows] a.main").first.click()
    await page.get_by_role("link", name="版本").click()
    await expect(page.get_by_text("没有可比较的版本")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
async def test_results_stand_first_on_a_phone_and_the_form_on_a_desk(opened: Open, script: bool) -> None:  # noqa: FBT001
    context = await opened(PHONE, script=script)
    page = await context.new_page()
    await page.goto("/records/Observation")
    top = await page.evaluate("document.querySelector('#results').getBoundingClientRect().top") if script else 0
    assert top < PHONE[1] / 2
    await expect(page.get_by_role("button", name="查询")).to_be_hidden()
    await shot(page, "390-listing-folded")
    assert not script or await faults_of(page) == []
    await page.get_by_text("筛选条件").click()
    await expect(page.get_by_role("button", name="查询")).to_be_visible()
    await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    await page.goto("/records/Observation")
    await expect(page.get_by_text("筛选条件")).to_be_hidden()
    await expect(page.get_by_role("button", name="查询")).to_be_visible()


async def test_the_keyboard_alone_finds_and_opens(opened: Open) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await page.goto("/")
    await page.keyboard.press("/")
    await page.keyboard.type("张")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-rows] a.main").first).to_have_text("张小梅")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/records/Patient/zhang$"))


async def test_language_and_type_size_are_remembered(opened: Open) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await page.goto("/records")
    menu = page.get_by_role("navigation", name="主菜单").first
    await menu.get_by_role("button", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page).to_have_url(re.compile(r"/records$"))
    menu = page.get_by_role("navigation", name="Main menu").first
    await menu.get_by_role("button", name="Large type").click()
    await page.goto("/records/Patient/zhang")
    await expect(page.locator("html")).to_have_class("large js")
    size = await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.tree-value')).fontSize)")
    assert size >= 20
    await shot(page, "large-record")
    assert await faults_of(page) == []


async def test_a_wrong_query_is_told_and_the_form_keeps_it(opened: Open) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await page.goto("/records/Patient?birthdate=yesterday&name=张")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("姓名", exact=True)).to_have_value("张")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
async def test_every_component_is_shown_and_accessible(opened: Open, size: tuple[int, int], language: str) -> None:
    context = await opened(size, language=language)
    page = await context.new_page()
    await page.goto("/design")
    await shot(page, f"{size[0]}-design-{language}")
    assert await faults_of(page) == []


async def test_the_first_page_is_light(opened: Open) -> None:
    """Under 100 KB compressed without fonts (pages.md)."""
    context = await opened(DESKTOP)
    page = await context.new_page()
    sizes: dict[str, int] = {}
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    names: dict[str, str] = {}
    session.on("Network.responseReceived", lambda said: names.update({said["requestId"]: said["response"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda said: sizes.update({names.get(said["requestId"], "?"): int(said["encodedDataLength"])}),
    )
    await page.goto("/", wait_until="networkidle")
    counted = {url: size for url, size in sizes.items() if "font.css" not in url and ".woff2" not in url}
    assert len(counted) >= 5, counted
    assert sum(counted.values()) < 100_000, counted


async def test_chinese_is_readable_without_a_font_of_the_system(opened: Open) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await page.goto("/records/Patient/zhang", wait_until="networkidle")
    # Fonts come after the page; a busy machine is slow to ask for them.
    await page.wait_for_function("document.fonts.check('16px \"Noto Sans SC Variable\"', '张')")
    loaded = await page.evaluate("[...document.fonts].filter(one => one.status === 'loaded').map(one => one.family)")
    assert any("Noto Sans SC" in family for family in loaded)
