"""A resident chooses a pharmacy on the phone; its pharmacist takes it from the claim to the hand-over by a code."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.pharmacy import shop
from tests.capabilities.prescriptions import clinic
from tests.served import door_of, served
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Asking, Choosing, Claiming, Dispensing, Keyed, Sending, Tracking
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.prescriptions.contract import Reviewing
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door

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
        await decocted(door)
        await sent(door, doctor, reviewer)
        await questioned(door, doctor, reviewer)
        people = {"doctor": doctor, "anne": await clinic.signed_in(door, shop.ANNE), "resident": clinic.RESIDENT}
    with served(postgres_dsn, people) as root:
        yield root


async def decocted(door: Door) -> None:
    """A formula that is paid and to be decocted."""
    anne = await clinic.signed_in(door, shop.ANNE)
    id = await shop.formula(door)
    choice = Choosing(id, "shop1", "pharmacy-pickup", "choose-tcm", decocted=True)
    task = await shop.act(door, clinic.RESIDENT, contract.CHOOSE, choice)
    await through(door, anne, task)
    second = await shop.formula(door, "tcm2")
    choice = Choosing(second, "shop1", "pharmacy-pickup", "choose-packed", decocted=True)
    task = await shop.act(door, clinic.RESIDENT, contract.CHOOSE, choice)
    await through(door, anne, task)
    kind = f"{contract.WORK_ORDERS.system}|decoction"
    row = (await door.auto(SYSTEM).find("Task", code=kind, focus=f"Task/{task}")).matches[0]
    IDS["packed"] = row.id
    order = await clinic.document(door, "Task", row.id)
    at = "2026-11-20T12:00:00+08:00"
    parts = [
        {"url": "code", "valueCode": "packed"},
        {"url": "start", "valueInstant": at},
        {"url": "end", "valueInstant": at},
        {"url": "by", "valueReference": {"reference": "Practitioner/s2"}},
        {"url": "ml", "valueString": "200"},
    ]
    await clinic.put(door, order | {"extension": [{"url": contract.STEP, "extension": parts}]})


async def sent(door: Door, doctor: Principal, reviewer: Principal) -> None:
    """A prescription that stands at the door of its patient."""
    anne = await clinic.signed_in(door, shop.ANNE)
    id = await shop.act(door, doctor, prescriptions.SIGN, clinic.draft())
    passed = Reviewing(id, "pass", checked=shop.ALL)
    await shop.act(door, await clinic.signed_in(door, reviewer), prescriptions.DECIDE, passed)
    choice = Choosing(id, "shop1", "online-retail", "choose-sent", "李秀兰", "13900000001", "修武县城关镇一街1号")
    task = await shop.act(door, clinic.RESIDENT, contract.CHOOSE, choice)
    await through(door, anne, task)
    await shop.act(door, anne, contract.GIVE_OUT, Dispensing(task, "dispense", "Practitioner/s2", shop.ALL))
    await shop.act(door, anne, contract.SEND, Sending(task, "sending-1", sealed=True))
    for step in ("handed-over", "arrived"):
        await shop.act(door, anne, contract.TRACK, Tracking(task, f"track-{step}", step))
    IDS["sent"], IDS["sent-task"] = id, task


async def questioned(door: Door, doctor: Principal, reviewer: Principal) -> None:
    """A prescription that its pharmacy asks about."""
    anne = await clinic.signed_in(door, shop.ANNE)
    two = clinic.draft(clinic.line(frequency="bid", packs=2))
    id = await shop.act(door, doctor, prescriptions.SIGN, two)
    passed = Reviewing(id, "pass", checked=shop.ALL)
    await shop.act(door, await clinic.signed_in(door, reviewer), prescriptions.DECIDE, passed)
    task = await shop.act(door, clinic.RESIDENT, contract.CHOOSE, Choosing(id, "shop1", "pharmacy-pickup", "choose-q"))
    await shop.act(door, anne, contract.CLAIM, Claiming("claim-question", task))
    await shop.act(door, anne, contract.ASK, Asking(task, "asking-question", 1, packs=1, note="仅剩一盒"))
    IDS["question"] = task


async def through(door: Door, who: Principal, task: str) -> None:
    await shop.act(door, who, contract.CLAIM, Claiming(f"claim-{task}", task))
    review = contract.Reviewing(task, f"review-{task}", "pass", checked=shop.ALL)
    await shop.act(door, who, contract.PHARMACY_REVIEW, review)
    await shop.act(door, who, contract.TAKE_PAYMENT, Keyed(task, f"payment-{task}"))


async def as_(who: str, opened: Open, site: str, size: tuple[int, int], **how: bool) -> Page:
    context = await opened(size, **how)
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


@pytest.mark.rule("R3-071", "R3-072", "R3-085")
async def test_from_the_choice_to_the_counter(opened: Open, site: str) -> None:
    resident = await as_("resident", opened, site, PHONE)
    await resident.goto("/my/prescriptions")
    await expect(resident.get_by_role("link", name="取药").first).to_be_visible()
    await resident.goto(f"/my/prescriptions/{IDS['one']}/supply")
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
    await desk.locator("#h-waiting + *, #desk section").first.locator(".main").click()
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
    await expect(desk.locator("#desk .main")).to_have_count(4)
    await expect(resident.locator("#supply")).to_contain_text("除质量原因外不退换")
    await desk.go_back()
    await desk.reload()
    await expect(desk.locator("main")).to_contain_text("这一单已结束")  # access ends with the supply


async def test_on_the_way_and_in_the_decoction_room(opened: Open, site: str) -> None:
    resident = await as_("resident", opened, site, PHONE)
    await resident.goto(f"/my/prescriptions/{IDS['sent']}/supply")
    await expect(resident.locator("#supply")).to_contain_text("已送到，等待签收")
    await shot(resident, "390-supply-4-door")
    assert await faults_of(resident) == []
    await resident.get_by_role("button", name="确认收货").click()
    await expect(resident.locator("#supply")).to_contain_text("药品已送达")

    floor = await as_("anne", opened, site, DESKTOP)
    await floor.goto("/clinic/decoction")
    number = await floor.locator("#orders .main").first.inner_text()
    await shot(floor, "1366-decoction-1-floor")
    assert await faults_of(floor) == []
    await floor.goto(f"/clinic/decoction/{IDS['packed']}/label")
    await expect(floor.locator(".pharmacy-label")).to_contain_text("内服")
    await shot(floor, "1366-decoction-3-label")
    assert await faults_of(floor) == []
    await floor.goto("/clinic/decoction")
    await floor.get_by_label("扫描或输入煎药单号").fill(number.lower())
    await floor.keyboard.press("Enter")
    for n, grams in ((1, "12"), (2, "6")):
        await floor.locator(f"#f-weight-{n}").fill(grams)
    await floor.get_by_role("button", name="完成调配称量").click()
    await expect(floor.get_by_role("alert")).to_contain_text("误差超过5%")
    await shot(floor, "1366-decoction-2-weights")
    assert await faults_of(floor) == []
    await expect(floor.locator("#f-weight-2")).to_have_value("6")
    await floor.locator("#f-weight-1").fill("10")
    await floor.get_by_role("button", name="完成调配称量").click()
    await floor.get_by_role("button", name="完成复核").click()
    await expect(floor.get_by_role("alert")).to_contain_text("须由另一人操作")

    doctor = await as_("doctor", opened, site, DESKTOP)
    await doctor.goto("/clinic/supply-questions")
    await expect(doctor.locator("main")).to_contain_text("只发 1 盒")
    await shot(doctor, "1366-supply-questions")
    assert await faults_of(doctor) == []
    await doctor.get_by_role("button", name="同意并签名").click()
    await expect(doctor.locator("main")).to_contain_text("没有待答复的询问")
    await floor.goto(f"/clinic/dispensing/{IDS['question']}")
    await expect(floor.locator("main")).to_contain_text("医生同意")
    await floor.get_by_text("缺药或换药，询问医生").click()
    await shot(floor, "1366-dispensing-5-asked")
    assert await faults_of(floor) == []
