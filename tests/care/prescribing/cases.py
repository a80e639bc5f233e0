"""Prescriptions for tests: short words for what the checks read."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from xinglin.care.findings import Finding
from xinglin.care.prescribing.checks import check
from xinglin.care.prescribing.forms import (
    BOOK,
    Current,
    DrugLine,
    Patient,
    Policy,
    Prescriber,
    Prescription,
    Setting,
    SliceLine,
)
from xinglin.care.prescribing.quantities import packs_for
from xinglin.tables.catalogues import Drug, drugs

DAY: Final = date(2026, 11, 22)
ADULT: Final = Patient(born=date(1976, 5, 4), sex="male", pregnant="no", lactating="no")
WOMAN: Final = replace(ADULT, born=date(1996, 5, 4), sex="female")
CHIEF: Final = Prescriber(
    physician=True,
    here=True,
    title_level="senior",
    departments=("03.04", "07"),
    rights=frozenset({"western", "patent", "slices"}),
    antibiotic="special",
    narcotic=True,
    institution_level=3,
)
CLINIC: Final = Setting("outpatient", "03.04")
ONLINE: Final = Setting("online", "03.04")


def by_name(name: str) -> Drug:
    return next(one for one in drugs() if one.name == name)


def line(name: str, **given: Any) -> DrugLine:
    """Write the label's usual line of a drug for three days, or what is given."""
    drug = by_name(name)
    plain: dict[str, Any] = {
        "drug": drug.code,
        "dose": drug.adult_dose or Decimal(1),
        "unit": drug.dose_unit,
        "frequency": drug.frequency,
        "route": drug.route,
        "days": 3,
        "quantity": 1,
    }
    made = DrugLine(**(plain | given))
    if "quantity" in given or made.days is None:
        return made
    return replace(made, quantity=packs_for(drug, made, made.days) or 1)


def rx(*lines: DrugLine | SliceLine, **given: Any) -> Prescription:
    plain: dict[str, Any] = {"kind": "ordinary", "issued": DAY, "lines": lines, "diagnoses": ("I10.x00x002",)}
    return Prescription(**(plain | given))


def formula(*words: str, doses: int = 7, **given: Any) -> Prescription:
    """Write slices as ``黄芪 30`` (10 g when nothing is said)."""
    lines = []
    for word in words:
        name, _, grams = word.partition(" ")
        lines.append(SliceLine(name, Decimal(grams or 10), footnote="同煎"))
    plain: dict[str, Any] = {
        "kind": "tcm",
        "doses": doses,
        "usage": "水煎服，每日1剂，分2次温服",
        "tcm_disease": "A04.03.01",
        "tcm_syndrome": "B04.02.05",
    }
    return rx(*lines, **(plain | given))


def found(
    prescription: Prescription,
    patient: Patient = ADULT,
    *,
    prescriber: Prescriber | None = CHIEF,
    setting: Setting = CLINIC,
    policy: Policy = BOOK,
    day: date = DAY,
) -> tuple[Finding, ...]:
    return check(prescription, patient, prescriber=prescriber, setting=setting, day=day, policy=policy)


def codes(findings: tuple[Finding, ...], *weights: str) -> set[str]:
    """Give the codes found, of the weights named or of all but notes."""
    return {one.code for one in findings if one.weight in (weights or ("block", "sign", "warn"))}


def told(findings: tuple[Finding, ...], code: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.weight, one.lines) for one in findings if one.code == code]


def having(*names: str, **given: Any) -> Patient:
    """Give the adult with medicines at hand."""
    return replace(ADULT, current=tuple(Current(code=by_name(name).code) for name in names), **given)
