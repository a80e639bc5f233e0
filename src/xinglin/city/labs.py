"""Laboratory results: panels as reports, values about the body's own, with range and interpretation."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Final

from xinglin.city import body
from xinglin.city.record import LABORATORY, Record, Visit, quantity
from xinglin.city.terms import HL7, LOINC, Json, coding, concept, reference, system
from xinglin.tables.catalogues import LabItem, interpretation, lab
from xinglin.tables.catalogues import reference as range_of

BLOOD: Final = ("WBC", "NEUTP", "LYMP", "RBC", "HGB", "PLT", "CRP")
LIVER: Final = ("ALT", "AST", "TBIL", "ALB")
KIDNEY: Final = ("CREA", "UREA", "UA")
LIPIDS: Final = ("TC", "TG", "LDLC", "HDLC")
SUGAR: Final = ("FPG",)
SUGAR_LONG: Final = ("FPG", "HBA1C")
URINE: Final = ("U-PRO", "U-GLU", "U-BLD", "U-LEU")
_TITLES: Final[Mapping[tuple[str, ...], tuple[str, str]]] = {
    BLOOD: ("58410-2", "血常规"),
    LIVER: ("24325-3", "肝功能"),
    KIDNEY: ("24362-6", "肾功能"),
    LIPIDS: ("24331-1", "血脂"),
    SUGAR: ("14771-0", "空腹血糖"),
    SUGAR_LONG: ("55399-0", "血糖"),
    URINE: ("24356-8", "尿常规"),
}
_CATEGORY: Final = [concept(f"{HL7}/v2-0074", "LAB", "检验")]
_WORDS: Final = {"N": "正常", "L": "偏低", "H": "偏高", "LL": "危急值（低）", "HH": "危急值（高）"}


def panel(record: Record, visit: Visit, items: tuple[str, ...], *, infected: str = "") -> None:
    """Write a report and its results. infected: ``bacterial`` or ``viral`` moves the blood count."""
    values = _values(record, visit, items, infected)
    results = [
        reference("Observation", _result(record, visit, lab(code), values[code])) for code in items if code in values
    ]
    code, title = _TITLES[items]
    record.add(
        "DiagnosticReport",
        status="final",
        category=_CATEGORY,
        code=concept(LOINC, code, title),
        subject=record.subject,
        encounter=visit.reference,
        effectiveDateTime=visit.at,
        issued=visit.at,
        performer=[reference("Organization", visit.institution.id, visit.institution.name)],
        result=results,
    )


def sugar(record: Record, visit: Visit) -> float:
    """Write a fasting glucose outside a report, as of a finger-prick at a follow-up; gives it in mmol/L."""
    ill = record.ill.get("diabetes") or record.ill.get("diabetes-1")
    value = body.sugar(record.body, ill, visit.day, record.stream)
    _result(record, visit, lab("FPG"), value)
    return value


def _values(record: Record, visit: Visit, items: Sequence[str], infected: str) -> dict[str, float | str]:
    """Draw the values; what depends on each other is drawn together."""
    made, day, stream, person = record.body, visit.day, record.stream, record.person
    found: dict[str, float | str] = {}
    sick = record.ill.get("diabetes") or record.ill.get("diabetes-1")
    if "FPG" in items:
        found["FPG"] = body.sugar(made, sick, day, stream)
        found["HBA1C"] = body.glycated(float(found["FPG"]))
    if "LDLC" in items:
        low = body.ldl(made, record.ill.get("lipids"), day, stream)
        fat = round(max(0.4, stream.normal(2.4 if "lipids" in record.ill else 1.2, 0.35)), 2)
        high = round(max(0.7, stream.normal(1.3 if person.male else 1.45, 0.2)), 2)
        found |= {"LDLC": low, "TG": fat, "HDLC": high, "TC": round(low + high + fat / 2.2, 2)}
    if "CREA" in items:
        creatinine = round(max(30.0, stream.normal(made.creatinine, 4 if made.creatinine < 300 else 60)))
        found |= {"CREA": creatinine, "UREA": round(max(2.0, stream.normal(min(26.0, creatinine / 15), 0.5)), 1)}
        found["UA"] = round(max(120.0, stream.normal(345 if person.male else 265, 45)))
    if "WBC" in items:
        found |= _count(record, visit, infected)
    for code in items:
        if code not in found:
            found[code] = _usual(record, visit, lab(code))
    return found


def _count(record: Record, visit: Visit, infected: str) -> dict[str, float | str]:
    stream, person = record.stream, record.person
    white = stream.normal(6.2 if person.age(visit.day) >= 12 else 7.6, 0.9)
    share = stream.normal(57 if person.age(visit.day) >= 6 else 45, 5)
    protein = abs(stream.normal(2, 1.5))
    if infected == "bacterial":
        white, share, protein = white + stream.normal(6, 1.5), min(92.0, share + 20), stream.normal(48, 14)
    elif infected == "viral":
        white, share, protein = max(2.8, white - 1.4), share - 8, abs(stream.normal(7, 4))
    usual = 104 if "kidney-failure" in record.ill else 150 if person.male else 131
    blood = stream.normal(usual, 7) - (14 if person.age(visit.day) < 12 else 0)
    return {
        "WBC": round(max(2.6, white), 2),
        "NEUTP": round(share, 1),
        "LYMP": round(max(5.0, 93 - share - stream.unit() * 4), 1),
        "CRP": round(max(0.2, protein), 1),
        "HGB": round(blood),
        "RBC": round(blood / 30.5, 2),
        "PLT": round(stream.normal(228, 35)),
    }


def _usual(record: Record, visit: Visit, item: LabItem) -> float | str:
    """Draw a value within the range, seldom a little outside; words are the usual ones."""
    if not item.unit:
        diabetic = item.code == "U-GLU" and ("diabetes" in record.ill or "diabetes-1" in record.ill)
        leaks = item.code == "U-PRO" and "kidney" in record.ill
        if (diabetic and record.stream.chance(0.4)) or (leaks and record.stream.chance(0.7)):
            return record.stream.pick(("阳性(1+)", "阳性(2+)"))
        return item.normal
    low, high = range_of(item, record.person.sex, record.person.age(visit.day))
    bottom = float(low) if low is not None else 0.0
    top = float(high) if high is not None else bottom * 2
    middle, width = (bottom + top) / 2, (top - bottom) / 2
    places = 0 if width > 12 else 1
    return round(max(bottom * 0.7, record.stream.normal(middle - width * 0.1, width * 0.42)), places)


def _result(record: Record, visit: Visit, item: LabItem, value: float | str) -> str:
    made: Json = {
        "status": "final",
        "category": LABORATORY,
        "code": _code(item.code),
        "subject": record.subject,
        "encounter": visit.reference,
        "effectiveDateTime": visit.at,
        "performer": [reference("Organization", visit.institution.id, visit.institution.name)],
    }
    if isinstance(value, str):
        made["valueString"] = value
        word = "N" if value == item.normal else "A"
        made["interpretation"] = [concept(f"{HL7}/v3-ObservationInterpretation", word, _WORDS.get(word, "异常"))]
        return record.add("Observation", **made)
    age = record.person.age(visit.day)
    made["valueQuantity"] = quantity(value, item.unit, item.unit)
    shown = _range(item.code, record.person.sex, age if age < 18 else 60 if age >= 60 else 30)
    if shown:
        made["referenceRange"] = shown
        word = interpretation(item, Decimal(str(value)), record.person.sex, age)
        made["interpretation"] = [concept(f"{HL7}/v3-ObservationInterpretation", word, _WORDS[word])]
    return record.add("Observation", **made)


@cache
def _code(code: str) -> Json:
    item = lab(code)
    codings = [coding(LOINC, item.loinc, item.name)] if item.loinc else []
    return {"coding": [*codings, coding(system("laboratory-item"), code, item.name)], "text": item.name}


@cache
def _range(code: str, sex: str, age: int) -> list[Json]:
    """Write the reference range; none when both sides are open."""
    item = lab(code)
    found: Json = {
        side: quantity(float(value), item.unit, item.unit)
        for side, value in zip(("low", "high"), range_of(item, sex, age), strict=True)
        if value is not None
    }
    return [found] if found else []
