"""The published prices: what may be charged, for everybody to read (R5-008)."""

from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.billing import contract
from xinglin.care import prices
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.tables import catalogues
from xinglin.web.format import today as day_of
from xinglin.web.view import Form, View

MOST: Final = 60
LEVELS: Final = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class Row:
    """An item with its prices by level of the institution (one when they are the same)."""

    code: str
    name: str
    unit: str
    fen: tuple[int, ...]
    pricing: str
    insurance: str
    internet: bool


@cites("R5-008")
async def show(work: UnitOfWork, form: Form) -> View:
    """Find price items by words or code, with what holds today."""
    words = form["q"].strip()[:40].casefold().split()
    day = day_of(work.now)
    found = []
    for item in catalogues.services():
        text = f"{item.code} {item.name} {item.price_type}".casefold()
        if all(word in text for word in words):
            found.append(item.code)
    rows = []
    for code in found[:MOST]:
        by_level = [price for level in LEVELS if (price := prices.price_on("service-item", code, level, day))]
        if by_level:
            one = by_level[0]
            fen = tuple(price.fen for price in by_level)
            same = len(set(fen)) == 1
            rows.append(
                Row(code, one.name, one.unit, fen[:1] if same else fen, one.pricing, one.insurance, one.internet)
            )
    return View(
        "billing/prices.html",
        {"rows": rows, "q": form["q"], "count": len(found), "most": MOST, "path": contract.PRICES, "day": day},
    )
