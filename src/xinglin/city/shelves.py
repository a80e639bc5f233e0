"""What the pharmacies have in stock and at which price; amounts and prices are made up (design).

A shop has most medicines that shops may sell, no controlled ones, and slices where its name says so.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from xinglin.care.prescribing.supply import ways_of
from xinglin.care.prices import GRAM_FEN, package_fen
from xinglin.city.institutions import Institution, institutions
from xinglin.city.terms import META, Json, coding, extension, reference, system
from xinglin.fhir.declarations import canonical
from xinglin.tables.catalogues import drugs, slices

STOCK: Final = canonical("stock")
_SHARE: Final = 0.6  # of the medicines that a shop may sell
_PACKS: Final = (0, 40)
_GRAMS: Final = 5000
_SLICES_AT: Final = "四大怀药"


def resources() -> Iterator[Json]:
    """Yield a Basic[stock] for each medicine of each pharmacy (docs/care.md)."""
    for shop in institutions():
        if shop.kind != "pharmacy":
            continue
        for drug in drugs():
            draw = _draw(shop, drug.code)
            if draw >= _SHARE or "pharmacy-pickup" not in ways_of((drug.code,)).whole:
                continue
            packs = _PACKS[0] + int(draw / _SHARE * _PACKS[1])
            fen = round(package_fen(drug.code) * (0.9 + 0.3 * _draw(shop, f"price {drug.code}")))
            yield _stock(shop, "drug", drug.code, (packs * drug.pack, drug.unit), (fen, drug.pack))
        if shop.name.startswith(_SLICES_AT):
            for herb in slices():
                if "pharmacy-pickup" in ways_of((herb.code,)).whole:
                    yield _stock(shop, "tcm-slice", herb.code, (_GRAMS, "g"), (GRAM_FEN * 10, 10))


def _stock(shop: Institution, table: str, code: str, hand: tuple[int, str], price: tuple[int, int]) -> Json:
    fen, per = price
    cost = extension("price")
    cost["extension"] = [
        {"url": "amount", "valueMoney": {"value": fen / 100, "currency": "CNY"}},
        {"url": "per", "valueQuantity": {"value": per, "unit": hand[1]}},
    ]
    return {
        "resourceType": "Basic",
        "id": f"{shop.id}-stock-{code}",
        "meta": META | {"profile": [STOCK]},
        "code": {"coding": [coding(system("stock"), "stock"), coding(system(table), code)]},
        "subject": reference("Organization", shop.id, shop.name),
        "extension": [
            extension("on-hand", valueQuantity={"value": hand[0], "unit": hand[1]}),
            cost,
        ],
    }


def _draw(shop: Institution, what: str) -> float:
    """Give a number from 0 to 1, the same each time."""
    return int.from_bytes(blake2b(f"{shop.id} {what}".encode(), digest_size=2).digest()) / 65_536
