"""A code is picked by initials, with keys alone and without JavaScript; the dictionary finds and explains it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.served import served


@pytest.fixture(scope="module")
def site(national_dsn: str) -> Iterator[str]:
    """The whole platform with the national tables."""
    with served(national_dsn, settings={"DESIGN_PAGE": "on"}) as root:
        yield root


async def test_a_code_is_picked_by_initials_with_keys_alone(opened: Open) -> None:
    page = await (await opened(DESKTOP)).new_page()
    await page.goto("/design")
    box = page.get_by_role("combobox", name="科室").first
    await box.scroll_into_view_if_needed()
    await box.press_sequentially("xxg", delay=20)
    option = page.locator(".code-options [role=option]").first
    await expect(option).to_contain_text("心血管内科专业")
    await expect(box).to_have_attribute("aria-expanded", "true")
    await box.press("ArrowDown")
    await expect(option).to_have_attribute("aria-selected", "true")
    await expect(box).to_have_attribute("aria-activedescendant", await option.get_attribute("id") or "")
    await shot(page, "1366-terminology-picker")
    assert [fault for fault in await faults_of(page) if "code-" in fault or "picked" in fault] == []
    await box.press("Enter")
    await expect(box).to_have_value("03.04 心血管内科专业")
    await expect(box).to_have_attribute("aria-expanded", "false")
    hidden = page.locator("input[name=picked]")
    assert await hidden.input_value() == "https://xinglin.health/fhir/CodeSystem/department|03.04"
    await box.press("Backspace")
    assert await hidden.input_value() == ""
    await box.press("Escape")
    await expect(page.locator(".code-options").first).to_be_hidden()


async def test_an_option_is_picked_by_touch(opened: Open) -> None:
    page = await (await opened(PHONE)).new_page()
    await page.goto("/design")
    box = page.get_by_role("combobox", name="科室").first
    await box.fill("huxi")
    await page.locator(".code-options [role=option]").filter(has_text="呼吸内科专业").click()
    await expect(box).to_have_value("03.01 呼吸内科专业")
    await box.fill("zzzz")
    await expect(page.get_by_text("没有找到对应的代码").first).to_be_visible()
    await shot(page, "390-terminology-picker")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_dictionary_finds_and_explains_a_code(opened: Open, size: tuple[int, int]) -> None:
    page = await (await opened(size)).new_page()
    await page.goto("/terminology")
    await expect(page.get_by_role("heading", level=1)).to_have_text("术语字典")
    await shot(page, f"{size[0]}-terminology-1-systems")
    assert await faults_of(page) == []
    await page.get_by_label("查什么").fill("ys")
    await page.get_by_label("查什么").press("Enter")
    await expect(page.locator("#results .pager")).to_be_visible()
    await shot(page, f"{size[0]}-terminology-2-found")
    assert await faults_of(page) == []
    await page.goto(
        "/terminology?system=https%3A%2F%2Fxinglin.health%2Ffhir%2FCodeSystem%2Fgbt-2261-2&q=%E5%88%9D%E5%A9%9A"
    )
    await page.get_by_role("link", name="21").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("21 初婚")
    await expect(page.get_by_role("link", name="20 已婚")).to_be_visible()
    await expect(page.get_by_text("病案首页 婚姻").first).to_be_visible()
    await shot(page, f"{size[0]}-terminology-3-concept")
    assert await faults_of(page) == []


async def test_it_works_without_javascript_and_in_english(opened: Open) -> None:
    page = await (await opened(DESKTOP, language="en-GB", script=False)).new_page()
    await page.goto("/terminology/pick?system=https%3A%2F%2Fxinglin.health%2Ffhir%2FCodeSystem%2Fdepartment")
    await page.get_by_label("Look for").fill("xxg")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("link", name="03.04")).to_be_visible()
    await shot(page, "1366-terminology-pick-page")
    await page.goto("/terminology?q=han")
    await expect(page.locator("[data-rows] a.main").first).to_be_visible()
    await shot(page, "1366-terminology-english")


async def test_an_edition_is_examined_and_taken_in(opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "edition.csv"
    file.write_text("编码,名称\n1,男\n2,女性\n2,又一行\n3,新增的\n", "utf-8")
    page = await (await opened(DESKTOP)).new_page()
    await page.goto("/terminology/load")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="检查", exact=True).click()
    await expect(page.get_by_text("请选择文件。")).to_be_visible()
    await page.get_by_label("文件").set_input_files(file)
    await page.get_by_label("代码系统", exact=True).select_option(label="性别")
    await page.get_by_label("版本", exact=True).fill("2027")
    await page.get_by_role("button", name="检查", exact=True).click()
    await expect(page.get_by_text("代码重复 1")).to_be_visible()
    await expect(page.get_by_text("更名 1")).to_be_visible()
    await expect(page.get_by_text("停用 2")).to_be_visible()
    await shot(page, "1366-terminology-load")
    assert await faults_of(page) == []
    async with page.expect_download() as report:
        await page.get_by_role("link", name="下载检查报告").click()
    assert "twice" in (await (await report.value).path()).read_text("utf-8-sig")
    await page.get_by_role("button", name="装入", exact=True).click()
    await expect(page.get_by_text("性别 2027 已装入，共 3 个代码")).to_be_visible()
    await page.get_by_role("link", name="在字典中查看").click()
    await expect(page.locator("[data-rows] a.main")).to_have_count(3)
    await page.goto("/terminology/load")
    await expect(page.get_by_role("row", name="edition.csv")).to_contain_text("已装入")
    await shot(page, "1366-terminology-loads")
    assert await faults_of(page) == []
