"""A resident pays a bill on the phone, at the channel's own page; the cashier sees it and gives a part back."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.billing import places
from tests.capabilities.billing.places import Worker
from tests.conftest import FOLDER, key_store
from tests.served import listening, served
from xinglin.app import create_registry
from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.contract import Line
from xinglin.capabilities.billing.operations import reading
from xinglin.security.principal import SYSTEM
from xinglin.server.http import ASGIApp
from xinglin.settings import read
from xinglin.simulators import town
from xinglin.store.door import Door
from xinglin.store.store import Store


@asynccontextmanager
async def outside() -> AsyncIterator[ASGIApp]:
    yield town.application()


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The keys of both channels, and the settings that name them."""
    folder: Path = tmp_path_factory.mktemp("payment-keys")
    places.keyed(folder)
    os.environ["SIMULATED_PAYMENT_KEYS"] = str(folder)
    os.environ[town.VARIABLE] = "wechat_pay,alipay,insurer"
    return {
        "WECHAT_PAY_APP_ID": "wx-app",
        "WECHAT_PAY_MERCHANT": "1900000001",
        "WECHAT_PAY_KEYS": str(folder / "wechat-pay"),
        "ALIPAY_APP_ID": "2021000000000001",
        "ALIPAY_KEYS": str(folder / "alipay"),
    }


@pytest.fixture(scope="module")
async def worker(postgres_dsn: str, channels: dict[str, str]) -> AsyncIterator[Worker]:
    """The worker beside the server; the site stands with it."""
    with listening(outside()) as systems:
        channels |= {
            "WECHAT_PAY_URL": f"{systems}/wechat_pay",
            "ALIPAY_URL": f"{systems}/alipay",
            "INSURER_URL": f"{systems}/insurer",
        }
        variables = channels | {"DATABASE_URL": postgres_dsn, "KEY_FILE": f"{os.environ[FOLDER]}/master.key"}
        registry = create_registry(read({f"XINGLIN_{name}": value for name, value in variables.items()}))
        store = await Store.open(postgres_dsn, keys=key_store())
        yield Worker(Door(store, registry.rulebook), registry)
        await store.close()


@pytest.fixture(scope="module")
async def site(postgres_dsn: str, channels: dict[str, str], worker: Worker) -> AsyncIterator[str]:
    people = {"resident": places.RESIDENT, "cashier": places.CASHIER}
    await places.settle_in(worker.door, insured_=True)
    with served(postgres_dsn, people, (), channels) as root:
        yield root


async def opened_as(opened: Open, site: str, who: str, size: tuple[int, int], *, script: bool = True) -> Page:
    context = await opened(size, script=script)
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


async def test_a_bill_is_paid_by_phone_and_refunded_at_the_desk(opened: Open, site: str, worker: Worker) -> None:
    given = contract.Charge(
        "p1",
        "RequestGroup/r1",
        (Line("F0006"), Line("D0001", "drug", unit_fen=10000), Line("delivery", "fee")),
        "Organization/h1",
        visit=places.VISIT,
    )
    bill = await worker.door.auto(SYSTEM).operate(contract.CHARGE, given)
    page = await opened_as(opened, site, "resident", PHONE)
    await page.goto("/my/bills")
    await shot(page, "390-billing-1-mine")
    await page.locator("#bills a").first.click()
    await page.get_by_role("button", name="去缴费").click()
    await worker.work()
    await expect(page.get_by_role("button", name="支付 ¥")).to_be_visible()
    await shot(page, "390-billing-2-to-pay")
    assert await faults_of(page) == []
    await page.get_by_role("checkbox").check()
    await page.get_by_role("radio", name="支付宝").check()
    await page.get_by_role("button", name="支付 ¥").click()
    await worker.work()
    link = page.get_by_role("link", name="打开支付宝")
    await expect(link).to_be_visible()
    await shot(page, "390-billing-3-paying")
    async with page.context.expect_page() as new:
        await link.click()
    paying = await new.value
    await paying.get_by_role("button", name="确认支付").click()
    await expect(paying.get_by_text("支付成功")).to_be_visible()
    await shot(paying, "390-billing-4-channel")
    await worker.work(later=True)
    await expect(page.get_by_text("已支付")).to_be_visible()
    await shot(page, "390-billing-5-paid")
    assert await faults_of(page) == []
    receipt = await page.context.request.get(f"/my/bills/{bill}/receipt")
    assert receipt.headers["content-type"] == "application/pdf"
    assert (await receipt.body()).startswith(b"%PDF")

    desk = await opened_as(opened, site, "cashier", DESKTOP)
    await desk.goto("/desk/bills")
    await shot(desk, "1366-billing-1-desk")
    assert await faults_of(desk) == []
    await desk.locator("tbody a").first.click()
    await desk.get_by_label("原因").select_option("not-dispensed")
    await shot(desk, "1366-billing-2-refund")
    await desk.get_by_role("button", name="退费").click()
    await worker.work(later=True)
    await expect(desk.get_by_text("已退费")).to_be_visible()
    await shot(desk, "1366-billing-3-refunded")
    assert await faults_of(desk) == []


async def test_the_desk_reconciles_and_closes_what_differs(opened: Open, site: str, worker: Worker) -> None:
    bill = await worker.door.auto(SYSTEM).operate(
        contract.CHARGE, contract.Charge("p1", "Appointment/a8", (Line("F0022"),), "Organization/h1")
    )
    await worker.door.auto(places.CASHIER).operate(contract.BEGIN, contract.Begin(bill))
    await worker.work()
    await worker.door.auto(places.CASHIER).operate(contract.PAY, contract.Pay(bill, "wechat-pay", (1,)))
    await worker.work()
    desk = await opened_as(opened, site, "cashier", DESKTOP)
    await desk.goto(f"/desk/bills/{bill}")
    await expect(desk.get_by_role("img", name="付款二维码")).to_be_visible()
    async with worker.door.work(SYSTEM) as work:
        [payment] = await reading.payments_of(work, bill)
    channel = payment.link.partition("/pay/")[0]
    # The switch of faults on the channel's own page: the payer pays another sum.
    await desk.goto(f"{channel}/")
    await desk.get_by_label("故障").select_option("wrong-amount")
    await desk.get_by_role("button", name="设置").click()
    await expect(desk.get_by_text("当前：实付金额不符")).to_be_visible()
    await desk.goto(payment.link)
    await desk.get_by_role("button", name="确认支付").click()
    await worker.work(later=True)
    await desk.goto("/desk/differences")
    await desk.get_by_role("button", name="认领").click()
    await desk.get_by_label("原因", exact=True).fill("少付一分，退回重付")
    await desk.get_by_label("处理方式").select_option("give-back")
    await shot(desk, "1366-billing-5-difference")
    assert await faults_of(desk) == []
    await desk.get_by_role("button", name="处理完成").click()
    await worker.work()
    await desk.get_by_label("日期").fill(f"{worker.door.store.clock.now() + timedelta(hours=8):%Y-%m-%d}")
    await desk.get_by_role("button", name="对账", exact=True).click()
    await worker.work()
    await desk.goto("/desk/differences")
    await expect(desk.get_by_role("button", name="日结")).to_be_visible()
    await shot(desk, "1366-billing-6-day")
    assert await faults_of(desk) == []


async def test_the_desk_takes_cash_without_javascript(opened: Open, site: str, worker: Worker) -> None:
    given = contract.Charge("p1", "Appointment/a9", (Line("F0004"),), "Organization/h1")
    bill = await worker.door.auto(SYSTEM).operate(contract.CHARGE, given)
    desk = await opened_as(opened, site, "cashier", DESKTOP, script=False)
    await desk.goto(f"/desk/bills/{bill}")
    await desk.get_by_role("button", name="去缴费").click()
    await worker.work()
    await desk.reload()
    await desk.get_by_role("radio", name="现金").check()
    await desk.get_by_role("button", name="支付 ¥").click()
    await worker.work()
    await desk.reload()
    await expect(desk.get_by_text("已支付")).to_be_visible()


async def test_anybody_reads_the_prices(opened: Open, site: str) -> None:
    context = await opened(PHONE)
    page = await context.new_page()
    await page.goto(f"{site}/prices")
    await page.get_by_label("项目名称或编码").fill("急诊诊查")
    await page.get_by_role("button", name="查找").click()
    await expect(page.get_by_text("¥10.00 / ¥15.00 / ¥20.00")).to_be_visible()
    await shot(page, "390-billing-7-prices")
    assert await faults_of(page) == []
