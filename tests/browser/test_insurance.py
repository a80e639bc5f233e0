"""The insurer's clerk reads who paid what of a bill, and why."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.insurance import places
from tests.served import served
from xinglin.security.principal import Principal

CLERK = Principal(
    "i1",
    frozenset({"insurer"}),
    organization="Organization/o-insurer",
    purpose="HPAYMT",
    display="徐慧敏",
    strong=True,
)


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform with a settlement; a cookie says who asks."""
    with served(
        postgres_dsn,
        {"clerk": CLERK},
        (*places.world(), places.visit("e-b1", "2026-11-20", "VR"), *places.settlement()),
    ) as root:
        yield root


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (DESKTOP, "zh-CN"), (DESKTOP, "en")])
async def test_a_clerk_follows_a_settlement(opened: Open, site: str, size: tuple[int, int], language: str) -> None:
    context = await opened(size, language=language, script=size == DESKTOP)
    await context.add_cookies([{"name": "who", "value": "clerk", "url": site}])
    page = await context.new_page()
    await page.goto("/insurer/claims")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await shot(page, f"{size[0]}-insurance-1-list-{language}")
    await page.locator("tbody a").first.click()
    await expect(page.locator("h1")).to_have_text("结算单" if language == "zh-CN" else "Settlement")
    await expect(page.get_by_text("起付线" if language == "zh-CN" else "deductible").first).to_be_visible()
    await shot(page, f"{size[0]}-insurance-2-one-{language}")
    if size == DESKTOP:
        assert await faults_of(page) == []
