"""What is booked of bills and payments (fen; debit positive). Each event has a name, so that it is booked once.

``clearing/ORG`` holds what has come and is not earned yet, or is earned and has not come: nothing when all is done.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from xinglin.capabilities.billing.rules.bills import Bill, Line, Share
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.fhir.sources import cites
from xinglin.store.books import Event
from xinglin.store.books import Line as Entry


@cites("R5-024")
def moved(payment: Payment, day: date) -> Event:
    """Book money that came or went by a channel: what really moved, whatever it should have been."""
    fen = payment.fen if payment.arrived is None else payment.arrived
    sign = 1 if payment.kind == "charge" else -1
    lines = (Entry(channel(payment), sign * fen), Entry(clearing(payment.payee), -sign * fen))
    text = "payment" if payment.kind == "charge" else f"refund {payment.reason}"
    return Event(f"payment/{payment.number}", day, f"Invoice/{payment.bill}", text, lines)


@cites("R5-023", "R5-024")
def settled(bill: Bill, share: Share, day: date) -> Event | None:
    """Book what the insurer owes, to the institution that settles; None when it owes nothing."""
    owed = {"funds": share.funds, "account": share.account}
    lines = [Entry(f"insurer/{name}/{place(bill.payee)}", fen) for name, fen in owed.items() if fen]
    if not lines:
        return None
    lines.append(Entry(clearing(bill.payee), -share.funds - share.account))
    return Event(settlement(bill.claim), day, f"Invoice/{bill.id}", "settlement", tuple(lines))


@cites("R5-024")
def earned(name: str, bill: Bill, lines: Iterable[Line], day: date, *, back: bool = False) -> Event | None:
    """Book income by what it is for; *back*: it is lost again. None when it comes to nothing."""
    incomes: Counter[str] = Counter()
    for line in lines:
        incomes[line.income] += line.fen
    sign = -1 if back else 1
    entries = [Entry(f"income/{income}/{place(bill.payee)}", -sign * fen) for income, fen in incomes.items() if fen]
    if not entries:
        return None
    entries.append(Entry(clearing(bill.payee), sign * incomes.total()))
    return Event(name, day, f"Invoice/{bill.id}", "lost" if back else "earned", tuple(entries))


def settlement(claim: str) -> str:
    """Name the event of a settlement."""
    return f"settlement/{claim}"


def channel(payment: Payment) -> str:
    """Name the account of a channel; cash lies at each institution."""
    return f"channel/{payment.channel}" + (f"/{place(payment.payee)}" if payment.channel == "cash" else "")


def clearing(payee: str) -> str:
    """Name the account of what has come and is not earned yet."""
    return f"clearing/{place(payee)}"


def place(payee: str) -> str:
    """Give the id of an institution."""
    return payee.partition("/")[2]
