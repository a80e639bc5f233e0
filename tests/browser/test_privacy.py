"""The notice, a request of a right, an incident, the registers and the review of a copy, seen and judged."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.browser.test_accounts import become
from tests.capabilities.access.ward import PHYSICIAN, encounter, observation, put
from tests.conftest import FOLDER, key_store
from tests.served import served
from xinglin.app import create_registry
from xinglin.capabilities.privacy.contract import ASK_COPY, Copying
from xinglin.cli.demonstration_accounts import seed
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture(scope="module")
async def site(postgres_dsn: str) -> AsyncIterator[str]:
    """The platform in demo mode, with a copy that was asked for."""
    settings = {"DEMO": "on", "DEV_PRINCIPAL": "off"}
    told = {"PROCESSOR": "焦作市卫生健康委员会", "PROCESSOR_CONTACT": "0391-1234567"}
    place = {"DATABASE_URL": postgres_dsn, "KEY_FILE": f"{os.environ[FOLDER]}/master.key"}
    await seed(read({f"XINGLIN_{name}": value for name, value in (settings | place).items()}))
    store = await Store.open(postgres_dsn, keys=key_store())
    try:
        door = Door(store, create_registry(Settings()).rulebook)
        who = {"resourceType": "Patient", "id": "p1", "name": [{"text": "刘伟"}]}
        await put(door, *[who | {"id": one.rpartition("/")[2]} for one in await persons(store)])
        now = store.clock.now()
        await put(door, who, observation("o1", "p1"), encounter("e1", "p1", "1", start=now))
        asker = replace(PHYSICIAN, id="physician-1")
        await door.auto(asker).operate(ASK_COPY, Copying("Observation/o1", "bp-2026", "高血压随访质量改进统计"))
    finally:
        await store.close()
    with served(postgres_dsn, settings=settings | told) as root:
        yield root


async def persons(store: Store) -> list[str]:
    """Name the patients of the demonstration's residents."""
    return [row["person"] for row in await store.fetch("SELECT person FROM account WHERE person LIKE 'Patient/%'")]


async def look_at(page: Page, address: str, name: str) -> None:
    """Open an address, keep a picture, and let axe judge it."""
    answer = await page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    await shot(page, name)
    assert await faults_of(page) == [], address


@SIZES
async def test_everybody_reads_the_notice_and_a_resident_asks_for_a_right(opened: Open, size: tuple[int, int]) -> None:
    page = await (await opened(size)).new_page()
    await look_at(page, "/privacy", f"{size[0]}-privacy-1-notice")
    await expect(page.get_by_text("0391-1234567")).to_be_visible()
    await become(page, "居民")
    await look_at(page, "/privacy", f"{size[0]}-privacy-2-notice-resident")
    taken = page.get_by_role("button", name="我已阅读并知晓")
    if await taken.count():
        await taken.click()
        await page.goto("/privacy")
    await expect(page.get_by_text("确认知晓本版本")).to_be_visible()
    await look_at(page, "/my/privacy", f"{size[0]}-privacy-3-own")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("alert")).to_contain_text("请选择请求事项")
    await page.get_by_label("请求事项").select_option("delete")
    await page.get_by_label("具体说明").fill("请删除我的全部病历")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("status")).to_contain_text("已收到")
    await shot(page, f"{size[0]}-privacy-4-asked")


@SIZES
async def test_the_officer_keeps_incidents_registers_and_reviews(opened: Open, size: tuple[int, int]) -> None:
    page = await (await opened(size)).new_page()
    await become(page, "安全管理员")
    await look_at(page, "/security/incidents/new", f"{size[0]}-privacy-5-new")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("等级").select_option("larger")
    await page.get_by_label("发现日期").fill("2026-11-20")
    await page.get_by_label("发现时间").fill("09:30")
    await page.get_by_label("经过").fill("一份数据库备份被误传到外部网盘")
    for label, text in (
        ("涉及的信息种类", "姓名、手机号"),
        ("原因", "误传"),
        ("可能造成的危害", "骚扰电话"),
        ("已采取的补救措施", "已删除并收回链接"),
        ("个人可以采取的措施", "留意诈骗电话"),
        ("涉及的患者编号", "p1"),
    ):
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_text("处置进度")).to_be_visible()
    await look_at(page, page.url, f"{size[0]}-privacy-6-incident")
    await page.get_by_label("步骤").select_option("authority")
    await page.get_by_label("说明").fill("已电话报告省网信办")
    await page.get_by_role("button", name="确认完成").click()
    await expect(page.get_by_text("已电话报告省网信办")).to_be_visible()
    await look_at(page, "/security/incidents", f"{size[0]}-privacy-7-incidents")
    await look_at(page, "/security/requests", f"{size[0]}-privacy-8-requests")
    await look_at(page, "/security/copies", f"{size[0]}-privacy-9-copies")
    await look_at(page, "/security/register/new?kind=entrusted-processor", f"{size[0]}-privacy-10-entry")
    for label, text in (
        ("名称", "短信发送"),
        ("对方名称", "某通信公司"),
        ("对方联系方式", "010-12345"),
        ("目的", "发送验证码"),
        ("处理方式", "传输"),
        ("信息种类", "手机号"),
        ("保护措施", "加密传输"),
        ("双方义务与监督", "不得转委托，每年检查"),
        ("起始日期", "2026-01-01"),
        ("终止日期", "2027-12-31"),
    ):
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("heading", name="短信发送").first).to_be_visible()
    await look_at(page, "/security/register", f"{size[0]}-privacy-11-register")


async def test_a_copy_is_reviewed_in_english_without_javascript(opened: Open) -> None:
    page = await (await opened(DESKTOP, language="en-US", script=False)).new_page()
    await become(page, "Security administrator")
    await page.goto("/security/copies")
    await page.get_by_role("button", name="Approve and make it").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Finding").fill("Codes and numbers alone")
    await page.get_by_role("button", name="Approve and make it").click()
    await expect(page.get_by_text("Nothing waits")).to_be_visible()
    await become(page, "Researcher")
    await page.goto("/research/copies")
    await shot(page, "1366-privacy-copies-asked")
    await page.get_by_label("Id of the record").fill("nobody")
    await page.get_by_label("Project").fill("bp-2026")
    await page.get_by_label("What for").fill("Follow-up of hypertension")
    await page.get_by_role("button", name="Ask for a copy").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.goto("/privacy")
    await shot(page, "1366-privacy-english")
