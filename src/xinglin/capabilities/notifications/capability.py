"""Everything that notifications add."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from xinglin.capabilities.notifications import contract, jobs, policy
from xinglin.capabilities.notifications.gateways import Gateway
from xinglin.capabilities.notifications.gateways.http import SmsGateway, VoiceGateway
from xinglin.capabilities.notifications.gateways.mail import MailGateway, MailServer
from xinglin.capabilities.notifications.gateways.wechat import Account, WechatGateway
from xinglin.capabilities.notifications.operations import handle
from xinglin.capabilities.notifications.operations.deliver import Terms
from xinglin.capabilities.notifications.operations.notify import notify, notify_role
from xinglin.capabilities.notifications.operations.preferences import refuse_kinds
from xinglin.capabilities.notifications.pages import callbacks, contacts, outbox, own
from xinglin.capabilities.notifications.rules import receipts
from xinglin.fhir.declarations import Text
from xinglin.registry import (
    CLINIC,
    COMMISSION,
    INSTITUTION,
    RESIDENT,
    Callback,
    Capability,
    Card,
    Handler,
    Job,
    Page,
    Portal,
)
from xinglin.security.anomalies import night_of
from xinglin.settings import Settings

TITLE: Final = Text("我的消息", "My messages")
NEW: Final = Text("新消息", "New messages")
SENT: Final = Text("消息发送", "Outbox")
DESK: Final = frozenset({"receptionist", "system-admin"})


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    terms = Terms(
        night_of(settings.message_quiet),
        settings.zone,
        settings.message_daily,
        gateways(settings),
        (settings.base_url or "").removesuffix("/fhir"),
    )
    return Capability(
        name="notifications",
        title=Text("消息通知", "Notifications"),
        code_sets=(contract.CALLS, contract.PREFERENCES),
        profiles=(contract.MESSAGE, contract.CALL_TASK, contract.PREFERENCE),
        operations=(
            Handler(contract.NOTIFY, notify),
            Handler(contract.NOTIFY_ROLE, notify_role),
            Handler(contract.UNREAD, handle.unread),
            Handler(contract.READ, handle.mark_read),
            Handler(contract.READ_ALL, handle.mark_all_read),
            Handler(contract.RESEND, handle.resend),
            Handler(contract.CALL, handle.call),
            Handler(contract.TOLD, handle.told),
            Handler(contract.REFUSE, refuse_kinds),
        ),
        grants=policy.GRANTS,
        pages=_pages(settings, terms),
        cards=(
            Card(RESIDENT, NEW, own.card, order=30),
            Card(CLINIC, NEW, own.card, order=35),
            Card(INSTITUTION, SENT, outbox.card, order=35, roles=DESK),
        ),
        jobs=(
            Job(contract.DELIVER, partial(jobs.deliver, terms=terms), retries=8),
            Job(contract.CONFIRM, partial(jobs.confirm, terms=terms), retries=8),
            Job(contract.SEND_CODE, partial(jobs.send_code, terms=terms), retries=4),
            Job(contract.FORGET, jobs.forget, every="03:25 Asia/Shanghai"),
        ),
        callbacks=_callbacks(settings),
        templates="xinglin.capabilities.notifications:templates",
    )


def gateways(settings: Settings) -> Mapping[str, Gateway]:
    """Give the ways out that the settings open; text messages always, so that a missing gateway shows in the outbox."""
    found: dict[str, Gateway] = {"sms": SmsGateway(settings.sms_url)}
    if settings.voice_url is not None:
        found["voice"] = VoiceGateway(settings.voice_url)
    if settings.mail_server is not None:
        host, _, port = settings.mail_server.rpartition(":")
        encrypted = settings.mail_encryption == "starttls"
        server = MailServer(host, int(port), settings.mail_from, encrypted, settings.mail_login, settings.mail_password)
        found["mail"] = MailGateway(server)
    if settings.wechat_app_id and settings.wechat_secret is not None:
        account = Account(settings.wechat_url, settings.wechat_app_id, settings.wechat_secret, settings.wechat_template)
        found["wechat"] = WechatGateway(account)
    return found


def _pages(settings: Settings, terms: Terms) -> tuple[Page, ...]:
    show = partial(contacts.show, terms=terms, name=settings.wechat_name)
    send = partial(contacts.send, terms=terms, name=settings.wechat_name)
    return (
        Page(RESIDENT, contract.SETTINGS, show=own.show_settings, send=own.send_settings),
        *_of(RESIDENT, tab="messages", order=10),
        *_of(CLINIC),
        *_of(INSTITUTION, DESK),
        *_of(COMMISSION),
        *_of(contract.OTHERS),
        Page(contract.ACCOUNT, contract.CONTACTS, show=show, send=send),
        Page(INSTITUTION, contract.OUTBOX, show=outbox.show, menu=SENT, icon="mail", order=70, roles=DESK),
        Page(INSTITUTION, contract.OUTBOX + "/{id}", show=outbox.show_one, send=outbox.send_one, roles=DESK),
    )


def _callbacks(settings: Settings) -> tuple[Callback, ...]:
    secret = settings.callback_secret
    read = {"sms": receipts.message_receipts, "voice": receipts.call_receipts, "mail": receipts.mail_receipts}
    return (
        *(
            Callback(f"{contract.CALLBACKS}/{one}", partial(callbacks.gateway, channel=one, read=how, secret=secret))
            for one, how in read.items()
        ),
        Callback(f"{contract.CALLBACKS}/wechat", partial(callbacks.wechat, token=settings.wechat_token)),
    )


def _of(portal: Portal, roles: frozenset[str] = frozenset(), *, tab: str = "", order: int = 80) -> tuple[Page, ...]:
    """Give one's own messages in a portal."""
    return (
        Page(
            portal,
            contract.OWN,
            show=own.show,
            send=own.send,
            menu=TITLE,
            icon="mail",
            tab=tab,
            order=order,
            roles=roles,
            badge=own.unread,
        ),
        Page(portal, contract.OWN + "/{id}", show=own.show_one, tab=tab, roles=roles),
    )
