"""What a channel says of a payment, by answer or call-back: taken once, and only as it was asked for."""

from dataclasses import replace
from typing import Final

import structlog

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.gateways.channels import Channel, Known
from xinglin.capabilities.billing.operations import moving, reconciling
from xinglin.capabilities.billing.operations.reading import bill_of, keep_payment, payment_of, spoken
from xinglin.capabilities.billing.rules import payments
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Heard, Said

_LOG: Final = structlog.get_logger()
SETTLED: Final = frozenset({"done", "differs"})
# How each channel is told that it was heard.
_THANKS: Final = {"wechat-pay": Said(status=204), "alipay": Said(b"success")}
_AGAIN: Final = {
    "wechat-pay": Said(b'{"code":"FAIL","message":"not taken"}', "application/json", 400),
    "alipay": Said(b"fail"),
}


async def heard(work: UnitOfWork, said: Heard, *, name: str, channel: Channel) -> Said:
    """Take a call-back; what is not the channel's, or of no payment of ours, is refused."""
    told = channel.heard(said.headers, said.body, work.now)
    if told is None:
        _LOG.warning("billing.callback_refused", channel=name)
        return _AGAIN[name]
    payment = await payment_of(work, told.number)
    if payment is None or payment.channel != name:
        _LOG.warning("billing.callback_unknown", channel=name, number=told.number[:40])
        return _AGAIN[name]
    if told.known.state == "paid":
        await arrived(work, payment.number, told.known)
    return _THANKS[name]


async def arrived(work: UnitOfWork, number: str, known: Known) -> None:
    """Take in that a payment was paid: booked once, whoever tells it and however often."""
    payment = await payment_of(work, number)
    if payment is None:
        return
    bill = await bill_of(work, payment.bill)
    payment = await payment_of(work, number)  # again, under the lock of the bill
    if payment is None or payment.state in SETTLED:
        return
    told = replace(payment, transaction=known.transaction, at=known.at or spoken(work.now))
    if known.fen != payment.fen:
        # Not what was asked for: it is in the books as it came, and a person decides.
        _LOG.error("billing.amount_differs", payment=number)
        await moving.came(work, replace(told, state="differs", arrived=known.fen))
        await reconciling.wrong_amount(work, told, known.fen)
        return
    awaited = bill.state == "paying" and moving.payment_number(bill) == number and payment.state != "closed"
    if awaited:
        await moving.came(work, replace(told, state="done"))
        await moving.advance(work, bill.id)
        return
    # Paid though it was given up, or twice: it goes back by itself.
    await moving.came(work, replace(told, state="done", reason="surplus"))
    await _back(work, replace(told, reason="surplus"))


async def _back(work: UnitOfWork, payment: Payment) -> None:
    number = payments.number("R", payment.number, "surplus")
    refund = Payment(
        *(number, payment.bill, payment.payee, payment.channel, payment.fen, "refund"),
        created=spoken(work.now),
        of=payment.number,
        reason="surplus",
    )
    await keep_payment(work, refund)
    await work.defer(contract.GIVE_BACK, payment=number)
