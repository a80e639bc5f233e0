"""From resources to what the checks look at (`care.prescribing.forms`), all faults at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

from xinglin.capabilities.prescriptions import contract
from xinglin.care.prescribing import forms
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.tables import catalogues

LINES_MOST: Final = 60
PLACES: Final = {"VR": "online", "IMP": "inpatient", "ACUTE": "inpatient", "EMER": "emergency"}
CHILD_YEARS: Final = 14  # of a paediatric prescription
_VALUES: Final = (
    *("valueCode", "valueString", "valueInteger", "valueBoolean", "valueDateTime", "valueDecimal", "valueInstant"),
    "valueReference",
)


def values(holder: Any, url: str) -> Iterator[Any]:
    """Give the values of extensions *url* of a resource, or parts of an extension."""
    for one in (holder.extension or ()) if holder is not None else ():
        if one.url == url:
            yield next((found for name in _VALUES if (found := getattr(one, name)) is not None), None)


def value(holder: Any, url: str, other: Any = None) -> Any:
    """Give the first value of an extension; *other* when there is none."""
    return next((one for one in values(holder, url) if one is not None), other)


def nested(holder: Any, url: str) -> list[Any]:
    """Give the extensions *url* that hold parts."""
    return [one for one in (holder.extension or ()) if one.url == url]


def code_of(concept: Any, system: str) -> str:
    """Give the code of one system in a CodeableConcept; empty when there is none."""
    return next((one.code or "" for one in (concept.coding or () if concept else ()) if one.system == system), "")


def called(condition: Any) -> str:
    """Name a diagnosis; empty when it has no words."""
    concept = condition.code
    if concept is None:
        return ""
    return str(concept.text or next((one.display for one in concept.coding or () if one.display), ""))


def prescription_of(
    header: Any, lines: Sequence[Any], conditions: Iterable[Any], *, issued: date, born: date, place: forms.Place
) -> tuple[forms.Prescription, tuple[Issue, ...]]:
    """Read a prescription as written. conditions: what reasonReference names.

    Issues say what cannot be read at all; what can be read and is wrong is for the checks.
    """
    issues: list[Issue] = []
    if len(lines) > LINES_MOST:
        issues.append(Issue("too-long", "lines-many", "line", f"A prescription has at most {LINES_MOST} lines."))
    read = [_line(one, number, issues) for number, one in enumerate(lines[:LINES_MOST], 1)]
    found = tuple(one for one in read if one is not None)
    if not lines:
        issues.append(Issue("required", "lines-missing", "line", "A prescription has at least one line."))
    known = list(conditions)
    long = nested(header, contract.LONG)
    reason = value(header, contract.EXTENSION_REASON, "")
    if reason and reason not in forms.REASONS:
        issues.append(Issue("code-invalid", "extension-reason", text="There is no such reason."))
    extra = value(header, contract.EXTRA_DAYS, 0)
    if not isinstance(extra, int):
        issues.append(Issue("value", "extra-days", text="Days of validity are a whole number."))
        extra = 0
    made = forms.Prescription(
        kind=kind_of(found, place, forms.age_on(born, issued).years),
        issued=issued,
        lines=found,
        diagnoses=tuple(filter(None, (code_of(one.code, contract.ICD) for one in known))),
        tcm_disease=next(filter(None, (code_of(one.code, contract.TCM_DISEASES) for one in known)), ""),
        tcm_syndrome=next(filter(None, (code_of(one.code, contract.TCM_SYNDROMES) for one in known)), ""),
        doses=value(header, contract.DOSES),
        usage=value(header, contract.USAGE, ""),
        long=_long(long[0]) if long else None,
        extension_reason=reason,
        extra_days=extra,
        signatures=tuple(_signature(one) for one in nested(header, contract.SECOND_SIGNATURE)),
    )
    return made, tuple(issues)


@cites("R3-002")
def kind_of(lines: Sequence[forms.Line], place: str, years: int) -> forms.Kind:
    """Tell of which kind a prescription is: by what it holds, then where it is written, then for whom."""
    drugs = [catalogues.drug(one.drug) for one in lines if isinstance(one, forms.DrugLine)]
    controls = {one.control for one in drugs}
    if controls & {"麻", "精一"} or any(
        catalogues.tcm_slice(one.slice).controlled == "麻" for one in lines if isinstance(one, forms.SliceLine)
    ):
        return "narcotic"
    if "精二" in controls:
        return "psychotropic-2"
    if lines and not drugs:
        return "tcm"
    if place == "emergency":
        return "emergency"
    return "paediatric" if years < CHILD_YEARS else "ordinary"


def place_of(encounter: Any) -> forms.Place:
    """Tell where the patient is seen."""
    code = encounter.class_.code if encounter.class_ is not None else ""
    return cast("forms.Place", PLACES.get(code, "outpatient"))


def _line(request: Any, number: int, issues: list[Issue]) -> forms.Line | None:
    where = f"line[{number - 1}]"
    source = value(request, contract.SOURCE, "typed")
    if source not in contract.SOURCES.codes:
        issues.append(
            Issue("business-rule", "input-source", where, f"Line {number} does not come from the physician (R2-025).")
        )
        source = "typed"
    concept = request.medicationCodeableConcept
    drug, herb = code_of(concept, contract.DRUGS), code_of(concept, contract.SLICES)
    dosage = next(iter(request.dosageInstruction or ()), None)
    quantity = next((one.doseQuantity for one in (dosage.doseAndRate or () if dosage else ())), None)
    try:
        if drug:
            return _drug(request, catalogues.drug(drug), dosage, quantity, source, number, issues)
        if herb:
            return _slice(request, catalogues.tcm_slice(herb).code, quantity, source, number, issues)
    except KeyError:
        pass  # said below
    issues.append(Issue("code-invalid", "drug-unknown", where, f"Line {number} names no drug of the catalogue."))
    return None


def _drug(
    request: Any, drug: catalogues.Drug, dosage: Any, dose: Any, source: Any, number: int, issues: list[Issue]
) -> forms.DrugLine:
    supply = request.dispenseRequest
    units = _decimal(supply.quantity.value if supply and supply.quantity else None) or Decimal(0)
    packs = units / drug.pack
    if packs <= 0 or packs != packs.to_integral_value():
        text = f"Line {number}: whole packages of {drug.pack} {drug.unit}."
        issues.append(Issue("value", "quantity-packs", f"line[{number - 1}]", text))
    frequency = (dosage.timing.code.text or "") if dosage and dosage.timing and dosage.timing.code else ""
    if frequency and frequency not in catalogues.FREQUENCIES:
        issues.append(
            Issue("code-invalid", "frequency-unknown", f"line[{number - 1}]", f"Line {number}: frequency unknown.")
        )
        frequency = ""
    days = _decimal(supply.expectedSupplyDuration.value if supply and supply.expectedSupplyDuration else None)
    return forms.DrugLine(
        drug=drug.code,
        dose=_decimal(dose.value) if dose is not None else None,
        unit=(dose.unit or drug.dose_unit) if dose is not None else drug.dose_unit,
        frequency=frequency,
        route=code_of(dosage.route, contract.ROUTES) if dosage is not None else "",
        days=int(days) if days is not None else None,
        quantity=int(packs),
        source=source,
        words=(dosage.patientInstruction or "") if dosage is not None else "",
        skin_test=value(request, contract.SKIN_TEST, ""),
        minutes=value(request, contract.MINUTES),
    )


def _slice(request: Any, code: str, dose: Any, source: Any, number: int, issues: list[Issue]) -> forms.SliceLine:
    grams = _decimal(dose.value) if dose is not None else None
    if grams is None or grams <= 0:
        issues.append(Issue("value", "grams-missing", f"line[{number - 1}]", f"Line {number}: write the grams."))
    return forms.SliceLine(code, grams or Decimal(0), value(request, contract.FOOTNOTE, ""), source)


def _long(one: Any) -> forms.LongTerm:
    return forms.LongTerm(
        first=value(one, "first") is True,
        evaluated=value(one, "evaluated") is True,
        stable=value(one, "stable") is True,
        consented=value(one, "consented") is True,
    )


def _signature(one: Any) -> forms.SecondSignature:
    lines = tuple(number for number in values(one, "line") if isinstance(number, int))
    return forms.SecondSignature(value(one, "code", ""), value(one, "reason", ""), lines)


def _decimal(number: Any) -> Decimal | None:
    """Give a number of a resource with the digits it was written with."""
    return None if number is None else Decimal(str(number))
