"""Everything that billing adds."""

from collections.abc import Mapping
from functools import partial

from xinglin.capabilities.billing import contract, jobs, policy
from xinglin.capabilities.billing.gateways.alipay import Alipay
from xinglin.capabilities.billing.gateways.channels import Channel, keys_in
from xinglin.capabilities.billing.gateways.wechat_pay import WechatPay
from xinglin.capabilities.billing.operations import arriving, charging, paying, reconciling
from xinglin.capabilities.billing.pages import desk, differences, own, published, receipt
from xinglin.capabilities.billing.rules import bills
from xinglin.fhir.declarations import Text
from xinglin.registry import RESIDENT, Callback, Capability, Card, Handler, Invariant, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return made(channels_of(settings))


def channels_of(settings: Settings) -> Mapping[str, Channel]:
    """Make the channels that the settings name."""
    found: dict[str, Channel] = {}
    back = f"{settings.callback_url or ''}{contract.CALLBACKS}"
    if settings.wechat_pay_keys is not None:
        found["wechat-pay"] = WechatPay(
            settings.wechat_pay_url,
            settings.wechat_pay_app_id,
            settings.wechat_pay_merchant,
            keys_in(settings.wechat_pay_keys),
            notify=f"{back}/wechat-pay",
        )
    if settings.alipay_keys is not None:
        found["alipay"] = Alipay(
            settings.alipay_url, settings.alipay_app_id, keys_in(settings.alipay_keys), notify=f"{back}/alipay"
        )
    return found


def made(channels: Mapping[str, Channel]) -> Capability:
    """Give it with channels."""
    return Capability(
        name="billing",
        title=Text("收费与支付", "Billing"),
        needs=("insurance",),
        code_sets=(
            contract.STATES,
            contract.CHANNELS,
            contract.PAYMENT_STATES,
            contract.REASONS,
            contract.TASKS,
            contract.ENTRIES,
        ),
        profiles=(contract.CHARGE_ITEM, contract.BILL, contract.PAYMENT, contract.DIFFERENCE, contract.DAY),
        invariants=(Invariant(contract.BILL, bills.moves_as_it_may),),
        operations=(
            Handler(contract.CHARGE, charging.charge),
            Handler(contract.BEGIN, paying.begin),
            Handler(contract.PAY, paying.pay),
            Handler(contract.STOP, paying.stop),
            Handler(contract.REFUND, paying.refund),
            Handler(contract.HAND_BACK, paying.hand_back),
            Handler(contract.APPROVE, paying.approve),
            Handler(contract.RECONCILE_DAY, reconciling.ask),
            Handler(contract.CLOSE_DAY, reconciling.close_day),
            Handler(contract.TAKE, reconciling.take),
            Handler(contract.CLOSE, reconciling.close),
        ),
        grants=policy.GRANTS,
        jobs=(
            Job(contract.ASK, partial(jobs.ask, channels=channels), retries=8),
            Job(contract.LOOK, partial(jobs.look, channels=channels), retries=8),
            Job(contract.GIVE_BACK, partial(jobs.give_back, channels=channels), retries=8),
            Job(contract.TOLD, jobs.told, retries=8),
            Job(contract.LAPSE, jobs.lapse, retries=8),
            Job(contract.SWEEP, jobs.sweep, every="*/5 * * * *"),
            Job(contract.RECONCILE, partial(jobs.reconcile, channels=channels), retries=10),
            Job(contract.INSURED, jobs.insured, retries=8),
            Job(contract.EVERY_DAY, partial(jobs.every_day, channels=channels), every="10:10 Asia/Shanghai"),
        ),
        pages=_pages(),
        cards=(Card(RESIDENT, Text("待缴费", "To pay"), own.card, order=8),),
        callbacks=tuple(
            Callback(f"{contract.CALLBACKS}/{name}", partial(arriving.heard, name=name, channel=channel))
            for name, channel in channels.items()
        ),
        templates="xinglin.capabilities.billing:templates",
    )


def _pages() -> tuple[Page, ...]:
    one, paper = "/{id}", "/{id}/receipt"
    return (
        Page(
            *(RESIDENT, contract.OWN),
            show=own.show_all,
            menu=Text("我的账单", "My bills"),
            icon="currency-yuan",
            tab="visits",
            order=40,
            badge=own.waiting,
        ),
        Page(RESIDENT, contract.OWN + one, show=own.show, send=own.send),
        Page(RESIDENT, contract.OWN + paper, show=receipt.show),
        Page(contract.CASHIER, contract.DESK, show=desk.show_all, menu=desk.TITLE, icon="currency-yuan", order=14),
        Page(contract.CASHIER, contract.DESK + one, show=desk.show, send=desk.send),
        Page(contract.PUBLIC, contract.PRICES, show=published.show),
        Page(contract.CASHIER, contract.DESK + paper, show=receipt.show),
        Page(
            contract.CASHIER,
            contract.DIFFERENCES,
            show=differences.show,
            send=differences.send,
            menu=differences.TITLE,
            icon="git-compare",
            order=16,
            badge=differences.waiting,
        ),
    )
