"""A bill as pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import segno

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.operations import moving
from xinglin.capabilities.billing.operations.reading import document, payments_of
from xinglin.capabilities.billing.rules import bills
from xinglin.capabilities.billing.rules.bills import Bill, Withdrawal
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.capabilities.insurance import contract as insurance
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.cells import named
from xinglin.web.format import said
from xinglin.web.view import Form, Language

TONES: Final[Mapping[str, str]] = {
    "open": "warning",
    "to-pay": "warning",
    "settling": "info",
    "paying": "info",
    "paid": "success",
    "refunding": "info",
    "refunded": "neutral",
    "void": "neutral",
}
PAYMENT_TONES: Final[Mapping[str, str]] = {
    "done": "success",
    "closed": "neutral",
    "differs": "danger",
    "stopped": "danger",
}
ALL: Final = Text("等 {n} 项", "and more, {n} in all")


@dataclass(frozen=True, slots=True)
class Back:
    """Something given back. state: key of a text."""

    what: str
    reason: str
    fen: int
    state: str
    tone: str
    number: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A bill for a page. picture: QR code of what the payer opens. own: lines that insurance does not pay (R4-047)."""

    bill: Bill
    title: str
    state: str
    tone: str
    payee: str
    patient: str = ""
    explained: insurance.Explanation | None = None
    own: tuple[tuple[int, bills.Line], ...] = ()
    payment: Payment | None = None
    picture: str = ""
    payments: tuple[tuple[Payment, str, str, str], ...] = ()
    backs: tuple[Back, ...] = ()


def brief(bill: Bill, payee: str, language: Language) -> Shown:
    """Show a bill in a list."""
    first = bill.lines[0].text if bill.lines else said(contract.STATES.codes[bill.state], language)
    title = f"{first} {said(ALL, language).format(n=len(bill.lines))}" if len(bill.lines) > 1 else first
    return Shown(bill, title, said(contract.STATES.codes[bill.state], language), TONES[bill.state], payee)


async def whole(work: UnitOfWork, id: str, form: Form) -> Shown:
    """Read a bill that the reader reaches, with all that its page says."""
    row = await work.fhir.read("Invoice", id)  # not found is not yours
    bill = bills.read(document_of(row.body()))
    if not bill.state:
        raise OutcomeError(contract.NO_BILL)
    found = brief(bill, named(await document(work, bill.payee)), form.language)
    payments = await payments_of(work, id)
    present = next((one for one in payments if one.number == moving.payment_number(bill)), None)
    explained = await _explained(work, bill)
    own = set(explained.own_lines) if explained and bill.state == "to-pay" else set()
    link = present.link if present and present.state == "asked" else ""
    return Shown(
        *(bill, found.title, found.state, found.tone, found.payee),
        patient=await _name(work, bill.patient),
        explained=explained,
        own=tuple((number, line) for number, line in enumerate(bill.lines, 1) if number in own),
        payment=present,
        picture=segno.make(link, error="m").svg_data_uri(scale=6, border=2, dark="#000", light="#fff") if link else "",
        payments=tuple(_payment(one, form.language) for one in payments),
        backs=tuple(_back(one, payments, form.language) for one in bill.withdrawals),
    )


async def _name(work: UnitOfWork, reference: str) -> str:
    """Name the patient as far as the reader may see him; empty for who may not."""
    found = await work.fhir.find("Patient", _id=reference.partition("/")[2])
    return named(document_of(found.matches[0].body())) if found.matches else ""


async def _explained(work: UnitOfWork, bill: Bill) -> insurance.Explanation | None:
    """Have the settlement explained; None as long as nothing was reckoned."""
    if not bill.claim or bill.share is None:
        return None
    try:
        return await work.fhir.operate(insurance.EXPLAIN, insurance.Explaining(bill.claim))
    except OutcomeError as refused:
        if refused.status != 404:
            raise
        return None


def _payment(one: Payment, language: Language) -> tuple[Payment, str, str, str]:
    channel = said(contract.CHANNELS.codes[one.channel], language)
    return one, channel, said(contract.PAYMENT_STATES.codes[one.state], language), PAYMENT_TONES.get(one.state, "info")


def _back(one: Withdrawal, payments: tuple[Payment, ...], language: Language) -> Back:
    """Say how far something is: with the payer, on its way, waiting for the desk."""
    notice = next((payment for payment in payments if payment.number == one.number), None)
    state = "done" if one.phase == "done" else one.phase if one.phase in {"approval", "waiting"} else "under-way"
    if notice is not None and notice.state == "stopped":
        state = "desk"
    tone = {"done": "success", "desk": "warning", "approval": "warning"}.get(state, "info")
    reason = said(contract.REASONS.codes[one.reason], language)
    return Back(one.about, reason, one.fen if one.fen or one.phase == "done" else one.taken, state, tone, one.number)
