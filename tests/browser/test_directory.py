"""A resident finds a doctor; an administrator completes the checklist, imports departments, and activates."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.directory.people import NAME, PEOPLE, RECORDS, card
from tests.served import served
from xinglin.capabilities.directory.rules import checklist


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    with served(postgres_dsn, PEOPLE, (*RECORDS, SERVICE)) as root:
        yield root


SERVICE = {
    "resourceType": "HealthcareService",
    "id": "renmin-heart",
    "active": True,
    "name": "心血管内科门诊",
    "providedBy": {"reference": "Organization/renmin", "display": NAME},
    "specialty": [{"coding": [{"system": "https://xinglin.health/fhir/CodeSystem/department", "code": "03.04"}]}],
}


async def as_(who: str, context: BrowserContext, site: str) -> Page:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


@pytest.mark.rule("R2-004")
@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (DESKTOP, "en")])
async def test_a_resident_finds_a_hospital_and_a_doctor(
    opened: Open, site: str, size: tuple[int, int], language: str
) -> None:
    page = await as_("mei", await opened(size, language=language, script=size == DESKTOP), site)
    await page.goto("/directory?name=jzsrm")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await shot(page, f"{size[0]}-directory-1-found")
    if size == DESKTOP:
        assert await faults_of(page) == []
    await page.locator("tbody a.main").click()
    await expect(page.locator("h1")).to_have_text(NAME)
    await expect(page.get_by_text("心血管内科门诊")).to_be_visible()
    await shot(page, f"{size[0]}-directory-2-institution")
    await page.goto("/directory/doctors?title=senior&district=410802")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await shot(page, f"{size[0]}-directory-3-doctors")
    await page.locator("tbody a.main").click()
    await expect(page.locator("h1")).to_have_text("王建国")
    assert card(123) not in await page.content()
    await shot(page, f"{size[0]}-directory-4-doctor")
    await page.goto("/directory/departments/renmin-03.04")
    await expect(page.get_by_text("李晓红")).to_be_visible()
    await page.goto("/directory/services?subject=03")
    await expect(page.locator("tbody tr")).to_have_count(1)
    if size == DESKTOP:
        assert await faults_of(page) == []


async def test_an_administrator_completes_the_checklist_and_activates(opened: Open, site: str, tmp_path: Path) -> None:
    page = await as_("keeper", await opened(DESKTOP), site)
    await page.goto("/institution/readiness")
    await page.locator("#f-name").fill("焦作互联网医院")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("alert")).to_contain_text("应以实体机构的登记名称开头")
    await shot(page, "1366-readiness-1-set-up")
    assert await faults_of(page) == []
    await page.locator("#f-name").fill(f"{NAME}互联网医院")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_text("请逐项完成准入清单")).to_be_visible()
    await page.get_by_role("button", name="启用互联网医院").click()
    await expect(page.get_by_role("alert")).to_contain_text("还不能启用")
    await shot(page, "1366-readiness-2-refused")
    assert await faults_of(page) == []

    # What the directory shows by itself: departments by a table, then a service online and a pharmacist by hand.
    table = tmp_path / "科室.csv"
    table.write_text("科室代码,科室名称\n药剂科(药房),药学部\nD85,信息中心\nD86,医务科\n不存在的科,\n", "utf-8")
    await page.goto("/institution/import")
    await shot(page, "1366-import-1-ask")
    assert await faults_of(page) == []
    await page.locator("#f-file").set_input_files(table)
    await page.get_by_role("button", name="预览改动").click()
    await expect(page.get_by_text("代码表中没有")).to_be_visible()
    await shot(page, "1366-import-2-preview")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="确认导入 3 行").click()
    await expect(page.get_by_text("已导入。")).to_be_visible()
    await shot(page, "1366-import-3-applied")

    await page.goto("/institution/add/services")
    await page.locator("#f-code").fill("心血管内科专业")
    await page.locator("#f-where").select_option("online")
    await page.get_by_role("button", name="新增", exact=True).click()
    await expect(page.get_by_text("已新增。")).to_be_visible()
    await page.goto("/institution/add/staff")
    await page.locator("#f-name").fill("孙药师")
    await page.locator("#f-card").fill("123")
    await page.locator("#f-role").select_option("pharmacist")
    await shot(page, "1366-keep-1-staff")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="新增", exact=True).click()
    await expect(page.locator("#f-card-note")).to_be_visible()
    await shot(page, "1366-keep-2-fault")
    await page.locator("#f-card").fill(card(130))
    await page.get_by_role("button", name="新增", exact=True).click()
    await expect(page.get_by_text("已新增。")).to_be_visible()
    await page.goto("/institution/staff")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await shot(page, "1366-keep-3-staff")
    assert await faults_of(page) == []

    # What evidence shows.
    for item in checklist.all_items():
        if item.mandatory and not item.by_machine and not item.when:
            await page.goto(f"/institution/readiness/{item.code}")
            await page.locator("#f-document").fill(f"{item.code} V1")
            await page.locator("#f-responsible").fill("胡伟")
            if item.code == "mlps":
                await shot(page, "1366-readiness-3-item")
                assert await faults_of(page) == []
            await page.get_by_role("button", name="保存").click()
            await expect(page.get_by_text("已登记。")).to_be_visible()
    await page.get_by_role("button", name="启用互联网医院").click()
    await expect(page.get_by_text("互联网医院已启用。")).to_be_visible()
    await shot(page, "1366-readiness-4-active")
    assert await faults_of(page) == []


async def test_a_department_is_changed_and_closed_with_reasons_on_a_phone(opened: Open, site: str) -> None:
    page = await as_("keeper", await opened(PHONE, script=False), site)
    await page.goto("/institution/departments")
    await shot(page, "390-keep-1-departments")
    await page.goto("/institution/departments/renmin-03.04")
    await page.locator("#f-phone").fill("0391-7654321")
    await page.locator("#f-reason").fill("换了号码")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("已保存")).to_be_visible()
    await expect(page.locator("tbody")).to_contain_text("换了号码")
    await shot(page, "390-keep-2-department")
    page = await as_("other", await opened(DESKTOP), site)
    async with httpx.AsyncClient(base_url=site) as client:
        answer = await client.get("/institution/departments/renmin-03.04", headers={"x-who": "other"})
        assert answer.status_code == 404


async def test_the_commission_registers_an_institution(opened: Open, site: str) -> None:
    page = await as_("commission", await opened(DESKTOP), site)
    await page.goto("/directory/institutions/second")
    await page.get_by_role("link", name="修改登记").click()
    await page.locator("#f-beds").fill("99")
    await page.locator("#f-reason").fill("核减床位")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("已保存")).to_be_visible()
    await shot(page, "1366-register-institution")
    assert await faults_of(page) == []
    await page.goto("/commission/register")
