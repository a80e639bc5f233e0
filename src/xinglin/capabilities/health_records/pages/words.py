"""Values of a record in the words of its readers: concepts, doses, people, results. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final

from xinglin.capabilities.health_records.operations.names import Names
from xinglin.capabilities.health_records.rules.documents import Document, codings, decimal, instant
from xinglin.capabilities.health_records.rules.results import LOINC, Flag, Measure, Reading
from xinglin.tables.catalogues import drugs
from xinglin.tables.codes import rows
from xinglin.web.brief import brief, name, quantity
from xinglin.web.format import day_of, moment
from xinglin.web.view import Language

# SNOMED CT names end in what kind of thing they are: "Sepsis (disorder)".
_KINDS: Final = (
    "disorder",
    "finding",
    "procedure",
    "situation",
    "regime/therapy",
    "substance",
    "event",
    "morphologic",
    "physical object",
    "organism",
    "person",
    "qualifier value",
    "observable entity",
    "context-dependent category",
    "product",
)
ARROWS: Final[dict[Flag, str]] = {"HH": "↑↑", "H": "↑", "LL": "↓↓", "L": "↓", "A": "＊", "N": "", "": ""}
TONES: Final[dict[Flag, str]] = {"HH": "danger", "LL": "danger", "H": "warning", "L": "warning", "A": "warning"}
DRUGS: Final = "https://xinglin.health/fhir/CodeSystem/drug"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
TESTS: Final = "https://xinglin.health/fhir/CodeSystem/laboratory-item"
_SIGNS: Final = {
    "85354-9": "Blood pressure", "8480-6": "Systolic pressure", "8462-4": "Diastolic pressure", "8867-4": "Heart rate",
    "8310-5": "Temperature", "9279-1": "Breaths", "59408-5": "Oxygen saturation", "29463-7": "Weight",
    "8302-2": "Height", "39156-5": "Body mass index",
}  # fmt: skip
_ROUTES: Final = {
    "口服": "by mouth", "舌下含服": "under the tongue", "含服": "to dissolve in the mouth", "外用": "on the skin",
    "皮下注射": "under the skin", "肌内注射": "into a muscle", "静脉注射": "into a vein", "静脉滴注": "by drip",
    "吸入": "inhaled", "雾化吸入": "by nebuliser", "滴眼": "into the eye", "滴鼻": "into the nose",
    "喷鼻": "into the nose", "直肠给药": "rectally", "阴道给药": "vaginally",
}  # fmt: skip
_COUNTED: Final = {"片": "tablet(s)", "粒": "capsule(s)", "袋": "sachet(s)", "支": "ampoule(s)", "瓶": "bottle(s)"}
_UNITS: Final = {
    "zh": {"h": "小时", "d": "日", "wk": "周", "mo": "月", "a": "年", "min": "分钟", "s": "秒"},
    "en": {"h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year", "min": "minute", "s": "second"},
}
# HL7 TimingAbbreviation, as a prescription is read.
_ABBREVIATIONS: Final = {
    "zh": {
        "QD": "每日 1 次", "BID": "每日 2 次", "TID": "每日 3 次", "QID": "每日 4 次", "QOD": "隔日 1 次",
        "Q4H": "每 4 小时 1 次", "Q6H": "每 6 小时 1 次", "Q8H": "每 8 小时 1 次", "Q12H": "每 12 小时 1 次",
        "QN": "每晚 1 次", "HS": "睡前", "QW": "每周 1 次", "BIW": "每周 2 次", "WK": "每周 1 次", "MO": "每月 1 次",
        "AM": "早上", "PM": "下午", "ST": "立即", "STAT": "立即", "PRN": "必要时", "AC": "饭前", "PC": "饭后",
    },
    "en": {
        "QD": "once a day", "BID": "twice a day", "TID": "3 times a day", "QID": "4 times a day",
        "QOD": "every other day", "Q4H": "every 4 hours", "Q6H": "every 6 hours", "Q8H": "every 8 hours",
        "Q12H": "every 12 hours", "QN": "every night", "HS": "at bedtime", "QW": "once a week", "BIW": "twice a week",
        "WK": "once a week", "MO": "once a month", "AM": "in the morning", "PM": "in the afternoon",
        "ST": "at once", "STAT": "at once", "PRN": "when needed", "AC": "before meals", "PC": "after meals",
    },
}  # fmt: skip


# v3-ActCode of Encounter.class
_CLASSES: Final = {
    "zh": {
        "AMB": "门诊", "IMP": "住院", "EMER": "急诊", "HH": "上门", "VR": "互联网诊疗", "FLD": "院前急救", "SS": "日间",
    },
    "en": {
        "AMB": "outpatient", "IMP": "inpatient", "EMER": "emergency", "HH": "at home", "VR": "online",
        "FLD": "in the field", "SS": "day care",
    },
}  # fmt: skip


def kind_of_visit(coding: Document, language: Language) -> str:
    """Name the class of a visit: as the reader's language says it, else as it is written."""
    code = str(coding.get("code", ""))
    return _CLASSES[language].get(code) or str(coding.get("display") or code)


def concept(value: Any, language: Language, names: Names | None = None) -> str:
    """Name a CodeableConcept, or what a Reference to a resource with a code stands for."""
    if isinstance(value, dict) and value.get("reference") and not value.get("display"):
        found = names.of(value) if names is not None else None
        if found is not None:
            return concept(found.get("code"), language)
    if language == "en" and isinstance(value, dict) and (told := _in_english(value)):
        return told
    said = brief(value, language) if value else ""
    head, _, tail = said.rpartition(" (")
    return head if head and tail.rstrip(")") in _KINDS else said


def _in_english(value: Document) -> str:
    """Give the English name of a code that we know, unless somebody wrote other words than those of the code."""
    if value.get("text") and value["text"] not in {one.get("display") for one in value.get("coding", ())}:
        return ""
    return next((_names()[pair] for pair in codings(value) if pair in _names()), "")


@cache
def _names() -> dict[tuple[str, str], str]:
    """Give English names by system and code: of diseases, tests and vital signs."""
    diseases = {(ICD10, row["code"]): row["en"] for row in rows("icd10.csv") if row["en"]}
    tests = {(TESTS, row["code"]): row["abbreviation"] for row in rows("labs.csv") if row["abbreviation"].isascii()}
    return diseases | tests | {(LOINC, code): said for code, said in _SIGNS.items()}


def person(value: Any, names: Names, language: Language) -> str:
    """Name the person or institution that a Reference names; empty when nobody may know."""
    if isinstance(value, dict) and value.get("display"):
        return str(value["display"])
    found = names.of(value)
    if found is None:
        return ""
    if found.get("resourceType") == "PractitionerRole":
        return person(found.get("practitioner"), names, language)
    given = found.get("name")
    return name(given[0]) if isinstance(given, list) and given else str(given or "")


def dose(dosage: Sequence[Document], language: Language, _of: Any = None) -> str:
    """Say how a medicine is taken, as it was written: ``每次 5 mg，每日 1 次，口服``."""
    return ("；" if language == "zh" else "; ").join(said for one in dosage if (said := _dose(one, language)))


def _dose(one: Document, language: Language) -> str:
    if one.get("text"):
        return str(one["text"])
    zh = language == "zh"
    amounts = [rate["doseQuantity"] for rate in one.get("doseAndRate", ()) if "doseQuantity" in rate]
    said = quantity(_trimmed(amounts[0]), language) if amounts else ""
    parts = [f"每次 {said}" if zh else said] if said else []
    parts += [_frequency(one.get("timing", {}), language)]
    parts += [_route(one, language), brief(one.get("additionalInstruction"), language)]
    if one.get("asNeededBoolean") or one.get("asNeededCodeableConcept"):
        why = brief(one.get("asNeededCodeableConcept"), language)
        parts.append(
            (f"必要时（{why}）" if zh else f"when needed ({why})") if why else "必要时" if zh else "when needed"
        )
    return ("，" if zh else ", ").join(part for part in parts if part)


def _frequency(timing: Document, language: Language) -> str:
    code = timing.get("code") or {}
    for coding in code.get("coding", ()):
        known = _ABBREVIATIONS[language].get(str(coding.get("code", "")).upper())
        if known:
            return known
    if code.get("text"):
        return str(code["text"])
    repeat = timing.get("repeat", {})
    times, every = repeat.get("frequency"), decimal(repeat.get("period"))
    unit = _UNITS[language].get(repeat.get("periodUnit", ""))
    if not times or every is None or unit is None:
        return ""
    often = plain(every)
    if language == "zh":
        return f"每{'' if often == '1' else f' {often} '}{unit} {times} 次"
    count = "once" if times == 1 else f"{times} times"
    return f"{count} {'a' if unit != 'hour' else 'an'} {unit}" if often == "1" else f"{count} every {often} {unit}s"


def plain_dose(dosage: Sequence[Document], language: Language, of: Any) -> str:
    """Say how a medicine is taken in words for whoever takes it: ``每次 1 片（5 mg），每天 1 次，口服``.

    of: the medicine; of those in our catalogue a dose is told in tablets, sachets or ampoules. What has no structure is
    told as it was written.
    """
    said = (_plainly(one, language, of) or _dose(one, language) for one in dosage)
    return ("；" if language == "zh" else "; ").join(one for one in said if one)


def _plainly(one: Document, language: Language, of: Any) -> str:
    """Say a structured dose; empty when amount or times are not known."""
    amounts = [rate["doseQuantity"] for rate in one.get("doseAndRate", ()) if "doseQuantity" in rate]
    often = _times(one.get("timing", {}), language)
    needed = bool(one.get("asNeededBoolean") or one.get("asNeededCodeableConcept"))
    if not amounts or not (often or needed):
        return ""
    zh = language == "zh"
    much = _counted(amounts[0], of, language)
    when_needed = ("需要时才用" if zh else "only when needed") if needed else ""
    why = brief(one.get("asNeededCodeableConcept"), language) if one.get("asNeededCodeableConcept") else ""
    parts = [f"每次 {much}" if zh else much, when_needed or often, why]
    parts += [_route(one, language), brief(one.get("additionalInstruction"), language)]
    return ("，" if zh else ", ").join(part for part in parts if part)


def _route(one: Document, language: Language) -> str:
    said = brief(one.get("route"), language) if one.get("route") else ""
    return _ROUTES.get(said, said) if language == "en" else said


def _counted(amount: Document, of: Any, language: Language) -> str:
    """Say an amount in what one takes: ``1 片（5 mg）``; as it is measured when that makes no quarters."""
    measured = quantity(_trimmed(amount), language)
    codes = (code for system, code in codings(of) if system == DRUGS)
    known = next((one for one in drugs() for code in codes if one.code == code), None)
    number, unit = decimal(amount.get("value")), str(amount.get("unit") or amount.get("code") or "")
    if known is None or number is None or known.amount is None or unit != known.dose_unit or unit == known.unit:
        return measured
    count = number / known.amount
    if count <= 0 or count * 4 != int(count * 4):
        return measured
    named = known.unit if language == "zh" else _COUNTED.get(known.unit, known.unit)
    said = (
        {Decimal("0.5"): "半", Decimal("0.25"): "四分之一"}.get(count, f"{plain(count)} ") if language == "zh" else ""
    )
    return f"{said}{named}（{measured}）" if language == "zh" else f"{plain(count)} {named} ({measured})"


def _times(timing: Document, language: Language) -> str:
    """Say how often: ``每天 2 次``."""
    return _frequency(timing, language).replace("每日", "每天")


def plain(number: Decimal) -> str:
    """Write a number without digits that say nothing: ``1.0`` is 1."""
    return f"{number.normalize():f}"


def _trimmed(value: Document) -> dict[str, Any]:
    number = decimal(value.get("value"))
    return {**value, "value": plain(number)} if number is not None else dict(value)


def value_of(measure: Measure, language: Language) -> str:
    """Write a measured value without its unit; a coded or worded one in its words."""
    if measure.number is not None:
        comparator = measure.value.get("comparator", "") if isinstance(measure.value, dict) else ""
        return f"{comparator}{measure.number:f}"
    value = measure.value
    return moment(value) if isinstance(value, str) else brief(value, language) if value is not None else ""


def reading_of(one: Reading, language: Language) -> str:
    """Write a result: ``138/86`` for a pair, parts with their names, else its value."""
    if not one.parts:
        return value_of(one.measure, language)
    if len(one.parts) == 2 and all(part.number is not None for _, part in one.parts):
        return "/".join(value_of(part, language) for _, part in one.parts)
    colon = "：" if language == "zh" else ": "
    parts = (f"{concept(what, language)}{colon}{value_of(part, language)} {part.unit}" for what, part in one.parts)
    return ("；" if language == "zh" else "; ").join(part.strip() for part in parts)


def unit_of(one: Reading) -> str:
    """Give the printed unit of a result."""
    return unit(one.measure.unit or next((part.unit for _, part in one.parts if part.unit), ""))


def unit(printed: str) -> str:
    """Write a unit as people read it."""
    return {"mm[Hg]": "mmHg", "Cel": "°C", "{tablet}": "片", "/min": "/min", "kg/m2": "kg/m²"}.get(printed, printed)


def range_of(one: Reading) -> str:
    """Write the reference range: ``3.9–6.1``, ``< 5.2``; of a pair both."""
    if one.parts:
        return " / ".join(said for _, part in one.parts if (said := bounds(part.low, part.high)))
    return bounds(one.measure.low, one.measure.high)


def bounds(low: Decimal | None, high: Decimal | None) -> str:
    """Write a range with one or two ends."""
    if low is not None and high is not None:
        return f"{plain(low)}–{plain(high)}"
    return f"≤ {plain(high)}" if high is not None else f"≥ {plain(low)}" if low is not None else ""


def day(value: str) -> str:
    """Give the day of a FHIR date in the region, as it is precise."""
    return day_of(value) if value else ""


def months_ago(value: str, now: str) -> int:
    """Count the whole months between two FHIR dates; 0 when either is none."""
    then, today = instant(value), instant(now)
    return 0 if then is None or today is None else max(0, int((today - then).days // 30.44))
