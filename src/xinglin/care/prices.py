"""What things cost: the price that holds on the day of the service, at the level of who gives it (5.1, 5.3).

The base are the catalogues (tables/data); ``care/data/prices.csv`` says what differs by level and by day. A city loads
its own file of the same form. Prices of drugs are made up, a package each, until a pharmacy says its own.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal

from xinglin.care.money import half_up
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.tables import catalogues

DATA: Final = Path(__file__).parent / "data/prices.csv"
SINCE: Final = date(2020, 1, 1)  # of the catalogues
GRAM_FEN: Final = 12  # of slices (design)
FEES: Final = {"delivery": ("药品配送费", 1000), "decoction": ("中药代煎费", 300)}
# What a price is for, as the books tell incomes apart.
Income = Literal["service", "drug", "consumable", "delivery"]


@cites("R5-010")
@dataclass(frozen=True, slots=True)
class Price:
    """A price in fen of one unit. level: of the institution, empty: any. pricing: government, market, special.

    internet: may be given over the network. insurance: class 甲 乙 丙. until: the last day.
    """

    system: str
    code: str
    name: str
    unit: str
    fen: int
    pricing: str
    internet: bool
    insurance: str
    income: Income
    level: str = ""
    since: date = SINCE
    until: date = date.max
    source: str = "catalogue"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line to price. unit_fen: the payee's own price, where he may have one."""

    code: str
    system: str
    quantity: Decimal
    unit_fen: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Priced:
    """A line with its price. fen: what it comes to."""

    price: Price
    quantity: Decimal
    unit_fen: int
    fen: int
    text: str


@cites("R5-010")
def price_on(system: str, code: str, level: str, day: date) -> Price | None:
    """Give the price that holds on *day* at *level* (1, 2, 3, or empty); None for what may not be charged."""
    base = _base(system, code)
    if base is None:
        return None
    holding = [
        row
        for row in _rows()
        if (row["system"], row["code"]) == (system, code)
        and row["level"] in {"", level}
        and date.fromisoformat(row["since"]) <= day <= date.fromisoformat(row["until"] or "9999-12-31")
    ]
    if not holding:
        return base if base.since <= day else None
    # What names the level goes before what holds for any, and what began last before what began earlier.
    row = max(holding, key=lambda one: (bool(one["level"]), one["since"]))
    return Price(
        *(base.system, base.code, base.name, base.unit, int(row["fen"]), base.pricing, base.internet, base.insurance),
        income=base.income,
        level=row["level"],
        since=date.fromisoformat(row["since"]),
        until=date.fromisoformat(row["until"] or "9999-12-31"),
        source=row["source"],
    )


@cites("R5-001", "R5-002", "R5-003")
def issues(lines: Iterable[Wanted], level: str, day: date, *, internet: bool) -> Iterator[Issue]:
    """Yield why lines cannot be charged: no price item, not over the network, dearer than the government's price."""
    for number, line in enumerate(lines):
        where = f"line[{number}]"
        price = price_on(line.system, line.code, level, day)
        if price is None:
            yield Issue("business-rule", "charge-no-price", where, f"{line.code} is no price item on {day}.")
            continue
        if line.quantity <= 0:
            yield Issue("value", "charge-quantity", where, "The quantity is above 0.")
        if internet and line.system == "service-item" and not price.internet:
            yield Issue("business-rule", "charge-internet", where, f"{price.name} is not given over the network.")
        own = line.unit_fen
        if own is not None and (own < 0 or (price.pricing == "government" and own > price.fen)):
            yield Issue("business-rule", "charge-above-price", where, f"{price.name} costs at most {price.fen} fen.")


@cites("R5-011")
def priced(lines: Iterable[Wanted], level: str, day: date) -> tuple[Priced, ...]:
    """Price lines that `issues` finds nothing against; what a bill says stays, whatever prices become later."""
    found = []
    for line in lines:
        price = price_on(line.system, line.code, level, day)
        if price is None:
            raise LookupError(line.code)
        unit = price.fen if line.unit_fen is None else line.unit_fen
        found.append(Priced(price, line.quantity, unit, half_up(unit * line.quantity), line.text or price.name))
    return tuple(found)


@cache
def package_fen(code: str) -> int:
    """Give the made-up price of a package of a drug: 3 to 60 yuan, most of them cheap."""
    draw = int.from_bytes(blake2b(code.encode(), digest_size=2, person=b"xinglin price").digest()) / 65_536
    return 10 * round(30 + 570 * float(draw**2.5))


def _base(system: str, code: str) -> Price | None:
    try:
        match system:
            case "service-item":
                item = catalogues.service(code)
                income: Income = "consumable" if item.price_type == "材料" else "service"
                if item.price_type == "配送":
                    income = "delivery"
                return Price(
                    *(system, code, item.name, item.unit, item.price_fen, item.pricing, item.internet, item.insurance),
                    income=income,
                )
            case "drug":
                drug = catalogues.drug(code)
                name = f"{drug.name} {drug.strength}"
                return _market(system, code, name, "盒", package_fen(code), drug.insurance, "drug")
            case "tcm-slice":
                one = catalogues.tcm_slice(code)
                grade = "丙" if one.insurance == "不予支付" else "甲"
                return _market(system, code, one.name, "g", GRAM_FEN, grade, "drug")
    except LookupError:
        return None
    if system == "fee" and code in FEES:
        name, fen = FEES[code]
        return _market(system, code, name, "次", fen, "丙", "delivery" if code == "delivery" else "service")
    return None


def _market(system: str, code: str, name: str, unit: str, fen: int, insurance: str, income: Income) -> Price:
    """Give a price that the payee may set, of what is given over the network too."""
    return Price(*(system, code, name, unit, fen), pricing="market", internet=True, insurance=insurance, income=income)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
