"""What gateways tell us: receipts, and what followers of the official account write."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Final

from xinglin.capabilities.notifications.operations.confirm import receive
from xinglin.capabilities.notifications.operations.contacts import follow
from xinglin.capabilities.notifications.rules import receipts
from xinglin.capabilities.notifications.rules.receipts import Receipt
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.setting_forms import Secret
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Heard, Said

OKAY: Final = Said(b"success")
BOUND: Final = "绑定成功，今后的消息会在这里提醒您。You are told here from now on."
UNBOUND: Final = "没有找到这个绑定码，请在网页上重新获取。This code is not known, or has ended; take a new one."

Read = Callable[[bytes], tuple[Receipt, ...] | None]


async def gateway(work: UnitOfWork, heard: Heard, *, channel: str, read: Read, secret: Secret | None) -> Said:
    """Take receipts of text messages, calls or mail."""
    given = heard.headers.get(receipts.HEADER, "")
    _refuse(tuple(receipts.signature_faults(given, _text(secret), heard.body, work.now)))
    said = read(heard.body)
    if said is None:
        raise OutcomeError(Issue("structure", "callback-form", text="This is no receipt that we know."), status=400)
    await receive(work, channel, said)
    return OKAY


async def wechat(work: UnitOfWork, heard: Heard, *, token: Secret | None) -> Said:
    """Take what WeChat pushes; a GET asks whether the address is ours, and gets its word back."""
    _refuse(tuple(receipts.wechat_faults(heard.query, _text(token), work.now)))
    if heard.verb == "GET":
        return Said(heard.query.get("echostr", "")[:200].encode())
    event = receipts.wechat_event(heard.body)
    await receive(work, "wechat", receipts.wechat_receipts(event))
    follower = event.get("FromUserName", "")
    if event.get("MsgType") != "text" or not follower:
        return OKAY
    bound = await follow(work, follower, event.get("Content", ""))
    return _reply(event, BOUND if bound else UNBOUND, int(work.now.timestamp()))


def _reply(event: Mapping[str, str], text: str, seconds: int) -> Said:
    """Answer a follower, in the form of a passive reply."""
    body = (
        f"<xml><ToUserName>{escape(event.get('FromUserName', ''))}</ToUserName>"
        f"<FromUserName>{escape(event.get('ToUserName', ''))}</FromUserName>"
        f"<CreateTime>{seconds}</CreateTime><MsgType>text</MsgType><Content>{escape(text)}</Content></xml>"
    )
    return Said(body.encode(), "application/xml; charset=utf-8")


def _refuse(faults: tuple[Issue, ...]) -> None:
    if faults:
        raise OutcomeError(*faults, status=403)


def _text(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None
