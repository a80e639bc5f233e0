"""What payers, cashiers and askers say: begin, pay in a way, give a payment up, give back, let lapse."""

from dataclasses import replace

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.operations import moving
from xinglin.capabilities.billing.operations.reading import bill_of, keep, own_bill, payment_of, spoken, today
from xinglin.capabilities.billing.rules.bills import Bill, Share
from xinglin.capabilities.insurance import contract as insurance
from xinglin.care import refunds
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork


async def begin(work: UnitOfWork, given: contract.Begin) -> str:
    """Invoice/$begin-paying: have an open bill reckoned; without insurance the patient pays all."""
    bill = await own_bill(work, given.invoice)
    if bill.state != "open":
        return bill.state
    claim = await moving.reckon(work, bill.id)
    if claim:
        bill = replace(bill, state="settling", claim=claim, note="")
    else:
        bill = replace(bill, state="to-pay", share=Share(cash=bill.total), note="")
    await keep(work, bill)
    return bill.state


@cites("R5-008", "R4-047")
async def pay(work: UnitOfWork, given: contract.Pay) -> str:
    """Invoice/$pay: settle what was shown, then ask for the cash by a channel."""
    bill = await own_bill(work, given.invoice)
    if given.channel not in contract.CHANNELS.codes:
        raise OutcomeError(Issue("value", "payment-channel", "channel", "No such way to pay."))
    if given.channel == "cash" and not work.principal.roles & contract.CASHIER.roles:
        raise OutcomeError(Issue("business-rule", "payment-at-desk", "channel", "Cash is taken at the desk."))
    if bill.state in {"paying", "paid"}:
        return bill.state
    if bill.state != "to-pay":
        raise OutcomeError(Issue("business-rule", "bill-not-ready", "Invoice", f"The bill is {bill.state}."))
    if bill.claim:
        # What the payer did not agree to is refused there.
        await work.fhir.operate(insurance.SETTLE, insurance.Settling(bill.claim, given.agreed))
    await keep(work, replace(bill, state="paying", channel=given.channel, agreed=given.agreed, note=""))
    return (await moving.advance(work, bill.id)).state


async def stop(work: UnitOfWork, given: contract.Stop) -> str:
    """Invoice/$stop-paying: give up the payment under way; when it was paid after all, it stays so.

    A settlement of which the insurer said nothing for long is reversed: then it is known where it stands.
    """
    bill = await own_bill(work, given.invoice)
    if bill.state in {"paying", "refunding"} and await moving.claim_state(work, bill) == "stopped":
        await work.platform.operate(insurance.REVERSE, insurance.Reversing(bill.claim, "stopped"))
    elif bill.state == "paying":
        await moving.give_up(work, bill)
    return bill.state


@cites("R5-015")
async def refund(work: UnitOfWork, given: contract.Refunding) -> str:
    """Invoice/$refund: take back what was charged about something, by the rule of the reason on this day."""
    bill = await own_bill(work, given.bill)
    person = bool(given.by)
    refuse(tuple(refunds.issues(given.reason, given.percent, today(work.now), by_person=person)))
    if not any(line.about == given.about for line in bill.lines):
        if any(one.about == given.about for one in bill.withdrawals):
            return bill.state
        raise OutcomeError(Issue("not-found", "never-charged", "about", "Nothing was charged about this."))
    bill = moving.withdrawn(bill, given.about, given.reason, given.percent, given.by)
    await keep(work, _to_approve(work, bill, given) if person else bill)
    return (await moving.advance(work, bill.id)).state


@cites("R5-015")
def _to_approve(work: UnitOfWork, bill: Bill, given: contract.Refunding) -> Bill:
    """Let a large refund that a person decides wait for another person."""
    day = today(work.now)
    lines = (line for line in bill.lines if line.about == given.about)
    fen = sum(refunds.amount(line.fen, given.reason, given.percent, day) for line in lines)
    one = bill.waiting
    if one is None or bill.state != "paid" or not refunds.needs_second(fen, by_person=True):
        return bill
    return bill.with_withdrawal(replace(one, phase="approval", taken=fen))


@cites("R5-015")
async def approve(work: UnitOfWork, given: contract.Handing) -> str:
    """Invoice/$approve-refund: let a large refund go on; never by who decided it."""
    bill = await own_bill(work, given.invoice)
    one = next((one for one in bill.withdrawals if one.number == given.number and one.phase == "approval"), None)
    if one is None:
        raise OutcomeError(Issue("not-found", "nothing-to-approve", "number", "Nothing waits for an approval."))
    if one.by == (work.principal.practitioner or work.principal.id):
        raise OutcomeError(Issue("business-rule", "refund-second", "number", "Somebody else has to approve."))
    await keep(work, bill.with_withdrawal(replace(one, phase="waiting", taken=0)))
    return (await moving.advance(work, bill.id)).state


async def hand_back(work: UnitOfWork, given: contract.Handing) -> str:
    """Invoice/$hand-back: cash was handed back at the desk, or a refund that the channel refused was made by hand."""
    bill = await own_bill(work, given.invoice)
    refund = await payment_of(work, given.number)
    if refund is None or refund.bill != bill.id or refund.kind != "refund" or refund.state != "stopped":
        raise OutcomeError(Issue("not-found", "nothing-to-hand", "number", "There is nothing to hand back."))
    at = spoken(work.now)
    # What the channel would not take back is handed out of the till: so it stands in the books.
    await moving.came(work, replace(refund, state="done", at=at, channel="cash"))
    return (await moving.advance(work, bill.id)).state


async def lapse(work: UnitOfWork, bill: str, about: str) -> None:
    """Take lines off that were not paid in time; while they are being paid it is asked again."""
    found = await bill_of(work, bill)
    if found.state in {"open", "settling", "to-pay"} and any(line.about == about for line in found.lines):
        await keep(work, moving.withdrawn(found, about, "cancelled-before-acceptance"))
        await moving.advance(work, bill)
    elif found.state == "paying":
        await work.defer_at(work.now + contract.AGAIN, contract.LAPSE, bill=bill, about=about)
