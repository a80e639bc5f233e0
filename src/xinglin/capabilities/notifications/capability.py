"""Everything that notifications add."""

from functools import partial
from typing import Final

from xinglin.capabilities.notifications import contract, jobs, policy
from xinglin.capabilities.notifications.gateways import SmsGateway
from xinglin.capabilities.notifications.operations import handle
from xinglin.capabilities.notifications.operations.deliver import Terms
from xinglin.capabilities.notifications.operations.notify import notify
from xinglin.capabilities.notifications.operations.preferences import refuse_kinds
from xinglin.capabilities.notifications.pages import outbox, own
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, COMMISSION, INSTITUTION, RESIDENT, Capability, Card, Handler, Job, Page, Portal
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
        {"sms": SmsGateway(settings.sms_url)},
    )
    return Capability(
        name="notifications",
        title=Text("消息通知", "Notifications"),
        code_sets=(contract.CALLS, contract.PREFERENCES),
        profiles=(contract.MESSAGE, contract.CALL_TASK, contract.PREFERENCE),
        operations=(
            Handler(contract.NOTIFY, notify),
            Handler(contract.READ, handle.mark_read),
            Handler(contract.RESEND, handle.resend),
            Handler(contract.CALL, handle.call),
            Handler(contract.TOLD, handle.told),
            Handler(contract.REFUSE, refuse_kinds),
        ),
        grants=policy.GRANTS,
        pages=(
            Page(RESIDENT, contract.SETTINGS, show=own.show_settings, send=own.send_settings),
            Page(RESIDENT, contract.OWN, show=own.show, menu=TITLE, icon="mail", tab="messages", order=10),
            Page(RESIDENT, contract.OWN + "/{id}", show=own.show_one, tab="messages"),
            *_of_staff(CLINIC),
            *_of_staff(INSTITUTION, DESK),
            *_of_staff(COMMISSION),
            Page(INSTITUTION, contract.OUTBOX, show=outbox.show, menu=SENT, icon="mail", order=70, roles=DESK),
            Page(INSTITUTION, contract.OUTBOX + "/{id}", show=outbox.show_one, send=outbox.send_one, roles=DESK),
        ),
        cards=(
            Card(RESIDENT, NEW, own.card, order=30),
            Card(CLINIC, NEW, own.card, order=35),
            Card(INSTITUTION, SENT, outbox.card, order=35, roles=DESK),
        ),
        jobs=(
            Job(contract.DELIVER, partial(jobs.deliver, terms=terms), retries=8),
            Job(contract.CONFIRM, partial(jobs.confirm, terms=terms), retries=8),
        ),
        templates="xinglin.capabilities.notifications:templates",
    )


def _of_staff(portal: Portal, roles: frozenset[str] = frozenset()) -> tuple[Page, ...]:
    return (
        Page(portal, contract.OWN, show=own.show, menu=TITLE, icon="mail", order=80, roles=roles),
        Page(portal, contract.OWN + "/{id}", show=own.show_one, roles=roles),
    )
