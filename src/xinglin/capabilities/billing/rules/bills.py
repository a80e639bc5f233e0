"""The bill: what stands on it, who pays what of it, and its form as an Invoice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.rules.documents import (
    UNDER_WAY,
    Document,
    extensions,
    fen_of,
    money,
    parts,
    reference,
    referring,
    saying,
    tag,
    tagged,
    value,
)
from xinglin.care.prices import Income, Priced
from xinglin.fhir.declarations import canonical
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

INCOME: Final = canonical("charge-income")  # of a line: service, drug, consumable, delivery
WITHDRAWAL: Final = canonical("bill-withdrawal")
BILL: Final = canonical("charge-bill")  # of a ChargeItem: the Invoice
AGREED: Final = canonical("bill-agreed")
ATTEMPT: Final = canonical("bill-attempt")
PAID_AT: Final = canonical("bill-paid-at")
GONE: Final = canonical("bill-refunded")  # valueMoney: what went back so far
CODES: Final = {"open": "issued", "paid": "balanced", "refunded": "cancelled", "void": "cancelled"}
# From which state a bill goes on to which.
MOVES: Final = {
    "open": frozenset({"settling", "to-pay", "void", "paid"}),
    "settling": frozenset({"to-pay", "open"}),
    "to-pay": frozenset({"paying", "open", "settling", "void"}),
    "paying": frozenset({"paid", "to-pay", "open"}),
    "paid": frozenset({"refunding"}),
    "refunding": frozenset({"paid", "refunded"}),
    "refunded": frozenset(),
    "void": frozenset(),
}
LOOKED_AFTER: Final = frozenset({"settling", "paying", "refunding"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was charged. charge: ``ChargeItem/id``. about: what is paid for. fen: what it comes to now."""

    charge: str
    about: str
    text: str
    income: Income
    fen: int


@dataclass(frozen=True, slots=True)
class Share:
    """Who pays what (fen). cash: the patient, by a channel; account: his personal account of insurance."""

    funds: int = 0
    account: int = 0
    cash: int = 0

    @property
    def total(self) -> int:
        """The whole bill."""
        return self.funds + self.account + self.cash


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Something to take back. phase: ``waiting``, then ``reversing again cash`` of a paid bill, and ``done``.

    before: cash share before it. fen: what goes back. number: of the refund.
    """

    about: str
    reason: str
    number: str
    percent: int | None = None
    phase: str = "waiting"
    before: int = 0
    fen: int = 0
    taken: int = 0  # how much less the bill is
    by: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill. askers: who is told, by what is paid for. attempt: number of the payment under way."""

    id: str
    patient: str
    payee: str
    state: str
    at: str
    visit: str = ""
    lines: tuple[Line, ...] = ()
    askers: tuple[tuple[str, str], ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    claim: str = ""
    channel: str = ""
    agreed: tuple[int, ...] = ()
    share: Share | None = None
    note: str = ""
    attempt: int = 1
    paid_at: str = ""
    receipt: str = ""
    gone: int = 0
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """What the lines come to."""
        return sum(line.fen for line in self.lines)

    @property
    def waiting(self) -> Withdrawal | None:
        """What is to be taken back next."""
        return next((one for one in self.withdrawals if one.phase == "waiting"), None)

    @property
    def under_way(self) -> Withdrawal | None:
        """What is being taken back from a paid bill."""
        return next((one for one in self.withdrawals if one.phase not in {"waiting", "done", "approval"}), None)

    def with_withdrawal(self, changed: Withdrawal) -> "Bill":
        """Give the bill with this in place of the withdrawal of its number, or added."""
        rest = [one for one in self.withdrawals if one.number != changed.number]
        return replace(self, withdrawals=(*rest, changed))


def read(invoice: Document) -> Bill:
    """Read a bill."""
    share = next((parts(ext) for ext in extensions(invoice, contract.SHARE)), None)
    numbers = {one["system"]: one["value"] for one in invoice.get("identifier", ())}
    return Bill(
        id=str(invoice.get("id", "")),
        patient=invoice["subject"]["reference"],
        payee=invoice["issuer"]["reference"],
        state=str(value(invoice, contract.STATE) or ""),
        at=str(invoice["date"]),
        visit=reference(invoice, contract.VISIT),
        lines=tuple(map(_line, invoice.get("lineItem", ()))),
        askers=tuple(
            (found["about"]["reference"], str(found.get("told", "")))
            for found in map(parts, extensions(invoice, contract.ASKER))
        ),
        withdrawals=tuple(map(_withdrawal, map(parts, extensions(invoice, WITHDRAWAL)))),
        claim=reference(invoice, contract.CLAIM).partition("/")[2],
        channel=str(value(invoice, contract.CHANNEL) or ""),
        agreed=tuple(ext["valueInteger"] for ext in extensions(invoice, AGREED)),
        share=None if share is None else Share(*(fen_of(share[name]) for name in ("funds", "account", "cash"))),
        note=str(value(invoice, contract.NOTE) or ""),
        attempt=int(value(invoice, ATTEMPT) or 1),
        paid_at=str(value(invoice, PAID_AT) or ""),
        receipt=str(numbers.get(contract.RECEIPT, "")),
        gone=fen_of(value(invoice, GONE)),
        meta=invoice.get("meta", {}),
    )


def write(bill: Bill) -> Document:
    """Write a bill."""
    tags = [tag(bill.state)] + ([tag(UNDER_WAY)] if bill.state in LOOKED_AFTER or bill.waiting else [])
    made: Document = {
        "resourceType": "Invoice",
        "meta": tagged({"profile": [contract.BILL.url]} | bill.meta, tags),
        "status": CODES.get(bill.state, "issued"),
        "subject": {"reference": bill.patient},
        "date": bill.at,
        "issuer": {"reference": bill.payee},
        "lineItem": [_item(number, line) for number, line in enumerate(bill.lines, 1)],
        "totalNet": money(bill.total),
        "totalGross": money(bill.total),
        "extension": _extensions(bill),
    }
    if not bill.lines:
        del made["lineItem"]
    if bill.id:
        made["id"] = bill.id
    if bill.receipt:
        made["identifier"] = [{"system": contract.RECEIPT, "value": bill.receipt}]
    return made


def _extensions(bill: Bill) -> list[Document]:
    share = bill.share
    return [
        {"url": contract.STATE, "valueCode": bill.state},
        *referring(contract.VISIT, bill.visit),
        *(
            {"url": contract.ASKER, "extension": referring("about", about) + saying("told", "valueString", told)}
            for about, told in bill.askers
        ),
        *(_withdrawn(one) for one in bill.withdrawals),
        *referring(contract.CLAIM, f"Claim/{bill.claim}" if bill.claim else ""),
        *saying(contract.CHANNEL, "valueCode", bill.channel),
        *({"url": AGREED, "valueInteger": number} for number in bill.agreed),
        *([] if share is None else [_shared(share)]),
        *saying(contract.NOTE, "valueString", bill.note[:500]),
        {"url": ATTEMPT, "valueInteger": bill.attempt},
        *saying(PAID_AT, "valueDateTime", bill.paid_at),
        *([{"url": GONE, "valueMoney": money(bill.gone)}] if bill.gone else []),
    ]


def _shared(share: Share) -> Document:
    found = {"funds": share.funds, "account": share.account, "cash": share.cash}
    return {
        "url": contract.SHARE,
        "extension": [{"url": name, "valueMoney": money(amount)} for name, amount in found.items()],
    }


def _line(item: Document) -> Line:
    return Line(
        charge=item["chargeItemReference"]["reference"],
        about=reference(item, contract.ABOUT),
        text=item["chargeItemReference"].get("display", ""),
        income=value(item, INCOME),
        fen=fen_of(item["priceComponent"][0]["amount"]),
    )


def _item(number: int, line: Line) -> Document:
    return {
        "sequence": number,
        "chargeItemReference": {"reference": line.charge, "display": line.text},
        "priceComponent": [{"type": "base", "amount": money(line.fen)}],
        "extension": [*referring(contract.ABOUT, line.about), {"url": INCOME, "valueCode": line.income}],
    }


def _withdrawal(found: dict[str, Any]) -> Withdrawal:
    return Withdrawal(
        about=found["about"]["reference"],
        reason=found["reason"],
        number=found["number"],
        percent=found.get("percent"),
        phase=found["phase"],
        before=fen_of(found.get("before")),
        fen=fen_of(found.get("amount")),
        taken=fen_of(found.get("taken")),
        by=found.get("by", ""),
    )


def _withdrawn(one: Withdrawal) -> Document:
    return {
        "url": WITHDRAWAL,
        "extension": [
            *referring("about", one.about),
            {"url": "reason", "valueCode": one.reason},
            {"url": "number", "valueString": one.number},
            {"url": "phase", "valueCode": one.phase},
            {"url": "before", "valueMoney": money(one.before)},
            {"url": "amount", "valueMoney": money(one.fen)},
            {"url": "taken", "valueMoney": money(one.taken)},
            *saying("percent", "valueInteger", one.percent),
            *saying("by", "valueString", one.by),
        ],
    }


def charge_item(id: str, given: contract.Charge, line: Priced, bill: str, at: datetime) -> Document:
    """Write a line that is charged as a ChargeItem."""
    price = line.price
    coding = {"system": canonical(price.system, "CodeSystem"), "code": price.code, "display": line.text}
    found: Document = {
        "resourceType": "ChargeItem",
        "id": id,
        "meta": {"profile": [contract.CHARGE_ITEM.url]},
        "status": "billable",
        "code": {"coding": [coding]},
        "subject": {"reference": f"Patient/{given.patient}"},
        "occurrenceDateTime": at.isoformat(),
        "performingOrganization": {"reference": given.payee},
        "quantity": {"value": line.quantity, "unit": price.unit},
        "priceOverride": money(line.unit_fen),
        "extension": [
            *referring(contract.ABOUT, given.about),
            *referring(BILL, f"Invoice/{bill}"),
            *saying(contract.CLASS, "valueCode", price.insurance),
        ],
    }
    return found | ({"context": {"reference": given.visit}} if given.visit else {})


def line_of(charge: str, about: str, line: Priced) -> Line:
    """Give the line of the bill."""
    count = "" if line.quantity == Decimal(1) else f" × {line.quantity.normalize():f}{line.price.unit}"
    return Line(f"ChargeItem/{charge}", about, f"{line.text}{count}", line.price.income, line.fen)


@cites("R5-011")
def added(bill: Bill, about: str, told: str, lines: Sequence[Line]) -> Bill:
    """Put lines on an open bill; what stands on it already stays as it was priced."""
    return replace(bill, lines=(*bill.lines, *lines), askers=(*bill.askers, (about, told)))


def less(bill: Bill, about: str, taken: Iterable[int]) -> Bill:
    """Take amounts off the lines about something, in their order; a line of nothing goes."""
    amounts = iter(taken)
    lines = [replace(line, fen=line.fen - next(amounts)) if line.about == about else line for line in bill.lines]
    return replace(bill, lines=tuple(line for line in lines if line.fen or line.about != about))


def moves_as_it_may(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Let a bill go only to a state that follows its own; no bill is deleted."""
    was = _state(before)
    if not was:
        return ()
    if after is None:
        return (Issue("business-rule", "bill-stays", "Invoice", "A bill is made void, not deleted."),)
    will = _state(after)
    if was == will or will in MOVES.get(was, ()):
        return ()
    return (Issue("business-rule", "bill-move", "Invoice", f"A bill does not go from {was} to {will}."),)


def _state(invoice: Any | None) -> str:
    if invoice is None:
        return ""
    return next((ext.valueCode or "" for ext in invoice.extension or () if ext.url == contract.STATE), "")
