"""By which ways a prescription may be supplied (R3-076 to R3-078): each line, and the whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from xinglin.care.prescribing.case import known_drug, known_slice
from xinglin.care.prescribing.forms import Prescription, SliceLine
from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import Drug

# At the hospital's window, sent by the hospital, picked up at a pharmacy, sold by a pharmacy over the network.
Way = Literal["hospital-window", "hospital-delivery", "pharmacy-pickup", "online-retail"]
WAYS: Final[tuple[Way, ...]] = ("hospital-window", "hospital-delivery", "pharmacy-pickup", "online-retail")
WINDOW: Final[frozenset[Way]] = frozenset({"hospital-window"})
NOT_RETAIL: Final[frozenset[Way]] = frozenset({"hospital-window", "hospital-delivery"})
OFFLINE: Final[frozenset[Way]] = frozenset({"hospital-window", "hospital-delivery", "pharmacy-pickup"})
ALL: Final[frozenset[Way]] = frozenset(WAYS)
_BAN_LIST: Final = "药品网络销售禁止清单（第一版）"
_CONTROLLED: Final = frozenset({"麻", "精一", "精二", "毒", "放"})
_BIOLOGICAL: Final = ("J07", "J06B", "B05AA01", "B02BD")  # vaccines, blood products


@dataclass(frozen=True, slots=True)
class Barred:
    """Why a line loses ways. rule: R3-076 or R3-077."""

    line: int
    rule: str
    text: Text
    source: str = _BAN_LIST


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways open to the whole and to each line (from 1), and why others are not."""

    whole: frozenset[Way]
    lines: Mapping[int, frozenset[Way]]
    barred: tuple[Barred, ...]


@cites("R3-076", "R3-077", "R3-078")
def ways_of_supply(prescription: Prescription) -> Ways:
    """Tell by which ways a prescription may be supplied. One banned line bars the whole: nobody splits but the doctor.

    What no catalogue knows, and narcotic, psychotropic, toxic and radioactive drugs, the hospital hands over itself.
    """
    return ways_of(one.slice if isinstance(one, SliceLine) else one.drug for one in prescription.lines)


@cites("R3-076", "R3-077", "R3-078")
def ways_of(codes: Iterable[str]) -> Ways:
    """Tell the same of the drugs and slices of a prescription by their codes, in the order of its lines."""
    lines: dict[int, frozenset[Way]] = {}
    barred: list[Barred] = []
    for number, code in enumerate(codes, 1):
        open_, rule, text = _line(code)
        lines[number] = open_
        if text is not None:
            barred.append(Barred(number, rule, text))
    whole = frozenset.intersection(ALL, *lines.values()) if lines else frozenset[Way]()
    return Ways(whole, lines, tuple(barred))


def _line(code: str) -> tuple[frozenset[Way], str, Text | None]:
    herb = known_slice(code)
    if herb is not None:
        if herb.controlled:
            return (
                WINDOW,
                "R3-076",
                Text("毒性、麻醉饮片，仅限医疗机构现场发药", "Toxic or narcotic slice"),
            )
        return ALL, "", None
    one = known_drug(code)
    return (WINDOW, "R3-076", Text("目录中没有的药品", "Not in the catalogue")) if one is None else _drug(one)


def _drug(one: Drug) -> tuple[frozenset[Way], str, Text | None]:
    if one.control in _CONTROLLED:
        return WINDOW, "R3-076", Text(f"{one.name}属特殊管理药品，不得网络销售", f"{one.name} is a controlled drug")
    if one.atc.startswith(_BIOLOGICAL):
        return NOT_RETAIL, "R3-076", Text(f"{one.name}属疫苗或血液制品，不得网络销售", f"{one.name} is a blood product")
    if one.online_sale == "禁售":
        return OFFLINE, "R3-077", Text(f"{one.name}不得通过网络零售", f"{one.name} must not be sold over the network")
    return ALL, "", None
