"""All checks of a prescription in one list (审方): the same for screen, review, pharmacy and insurer."""

from datetime import date
from typing import Final

from xinglin.care.findings import Finding, ordered
from xinglin.care.prescribing import (
    combinations,
    contraindications,
    legality,
    limits,
    online,
    slices,
    suitability,
    writing,
)
from xinglin.care.prescribing.case import Case, Check
from xinglin.care.prescribing.forms import BOOK, Patient, Policy, Prescriber, Prescription, Setting
from xinglin.fhir.sources import cites

CHECKS: Final[tuple[Check, ...]] = (
    legality.registered,
    legality.rights,
    legality.within_hospitals,
    legality.antibiotics,
    legality.special_use,
    online.bans,
    online.child,
    writing.by_hand,
    writing.right_kind,
    writing.complete,
    writing.real_age,
    writing.apart,
    writing.kinds,
    writing.names,
    writing.usage,
    writing.formula,
    writing.slice_names,
    limits.validity,
    limits.days,
    limits.kept_out,
    limits.long_term,
    suitability.indication,
    suitability.skin_test,
    suitability.dose,
    suitability.quantity,
    suitability.route,
    suitability.solvent,
    combinations.duplicates,
    combinations.interactions,
    combinations.mixtures,
    contraindications.allergies,
    contraindications.sexes,
    contraindications.ages,
    contraindications.pregnancy,
    contraindications.conditions,
    slices.diagnosis,
    slices.decoction,
    slices.incompatible,
    slices.pregnancy,
    slices.dose,
    slices.toxic,
    slices.husk,
    slices.oversized,
)


@cites("R3-054", "R4-064")
def check(
    prescription: Prescription,
    patient: Patient,
    *,
    prescriber: Prescriber | None,
    setting: Setting,
    day: date,
    policy: Policy = BOOK,
) -> tuple[Finding, ...]:
    """Check a prescription; findings in the order they are read: the gravest first, then by line.

    prescriber: None where legality is not judged again (a retail pharmacy, an insurer). day: whose rules hold, and on
    which ages are reckoned. Raises ValueError when the patient was born after the day.
    """
    case = Case(prescription, patient, prescriber, setting, day, policy)
    found = {one: None for check_ in CHECKS for one in check_(case)}
    return ordered(found)
