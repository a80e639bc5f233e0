"""The security officer's desk: alerts, emergency accesses, refusals, apps, the whole policy, and why."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import msgspec
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.browser.test_accounts import become
from tests.conftest import FOLDER, key_store
from tests.served import served
from xinglin.app import create_registry
from xinglin.capabilities.access.contract import BREAK_GLASS, BreakGlass
from xinglin.capabilities.audit.contract import OBJECT, Objection
from xinglin.capabilities.watching.capability import terms
from xinglin.capabilities.watching.operations.look import look
from xinglin.cli.demonstration_accounts import seed
from xinglin.fhir.search.keys import rid_of
from xinglin.security.ledger import act_by
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.identity import accounts, attempts, clients
from xinglin.store.store import Store

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


async def _fill(dsn: str) -> None:
    """Let things happen: a curious physician, an emergency, an app that asks, a locked account."""
    store = await Store.open(dsn, keys=key_store())
    door = Door(store, create_registry(Settings()).rulebook)
    try:
        async with door.work(SYSTEM) as work:
            digest = work.vault.digest("login", "demo-physician")
            found = await accounts.by_handle(work.executor, "login", digest)
            assert found is not None
            physician = Principal(
                found.id,
                frozenset({"physician"}),
                practitioner="Practitioner/doctor-1",
                organization="Organization/jz-people",
                purpose="TREAT",
                strong=True,
                display="王建国",
            )
            patient = {"resourceType": "Patient", "id": "sick", "name": [{"text": "刘伟"}]}
            await work.fhir.update(msgspec.json.encode(patient), type="Patient", id="sick")
            nurse = work.vault.digest("login", "demo-nurse")
            await attempts.begin(work.executor, "password", nurse, work.now)
            await attempts.lock(work.executor, "password", nurse, work.now + timedelta(minutes=30))
            for number, grants in enumerate((("authorization_code", "refresh_token"), ("client_credentials",))):
                await clients.add(
                    work.executor,
                    clients.Client(
                        id=work.new_id(),
                        name=("血糖趋势图", "焦作市区域平台")[number],
                        method=("none", "private_key_jwt")[number],
                        grants=grants,
                        scopes=("launch openid fhirUser patient/Observation.rs", "system/*.rs")[number],
                        redirect_uris=(("https://glucose.example/back",), ())[number],
                        client_uri="https://glucose.example",
                        contacts=("support@glucose.example",),
                        made=work.now,
                    ),
                )
        auto = door.auto(physician)
        await auto.operate(BREAK_GLASS, BreakGlass("sick", "昏迷送诊，需要了解过敏史"))
        await auto.read("Patient", "sick")
        resident = Principal(
            "r",
            frozenset({"resident"}),
            patient="Patient/sick",
            patients=("Patient/sick",),
            purpose="PATRQT",
            level="L2",
        )
        event = (await door.auto(resident).find("AuditEvent", patient="Patient/sick", subtype="read")).matches[0]
        await door.auto(resident).operate(OBJECT, Objection(event.id, "我从未在这家医院就诊，为什么看我的档案？"))
        refused = [
            act_by(physician, door.clock.now(), "read", type="Observation", outcome="4", detail="404 not-found")
            for _ in range(21)
        ]
        seen = [
            act_by(physician, door.clock.now(), "read", type="Observation", patient=rid_of("Patient", f"other-{n}"))
            for n in range(101)
        ]
        await store.ledger.shown([*refused, *seen])
        async with door.work(SYSTEM) as work:
            await look(work, terms=terms(Settings()))
    finally:
        await store.close()


@pytest.fixture(scope="module")
async def site(postgres_dsn: str) -> AsyncIterator[str]:
    """The platform in demo mode after such a day."""
    settings = {"DEMO": "on", "DEV_PRINCIPAL": "off"}
    place = {"DATABASE_URL": postgres_dsn, "KEY_FILE": f"{os.environ[FOLDER]}/master.key"}
    await seed(read({f"XINGLIN_{name}": value for name, value in (settings | place).items()}))
    await _fill(postgres_dsn)
    with served(postgres_dsn, settings=settings) as root:
        yield root


async def look_at(page: Page, address: str, name: str) -> None:
    answer = await page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    await shot(page, name)
    assert await faults_of(page) == [], address


@SIZES
async def test_every_page_of_the_desk(opened: Open, size: tuple[int, int]) -> None:
    context = await opened(size)
    page = await context.new_page()
    await become(page, "安全管理员")
    await look_at(page, "/security", f"{size[0]}-desk-1-start")
    await look_at(page, "/security/alerts", f"{size[0]}-desk-2-alerts")
    await expect(page.locator(".tabs [aria-current]")).to_have_text("全部")
    await page.locator("[data-rows] a.main").first.click()
    await expect(page.get_by_role("button", name="关闭告警")).to_be_visible()
    await look_at(page, page.url, f"{size[0]}-desk-3-alert")
    await look_at(page, "/security/reviews", f"{size[0]}-desk-4-reviews")
    await look_at(page, "/security/objections", f"{size[0]}-desk-4-objections")
    await look_at(page, "/security/denials", f"{size[0]}-desk-5-denials")
    await look_at(page, "/security/apps", f"{size[0]}-desk-6-apps")
    await look_at(page, "/security/policy?role=physician", f"{size[0]}-desk-7-policy")
    await look_at(page, "/security/policy", f"{size[0]}-desk-8-policy-whole")
    await look_at(
        page,
        "/security/why?role=physician&login=demo-physician&type=Patient&id=sick&interaction=read",
        f"{size[0]}-desk-9-why",
    )
    await expect(page.get_by_role("status")).to_contain_text("可以")
    await page.goto("/security/why?role=nurse&login=demo-nurse&type=Patient&id=sick")
    await expect(page.get_by_role("status")).to_contain_text("不可以")
    await page.goto("/security/why?role=nurse&login=demo-physician&type=Patient")
    await expect(page.get_by_role("alert")).to_be_visible()


async def test_an_alert_is_closed_with_a_reason_by_keyboard(opened: Open) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await become(page, "安全管理员")
    await page.goto("/security/alerts?state=new")
    before = await page.locator("[data-rows] a.main").count()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="关闭告警").click()
    await expect(page.get_by_role("alert")).to_contain_text("必须写明理由")
    await page.get_by_label("处理意见").fill("当班抢救，已与科主任核实")
    await page.get_by_role("button", name="关闭告警").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("安全告警")
    await expect(page.locator("[data-rows] a.main")).to_have_count(before - 1)
    await page.goto("/security/alerts?state=closed")
    await expect(page.locator("[data-rows] a.main")).to_have_count(1)


async def test_an_emergency_is_reviewed_in_english_without_javascript(opened: Open) -> None:
    context = await opened(DESKTOP, language="en-US", script=False)
    page = await context.new_page()
    await become(page, "Security administrator")
    await page.goto("/security/reviews")
    await expect(page.get_by_text("Patient × 1")).to_be_visible()
    await page.get_by_role("button", name="Justified", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("What you found").fill("Emergency room confirms it")
    await page.get_by_role("button", name="Justified", exact=True).click()
    await expect(page.get_by_text("No emergency access to show")).to_be_visible()
    await page.goto("/security/reviews?state=justified")
    await expect(page.get_by_text("Emergency room confirms it")).to_be_visible()
    await shot(page, "1366-desk-english-reviewed")
    await page.goto("/security")
    await shot(page, "1366-desk-english-start")
    await page.goto("/security/policy?role=insurer")
    await shot(page, "1366-desk-english-policy")


async def test_apps_are_let_in_or_not(opened: Open) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await become(page, "安全管理员")
    await page.goto("/security/export")
    await page.get_by_label("接收方名称").fill("海外研究中心")
    await page.get_by_label("国家或地区").fill("新加坡")
    await page.get_by_label("出境依据").select_option("标准合同备案")
    await page.get_by_role("button", name="登记").click()
    await expect(page.get_by_role("alert")).to_contain_text("请填写备案号")
    await page.get_by_label("文号").fill("豫网信备 2026-1")
    await page.get_by_role("button", name="登记").click()
    recipient = page.get_by_role("region", name="海外研究中心")
    await expect(recipient).to_contain_text("0 人，其中敏感 0 人")
    assert await faults_of(page) == []
    await shot(page, "1366-desk-export")
    await page.goto("/security/apps")
    await expect(page.get_by_label("运行地点").first.get_by_role("option", name="海外研究中心")).to_be_attached()
    await page.goto("/security/export")
    await recipient.get_by_role("button", name="停止出境").click()
    await expect(recipient).to_contain_text("已停止")
    await page.goto("/security/apps")
    system = page.get_by_role("region", name="焦作市区域平台")
    await system.get_by_label("运行地点").select_option("境内")
    await system.get_by_role("button", name="批准").click()
    await expect(page.get_by_role("alert")).to_contain_text("必须填写机构")
    system = page.get_by_role("region", name="焦作市区域平台")
    await system.get_by_label("机构编号").fill("jz-people")
    await system.get_by_label("目的").select_option("TREAT")
    await system.get_by_role("button", name="批准").click()
    await expect(page.get_by_role("region")).to_have_count(1)
    app = page.get_by_role("region", name="血糖趋势图")
    await app.get_by_role("button", name="拒绝").click()
    await expect(page.get_by_role("alert")).to_contain_text("必须写明理由")
    app = page.get_by_role("region", name="血糖趋势图")
    await app.get_by_label("理由").fill("没有隐私政策")
    await app.get_by_role("button", name="拒绝").click()
    await expect(page.get_by_text("没有这一状态的应用")).to_be_visible()
    await page.goto("/security/apps?state=refused")
    await expect(page.get_by_text("没有隐私政策")).to_be_visible()


async def test_a_resident_is_answered(opened: Open) -> None:
    context = await opened(PHONE)
    page = await context.new_page()
    await become(page, "安全管理员")
    await page.goto("/security/objections")
    await expect(page.get_by_text("我从未在这家医院就诊")).to_be_visible()
    await page.get_by_role("button", name="答复居民").click()
    await expect(page.get_by_role("alert")).to_contain_text("请写明答复")
    await page.get_by_label("答复", exact=True).fill("当日您由急救送来，医师打开档案了解过敏史。")
    await page.get_by_role("button", name="答复居民").click()
    await expect(page.get_by_text("没有这一状态的异议")).to_be_visible()
    await page.goto("/security/objections?state=answered")
    await expect(page.get_by_text("了解过敏史")).to_be_visible()


async def test_nobody_else_enters_the_desk(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    for role in ("审计管理员", "系统管理员", "医师", "居民"):
        await become(page, role)
        await expect(page.locator("a[href^='/security']")).to_have_count(0)
        cookies = {str(one["name"]): str(one["value"]) for one in await context.cookies()}
        async with httpx.AsyncClient(base_url=site, cookies=cookies) as client:
            for path in ("/security", "/security/policy", "/security/alerts", "/security/apps", "/security/why"):
                assert (await client.get(path)).status_code == 404, (role, path)
