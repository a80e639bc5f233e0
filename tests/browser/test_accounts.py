"""Signing in as people do: a resident by phone up to the record's level, staff from the invitation to a passkey."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pyotp
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.conftest import FOLDER, ROOT
from tests.server.running import _free_port, running
from xinglin.cli.demonstration_accounts import seed
from xinglin.security.identifiers import person_check
from xinglin.settings import read

# A busy machine is slow without being wrong.
expect.set_options(timeout=20_000)

PASSWORD = "Luo-Ye-7-Gui-Gen"


@contextmanager
def beside(*arguments: str, **settings: str) -> Iterator[None]:
    """Run a command of ours until the block ends."""
    environment = os.environ | {f"XINGLIN_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "xinglin", *arguments]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def town() -> Iterator[str]:
    """The simulated systems."""
    port = _free_port()
    with beside("simulate", "sms", "register", "--port", str(port)):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
async def site(postgres_dsn: str, town: str) -> AsyncIterator[str]:
    """The platform in demo mode, by the name that passkeys want, with a worker."""
    settings = {
        "WORKERS": "1",
        "LOG_LEVEL": "error",
        "DEMO": "on",
        "DEV_PRINCIPAL": "off",
        "DATABASE_URL": postgres_dsn,
        "KEY_FILE": f"{os.environ[FOLDER]}/master.key",
        "SMS_URL": f"{town}/sms",
        "REGISTER_URL": f"{town}/register",
    }
    await seed(read({f"XINGLIN_{name}": value for name, value in settings.items()}))
    with beside("work", **settings):
        given = {name: value for name, value in settings.items() if name not in {"DATABASE_URL", "KEY_FILE"}}
        with running(postgres_dsn, target="xinglin.app:create_app", **given) as server:
            yield server.root.replace("127.0.0.1", "localhost")


async def become(page: Page, role: str) -> None:
    """Change the role by one click."""
    await page.goto("/login")
    await page.locator(".demo summary").click()
    await page.locator(".demo").get_by_role("button", name=role, exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def sign_out(page: Page) -> None:
    """Press the button, which on a phone may stand behind "more"."""
    button = page.locator('form[action="/logout"] button').first
    if not await button.is_visible():
        await page.locator(".shell-bar summary").click()
        button = page.locator('.shell-sheet form[action="/logout"] button')
    await button.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("手机号登录")


async def code_of(town: str, phone: str) -> str:
    """Read the code on the phone."""
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            found = (await client.get(f"{town}/sms/messages", params={"phone": phone})).json()
            if found:
                (code,) = re.findall(r"\d{6}", found[0]["text"])
                return str(code)
            await asyncio.sleep(0.2)
    raise AssertionError("no message came within 20 s")


@pytest.mark.parametrize(("size", "phone"), [(PHONE, "13800000011"), (DESKTOP, "13800000012")])
async def test_a_resident_signs_in_and_is_proved(opened: Open, town: str, size: tuple[int, int], phone: str) -> None:
    name = f"{size[0]}-resident"
    page = await (await opened(size)).new_page()
    await page.goto("/account/proofing")
    await expect(page.get_by_role("heading", level=1)).to_have_text("手机号登录")
    await shot(page, f"{name}-1-phone")
    assert await faults_of(page) == []
    await page.get_by_label("手机号").fill(phone)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("输入验证码")
    await shot(page, f"{name}-2-code")
    assert await faults_of(page) == []
    await page.get_by_label("验证码", exact=True).fill(await code_of(town, phone))
    await page.keyboard.press("Enter")

    # The first time, what is done with data is told before anything else.
    await expect(page.get_by_role("heading", level=1)).to_have_text("个人信息处理告知")
    await page.get_by_role("button", name="我已阅读并知晓").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("实名认证")
    assert await faults_of(page) == []
    await page.get_by_label("姓名").fill("赵小兰")
    born = "19900307" if size == PHONE else "19900308"
    number = f"410802{born}124"
    await page.get_by_label("身份证件号码").fill(number + person_check(number))
    await page.get_by_role("button", name="提交核验").click()
    # The page looks again by itself.
    await expect(page.get_by_label("核验凭证")).to_be_visible()
    await shot(page, f"{name}-3-level-1")
    assert await faults_of(page) == []
    await page.get_by_label("核验凭证").fill("demo-face-1")
    await page.get_by_role("button", name="提交核验").click()
    await expect(page.get_by_text("现场确认。")).to_be_visible()
    await shot(page, f"{name}-4-level-2")

    await page.goto("/account/dependants")
    await page.get_by_label("姓名").fill("赵一诺")
    await page.get_by_label("出生日期").fill("2021-05-01")
    await page.get_by_label("出生医学证明编号").fill(f"demo-{phone}")
    await page.get_by_role("button", name="提交核验").click()
    await expect(page.get_by_text("已绑定")).to_be_visible()
    await shot(page, f"{name}-5-dependants")
    assert await faults_of(page) == []
    await page.goto("/account/roles")
    await page.get_by_role("button", name="赵一诺").click()
    await page.goto("/account")
    await expect(page.locator("dd").first).to_have_text("监护人")
    await shot(page, f"{name}-6-account")
    assert await faults_of(page) == []


@pytest.mark.parametrize(("size", "phone"), [(DESKTOP, "13800000021"), (PHONE, "13800000022")])
async def test_a_resident_may_change_the_phone_and_leave(
    opened: Open, town: str, size: tuple[int, int], phone: str
) -> None:
    page = await (await opened(size)).new_page()
    await page.goto("/login")
    await page.get_by_label("手机号").fill(phone)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("验证码", exact=True).fill(await code_of(town, phone))
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("个人信息处理告知")
    for path, name in (("/account", "account"), ("/account/phone", "phone"), ("/account/close", "close")):
        await page.goto(path)
        await shot(page, f"{size[0]}-changing-{name}")
        assert await faults_of(page) == []
    await page.get_by_role("button", name="发送验证码").click()
    await expect(page.get_by_role("button", name="确认注销")).to_be_visible()
    await shot(page, f"{size[0]}-changing-close-code")
    assert await faults_of(page) == []


async def test_without_javascript_a_resident_signs_in_and_out(opened: Open, town: str) -> None:
    page = await (await opened(PHONE, script=False)).new_page()
    phone = "13800000013"
    await page.goto("/login")
    await page.get_by_label("手机号").fill(phone)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("验证码", exact=True).fill(await code_of(town, phone))
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).not_to_have_text("输入验证码")
    await page.goto("/account")
    await expect(page.get_by_role("heading", level=1)).to_have_text("我的账户")
    await sign_out(page)
    await page.goto("/account")
    await expect(page.get_by_role("heading", level=1)).to_have_text("手机号登录")


@pytest.mark.parametrize(("size", "login"), [(DESKTOP, "li.xiuying"), (PHONE, "zhang.haiyan")])
async def test_staff_come_from_invitation_to_passkey(opened: Open, size: tuple[int, int], login: str) -> None:
    name = f"{size[0]}-staff"
    context = await opened(size)
    page = await context.new_page()
    await become(page, "系统管理员")
    await page.goto("/accounts")
    await shot(page, f"{name}-1-accounts")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="新建账户").click()
    assert await faults_of(page) == []
    await page.get_by_label("姓名").fill("李秀英")
    await page.get_by_label("登录名").fill(login)
    await page.get_by_role("button", name="新建并生成邀请").click()
    link = await page.locator(".notice a").get_attribute("href")
    assert link is not None
    await shot(page, f"{name}-2-invited")
    assert await faults_of(page) == []
    await become(page, "安全管理员")
    await page.goto("/accounts")
    await page.locator("table.rows tbody tr", has_text=login).locator("a").first.click()
    await page.get_by_label("要授予的角色").select_option("physician")
    await page.get_by_role("button", name="授予").click()
    await expect(page.get_by_role("button", name="收回 医师")).to_be_visible()
    await shot(page, f"{name}-3-roles")
    assert await faults_of(page) == []

    newcomer = await opened(size)
    page = await newcomer.new_page()
    await page.goto(link)
    await shot(page, f"{name}-4-invitation")
    assert await faults_of(page) == []
    await page.get_by_label("新密码", exact=True).fill(PASSWORD)
    await page.get_by_label("再输入一次新密码").fill(PASSWORD)
    await page.get_by_role("button", name="下一步").click()
    secret = await page.locator("code").inner_text()
    await shot(page, f"{name}-5-app")
    assert await faults_of(page) == []
    app = pyotp.TOTP(secret.replace(" ", ""))
    await page.get_by_label("显示的 6 位数字").fill(app.now())
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator(".code-list li")).to_have_count(8)
    await shot(page, f"{name}-6-codes")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="我已保存").click()
    await expect(page.locator("dd").first).to_have_text("医师")

    session = await newcomer.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True}})
    await page.get_by_role("link", name="登录安全").click()
    await page.get_by_label("名称").fill("诊室电脑")
    await page.get_by_role("button", name="添加通行密钥").click()
    await expect(page.get_by_role("button", name="移除 诊室电脑")).to_be_visible()
    await shot(page, f"{name}-7-security")
    assert await faults_of(page) == []
    await sign_out(page)
    await page.goto("/login/staff")
    await shot(page, f"{name}-8-password")
    assert await faults_of(page) == []
    await page.get_by_label("登录名").fill(login)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="下一步").click()
    await shot(page, f"{name}-9-second")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="使用通行密钥").click()
    await expect(page.get_by_role("heading", level=1)).not_to_have_text("第二步验证")

    await page.goto("/account/sessions")
    await expect(page.locator("#results").get_by_text("已退出")).to_be_visible()
    await shot(page, f"{name}-10-sessions")
    assert await faults_of(page) == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_the_demonstration_changes_roles_by_one_click(opened: Open, size: tuple[int, int]) -> None:
    page = await (await opened(size)).new_page()
    await page.goto("/login")
    await expect(page.get_by_text("演示模式")).to_be_visible()
    await page.locator(".demo summary").click()
    await shot(page, f"{size[0]}-demo-roles")
    assert await faults_of(page) == []
    for role in ("医师", "居民", "监护人", "服务台人员"):
        await become(page, role)
        await page.goto("/account")
        await expect(page.locator("dd").first).to_have_text(role)
    await page.goto("/desk/proofing")
    await shot(page, f"{size[0]}-desk")
    assert await faults_of(page) == []


async def test_large_type_and_english_hold_on_the_way_in(opened: Open) -> None:
    page = await (await opened(PHONE, language="en-US")).new_page()
    await page.goto("/login")
    await page.get_by_role("button", name="Large type").click()
    size = await page.evaluate("parseFloat(getComputedStyle(document.querySelector('#f-phone')).fontSize)")
    assert size >= 20
    await shot(page, "390-large-phone")
    assert await faults_of(page) == []
