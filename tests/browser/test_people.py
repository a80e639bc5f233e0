"""From the start page to a person: by initials from the box on top; a list that is sorted, paged by keys, exported."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.portals.town import opened
from tests.served import listening

STARTS = {"resident": "/my", "physician": "/clinic", "receptionist": "/institution", "regulator": "/commission"}


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The platform over the world of the portals' tests; a cookie says who asks."""
    with listening(opened(postgres_dsn)) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> Page:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("role", STARTS)
async def test_a_start_page_has_something_useful_on_it(
    opened: Open, site: str, role: str, size: tuple[int, int]
) -> None:
    page = await as_(role, await opened(size), site)
    await page.goto("/")
    await expect(page).to_have_url(f"{site}{STARTS[role]}")
    await expect(page.locator(".start-card").first).to_be_visible()
    await shot(page, f"{size[0]}-start-{role}")
    assert await faults_of(page) == []


async def test_a_person_is_found_by_initials_from_any_page(opened: Open, site: str) -> None:
    page = await as_("physician", await opened(DESKTOP), site)
    await page.goto("/clinic/patients")
    await page.keyboard.press("/")
    await page.keyboard.type("zs")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site}/people?q=zs")
    await expect(page.locator("[data-search]")).to_have_value("zs")
    await shot(page, "1366-people")
    assert await faults_of(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site}/patients/zs")
    await page.goto("/people")
    await expect(page.get_by_role("heading", name="最近查看")).to_be_visible()
    await expect(page.get_by_role("link", name="张三")).to_be_visible()


async def test_a_person_is_found_on_a_phone_without_scripts(opened: Open, site: str) -> None:
    page = await as_("receptionist", await opened(PHONE, script=False), site)
    await page.goto("/people")
    box = page.get_by_role("main").get_by_role("searchbox")
    await box.fill("zs")
    await page.get_by_role("main").get_by_role("button", name="查找").click()
    await expect(page.get_by_role("link", name="张*")).to_be_visible()
    await shot(page, "390-people")


async def test_a_list_is_filtered_sorted_and_exported(opened: Open, site: str, tmp_path: Path) -> None:
    page = await as_("regulator", await opened(DESKTOP), site)
    await page.goto("/commission/visits")
    await page.locator("#f-district").select_option("410811")
    await page.get_by_role("main").get_by_role("button", name="查找").click()
    await expect(page).to_have_url(re.compile("district=410811"))
    await expect(page.locator("#results tbody tr")).to_have_count(3)
    await page.get_by_role("link", name="时间").click()
    await expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    await expect(page.locator("#f-district")).to_have_value("410811")  # what was asked stays
    await page.get_by_role("group").get_by_text("导出", exact=True).click()
    await shot(page, "1366-list-export")
    assert await faults_of(page) == []
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="CSV 文件").click()
    file = tmp_path / "visits.csv"
    await (await waiting.value).save_as(file)
    rows = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))
    assert [row[0] for row in rows] == ["时间", "2026-10-03 10:00", "2026-11-02 10:00", "2026-11-22 08:30"]


async def test_large_type_stays_and_fits(opened: Open, site: str) -> None:
    context = await opened(PHONE)
    page = await as_("resident", context, site)
    await page.goto("/my")
    await page.get_by_role("button", name="大字版").click()
    await expect(page.locator("html.large")).to_have_count(1)
    size = await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.start-card strong')).fontSize)")
    assert size >= 20
    targets = await page.locator(".mine-bar a, .start-card .lines a").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(targets) >= 56
    await page.goto("/my/visits")
    await shot(page, "390-large-visits")
    assert await faults_of(page) == []
