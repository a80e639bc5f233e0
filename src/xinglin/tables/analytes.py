"""Analytes: results of one substance under several LOINC codes, brought to one unit; and usual ranges without a lab.

A laboratory that reports glucose in mg/dL uses another code than one in mmol/L; the molar mass joins them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache
from typing import Final

from xinglin.fhir import ucum
from xinglin.tables.catalogues import LabItem, Range, labs, reference
from xinglin.tables.codes import rows

_MASS: Final = "g/L"
_SUBSTANCE: Final = "mol/L"
_CONTEXT: Final = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Analyte:
    """What a LOINC code measures.

    name: the same for all codes that may stand in one trend. molar_mass: g/mol of what the code weighs (urea nitrogen:
    of its nitrogen); valence: equivalents in a mole, None when nobody reports equivalents. slope, offset: a value of
    this code in mmol/mol is value × slope + offset in per cent (HbA1c), else None.
    """

    loinc: str
    name: str
    molar_mass: Decimal | None
    valence: int | None
    slope: Decimal | None
    offset: Decimal | None


@dataclass(frozen=True, slots=True)
class Vital:
    """The usual range of a vital sign between two ages in years (until: not included; None: open)."""

    loinc: str
    unit: str
    since: int
    until: int | None
    range: Range


@cache
def _analytes() -> Mapping[str, Analyte]:
    return {row["loinc"]: _analyte(row) for row in rows("analytes.csv")}


def _analyte(row: Mapping[str, str]) -> Analyte:
    return Analyte(
        loinc=row["loinc"],
        name=row["analyte"],
        molar_mass=_decimal(row["molar_mass"]),
        valence=int(row["valence"]) if row["valence"] else None,
        slope=_decimal(row["slope"]),
        offset=_decimal(row["offset"]),
    )


def analyte(loinc: str) -> Analyte | None:
    """Give what a LOINC code measures; None when we know of nothing that it is compared with."""
    return _analytes().get(loinc)


@cache
def codes_of(loinc: str) -> tuple[str, ...]:
    """Give the LOINC codes that measure the same, this one first."""
    known = analyte(loinc)
    same = (one.loinc for one in _analytes().values() if known is not None and one.name == known.name)
    return tuple(dict.fromkeys((loinc, *same)))


def convert(value: Decimal, unit: str, target: str, of: Analyte | None, to: Analyte | None) -> Decimal | None:
    """Give *value* (UCUM *unit*, of *of*) in the unit *target* of the analyte *to*; None when there is no way.

    Mass and amount are joined by molar masses, equivalents by the valence: UCUM itself counts an equivalent as a mole.
    """
    if of is not None and to is not None and (of.slope is None) != (to.slope is None):
        return _by_line(value, unit, target, of, to)
    if _equivalents(unit) == _equivalents(target) and ucum.comparable(unit, target):
        weighs_another = of is not None and to is not None and of.molar_mass != to.molar_mass
        if not (weighs_another and ucum.comparable(unit, _MASS)):
            return ucum.convert(value, unit, target)
    if of is None or to is None or of.name != to.name:
        return None
    moles = _moles(value, unit, of)
    return None if moles is None else _from_moles(moles, target, to)


def _moles(value: Decimal, unit: str, of: Analyte) -> Decimal | None:
    """Give mol/L."""
    grams = ucum.convert(value, unit, _MASS)
    if grams is not None:
        return None if of.molar_mass is None else _CONTEXT.divide(grams, of.molar_mass)
    moles = ucum.convert(value, unit, _SUBSTANCE)
    if moles is None or not _equivalents(unit):
        return moles
    return None if of.valence is None else _CONTEXT.divide(moles, Decimal(of.valence))


def _from_moles(moles: Decimal, target: str, to: Analyte) -> Decimal | None:
    if ucum.comparable(target, _MASS):
        return None if to.molar_mass is None else ucum.convert(moles * to.molar_mass, _MASS, target)
    if not _equivalents(target):
        return ucum.convert(moles, _SUBSTANCE, target)
    return None if to.valence is None else ucum.convert(moles * to.valence, _SUBSTANCE, target)


def _by_line(value: Decimal, unit: str, target: str, of: Analyte, to: Analyte) -> Decimal | None:
    """Convert between per cent and mmol/mol (HbA1c)."""
    if of.name != to.name:
        return None
    if of.slope is not None and of.offset is not None:
        same = ucum.convert(value, unit, "mmol/mol")
        return None if same is None else ucum.convert(same * of.slope + of.offset, "%", target)
    same = ucum.convert(value, unit, "%")
    if same is None or to.slope is None or to.offset is None:
        return None
    return ucum.convert(_CONTEXT.divide(same - to.offset, to.slope), "mmol/mol", target)


def _equivalents(unit: str) -> bool:
    return "eq" in unit


@cache
def _labs_by_analyte() -> Mapping[str, LabItem]:
    """Give the item of the catalogue by each LOINC code that measures the same."""
    found: dict[str, LabItem] = {}
    for item in labs():
        for loinc in codes_of(item.loinc) if item.loinc else ():
            found.setdefault(loinc, item)
    return found


@cache
def _vitals() -> tuple[Vital, ...]:
    return tuple(
        Vital(
            loinc=row["loinc"],
            unit=row["unit"],
            since=int(row["from_years"]),
            until=int(row["until_years"]) if row["until_years"] else None,
            range=(_decimal(row["low"]), _decimal(row["high"])),
        )
        for row in rows("vital_ranges.csv")
    )


def usual(loinc: str, unit: str, sex: str, years: int) -> Range:
    """Give the usual range of a result in its own UCUM unit, for a FHIR gender and an age; open when none is known."""
    vital = next(
        (v for v in _vitals() if v.loinc == loinc and v.since <= years and (v.until is None or years < v.until)), None
    )
    if vital is not None:
        return _in(vital.range, vital.unit, unit, None, None)
    item = _labs_by_analyte().get(loinc)
    if item is None or not item.unit:
        return None, None
    return _in(reference(item, sex, years), item.unit, unit, analyte(item.loinc), analyte(loinc))


def _in(found: Range, unit: str, target: str, of: Analyte | None, to: Analyte | None) -> Range:
    low, high = (None if end is None else _rounded(convert(end, unit, target, of, to)) for end in found)
    return (low or None), high  # that a result is not below nothing needs no telling


def _rounded(number: Decimal | None) -> Decimal | None:
    """Give four significant digits: a range is no more precise than the table it comes from."""
    return None if number is None else Decimal(f"{number:.4g}")


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None
