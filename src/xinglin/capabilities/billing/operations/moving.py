"""A bill is taken on, step by step (`rules.moving`): each step writes, none calls outside."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

import structlog

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.operations import entries
from xinglin.capabilities.billing.operations.reading import (
    bill_of,
    document,
    keep,
    keep_payment,
    payments_of,
    spoken,
    today,
)
from xinglin.capabilities.billing.rules import bills, moving, payments
from xinglin.capabilities.billing.rules.bills import Bill, Line, Share, Withdrawal
from xinglin.capabilities.billing.rules.documents import fen_of, value
from xinglin.capabilities.billing.rules.moving import Facts
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.capabilities.insurance import contract as insurance
from xinglin.care import refunds
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store import books
from xinglin.store.door import UnitOfWork

_LOG: Final = structlog.get_logger()
MOST: Final = 12  # steps in one go: no way is longer
UNINSURED: Final = "insurance-none"


async def advance(work: UnitOfWork, id: str) -> Bill:
    """Take a bill as far as it goes now; gives it as it stands then."""
    bill = await bill_of(work, id)
    for _ in range(MOST):
        facts = await _facts(work, bill)
        step = moving.step(facts)
        if step == moving.WAIT:
            break
        bill = await _STEPS[step](work, bill)
        await keep(work, bill)
        _LOG.info("billing.moved", bill=bill.id, step=step, state=bill.state)
    return bill


async def _facts(work: UnitOfWork, bill: Bill) -> Facts:
    if bill.state in {"open", "paid", "refunded", "void"}:
        return Facts(bill)
    claim = await claim_state(work, bill)
    found = {one.number: one for one in await payments_of(work, bill.id)}
    present = found.get(payment_number(bill))
    back = found.get(bill.under_way.number) if bill.under_way else None
    return Facts(bill, claim, present.state if present else "", back.state if back else "")


async def claim_state(work: UnitOfWork, bill: Bill) -> str:
    """Give how the settlement of a bill stands; empty without one."""
    return str(value(await document(work, f"Claim/{bill.claim}"), insurance.STATE) or "") if bill.claim else ""


def payment_number(bill: Bill) -> str:
    """Give the number of the payment that is under way, or comes next."""
    return payments.number("P", bill.id, bill.attempt)


# -- before it is paid ------------------------------------------------------------------------------------------------


async def _take_off(work: UnitOfWork, bill: Bill) -> Bill:
    """Take lines off that were not paid; who asked for them is told."""
    one = _wanted(bill.waiting)
    taken = [line for line in bill.lines if line.about == one.about]
    await _mark(work, taken, "aborted")
    await tell(work, bill, contract.VOID, [one.about])
    left = tuple(line for line in bill.lines if line.about != one.about)
    # A bill of which insurance knew is reckoned anew; without it the patient pays what is left.
    share = Share(cash=sum(line.fen for line in left)) if bill.share and left else None
    state = "void" if not left else bill.state if share and not bill.claim else "open"
    bill = bill.with_withdrawal(replace(one, phase="done", taken=sum(line.fen for line in taken)))
    return replace(bill, lines=left, state=state, share=share, claim="")


async def _reverse(work: UnitOfWork, bill: Bill) -> Bill:
    """Have the settlement undone: it will be told."""
    reason = bill.waiting.reason if bill.waiting else "unpaid"
    await work.platform.operate(insurance.REVERSE, insurance.Reversing(bill.claim, reason))
    return replace(bill, state="settling") if bill.state == "to-pay" else bill


async def _reckoned(work: UnitOfWork, bill: Bill) -> Bill:
    return replace(bill, state="to-pay", share=await share_of(work, bill.claim), note="")


async def _self_pay(work: UnitOfWork, bill: Bill) -> Bill:
    """Insurance refused: the patient pays all, and is told why."""
    why = str(value(await document(work, f"Claim/{bill.claim}"), insurance.REASON) or "")
    return replace(bill, state="to-pay", claim="", share=Share(cash=bill.total), note=why, channel="", agreed=())


async def _reopen(_work: UnitOfWork, bill: Bill) -> Bill:
    attempt = bill.attempt + (bill.state == "paying")
    return replace(bill, state="open", claim="", share=None, channel="", agreed=(), attempt=attempt)


# -- paying -----------------------------------------------------------------------------------------------------------


async def _ask(work: UnitOfWork, bill: Bill) -> Bill:
    """Begin a payment of the cash share; a job asks the channel."""
    share = await share_of(work, bill.claim) if bill.claim else Share(cash=bill.total)
    payment = Payment(payment_number(bill), bill.id, bill.payee, bill.channel, share.cash, created=spoken(work.now))
    if bill.channel == "cash":  # the cashier has it in the hand
        await came(work, replace(payment, state="done", at=payment.created))
    else:
        await keep_payment(work, payment)
        await work.defer(contract.ASK, payment=payment.number)
    return replace(bill, share=share)


async def give_up(work: UnitOfWork, bill: Bill) -> Bill:
    """Have the payment under way closed, unless it turns out to be paid."""
    for payment in await payments_of(work, bill.id):
        if payment.number == payment_number(bill) and payment.state in {"created", "asked"}:
            await keep_payment(work, replace(payment, state="closing"))
            await work.defer(contract.LOOK, payment=payment.number)
    return bill


async def _unpaid(_work: UnitOfWork, bill: Bill) -> Bill:
    return replace(bill, state="to-pay", channel="", attempt=bill.attempt + 1)


@cites("R5-024", "R5-034")
async def _paid(work: UnitOfWork, bill: Bill) -> Bill:
    """Book what was earned, and tell everybody who waits for it."""
    day = today(work.now)
    share = await share_of(work, bill.claim) if bill.claim else bill.share or Share()
    await _book(work, entries.settled(bill, share, day) if bill.claim else None)
    await _book(work, entries.earned(f"bill/{bill.id}", bill, bill.lines, day))
    await _mark(work, bill.lines, "billed")
    await tell(work, bill, contract.PAID, list(dict.fromkeys(line.about for line in bill.lines)))
    # A number as the fiscal authority gives it, made up: a test, as the receipt says.
    receipt = f"TEST{day:%y}{payments.number('', bill.id)[:12].upper()}"
    return replace(bill, state="paid", share=share, paid_at=spoken(work.now), receipt=receipt)


# -- giving back ------------------------------------------------------------------------------------------------------


@cites("R5-015", "R5-016")
async def _refund(work: UnitOfWork, bill: Bill) -> Bill:
    """Begin: take the lines off, and reverse the insurance first."""
    one = _wanted(bill.waiting)
    day = today(work.now)
    amounts = [refunds.amount(line.fen, one.reason, one.percent, day) for line in bill.lines if line.about == one.about]
    before = bill.share or Share()
    left = bills.less(bill, one.about, amounts)
    gone = [
        replace(line, fen=fen)
        for line, fen in zip((line for line in bill.lines if line.about == one.about), amounts, strict=True)
    ]
    await _book(work, entries.earned(f"bill/{bill.id}/{one.number}", bill, gone, day, back=True))
    await _mark(work, gone, "aborted")
    if bill.claim:
        await work.platform.operate(insurance.REVERSE, insurance.Reversing(bill.claim, one.reason))
    phase = "reversing" if bill.claim else "cash"
    taken = sum(amounts)
    fen = 0 if bill.claim else min(taken, before.cash)
    share = bill.share if bill.claim else Share(cash=before.cash - fen)
    left = replace(left, state="refunding", share=share)
    return left.with_withdrawal(replace(one, phase=phase, before=before.cash, fen=fen, taken=taken))


async def _reckon_rest(work: UnitOfWork, bill: Bill) -> Bill:
    """The insurance is reversed as a whole: settle what is left (5.4: reverse whole, re-settle the remaining)."""
    one = _wanted(bill.under_way)
    await _unbook(work, bill)
    claim = await reckon(work, bill.id)
    return replace(bill, claim=claim).with_withdrawal(replace(one, phase="again"))


async def _settle_rest(work: UnitOfWork, bill: Bill) -> Bill:
    """What the patient agreed to pay himself he agreed to before, of the same lines."""
    numbers = tuple(range(1, len(bill.lines) + 1))
    await work.platform.operate(insurance.SETTLE, insurance.Settling(bill.claim, numbers))
    return bill


async def _count(work: UnitOfWork, bill: Bill) -> Bill:
    """Say what goes back in cash, now that the funds' part is known."""
    one = _wanted(bill.under_way)
    if one.phase == "reversing":
        await _unbook(work, bill)
    settled = await claim_state(work, bill) == "settled"
    share = await share_of(work, bill.claim) if settled else Share(cash=bill.total)
    bill = replace(bill, claim=bill.claim if settled else "", share=share)
    await _book(work, entries.settled(bill, share, today(work.now)) if settled else None)
    back = one.before - share.cash
    note = bill.note if back >= 0 else f"退费后应补缴 {-back} 分"
    return replace(bill, note=note).with_withdrawal(replace(one, phase="cash", fen=max(0, back)))


@cites("R5-015")
async def _give_back(work: UnitOfWork, bill: Bill) -> Bill:
    """Give cash back by the channel it came from; never more than came."""
    one = _wanted(bill.under_way)
    known = await payments_of(work, bill.id)
    came_in = next(
        payment
        for payment in known
        if payment.kind == "charge" and payment.state == "done" and payment.reason != "surplus"
    )
    back = sum(payment.fen for payment in known if payment.kind == "refund" and payment.of == came_in.number)
    refund = Payment(
        *(one.number, bill.id, bill.payee, came_in.channel, min(one.fen, came_in.fen - back), "refund"),
        created=spoken(work.now),
        of=came_in.number,
        reason=one.reason,
    )
    if refund.channel == "cash":  # somebody has to hand it out
        await keep_payment(work, replace(refund, state="stopped"))
    else:
        await keep_payment(work, refund)
        await work.defer(contract.GIVE_BACK, payment=refund.number)
    return bill


async def _refunded(work: UnitOfWork, bill: Bill) -> Bill:
    one = _wanted(bill.under_way)
    await tell(work, bill, contract.REFUNDED, [one.about])
    state = "paid" if bill.lines else "refunded"
    return replace(bill, state=state, gone=bill.gone + one.fen).with_withdrawal(replace(one, phase="done"))


_STEPS: Final = {
    "take-off": _take_off,
    "reverse": _reverse,
    "reckoned": _reckoned,
    "self-pay": _self_pay,
    "reopen": _reopen,
    "ask": _ask,
    "close": give_up,
    "unpaid": _unpaid,
    "paid": _paid,
    "refund": _refund,
    "reckon-rest": _reckon_rest,
    "settle-rest": _settle_rest,
    "count": _count,
    "give-back": _give_back,
    "refunded": _refunded,
}


# -- what several steps need ------------------------------------------------------------------------------------------


async def reckon(work: UnitOfWork, bill: str) -> str:
    """Have a bill reckoned; gives the claim, empty when there is no insurance that could pay (R4-002)."""
    try:
        return await work.platform.operate(insurance.PRESETTLE, insurance.Presettling(bill, contract.TOLD))
    except OutcomeError as refused:
        if refused.issues[0].key != UNINSURED:
            raise
        return ""


async def share_of(work: UnitOfWork, claim: str) -> Share:
    """Give who pays what, as the insurer reckoned."""
    answer = await document(work, f"ClaimResponse/{claim}")
    found = {one["category"]["coding"][0]["code"]: fen_of(one["amount"]) for one in answer["total"]}
    return Share(found["funds"], found["account"] + found.get("family", 0), found["cash"])


@cites("R5-024")
async def came(work: UnitOfWork, payment: Payment) -> None:
    """Write money that has moved, and book it: once, however often it is told."""
    await keep_payment(work, payment)
    # The day of the channel, so that the books of a day agree with its file (R5-033).
    await _book(work, entries.moved(payment, date.fromisoformat(payment.at[:10])))


async def tell(work: UnitOfWork, bill: Bill, state: str, abouts: list[str]) -> None:
    """Tell the jobs of who asked for money."""
    for about, told in bill.askers:
        if told and about in abouts:
            await work.defer(told, bill=bill.id, about=about, state=state)


def withdrawn(bill: Bill, about: str, reason: str, percent: int | None = None, by: str = "") -> Bill:
    """Ask for something to be taken back; what was asked for before stays as it was."""
    time = sum(1 for one in bill.withdrawals if one.about == about and one.phase == "done")
    number = payments.number("R", bill.id, about, time)
    if any(one.number == number for one in bill.withdrawals):
        return bill
    return bill.with_withdrawal(Withdrawal(about, reason, number, percent, by=by))


def _wanted(one: Withdrawal | None) -> Withdrawal:
    """Give what a step was decided from: a step comes only when it is there."""
    if one is None:
        raise LookupError("nothing is to be taken back")
    return one


async def _book(work: UnitOfWork, event: books.Event | None) -> None:
    if event is not None:
        await books.book(work.executor, event)


async def _unbook(work: UnitOfWork, bill: Bill) -> None:
    """Book back what the insurer owed, when its settlement was reversed."""
    name = entries.settlement(bill.claim)
    if bill.claim and await books.lines_of(work.executor, name):
        await books.book_back(work.executor, f"{name}/reversed", name, today(work.now), "settlement reversed")


async def _mark(work: UnitOfWork, lines: list[Line] | tuple[Line, ...], status: str) -> None:
    """Say of the ChargeItems what became of them."""
    for line in lines:

        def marked(item: dict[str, Any]) -> dict[str, Any]:
            return item | {"status": status}

        type, _, id = line.charge.partition("/")
        await work.platform.patch(marked, type=type, id=id)
