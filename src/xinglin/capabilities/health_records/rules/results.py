"""Results: which are the latest, whether they are abnormal, how they went. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from xinglin.capabilities.health_records.rules.documents import (
    Document,
    codes,
    codings,
    day,
    decimal,
    key_of,
    order,
    reference,
    when,
)
from xinglin.tables.analytes import analyte, convert, usual

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

    unit: as printed. code: UCUM, "" without. low, high: of the reference range in the same unit. loinc: what it
    measures, "" without. usual: the range is that of the tables for sex and age, as the laboratory gave none.
    """

    number: Decimal | None
    unit: str
    code: str
    value: Any
    low: Decimal | None
    high: Decimal | None
    flag: Flag
    loinc: str = ""
    usual: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Whose results they are, for ranges by sex (FHIR gender) and age. born: None when it is not known."""

    sex: str
    born: date | None

    def years(self, on: date | None) -> int | None:
        """Give the age in whole years on a day; None when either day is not known."""
        if self.born is None or on is None or on < self.born:
            return None
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


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

    @property
    def usual(self) -> bool:
        """Tell whether a range is that of the tables, as the laboratory gave none."""
        return self.measure.usual or any(one.usual for _, one in self.parts)


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


def person_of(patient: Document) -> Person:
    """Give what ranges depend on."""
    return Person(str(patient.get("gender", "")), day(str(patient.get("birthDate", ""))))


def reading(observation: Document, person: Person | None = None) -> Reading:
    """Understand one Observation; of *person* when usual ranges shall stand where the laboratory gave none."""
    at = when(observation)
    years = None if person is None else person.years(day(at))
    sex = "" if person is None else person.sex
    parts = tuple(
        (component.get("code"), measure(component, sex, years))
        for component in observation.get("component", ())
        if any(member.startswith("value") for member in component)
    )
    return Reading(
        id=str(observation.get("id", "")),
        concept=observation.get("code"),
        at=at,
        measure=measure(observation, sex, years),
        parts=parts,
        performer=observation.get("performer"),
        encounter=reference(observation.get("encounter")),
        status=str(observation.get("status", "")),
    )


def measure(source: Document, sex: str = "", years: int | None = None) -> Measure:
    """Understand value, reference range and interpretation of an Observation or a component.

    years: of the person then; None: no usual range is looked for.
    """
    value = next((source[member] for member in source if member.startswith("value")), None)
    quantity = source.get("valueQuantity") or {}
    number = decimal(quantity.get("value"))
    code, unit, loinc = str(quantity.get("code") or ""), str(quantity.get("unit") or ""), loinc_of(source.get("code"))
    bounds: Document = next(iter(source.get("referenceRange", ())), {})
    low, high = (decimal(bounds.get(end, {}).get("value")) for end in ("low", "high"))
    none_given = number is not None and low is None and high is None and not bounds.get("text")
    if none_given and loinc and years is not None:
        low, high = usual(loinc, code or unit, sex, years)
    return Measure(
        number=number,
        unit=unit or code,
        code=code,
        value=value,
        low=low,
        high=high,
        flag=flag_of(source.get("interpretation"), number, low, high),
        loinc=loinc,
        usual=none_given and (low, high) != (None, None),
    )


def loinc_of(concept: Any) -> str:
    """Give the LOINC code of a concept; empty without one."""
    return next((code for system, code in codings(concept) if system == LOINC), "")


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


def series(observations: Iterable[Document], person: Person | None = None) -> tuple[Series, ...]:
    """Group observations by what they measure, newest first within and between; what was withdrawn does not count.

    Codes of one analyte in mass and in amount are one series (`xinglin.tables.analytes`).
    """
    kept = [one for one in observations if one.get("status") not in _GONE]
    groups: dict[str, list[Reading]] = {}
    names: dict[str, str] = {}
    for one in sorted(kept, key=order, reverse=True):
        key = same(one.get("code"))
        names.setdefault(key, page_code(one.get("code")))
        groups.setdefault(key, []).append(reading(one, person))
    return tuple(Series(key, names[key], tuple(found)) for key, found in groups.items())


def same(concept: Any) -> str:
    """Give what makes two results the same: the analyte, else the LOINC code, else the first code or the text."""
    loinc = loinc_of(concept)
    known = analyte(loinc)
    if known is not None:
        return f"analyte|{known.name}"
    return f"{LOINC}|{loinc}" if loinc else key_of(concept)


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


def converted(one: Measure, unit: str, loinc: str) -> Measure | None:
    """Give a measure in another UCUM unit, as the code *loinc* reports it; None when there is no way to it."""
    own = one.code or one.unit
    of, to = analyte(one.loinc), analyte(loinc)
    same_weight = of == to or of is None or to is None or of.molar_mass == to.molar_mass
    if one.number is None or (own == unit and same_weight):
        return one
    number = convert(one.number, own, unit, of, to) if own else None
    if number is None:
        return None
    low, high = (None if end is None else convert(end, own, unit, of, to) for end in (one.low, one.high))
    return Measure(
        _rounded(number), unit, unit, one.value, _rounded(low), _rounded(high), one.flag, loinc, usual=one.usual
    )


def _rounded(number: Decimal | None) -> Decimal | None:
    """Give five significant digits: a conversion makes no result more precise."""
    return None if number is None else Decimal(f"{number:.5g}")
