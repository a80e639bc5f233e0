"""The dose calculator (剂量计算): by weight for a child where the drug has data, the label's dose for an adult."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.forms import Age, Patient, age_on
from xinglin.care.prescribing.quantities import is_amount
from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import FREQUENCIES, Drug

CHILD_YEARS: Final = 14
MASS_MG: Final = {"ug": Decimal("0.001"), "mg": Decimal(1), "g": Decimal(1000)}


@dataclass(frozen=True, slots=True)
class Suggested:
    """A single dose in the drug's dose unit, from low to high, and the most of a day; how often; why."""

    low: Decimal
    high: Decimal
    day: Decimal
    frequency: str
    text: Text
    source: str


@cites("R3-004")
def suggest(drug: Drug, patient: Patient, day: date) -> Suggested | None:
    """Suggest a dose; None when nothing is known: an adult's without a label dose, a child's without data or weight."""
    age = age_on(patient.born, day)
    if age.years >= CHILD_YEARS:
        return _of_adult(drug)
    row = by_weight(drug, day)
    unit = MASS_MG.get(drug.dose_unit)
    kilograms = patient.weight_kg
    if row is None or unit is None or kilograms is None or younger(age, row.cells["from"]):
        return None
    if not is_amount(kilograms):
        return None
    most = Decimal(row.cells["most_mg"])
    low, high = (min(kilograms * Decimal(row.cells[side]), most) for side in ("low_mg_kg", "high_mg_kg"))
    a_day = min(kilograms * Decimal(row.cells["day_mg_kg"]), most * _times(row.cells["frequency"]))
    return Suggested(
        _rounded(low / unit),
        _rounded(high / unit),
        _rounded(a_day / unit),
        row.cells["frequency"],
        row.text,
        row.source,
    )


def by_weight(drug: Drug, day: date) -> knowledge.Row | None:
    """Give what is known of a child's dose of a drug; None when nothing is, or the drug does not act inwardly."""
    if not knowledge.is_systemic(drug) or ("+" in drug.substance and not drug.atc.startswith("J01CR")):
        return None
    return next(iter(knowledge.rows_for("child_doses", frozenset({drug.atc}), day)), None)


def younger(age: Age, than: str) -> bool:
    """Tell whether an age is below another, written as 18y, 2m or 28d."""
    if than.endswith("y"):
        return age.years < int(than[:-1])
    if than.endswith("m"):
        return age.years * 12 + age.months < int(than[:-1])
    return age.days < int(than[:-1])


def _of_adult(drug: Drug) -> Suggested | None:
    if drug.adult_dose is None:
        return None
    times = _times(drug.frequency)
    text = Text("按说明书成人常用量", "The label's usual dose of an adult")
    day = drug.max_daily if drug.max_daily is not None else drug.adult_dose * times
    return Suggested(drug.adult_dose, drug.adult_dose, day, drug.frequency, text, "药品说明书")


def _times(frequency: str) -> Decimal:
    times = FREQUENCIES[frequency] or Fraction(1)
    return Decimal(times.numerator) / Decimal(times.denominator)


def _rounded(amount: Decimal) -> Decimal:
    """Round to three decimals without trailing zeros, so that a screen can show it."""
    short = amount.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP).normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
