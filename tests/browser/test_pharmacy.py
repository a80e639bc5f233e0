"""A resident chooses a pharmacy on the phone; its pharmacist takes it from the claim to the hand-over by a code."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.pharmacy import shop
from tests.capabilities.prescriptions import clinic
from tests.served import door_of, served
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.prescriptions.contract import Reviewing

IDS: dict[str, str] = {}


@pytest.fixture(scope="module")
async def site(postgres_dsn: str) -> AsyncIterator[str]:
    """The whole platform with a prescription that a pharmacist has passed; a cookie says who asks."""
    async with door_of(postgres_dsn) as door:
        await clinic.put(
            door,
            *shop.documents(),
            clinic.pharmacist("f3", "孙明", "2012-07-01"),
            clinic.role("rf3", "f3", "pharmacist"),
        )
        reviewer = replace(clinic.PHARMACIST, practitioner="Practitioner/f3")
        doctor = await clinic.signed_in(door, clinic.DOCTOR)
        IDS["one"] = await shop.act(door, doctor, prescriptions.SIGN, clinic.draft())
        passed = Reviewing(IDS["one"], "pass", checked=shop.ALL)
        await shop.act(door, await clinic.signed_in(door, reviewer), prescriptions.DECIDE, passed)
        people = {"anne": await clinic.signed_in(door, shop.ANNE), "resident": clinic.RESIDENT}
    with served(postgres_dsn, people) as root:
        yield root


async def as_(who: str, opened: Open, site: str, size: tuple[int, int], **how: bool) -> Page:
    context = await opened(size, **how)
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


@pytest.mark.rule("R3-071", "R3-072", "R3-085")
async def test_from_the_choice_to_the_counter(opened: Open, site: str) -> None:
    resident = await as_("resident", opened, site, PHONE)
    await resident.goto("/my/prescriptions")
    await resident.get_by_role("link", name="取药").click()
    await expect(resident.locator("#supply")).to_contain_text("处方药须凭处方在药师指导下购买和使用")
    await expect(resident.locator(".pharmacy-place strong").first).to_have_text("怀庆堂大药房")
    await shot(resident, "390-supply-1-choose")
    assert await faults_of(resident) == []
    await resident.get_by_role("link", name="按价格").click()
    await expect(resident.locator(".pharmacy-place strong").first).to_have_text("四大怀药大药房")
    await resident.get_by_role("button", name="选这家").click()
    await expect(resident.get_by_role("alert")).to_contain_text("请先选择一家药店")
    await resident.get_by_role("group", name="怀庆堂大药房").get_by_label("到药店自取").check()
    await resident.get_by_role("button", name="选这家").click()
    await expect(resident.locator("#supply")).to_contain_text("等待药店接单")
    await shot(resident, "390-supply-2-waiting")

    desk = await as_("anne", opened, site, DESKTOP)
    await desk.goto("/clinic/dispensing")
    await shot(desk, "1366-dispensing-1-desk")
    assert await faults_of(desk) == []
    await desk.locator("#desk .main").first.click()
    await expect(desk.locator("main")).not_to_contain_text("李秀兰")  # nothing of the patient before the claim
    await desk.get_by_role("button", name="接单").click()
    await expect(desk.locator("main")).to_contain_text("李秀兰")
    await expect(resident.locator("#supply")).to_contain_text("药师正在审核处方")
    await desk.get_by_role("button", name="审核通过并签名").click()
    await expect(desk.get_by_role("alert")).to_contain_text("四查十对")
    for box in await desk.locator("input[name=checked]").all():
        await box.check()
    await shot(desk, "1366-dispensing-2-review")
    assert await faults_of(desk) == []
    await desk.get_by_role("button", name="审核通过并签名").click()
    await desk.get_by_role("button", name="已在本店收款").click()
    await desk.get_by_label("药品追溯码").fill("81000000000000000017")
    await desk.get_by_label("调配人").select_option(label="周药师")
    for box in await desk.locator("input[name=checked]").all():
        await box.check()
    await shot(desk, "1366-dispensing-3-dispense")
    assert await faults_of(desk) == []
    await desk.get_by_role("button", name="核对无误").click()

    await expect(resident.locator("#supply")).to_contain_text("药品已备好")
    await resident.get_by_role("link", name="出示取药码").click()
    await expect(resident.locator("img.qr")).to_be_visible()
    await shot(resident, "390-supply-3-code")
    assert await faults_of(resident) == []
    digits = await resident.locator(".pharmacy-digits").inner_text()
    await desk.get_by_label("取药码").fill(digits)
    await shot(desk, "1366-dispensing-4-hand-over")
    await desk.get_by_role("button", name="确认交付").click()
    await expect(desk.locator("#desk")).to_contain_text("没有处理中的处方")
    await expect(resident.locator("#supply")).to_contain_text("除质量原因外不退换")
    await desk.go_back()
    await desk.reload()
    await expect(desk.locator("main")).to_contain_text("这一单已结束")  # access ends with the supply
