"""Results: which are the latest, whether they are abnormal, how they went. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from xinglin.capabilities.health_records.rules.documents import (
    Document,
    codes,
    codings,
    decimal,
    key_of,
    order,
    reference,
    when,
)
from xinglin.fhir import ucum

# HH and LL are critical; A is abnormal without a direction; "" is not known.
Flag = Literal["HH", "H", "N", "L", "LL", "A", ""]

LOINC: Final = "http://loinc.org"
PRESSURE: Final = "85354-9"
SYSTOLIC: Final = "8480-6"
DIASTOLIC: Final = "8462-4"
# Vital signs, in the order in which a ward reads them.
VITALS: Final = (
    *(PRESSURE, "55284-4", SYSTOLIC, DIASTOLIC, "8867-4", "8310-5", "8331-1", "9279-1", "59408-5", "2708-6"),
    *("29463-7", "8302-2", "39156-5", "56086-2", "8280-0", "9843-4"),
)
_GONE: Final = frozenset({"cancelled", "entered-in-error", "unknown"})
_FLAGS: Final[dict[str, Flag]] = {
    **dict.fromkeys(("HH", "HU", "H>", "AA"), "HH"),
    **dict.fromkeys(("H", "U"), "H"),
    **dict.fromkeys(("LL", "LU", "L<"), "LL"),
    **dict.fromkeys(("L", "D"), "L"),
    **dict.fromkeys(("N", "NEG", "S"), "N"),
    **dict.fromkeys(("A", "POS", "DET", "R"), "A"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A value measured: a number with its unit, or (number None) what *value* says as FHIR.

    unit: as printed. code: UCUM, "" without. low, high: of the reference range in the same unit.
    """

    number: Decimal | None
    unit: str
    code: str
    value: Any
    low: Decimal | None
    high: Decimal | None
    flag: Flag


@dataclass(frozen=True, slots=True)
class Reading:
    """One result at one time. parts: of a pair (blood pressure), each with its concept; else the measure alone."""

    id: str
    concept: Any
    at: str
    measure: Measure
    parts: tuple[tuple[Any, Measure], ...]
    performer: Any
    encounter: str
    status: str

    @property
    def flag(self) -> Flag:
        """Give the worst flag of the measure and its parts."""
        return worst((self.measure.flag, *(one.flag for _, one in self.parts)))


@dataclass(frozen=True, slots=True)
class Series:
    """Results of the same code, newest first. key: ``system|code``; code: the code that names its page."""

    key: str
    code: str
    readings: tuple[Reading, ...]

    @property
    def latest(self) -> Reading:
        """Give the newest."""
        return self.readings[0]


def reading(observation: Document) -> Reading:
    """Understand one Observation."""
    parts = tuple(
        (component.get("code"), measure(component))
        for component in observation.get("component", ())
        if any(member.startswith("value") for member in component)
    )
    return Reading(
        id=str(observation.get("id", "")),
        concept=observation.get("code"),
        at=when(observation),
        measure=measure(observation),
        parts=parts,
        performer=observation.get("performer"),
        encounter=reference(observation.get("encounter")),
        status=str(observation.get("status", "")),
    )


def measure(source: Document) -> Measure:
    """Understand value, reference range and interpretation of an Observation or a component."""
    value = next((source[member] for member in source if member.startswith("value")), None)
    quantity = source.get("valueQuantity") or {}
    number = decimal(quantity.get("value"))
    bounds: Document = next(iter(source.get("referenceRange", ())), {})
    low, high = (decimal(bounds.get(end, {}).get("value")) for end in ("low", "high"))
    return Measure(
        number=number,
        unit=str(quantity.get("unit") or quantity.get("code") or ""),
        code=str(quantity.get("code") or ""),
        value=value,
        low=low,
        high=high,
        flag=flag_of(source.get("interpretation"), number, low, high),
    )


def flag_of(interpretation: Any, number: Decimal | None, low: Decimal | None, high: Decimal | None) -> Flag:
    """Say how a result lies: as the laboratory says, else by the range that it gave; "" when neither tells."""
    for code in sorted(codes(interpretation)):
        if code in _FLAGS:
            return _FLAGS[code]
    if number is None or (low is None and high is None):
        return ""
    if high is not None and number > high:
        return "H"
    return "L" if low is not None and number < low else "N"


def worst(flags: Iterable[Flag]) -> Flag:
    """Give the flag that weighs most."""
    weight: tuple[Flag, ...] = ("HH", "LL", "H", "L", "A", "N", "")
    return min(flags, key=weight.index, default="")


def series(observations: Iterable[Document]) -> tuple[Series, ...]:
    """Group observations by code, newest first within and between; what was withdrawn does not count."""
    kept = [one for one in observations if one.get("status") not in _GONE]
    groups: dict[str, list[Reading]] = {}
    names: dict[str, str] = {}
    for one in sorted(kept, key=order, reverse=True):
        key = key_of(one.get("code"))
        names.setdefault(key, page_code(one.get("code")))
        groups.setdefault(key, []).append(reading(one))
    return tuple(Series(key, names[key], tuple(found)) for key, found in groups.items())


def page_code(concept: Any) -> str:
    """Give the code under which the page of a trend is found: LOINC when there is one, else the first."""
    found = list(codings(concept))
    return next((code for system, code in found if system == LOINC), found[0][1] if found else "")


def is_vital(one: Series) -> bool:
    """Tell vital signs from other results."""
    return one.code in VITALS


def vitals_first(found: Sequence[Series]) -> tuple[Series, ...]:
    """Sort vital signs as a ward reads them."""
    place = {code: at for at, code in enumerate(VITALS)}
    return tuple(sorted(found, key=lambda one: place.get(one.code, len(place))))


def abnormal_first(found: Sequence[Series]) -> tuple[Series, ...]:
    """Sort results: critical ones, abnormal ones, then the rest, each newest first as given."""
    rank = {"HH": 0, "LL": 0, "H": 1, "L": 1, "A": 1}
    return tuple(sorted(found, key=lambda one: rank.get(one.latest.flag, 2)))


def converted(one: Measure, unit: str) -> Measure | None:
    """Give a measure in another UCUM unit; None when the units do not measure the same."""
    if one.number is None or one.code == unit:
        return one
    number = ucum.convert(one.number, one.code, unit) if one.code else None
    if number is None:
        return None
    low, high = (None if end is None else ucum.convert(end, one.code, unit) for end in (one.low, one.high))
    return Measure(_rounded(number), unit, unit, one.value, _rounded(low), _rounded(high), one.flag)


def _rounded(number: Decimal | None) -> Decimal | None:
    """Give five significant digits: a conversion makes no result more precise."""
    return None if number is None else Decimal(f"{number:.5g}")
