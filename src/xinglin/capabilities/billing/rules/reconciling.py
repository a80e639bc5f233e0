"""What our orders, the books and a channel's file of a day say of each other (对账; 5.6 of the book)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.fhir.sources import cites

# Classes of R5-030; ``books`` when the entries of the day do not come to what moved.
PLATFORM_ONLY: Final = "platform-only"
CHANNEL_ONLY: Final = "channel-only"
AMOUNT: Final = "amount"
STATUS: Final = "status"
BOOKS: Final = "books"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a channel's file of a day. refund: the number of the refund; empty: a payment."""

    number: str
    fen: int
    transaction: str
    refund: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree. number: ours, of payment or refund. ours, theirs: fen that moved."""

    kind: str
    number: str
    ours: int
    theirs: int
    payee: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a day comes to. matched: how many agree. total: what the channel says came, less what went (fen)."""

    matched: int
    total: int
    differences: tuple[Difference, ...]


@cites("R5-030")
def compare(
    ours: Iterable[Payment], theirs: Iterable[Row], known: Mapping[str, Payment], channel: str, booked: int
) -> Compared:
    """Compare a day three ways.

    ours: what moved on the day by our record. known: what we have of other numbers in the file. booked: what the books
    moved on the account of the channel.
    """
    mine = {one.number: one for one in ours}
    file = {row.refund or row.number: row for row in theirs}
    found = []
    matched = 0
    for number in sorted(mine.keys() | file.keys()):
        one, row = mine.get(number), file.get(number)
        if one is None and row is not None:
            other = known.get(number)
            kind = CHANNEL_ONLY if other is None else STATUS
            found.append(Difference(kind, number, 0, row.fen, other.payee if other else ""))
        elif one is not None and row is None:
            found.append(Difference(PLATFORM_ONLY, number, moved(one), 0, one.payee))
        elif one is not None and row is not None and (moved(one) != row.fen or moved(one) != one.fen):
            found.append(Difference(AMOUNT, number, one.fen, row.fen, one.payee))
        else:
            matched += 1
    total = sum(row.fen if not row.refund else -row.fen for row in file.values())
    sum_ours = sum(moved(one) * (1 if one.kind == "charge" else -1) for one in mine.values())
    if sum_ours != booked:
        found.append(Difference(BOOKS, channel, sum_ours, booked))
    return Compared(matched, total, tuple(found))


def moved(payment: Payment) -> int:
    """Give what really moved."""
    return payment.fen if payment.arrived is None else payment.arrived
