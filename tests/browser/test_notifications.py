"""A resident reads a message; the service desk calls whom no message reached."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.residents.people import PEOPLE, resident
from tests.served import served
from xinglin.capabilities.notifications.contract import KEYS, MESSAGE, NOTICES, SHORT, TRY

TEXT = "您的健康档案被王医生因紧急情况查阅。理由：昏迷送诊。"


def message(id: str, kind: str, status: str, *tries: tuple[str, str], **more: Any) -> dict[str, Any]:
    at = "2026-11-20T04:00:00Z"
    return {
        "resourceType": "Communication",
        "id": id,
        "meta": {"profile": [MESSAGE.url]},
        "extension": [
            {"url": SHORT, "valueString": "【杏林】您有一条新消息，请登录查看。"},
            *(
                {
                    "url": TRY,
                    "extension": [
                        {"url": "channel", "valueCode": channel},
                        {"url": "outcome", "valueCode": outcome},
                        {"url": "at", "valueDateTime": at},
                    ],
                }
                for channel, outcome in tries
            ),
        ],
        "identifier": [{"system": KEYS, "value": id}],
        "status": status,
        "category": [{"coding": [{"system": NOTICES, "code": kind}]}],
        "recipient": [{"reference": "Patient/mei", "display": "张*梅"}],
        "subject": {"reference": "Patient/mei"},
        "sender": {"reference": "Organization/1"},
        "sent": at,
        "payload": [{"contentString": TEXT}],
    } | more


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    ways = {"WECHAT_APP_ID": "wx", "WECHAT_SECRET": "s", "MAIL_SERVER": "127.0.0.1:9", "WECHAT_NAME": "焦作杏林"}
    with served(
        postgres_dsn,
        PEOPLE,
        (
            {"resourceType": "Organization", "id": "1", "name": "焦作市人民医院"},
            resident("张小梅", "1990-01-01", 124, id="mei"),
            resident("李娜", "1991-01-01", 126, id="na", telecom=[{"system": "phone", "value": "13800000000"}]),
            message("new", "break-glass", "completed", ("sms", "sent"), ("sms", "delivered")),
            message(
                "failed",
                "consent-withdrawn",
                "stopped",
                ("sms", "sent"),
                ("sms", "undelivered"),
                ("person", "listed"),
                recipient=[{"reference": "Patient/na", "display": "李*"}],
                subject={"reference": "Patient/na"},
            ),
            message("second", "consent-withdrawn", "completed", ("sms", "sent"), ("sms", "delivered")),
            message("old", "consent-withdrawn", "completed", received="2026-11-19T04:00:00Z"),
        ),
        settings=ways,
    ) as root:
        yield root


async def as_somebody(opened: Open, site: str, who: str, size: tuple[int, int]) -> BrowserContext:
    context = await opened(size)
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return context


async def sound(page: Page, name: str) -> None:
    await shot(page, name)
    assert await faults_of(page) == []


async def test_a_resident_reads_a_message_and_chooses_what_to_be_sent(opened: Open, site: str) -> None:
    context = await as_somebody(opened, site, "mei", PHONE)
    page = await context.new_page()
    await page.goto("/my")
    await expect(page.get_by_text("全部 2 条未读")).to_be_visible()
    bar = page.get_by_role("navigation", name="主菜单")
    await expect(bar.get_by_role("link", name="消息 2 条未读")).to_be_visible()
    await sound(page, "390-messages-new")
    await bar.get_by_role("link", name="消息 2 条未读").click()
    await sound(page, "390-messages")
    await page.get_by_role("link", name="您的档案被紧急查阅").first.click()
    await expect(page.get_by_text(TEXT)).to_be_visible()
    await expect(bar.get_by_role("link", name="消息 1 条未读")).to_be_visible()
    await sound(page, "390-message")
    await page.get_by_role("link", name="我的消息").first.click()
    await page.goto("/my/messages?read=no")
    await expect(page.get_by_role("link", name="您的档案被紧急查阅")).to_have_count(0)
    await page.goto("/my/messages")
    await page.get_by_role("link", name="提醒设置").click()
    box = page.get_by_role("checkbox", name="已撤回一项同意")
    await expect(page.get_by_role("checkbox", name="您的档案被紧急查阅")).to_be_disabled()
    await box.uncheck()
    await page.get_by_role("checkbox", name="语音电话").uncheck()
    await expect(page.get_by_role("checkbox", name="短信")).to_be_disabled()
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("设置已保存。")).to_be_visible()
    await expect(box).not_to_be_checked()
    await expect(page.get_by_role("checkbox", name="语音电话")).not_to_be_checked()
    await sound(page, "390-message-settings")
    await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    await page.goto("/my/messages")
    await sound(page, "1366-messages")
    await page.get_by_role("button", name="全部标为已读").click()
    await expect(page.get_by_text("已全部标为已读。")).to_be_visible()
    await expect(page.locator(".count")).to_have_count(0)


async def test_the_desk_calls_whom_no_message_reached(opened: Open, site: str) -> None:
    context = await as_somebody(opened, site, "desk", DESKTOP)
    page = await context.new_page()
    await page.goto("/institution")
    await page.get_by_role("link", name="待电话告知").click()
    await expect(page.get_by_role("heading", name="发送通道")).to_be_visible()
    await sound(page, "1366-outbox")
    await page.get_by_role("link", name="已撤回一项同意").first.click()
    await expect(page.get_by_text(TEXT)).to_have_count(0)
    await page.get_by_role("link", name="查看联系方式").click()
    await expect(page.get_by_text("13800000000")).to_be_visible()
    await expect(page.get_by_text("您有一条新消息")).to_be_visible()
    await expect(page.get_by_text(TEXT)).to_have_count(0)
    await sound(page, "1366-outbox-call")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await sound(page, "390-outbox-call")
    await page.get_by_label("通话备注（选填）").fill("本人接听")
    await page.get_by_role("button", name="已电话告知").click()
    await expect(page.get_by_text("已登记电话告知。")).to_be_visible()
    await page.goto("/messages?status=stopped")
    await expect(page.get_by_role("link", name="已撤回一项同意")).to_have_count(0)
    await page.goto("/messages/new")
    await expect(page.get_by_text("已读", exact=True)).to_be_visible()  # the resident's receipt


async def test_a_resident_binds_wechat_and_mail(opened: Open, site: str) -> None:
    context = await as_somebody(opened, site, "mei", PHONE)
    page = await context.new_page()
    await page.goto("/account/contacts")
    await page.get_by_role("button", name="获取绑定码").click()
    await expect(page.locator("#wechat-code")).to_have_text(re.compile("[2-9A-Z]{8}"))
    await expect(page.get_by_text("焦作杏林")).to_be_visible()
    await sound(page, "390-contacts-wechat")
    await page.get_by_label("邮箱地址").fill("mei@jiaozuo.cn")
    await page.get_by_role("button", name="发送验证码").click()
    await page.get_by_label("验证码").fill("nothing")
    await page.get_by_role("button", name="确认绑定").click()
    await expect(page.get_by_role("alert")).to_contain_text("验证码不正确")
    await sound(page, "390-contacts-mail")
