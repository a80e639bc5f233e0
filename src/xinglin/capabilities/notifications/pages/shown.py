"""How messages look: their states in words and tones, the titles of their kinds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.notifications.rules import messages as rules
from xinglin.fhir.declarations import Text
from xinglin.store.door import UnitOfWork
from xinglin.web.format import said
from xinglin.web.listing import Cell, Found
from xinglin.web.view import Language

WORDS: Final[Mapping[str, tuple[Text, str]]] = {
    "queued": (Text("待发送", "Waiting"), "neutral"),
    "sent": (Text("已发出", "Sent"), "info"),
    "delivered": (Text("已送达", "Delivered"), "success"),
    "read": (Text("已读", "Read"), "success"),
    "failed": (Text("待电话告知", "To be called"), "danger"),
    "told": (Text("已电话告知", "Told by telephone"), "success"),
}
CHANNELS: Final[Mapping[str, Text]] = {
    "wechat": Text("微信", "WeChat"),
    "mail": Text("邮件", "Mail"),
    "sms": Text("短信", "Text message"),
    "voice": Text("语音电话", "Voice call"),
    "person": Text("人工", "By hand"),
    "page": Text("站内消息", "On the page"),
}
OUTCOMES: Final[Mapping[str, Text]] = {
    "sent": Text("已发出，等待回执", "Sent, receipt awaited"),
    "silent": Text("网关没有应答", "The gateway did not answer"),
    "refused": Text("网关拒绝", "The gateway refused"),
    "no-address": Text("没有手机号码", "No telephone number"),
    "delivered": Text("已送达", "Delivered"),
    "undelivered": Text("未送达", "Not delivered"),
    "listed": Text("转电话告知", "Put on the call list"),
    "told": Text("已电话告知", "Told by telephone"),
    "again": Text("重新发送", "Sent again by hand"),
    "opted-out": Text("收件人选择不接收提醒", "The recipient does not want to be sent it"),
    "limit": Text("超过当日提醒条数，只留站内消息", "Beyond the daily limit, on the page only"),
}


async def titles(work: UnitOfWork, _documents: Sequence[Mapping[str, Any]]) -> Mapping[str, Text]:
    """Give the titles of all kinds."""
    return {code: kind.title for code, kind in work.door.rulebook.notices.items()}


def title_of(document: Mapping[str, Any], titles: Mapping[str, Text], language: Language) -> str:
    """Give the title of a message; its code when nobody declares the kind any more."""
    code = rules.kind_of(document)
    return said(titles[code], language) if code in titles else code


def title(found: Found) -> str:
    """Say the title of the message of a row."""
    return title_of(found.document, found.more, found.language)


def state(found: Found) -> Cell:
    """Say the state of the message of a row."""
    text, tone = WORDS[rules.state_of(found.document)]
    return Cell(said(text, found.language), tone)


def opened(found: Found) -> Cell:
    """Say whether the recipient has opened it."""
    new = not found.document.get("received")
    text = Text("未读", "New") if new else Text("已读", "Read")
    return Cell(said(text, found.language), "warning" if new else "neutral")


def tries(document: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """Say the tries of a message, the first first."""
    return [
        {
            "at": one.at.isoformat(),
            "channel": said(CHANNELS[one.channel], language) if one.channel in CHANNELS else one.channel,
            "outcome": said(OUTCOMES[one.outcome], language) if one.outcome in OUTCOMES else one.outcome,
        }
        for one in rules.tries_of(document)
    ]
