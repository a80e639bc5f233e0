"""Asking the channels: begin a payment, find out what became of it, give back. Each may run again at any point.

Each job reads, asks outside, and writes only then. After silence the same is asked again by the same number, which has
its effect once; whatever was lost in between is found by `look` and `sweep` (ADR 0100).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.gateways.channels import (
    Back,
    Channel,
    ChannelRefusedError,
    ChannelSilentError,
    Known,
    Order,
)
from xinglin.capabilities.billing.operations import arriving, moving, paying, reconciling
from xinglin.capabilities.billing.operations.reading import (
    bill_of,
    document,
    keep,
    keep_payment,
    payment_of,
    spoken,
    today,
)
from xinglin.capabilities.billing.rules.documents import TAGS, UNDER_WAY, reference
from xinglin.capabilities.billing.rules.payments import Payment, read
from xinglin.capabilities.insurance import contract as insurance
from xinglin.fhir.document import document_of
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

_LOG: Final = structlog.get_logger()
Channels = Mapping[str, Channel]
PAY_WITHIN: Final = timedelta(minutes=15)
# When to ask after a payment of which nothing was heard.
LOOKS: Final = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5))
PATIENCE: Final = timedelta(minutes=2)
TRIES: Final = 8  # at a refund, before a person looks
SUBJECT: Final = "医疗费用"


async def ask(work: UnitOfWork, payment: str, *, channels: Channels) -> None:
    """Ask the channel for a payment, and keep what the payer opens."""
    found = await payment_of(work, payment)
    if found is None or found.state != "created":
        return
    channel = channels.get(found.channel)
    if channel is None:
        await _refused(work, found, "not set up")
        return
    try:
        link = await channel.ask(Order(found.number, found.fen, SUBJECT, until(found)), work.now)
    except ChannelSilentError:
        # Whether the order stands is found out by asking the same again; look gives it up in the end.
        await work.defer_at(work.now + LOOKS[0], contract.LOOK, payment=payment)
        await work.defer_at(work.now + timedelta(seconds=2), contract.ASK, payment=payment)
        await _count(work, found)
        return
    except ChannelRefusedError as refused:
        await _refused(work, found, str(refused))
        return
    await bill_of(work, found.bill)
    now = await payment_of(work, payment)
    if now is not None and now.state == "created":
        await keep_payment(work, replace(now, state="asked", link=link))
        for wait in (*LOOKS, until(now) - work.now + timedelta(seconds=5)):
            await work.defer_at(work.now + wait, contract.LOOK, payment=payment)


@cites("R4-050")
async def look(work: UnitOfWork, payment: str, *, channels: Channels) -> None:
    """Find out what became of a payment; give it up when that is wanted or its time is over."""
    found = await payment_of(work, payment)
    if found is None or found.kind != "charge" or found.state not in {"created", "asked", "closing"}:
        return
    channel = channels.get(found.channel)
    if channel is None:
        return
    over = found.state == "closing" or work.now > until(found)
    try:
        known = await channel.query(payment, work.now)
        if known.state in {"unpaid", "none"} and over:
            await channel.close(payment, work.now)
            known = Known("closed")
    except ChannelSilentError:
        await work.defer_at(work.now + LOOKS[0], contract.LOOK, payment=payment)
        return
    except ChannelRefusedError:
        # It was paid between the question and the closing: the next look says so.
        await work.defer_at(work.now + timedelta(seconds=1), contract.LOOK, payment=payment)
        return
    if known.state == "paid":
        await arriving.arrived(work, payment, known)
    elif known.state == "closed":
        await _closed(work, payment, "")


async def _refused(work: UnitOfWork, payment: Payment, why: str) -> None:
    _LOG.warning("billing.payment_refused", payment=payment.number, why=why)
    await _closed(work, payment.number, "支付渠道未受理，请换一种方式支付")


async def _closed(work: UnitOfWork, payment: str, note: str) -> None:
    """Write that a payment was given up, and take the bill on."""
    found = await payment_of(work, payment)
    if found is None:
        return
    bill = await bill_of(work, found.bill)
    found = await payment_of(work, payment)
    if found is None or found.state in arriving.SETTLED | {"closed"}:
        return
    await keep_payment(work, replace(found, state="closed"))
    if note:
        await keep(work, replace(bill, note=note))
    await moving.advance(work, bill.id)


@cites("R5-015", "R5-016")
async def give_back(work: UnitOfWork, payment: str, *, channels: Channels) -> None:
    """Have the channel give money back, by the number of the refund: however often it is asked, it goes back once."""
    found = await payment_of(work, payment)
    if found is None or found.kind != "refund" or found.state not in {"created", "asked"}:
        return
    paid = await payment_of(work, found.of)
    channel = channels.get(found.channel)
    if paid is None or channel is None:
        return
    total = paid.fen if paid.arrived is None else paid.arrived
    try:
        back = await channel.refund(Back(found.number, found.of, total, found.fen, found.reason), work.now)
    except ChannelSilentError:
        await _again(work, found)
        return
    except ChannelRefusedError as refused:
        _LOG.error("billing.refund_refused", payment=payment, why=str(refused))
        await _finish(work, replace(found, state="stopped"))
        return
    if not back.done:
        await _again(work, replace(found, state="asked"))
        return
    at = back.at or spoken(work.now)
    await _finish(work, replace(found, state="done", transaction=back.transaction, at=at))


async def _finish(work: UnitOfWork, refund: Payment) -> None:
    bill = await bill_of(work, refund.bill)
    now = await payment_of(work, refund.number)
    if now is None or now.state not in {"created", "asked"}:
        return
    if refund.state == "done":
        await moving.came(work, refund)
    else:
        await keep_payment(work, refund)
    await moving.advance(work, bill.id)


async def _again(work: UnitOfWork, refund: Payment) -> None:
    """Ask again, each time later; never is the money claimed anew."""
    await _count(work, refund)
    wait = timedelta(seconds=min(3600, 2 ** (refund.tries + 1)))
    await work.defer_at(work.now + wait, contract.GIVE_BACK, payment=refund.number)


async def _count(work: UnitOfWork, payment: Payment) -> None:
    await bill_of(work, payment.bill)
    now = await payment_of(work, payment.number)
    if now is not None and now.state in {"created", "asked"}:
        await keep_payment(work, replace(now, tries=now.tries + 1, state=payment.state))


async def told(work: UnitOfWork, claim: str, state: str) -> None:
    """Take a bill on when insurance tells what became of its settlement."""
    bill = reference(await document(work, f"Claim/{claim}"), insurance.BILL).partition("/")[2]
    _LOG.info("billing.insurance_told", claim=claim, state=state)
    await moving.advance(work, bill)


async def lapse(work: UnitOfWork, bill: str, about: str) -> None:
    """Take lines off that were not paid in time."""
    await paying.lapse(work, bill, about)


async def sweep(work: UnitOfWork) -> None:
    """Look after what has waited for long, whatever was lost: each job is safe to run once more."""
    before = f"lt{(work.now - PATIENCE).isoformat()}"
    waiting = {"_tag": f"{TAGS}|{UNDER_WAY}", "_lastUpdated": before, "_count": "100", "_sort": "_lastUpdated"}
    for row in (await work.platform.find("PaymentNotice", **waiting)).matches:
        payment = read(document_of(row.body()))
        job = contract.GIVE_BACK if payment.kind == "refund" else contract.LOOK
        if payment.kind == "charge" and payment.state == "created":
            await work.defer(contract.ASK, payment=payment.number)
        await work.defer(job, payment=payment.number)
    for row in (await work.platform.find("Invoice", **waiting)).matches:
        await moving.advance(work, row.id)


@cites("R5-030", "R5-033")
async def reconcile(work: UnitOfWork, channel: str, day: str, *, channels: Channels) -> None:
    """Fetch the file of a channel's day, and compare it; silence is a fault of the job, which comes again."""
    one = channels.get(channel)
    if one is None:
        return
    on = reconciling.day_of(day)
    file = await one.bill(on, work.now)
    await reconciling.keep_day(work, channel, on, await reconciling.compared(work, channel, on, file))


async def every_day(work: UnitOfWork, *, channels: Channels) -> None:
    """Have yesterday reconciled, when the files are there; what was begun is not begun again."""
    yesterday = today(work.now) - timedelta(days=1)
    for channel in (*channels, contract.INSURANCE):
        await reconciling.begin_once(work, channel, yesterday)


async def insured(work: UnitOfWork, day: str, settled: int, funds: int, differences: list[list[Any]]) -> None:
    """Keep what a day of settlements came to with the insurer."""
    on = reconciling.day_of(day)
    found = reconciling.insured(settled, funds, differences)
    await reconciling.keep_day(work, contract.INSURANCE, on, found)


def until(payment: Payment) -> datetime:
    """Say when a payment can no longer be made."""
    return datetime.fromisoformat(payment.created) + PAY_WITHIN
