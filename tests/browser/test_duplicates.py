"""Two records side by side: merged, both histories under one, and taken apart again."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.access.ward import encounter, observation
from tests.capabilities.residents.people import PEOPLE, resident
from tests.served import served
from xinglin.capabilities.duplicates.contract import DUPLICATE, DUPLICATE_CANDIDATE, PAIRS, TASK_CODES

HERE: dict[str, Any] = {"managingOrganization": {"reference": "Organization/1", "display": "焦作市人民医院"}}
THERE: dict[str, Any] = {
    "managingOrganization": {"reference": "Organization/2", "display": "解放区民生社区卫生服务中心"}
}


def candidate(one: str, other: str, grade: str, score: float) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "id": f"{one}-{other}",
        "meta": {"profile": [DUPLICATE_CANDIDATE.url]},
        "identifier": [{"system": PAIRS, "value": f"{one}_{other}"}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODES, "code": DUPLICATE}]},
        "focus": {"reference": f"Patient/{one}"},
        "for": {"reference": f"Patient/{other}"},
        "authoredOn": "2026-11-20T02:40:00Z",
        "input": [
            {"type": {"text": "candidate"}, "valueReference": {"reference": f"Patient/{other}"}},
            {"type": {"text": "score"}, "valueDecimal": score},
            {"type": {"text": "grade"}, "valueCode": grade},
        ],
    }


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    phone: dict[str, Any] = {"telecom": [{"system": "phone", "value": "13903910000"}]}
    with served(
        postgres_dsn,
        PEOPLE,
        (
            {"resourceType": "Organization", "id": "1", "name": "焦作市人民医院"},
            resident("王小明", "1980-01-01", id="ming", **HERE),
            resident("王晓明", "1980-01-01", id="ming2", **THERE, **phone),
            resident("李娜", "1990-01-01", 124, id="na", **HERE),
            resident("李娜", "1990-10-01", 126, id="na2", **HERE),
            observation("o1", "ming"),
            observation("o2", "ming2"),
            encounter("e2", "ming2", "3"),
            candidate("ming", "ming2", "probable", 0.973),
            candidate("na", "na2", "possible", 0.61),
        ),
    ) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> None:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])


def holds(site: str, patient: str) -> set[str]:
    """Give what a record leads to, by one name or the other."""
    answer = httpx.get(f"{site}/fhir/Observation?patient={patient}", headers={"x-who": "system"})
    assert answer.status_code == 200, answer.text
    return {one["resource"]["id"] for one in answer.json().get("entry", ())}


@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "zh-CN"), (PHONE, "en"), (PHONE, "zh-CN")])
async def test_merge_both_histories_under_one_and_undo(
    opened: Open, site: str, size: tuple[int, int], language: str
) -> None:
    context = await opened(size, language=language, script=size == DESKTOP)
    await as_("desk", context, site)
    page = await context.new_page()
    name = f"{size[0]}-{language}-duplicates"
    await page.goto("/institution")
    await shot(page, f"{name}-0-start")
    await page.locator("main a[href='/duplicates']").click()
    await expect(page.locator("table.rows tbody tr")).to_have_count(2)
    await shot(page, f"{name}-1-list")
    assert await faults_of(page) == [] if size == DESKTOP else True

    await page.locator("a.main", has_text="王小明").click()
    await expect(page.locator("h1")).to_contain_text("王小明")
    await shot(page, f"{name}-2-side-by-side")
    assert await faults_of(page) == [] if size == DESKTOP else True

    await page.locator("input[name='survivor'][value='ming']").check()
    await page.locator("input[name='keep.telecom'][value='ming2']").check()
    await page.locator("#f-reason").fill("已核对身份证原件")
    await page.locator("button[value='merge']").click()
    await expect(page.locator(".notice-success")).to_be_visible()
    await shot(page, f"{name}-3-merged")
    assert await faults_of(page) == [] if size == DESKTOP else True
    assert holds(site, "ming") == holds(site, "ming2") == {"o1", "o2"}

    await page.goto("/duplicates?status=completed")
    await page.locator("a.main").first.click()
    await page.locator("#f-reason").fill("是双胞胎，不是同一人")
    await page.locator("button[value='unmerge']").click()
    await expect(page.locator("button[value='merge']")).to_be_visible()
    await shot(page, f"{name}-4-undone")
    assert holds(site, "ming") == {"o1"}
    assert holds(site, "ming2") == {"o2"}


async def test_two_valid_numbers_are_not_for_the_desk(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    await as_("desk", context, site)
    page = await context.new_page()
    await page.goto("/duplicates/na-na2")
    await expect(page.locator(".notice-danger")).to_be_visible()
    await page.locator("#f-reason").fill("同名同姓")
    await page.locator("button[value='merge']").click()
    await expect(page.locator(".notice-danger")).to_have_count(2)
    await shot(page, "1366-duplicates-5-two-citizens")
    await page.locator("#f-reason").fill("同名同姓，证件不同")
    await page.locator("button[value='different']").click()
    await expect(page.locator("button[value='open']")).to_be_visible()
    await page.locator("#f-reason").fill("误判")
    await shot(page, "1366-duplicates-6-different")
    assert await faults_of(page) == []
