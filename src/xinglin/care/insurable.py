"""From our catalogues to the lines that insurance reckons with: what an item is, and its terms on the day."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from xinglin.care.portions import BillLine, Grade, Kind, Terms, pre_self
from xinglin.fhir.sources import cites
from xinglin.tables import catalogues

DRUG: Final = "drug"
SERVICE: Final = "service-item"
SLICE: Final = "tcm-slice"
FEE: Final = "fee"
_GRADES: Final[dict[str, Grade]] = {"甲": "A", "乙": "B", "丙": "C"}
_KINDS: Final[dict[str, Kind]] = {"诊查": "consultation", "材料": "material", "配送": "delivery"}
# 互联网复诊诊查费; what else is done over the network is no consultation of a re-visit.
_REVISITS: Final = frozenset({"F0023", "F0024", "F0025"})
_FEES: Final[dict[str, Kind]] = {"delivery": "delivery", "decoction": "decoction"}
_ALONE: Final = "单独不予支付"


@dataclass(frozen=True, slots=True)
class Item:
    """A line as it was charged. system: last part of the code system: drug, service-item, tcm-slice, fee."""

    number: int
    system: str
    code: str
    name: str
    quantity: Decimal
    amount_fen: int


@cites("R4-010", "R4-013")
def lines(items: Iterable[Item], *, insurance: str, day: date) -> tuple[BillLine, ...]:
    """Give the lines of a bill with their terms on *day*; what stands in no catalogue is paid by the patient.

    Slices that are not paid alone are class C when a bill has no others (A.7 of the book).
    """
    found = tuple(_line(item, insurance, day) for item in items)
    slices = [line for line in found if line.kind == "slice"]
    if slices and all(_lonely(line) for line in slices):
        return tuple(replace(line, terms=Terms("C")) if line.kind == "slice" else line for line in found)
    return found


def _lonely(line: BillLine) -> bool:
    return line.terms.grade == "C" or catalogues.tcm_slice(line.code).insurance == _ALONE


def _line(item: Item, insurance: str, day: date) -> BillLine:
    made = BillLine(item.number, "other", item.amount_fen, Terms("C"), item.quantity, code=item.code, name=item.name)
    try:
        match item.system:
            case "drug":
                drug = catalogues.drug(item.code)
                return replace(
                    made, kind="drug", atc=drug.atc, terms=_terms(DRUG, _GRADES[drug.insurance], "", insurance, day)
                )
            case "service-item":
                service = catalogues.service(item.code)
                terms = _terms(SERVICE, _GRADES[service.insurance], service.price_type, insurance, day)
                return replace(made, kind=_kind(service), terms=terms)
            case "tcm-slice":
                paid = catalogues.tcm_slice(item.code).insurance != "不予支付"
                return replace(made, kind="slice", terms=Terms("A" if paid else "C"))
            case "fee":
                return replace(made, kind=_FEES.get(item.code, "other"))
            case _:
                return made
    except LookupError:
        return made  # an item that insurance does not know is not insured


def _kind(service: catalogues.ServiceItem) -> Kind:
    return "consultation" if service.code in _REVISITS else _KINDS.get(service.price_type, "service")


def _terms(system: str, grade: Grade, price_type: str, insurance: str, day: date) -> Terms:
    return Terms(grade, pre_self(system, grade, price_type=price_type, insurance=insurance, day=day))
