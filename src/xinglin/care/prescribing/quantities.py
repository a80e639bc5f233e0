"""Packages and days (R3-020, R3-021): how long a quantity lasts, how many packages cover days, how long it is valid."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.care.prescribing.forms import BOOK, DrugLine, Policy
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import FREQUENCIES, Drug

BEIJING: Final = ZoneInfo("Asia/Shanghai")
_MASS_MG: Final = {"ug": Decimal("0.001"), "mg": Decimal(1), "g": Decimal(1000)}
_LEAST: Final = Decimal("0.000001")
_MOST: Final = Decimal(1_000_000_000)  # IU
_LAST_SECOND: Final = time(23, 59, 59, tzinfo=BEIJING)


def is_amount(number: Decimal) -> bool:
    """Tell whether a number may be an amount of medicine at all: finite, above zero, of a size that is ever used."""
    return number.is_finite() and _LEAST <= number <= _MOST


def dose_of(drug: Drug, line: DrugLine) -> Decimal | None:
    """Give the single dose in the drug's dose unit; None when none that makes sense is written.

    Units: the dose unit, a mass beside another mass, or what is counted when dispensed (片 支).
    """
    if line.dose is None or not is_amount(line.dose):
        return None
    if line.unit == drug.dose_unit:
        return line.dose
    if line.unit in _MASS_MG and drug.dose_unit in _MASS_MG:
        return line.dose * _MASS_MG[line.unit] / _MASS_MG[drug.dose_unit]
    if line.unit == drug.unit and drug.amount is not None:
        return line.dose * drug.amount
    return None


def day_of(drug: Drug, line: DrugLine) -> Fraction | None:
    """Give the amount of a day, in the dose unit; once or as needed counts as once a day. None when not told."""
    dose = dose_of(drug, line)
    if dose is None or line.frequency not in FREQUENCIES:
        return None
    return Fraction(dose) * (FREQUENCIES[line.frequency] or 1)


@cites("R3-021")
def days_supply(drug: Drug, line: DrugLine) -> Fraction | None:
    """Give the days that the quantity lasts: quantity × strength / (dose × times a day); None when not told.

    Of a medicine that is taken once or as needed each dose counts as a day.
    """
    a_day, amount = day_of(drug, line), drug.amount
    if not a_day or amount is None:
        return None
    return Fraction(units_of(drug, line)) * Fraction(amount) / a_day


def units_of(drug: Drug, line: DrugLine) -> int:
    """Give the quantity in what is counted when dispensed (片 支)."""
    return line.quantity if line.loose else line.quantity * drug.pack


@cites("R3-021")
def units_for(drug: Drug, line: DrugLine, days: int) -> int | None:
    """Give the least whole units (片 支) that cover *days* (0: one dose); None when the strength tells nothing."""
    a_day, amount = day_of(drug, line), drug.amount
    if not a_day or amount is None:
        return None
    needed = a_day * days if days else Fraction(dose_of(drug, line) or 0)
    return max(1, ceil(needed / Fraction(amount)))


@cites("R3-021")
def packs_for(drug: Drug, line: DrugLine, days: int) -> int | None:
    """Give the least whole packages that cover *days*, units of a loose line; None when the strength tells nothing."""
    units = units_for(drug, line, days)
    return units if units is None or line.loose else ceil(units / drug.pack)


@cites("R3-020")
def valid_until(issued: date, extra_days: int = 0, policy: Policy = BOOK) -> datetime:
    """Give the last second of validity, in Beijing time: of the day of issue, or 1 or 2 days later when so noted.

    Raises ValueError beyond the longest term (3 days in all), which nobody may give.
    """
    if not 0 <= extra_days < policy.validity_days:
        raise ValueError(f"a prescription is valid for {policy.validity_days} days at most")
    return datetime.combine(issued + timedelta(days=extra_days), _LAST_SECOND)
