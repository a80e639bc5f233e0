"""The resident gives, restricts and withdraws; the physician opens a record in an emergency."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.access.ward import PEOPLE, encounter, observation, patient
from tests.served import served


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    with served(
        postgres_dsn,
        PEOPLE,
        (
            {"resourceType": "Organization", "id": "2", "name": "焦作市第二医院"},
            patient("1"),
            patient("child", name=[{"text": "张小小"}], birthDate="2020-05-01"),
            observation("o1", "1"),
            encounter("e1", "1", "3", start=datetime.now(UTC)),  # noqa: TID251  the server has the system's clock
        ),
    ) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> None:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])


async def asked(site: str, what: str, who: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"{site}/fhir") as client:
        return await client.get(f"/{what}", headers={"x-who": who})


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_resident_decides(opened: Open, site: str, size: tuple[int, int], language: str) -> None:
    context = await opened(size, language=language, script=size == DESKTOP)
    await as_("resident", context, site)
    page = await context.new_page()
    await page.goto("/consents?patient=1")
    assert await faults_of(page) == [] if size == DESKTOP else True
    await page.locator("#r-actor").select_option(label="焦作市第二医院")
    await page.locator("form:has(#r-actor) button").click()
    await expect(page.locator(".state-warning")).to_have_count(1)
    await expect(page.get_by_text("焦作市第二医院").first).to_be_visible()
    await shot(page, f"{size[0]}-{language}-consents-1")
    seen = (await asked(site, "Observation", "stranger")).json()
    assert "entry" not in seen
    await page.locator("form[action='/consents/withdraw'] button").first.click()
    await expect(page.locator(".state-warning")).to_have_count(0)
    seen = (await asked(site, "Observation", "stranger")).json()
    assert [one["resource"]["id"] for one in seen["entry"]] == ["o1"]
    await page.locator("form:has(#s-actor) button").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await shot(page, f"{size[0]}-{language}-consents-2")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_physician_opens_a_record(opened: Open, site: str, size: tuple[int, int]) -> None:
    context = await opened(size)
    await as_("physician", context, site)
    page = await context.new_page()
    await page.goto("/emergency")
    assert await faults_of(page) == []
    await page.locator("#f-patient").fill("1")
    await page.locator("#f-reason").fill("昏迷送诊，需要了解过敏史")
    await page.get_by_role("button", name="立即打开").click()
    await expect(page.get_by_role("status")).to_be_visible()
    assert await faults_of(page) == []
    await shot(page, f"{size[0]}-emergency")
    assert (await asked(site, "Observation/o1", "physician")).status_code == 200


async def test_pages_of_one_role_are_not_there_for_another(site: str) -> None:
    async with httpx.AsyncClient(base_url=site) as client:
        for path, who in (("/consents", "physician"), ("/emergency", "resident"), ("/emergency", "officer")):
            assert (await client.get(path, headers={"x-who": who})).status_code == 404
        assert (await client.get("/consents?patient=2", headers={"x-who": "resident"})).status_code == 404
