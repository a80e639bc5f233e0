"""The portions of a line: what insurance looks at, and what it does not (4.2 of the book).

Class A stands in scope as a whole, of class B the patient first pays a share, class C he pays himself. What a price
exceeds the standard by is his too. Of an online visit only the consultation and the drugs are in scope; what brings
them to the door never is (4.5).
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, Literal

from xinglin.care.money import half_up
from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent / "data/insurance_terms.csv"

Grade = Literal["A", "B", "C"]
Kind = Literal["consultation", "drug", "slice", "service", "material", "delivery", "decoction", "other"]

# What insurance pays of an online visit (R4-041).
ONLINE: Final = cites("R4-041")(frozenset({"consultation", "drug", "slice"}))
NEVER: Final = cites("R4-043")(frozenset({"delivery"}))


@dataclass(frozen=True, slots=True)
class Terms:
    """How insurance takes an item on a day. pre_self: what the patient pays first of class B, 0 to 1.

    cap_fen: payment standard of one unit; None: none is set.
    """

    grade: Grade
    pre_self: Decimal = Decimal(0)
    cap_fen: int | None = None


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill. number: from 1. amount_fen: of the whole line. atc: of a drug.

    codes: system and code are those of our catalogues; item: what certificates of special diseases list.
    """

    number: int
    kind: Kind
    amount_fen: int
    terms: Terms
    quantity: Decimal = Decimal(1)
    code: str = ""
    name: str = ""
    atc: str = ""


@dataclass(frozen=True, slots=True)
class Portions:
    """A line taken apart (fen); the four are the amount, exactly (R4-012)."""

    number: int
    full_self: int
    over_limit: int
    pre_self: int
    in_scope: int
    reason: str = ""

    @property
    def amount(self) -> int:
        """The line as a whole."""
        return self.full_self + self.over_limit + self.pre_self + self.in_scope


@cites("R4-010", "R4-011", "R4-012", "R4-041", "R4-043")
def classify(line: BillLine, *, internet: bool = False) -> Portions:
    """Take a line apart. internet: it belongs to an online visit.

    reason: why nothing is in scope: ``delivery``, ``online``, ``class-c``; empty when something is.
    """
    if line.amount_fen < 0:
        raise ValueError("a line of a bill is not negative; what was charged wrongly is reversed")
    reason = _outside(line, internet=internet)
    if reason:
        return Portions(line.number, line.amount_fen, 0, 0, 0, reason)
    cap = line.terms.cap_fen
    within = line.amount_fen if cap is None else min(line.amount_fen, half_up(cap * line.quantity))
    first = half_up(within * line.terms.pre_self) if line.terms.grade == "B" else 0
    return Portions(line.number, 0, line.amount_fen - within, first, within - first)


def own(portions: Iterable[Portions]) -> tuple[int, ...]:
    """Give the numbers of the lines of which something lies outside what insurance pays (R4-047)."""
    return tuple(one.number for one in portions if one.full_self or one.over_limit)


def _outside(line: BillLine, *, internet: bool) -> str:
    if line.kind in NEVER:
        return "delivery"
    if internet and line.kind not in ONLINE:
        return "online"
    return "class-c" if line.terms.grade == "C" else ""


@dataclass(frozen=True, slots=True)
class _Row:
    system: str
    grade: str
    price_type: str
    insurance: str
    since: date
    until: date
    pre_self: Decimal


@cache
def _rows() -> tuple[_Row, ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(
            _Row(
                row["system"],
                row["class"],
                row["price_type"],
                row["insurance"],
                date.fromisoformat(row["since"]),
                date.fromisoformat(row["until"]) if row["until"] else date.max,
                Decimal(row["pre_self"]),
            )
            for row in csv.DictReader(file)
        )


@cites("R4-013")
def pre_self(system: str, grade: Grade, *, price_type: str = "", insurance: str = "", day: date) -> Decimal:
    """Give what the patient first pays of an item of class B (0 to 1), by its sort, the insurance and the day.

    system: ``drug``, ``service-item`` or ``tcm-slice``. The row that says most is taken; LookupError when none fits.
    """
    if grade != "B":
        return Decimal(0)
    fitting = (
        row
        for row in _rows()
        if (row.system, row.grade) == (system, grade)
        and row.price_type in {"", price_type}
        and row.insurance in {"", insurance}
        and row.since <= day <= row.until
    )
    found = max(fitting, key=lambda row: (bool(row.price_type), bool(row.insurance)), default=None)
    if found is None:
        raise LookupError(f"no share is set for {system} of class {grade} on {day}")
    return found.pre_self
