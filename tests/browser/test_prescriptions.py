"""A physician writes two prescriptions, with findings while typing; a pharmacist passes one and returns the other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.prescriptions import clinic
from tests.served import door_of, served
from xinglin.capabilities.prescriptions import contract
from xinglin.tables.catalogues import drugs, slices

NEW = "/clinic/prescriptions/new?patient=p1&encounter=v1"


@pytest.fixture(scope="module")
async def site(postgres_dsn: str) -> AsyncIterator[str]:
    """The whole platform; a cookie says who asks."""
    pharmacist = replace(clinic.PHARMACIST, practitioner="Practitioner/f3")
    async with door_of(postgres_dsn) as door:
        people = {
            "doctor": await clinic.signed_in(door, clinic.DOCTOR),
            "pharmacist": await clinic.signed_in(door, pharmacist),
            "resident": clinic.RESIDENT,
        }
    with served(
        postgres_dsn,
        people,
        (
            *clinic.documents(),
            codes(contract.DRUGS, [(one.code, one.name) for one in drugs()]),
            codes(contract.SLICES, [(one.code, one.name) for one in slices()]),
            clinic.pharmacist("f3", "孙明", "2012-07-01"),
            clinic.role("rf3", "f3", "pharmacist"),
        ),
    ) as root:
        yield root


def codes(system: str, concepts: list[tuple[str, str]]) -> dict[str, Any]:
    """A catalogue to pick from."""
    return {
        "resourceType": "CodeSystem",
        "id": system.rpartition("/")[2],
        "url": system,
        "status": "active",
        "content": "complete",
        "concept": [{"code": code, "display": name} for code, name in concepts],
    }


async def as_(who: str, opened: Open, site: str, size: tuple[int, int], **how: bool) -> Page:
    context: BrowserContext = await opened(size, **how)
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


async def write(page: Page, dose: str) -> None:
    await page.locator("#f-d1").fill("苯磺酸氨氯地平")
    await page.locator(".code-options:visible [role=option]").first.click()
    await page.locator("#f-dose1").fill(dose)
    await page.locator("#f-freq1").select_option("qd")
    await page.locator("#f-days1").fill("7")


async def test_from_the_first_letter_to_the_review(opened: Open, site: str) -> None:
    doctor = await as_("doctor", opened, site, DESKTOP)
    await doctor.goto("/clinic/prescriptions/new")
    await doctor.get_by_role("link", name="李秀兰").click()
    await expect(doctor.locator("#findings")).to_contain_text("选择药品后")
    await write(doctor, "50")
    # what is found shows while typing, with its reason and source; such a dose cannot be signed as it is
    await expect(doctor.locator(".rx-finding.rx-sign, .rx-finding.rx-block").first).to_be_visible(timeout=15_000)
    await shot(doctor, "1366-rx-1-finding")
    assert await faults_of(doctor) == []
    await doctor.get_by_role("button", name="签名并提交审核").click()
    await expect(doctor.locator(".rx-second, .rx-finding.rx-block").first).to_be_visible()
    await doctor.locator("#f-dose1").fill("5")
    await expect(doctor.locator("#findings")).to_contain_text("一次5mg，每日1次，共7天")
    await expect(doctor.locator(".rx-finding.rx-sign, .rx-finding.rx-block")).to_have_count(0)
    await shot(doctor, "1366-rx-2-clean")
    await doctor.get_by_role("button", name="签名并提交审核").click()
    await expect(doctor.locator("#state")).to_contain_text("待审核")
    await shot(doctor, "1366-rx-3-signed")
    assert await faults_of(doctor) == []
    # the second is written without JavaScript, copied line by line from the first
    plain = await as_("doctor", opened, site, PHONE, script=False)
    await plain.goto(NEW)
    await plain.get_by_role("link", name="复制上次处方").click()
    await plain.get_by_role("button", name="签名并提交审核").click()
    await expect(plain.locator("#findings")).to_contain_text("选择药品后")  # nothing was confirmed
    await plain.get_by_label("已核对，继续使用这一条").check()
    await plain.get_by_role("button", name="检查").click()
    await expect(plain.locator("#findings")).to_contain_text("一次5mg，每日1次，共7天")
    await shot(plain, "390-rx-copied")
    await expect(plain.locator("#findings")).to_contain_text("未发现问题")

    pharmacist = await as_("pharmacist", opened, site, DESKTOP)
    await pharmacist.goto("/clinic/review")
    await expect(pharmacist.locator("#queue")).to_contain_text("李秀兰")
    await shot(pharmacist, "1366-rx-4-queue")
    assert await faults_of(pharmacist) == []
    await pharmacist.get_by_role("link", name="李秀兰").click()
    await pharmacist.get_by_role("button", name="签名并提交").click()
    await expect(pharmacist.get_by_role("alert")).to_contain_text("四查十对")
    for box in await pharmacist.locator("input[name=checked]").all():
        await box.check()
    await shot(pharmacist, "1366-rx-5-review")
    assert await faults_of(pharmacist) == []
    await pharmacist.get_by_role("button", name="签名并提交").click()
    await expect(pharmacist.locator("#queue")).to_contain_text("没有待审核的处方")
    await expect(doctor.locator("#state")).to_contain_text("审核通过")  # the open page hears of it
    await doctor.get_by_role("link", name="打印").click()
    await expect(doctor.locator(".rx-tag")).to_have_text("普通")
    await shot(doctor, "1366-rx-6-paper")
    assert await faults_of(doctor) == []


async def test_another_is_returned_and_written_anew(opened: Open, site: str) -> None:
    doctor = await as_("doctor", opened, site, DESKTOP)
    await doctor.goto(NEW)
    await doctor.locator("#f-d1").fill("瑞舒伐他汀")
    await doctor.locator(".code-options:visible [role=option]").first.click()
    await doctor.locator("#f-dose1").fill("10")
    await doctor.locator("#f-freq1").select_option("qn")
    await doctor.locator("#f-days1").fill("7")
    await expect(doctor.locator("#findings")).to_contain_text("一次10mg")
    await doctor.get_by_role("button", name="签名并提交审核").click()
    await expect(doctor.locator("#state")).to_contain_text("待审核")

    pharmacist = await as_("pharmacist", opened, site, PHONE)
    await pharmacist.goto("/clinic/review")
    await pharmacist.get_by_role("link", name="李秀兰").click()
    await pharmacist.get_by_label("退回").check()
    await pharmacist.get_by_text("用药不适宜", exact=True).click()
    await pharmacist.get_by_label("2-1 适应证不适宜").check()
    await shot(pharmacist, "390-rx-return")
    assert await faults_of(pharmacist) == []
    await pharmacist.get_by_role("button", name="签名并提交").click()
    await expect(pharmacist.locator("#queue")).to_contain_text("没有待审核的处方")

    await expect(doctor.locator("#state")).to_contain_text("2-1 适应证不适宜")
    await shot(doctor, "1366-rx-7-returned")
    await doctor.get_by_role("link", name="修改重开").click()
    await expect(doctor.locator("#f-dose1")).to_have_value("10")
    await doctor.locator("#f-insisted").fill("血脂偏高，已复核")
    await doctor.get_by_role("button", name="签名并提交审核").click()
    await expect(doctor.locator("#state")).to_contain_text("待审核")

    resident = await as_("resident", opened, site, PHONE)
    await resident.goto("/my/prescriptions")
    await expect(resident.locator("#mine")).to_contain_text("药师正在审核")
    await shot(resident, "390-rx-mine")
    assert await faults_of(resident) == []


async def test_slices_are_written_on_a_paper_of_their_own(opened: Open, site: str) -> None:
    doctor = await as_("doctor", opened, site, DESKTOP)
    await doctor.goto(f"{NEW}&kind=tcm")
    for number, (name, grams) in enumerate((("甘草", "6"), ("甘遂", "1.5")), 1):
        await doctor.locator(f"#f-d{number}").fill(name)
        await doctor.locator(".code-options:visible [role=option]").first.click()
        await doctor.locator(f"#f-dose{number}").fill(grams)
    await doctor.locator("#f-doses").fill("7")
    await expect(doctor.locator(".rx-findings")).to_contain_text("十八反")
    await shot(doctor, "1366-rx-tcm")
    assert await faults_of(doctor) == []
