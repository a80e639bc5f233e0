"""The commission sees a score and drills down to a finding; the institution explains it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.quality.looked import PEOPLE, load
from tests.capabilities.residents.people import resident
from tests.served import served

KEPT: dict[str, Any] = {"managingOrganization": {"reference": "Organization/1"}}


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform after a look by night; a cookie says who asks."""
    documents = [
        {"resourceType": "Organization", "id": "1", "name": "焦作市人民医院"},
        {"resourceType": "Organization", "id": "2", "name": "焦作市第二人民医院"},
        *(resident(f"张伟{place}", "1980-01-01", 123, id=f"man{place}", **KEPT) for place in range(3)),
        {
            "resourceType": "Encounter",
            "id": "v1",
            "status": "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": "Patient/man1"},
            "serviceProvider": {"reference": "Organization/1"},
            "serviceType": {"text": "内科"},
            "participant": [{"individual": {"reference": "Practitioner/1"}}],
            "period": {"start": "2020-01-01T00:00:00Z"},
        },
        resident("李娜", "1990-01-01", 124, id="na", managingOrganization={"reference": "Organization/2"}),
    ]
    load(postgres_dsn, documents)
    with served(postgres_dsn, PEOPLE) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> None:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])


@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "zh-CN"), (PHONE, "en"), (PHONE, "zh-CN")])
async def test_from_a_score_to_a_finding(opened: Open, site: str, size: tuple[int, int], language: str) -> None:
    context = await opened(size, language=language, script=size == DESKTOP)
    await as_("regulator", context, site)
    page = await context.new_page()
    name = f"{size[0]}-{language}-quality"
    await page.goto("/commission")
    await page.locator("main a[href='/quality']").click()
    await expect(page.locator("table.rows tbody tr")).to_have_count(2)
    await shot(page, f"{name}-1-scores")
    assert await faults_of(page) == [] if size == DESKTOP else True

    await page.locator("a.main", has_text="焦作市人民医院").click()
    await expect(page.locator("h1")).to_have_text("焦作市人民医院")
    await shot(page, f"{name}-2-institution")
    assert await faults_of(page) == [] if size == DESKTOP else True

    await page.locator("a.main").first.click()
    await expect(page.locator("table.rows tbody tr")).to_have_count(3)
    await shot(page, f"{name}-3-findings")
    assert await faults_of(page) == [] if size == DESKTOP else True

    await page.locator("a.main").first.click()
    await expect(page.locator("dl.facts").first).to_contain_text("DQ-C03")
    await expect(page.locator("textarea, input[name='reason']")).to_have_count(0)
    await shot(page, f"{name}-4-finding")
    assert await faults_of(page) == [] if size == DESKTOP else True


async def test_findings_are_exported(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    await as_("regulator", context, site)
    answer = await context.request.get(f"{site}/quality/findings?_format=xlsx")
    assert answer.ok
    assert (await answer.body()).startswith(b"PK")


async def test_an_institution_explains_its_own(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    await as_("admin", context, site)
    page = await context.new_page()
    await page.goto("/quality")
    await expect(page.locator("table.rows tbody tr")).to_have_count(1)
    await page.goto("/quality/findings")
    await expect(page.locator("table.rows tbody tr")).to_have_count(3)
    await page.locator("table.rows tbody tr").filter(has_text="man0").locator("a.main").click()
    await page.locator("[name='reason']").fill("本人没有电话")
    await shot(page, "1366-quality-5-explain")
    assert await faults_of(page) == []
    await page.locator("form[action^='/quality/findings/'] button", has_text="不是错误").click()
    await expect(page.locator(".notice-success")).to_be_visible()
    await page.goto("/quality/findings")
    await expect(page.locator("table.rows tbody tr")).to_have_count(2)


@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "zh-CN"), (PHONE, "zh-CN")])
async def test_a_doctor_sees_to_a_finding(opened: Open, site: str, size: tuple[int, int], language: str) -> None:
    """One of the own patients opens; another does not, and it is said who may."""
    context = await opened(size, language=language, script=size == DESKTOP)
    await as_("doctor", context, site)
    page = await context.new_page()
    await page.goto("/quality/findings?state=")
    rows = page.locator("table.rows tbody tr")
    await expect(rows).to_have_count(3)
    await rows.filter(has_text="man1").locator("a.main").click()
    if size == DESKTOP:
        await page.locator("form", has_text="整改").first.locator("button").click()
        await expect(page.locator(".notice-success")).to_contain_text("整改中")
    await shot(page, f"{size[0]}-quality-6-correcting")
    if size == DESKTOP:  # the checker needs scripts
        assert await faults_of(page) == []
    await page.locator("a", has_text="打开这条记录").click()
    await expect(page).to_have_url(re.compile("/patients/man1$"))
    await page.goto("/quality/findings?state=")
    await rows.filter(has_text="man2").locator("a.main").click()
    await page.locator("a", has_text="打开这条记录").click()
    await expect(page.locator(".notice-danger")).to_contain_text("建档机构")
    await shot(page, f"{size[0]}-quality-7-hidden")
    if size == DESKTOP:  # the checker needs scripts
        assert await faults_of(page) == []
