"""Whether what is recorded can be: dates in order, sex and age against codes, figures of living people."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from xinglin.capabilities.quality.rules.case import (
    ICD10,
    LABS,
    LOINC,
    Case,
    Finding,
    Json,
    code_in,
    codings,
    day,
    happened,
    moment,
    years,
)
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import IDENTITY_CARD, disagreements, person_number
from xinglin.tables.catalogues import lab

# What only women, and only men, can have (ICD-10, categories). The book names O, N40 and C61; the rest are chapters
# of one sex in the classification itself.
WOMEN: Final = cites("ST-41")(re.compile(r"O\d\d|C5[1-8]|N7[0-7]|N8[0-9]|N9[0-8]|D25|D27|Z3[2-6]"))
MEN: Final = cites("ST-41")(re.compile(r"C6[0-3]|N4[0-9]|N5[01]|D29|B26\.0|E29"))
NEWBORN_DAYS: Final = cites("ST-32", "ST-41")(28)
# Design: who is pregnant is 10 to 60.
PREGNANT_YEARS: Final = (10, 60)
# LOINC: unit, least and most of the living (design: beyond them a wrong key or unit was used); from an age in years.
VITALS: Final[Mapping[str, tuple[tuple[int, int, str, str, str], ...]]] = {
    "8480-6": ((0, 14, "mm[Hg]", "30", "220"), (14, 200, "mm[Hg]", "40", "300")),
    "8462-4": ((0, 14, "mm[Hg]", "15", "150"), (14, 200, "mm[Hg]", "20", "200")),
    "8867-4": ((0, 14, "/min", "30", "300"), (14, 200, "/min", "20", "250")),
    "9279-1": ((0, 200, "/min", "4", "120"),),
    "8310-5": ((0, 200, "Cel", "25", "44"),),
    "59408-5": ((0, 200, "%", "30", "100"),),
    "29463-7": (
        (0, 1, "kg", "0.3", "20"),
        (1, 6, "kg", "4", "60"),
        (6, 14, "kg", "8", "150"),
        (14, 200, "kg", "20", "350"),
    ),
    "8302-2": ((0, 1, "cm", "20", "100"), (1, 6, "cm", "50", "150"), (6, 200, "cm", "70", "250")),
    "39156-5": ((0, 200, "kg/m2", "7", "100"),),
}
# Design: a value beyond ten times the highest limit of its item was keyed or measured wrongly.
LAB_TIMES: Final = 10
SYSTOLIC: Final = "8480-6"
DIASTOLIC: Final = "8462-4"
# Zones and clocks differ a little.
TOMORROW: Final = timedelta(days=1)


def judge(case: Case) -> Iterator[Finding]:
    """Judge any record."""
    yield from _dates(case)
    match case.type:
        case "Patient":
            yield from identity(case)
        case "Condition":
            yield from sex_and_age(case)
        case "Observation":
            yield from figures(case)


@cites("ST-41")
def _dates(case: Case) -> Iterator[Finding]:
    """Ends after beginnings (discharge >= admission); nothing in the future, before birth or after death."""
    resource = case.resource
    for begins, ends in _spans(resource):
        start, end = moment(begins), moment(ends)
        coarse = len(str(begins)) == 10 or len(str(ends)) == 10
        if start and end and ((day(ends) or date.max) < (day(begins) or date.min) if coarse else end < start):
            yield Finding("DQ-P01", f"{begins} / {ends}")
    when = happened(resource)
    at = moment(when)
    if at is None:
        return
    if at > case.now + TOMORROW:
        yield Finding("DQ-P02", when)
    born, died = day(case.patient.get("birthDate")), day(case.patient.get("deceasedDateTime"))
    on = day(when) if born or died else None
    if on and ((born and on < born) or (died and on > died)):
        yield Finding("DQ-P03", when)


def _spans(resource: Json) -> Iterator[tuple[Any, Any]]:
    for name in ("period", "performedPeriod", "effectivePeriod", "onsetPeriod"):
        span = resource.get(name) or {}
        if span.get("start") and span.get("end"):
            yield span["start"], span["end"]
    if resource.get("onsetDateTime") and resource.get("abatementDateTime"):
        yield resource["onsetDateTime"], resource["abatementDateTime"]
    if resource.get("resourceType") == "Patient" and resource.get("birthDate") and resource.get("deceasedDateTime"):
        yield resource["birthDate"], resource["deceasedDateTime"]


@cites("ST-41")
def sex_and_age(case: Case) -> Iterator[Finding]:
    """Hold a disease code against the sex and the age of its patient (O, N40, C61 …; P up to 28 days)."""
    code = code_in(case.resource.get("code"), ICD10)
    gender = case.patient.get("gender")
    if (gender == "male" and WOMEN.match(code)) or (gender == "female" and MEN.match(code)):
        yield Finding("DQ-P04", f"{code} {gender}")
    born = day(case.patient.get("birthDate"))
    on = day(happened(case.resource)) if born else None
    if not born or not on or on < born:
        return
    least, most = PREGNANT_YEARS
    late = code[:1] == "P" and (on - born).days > NEWBORN_DAYS
    if late or (code[:1] == "O" and not least <= years(born, on) <= most):
        yield Finding("DQ-P05", code)


@cites("HR-03", "ST-41")
def identity(case: Case) -> Iterator[Finding]:
    """Hold an identity number against itself, the sex and the birth date."""
    patient = case.resource
    for one in patient.get("identifier") or ():
        if one.get("system") != IDENTITY_CARD or not one.get("value"):
            continue
        read = person_number(str(one["value"]), case.now.date())
        if isinstance(read, tuple):
            yield Finding("DQ-P08", read[0].key)
        elif told := disagreements(read, gender=patient.get("gender"), born=patient.get("birthDate")):
            yield Finding("DQ-P08", ", ".join(issue.key for issue in told))


@cites("ST-41")
def figures(case: Case) -> Iterator[Finding]:
    """Hold a vital sign or a laboratory value against what is possible at the age."""
    parts = (case.resource, *(case.resource.get("component") or ()))
    born = day(case.patient.get("birthDate"))
    on = day(happened(case.resource)) if born else None
    age = years(born, on) if born and on and on >= born else None
    values: dict[str, Decimal] = {}
    for part in parts:
        quantity = part.get("valueQuantity") or {}
        if quantity.get("value") is None:
            continue
        value = Decimal(str(quantity["value"]))
        for coding in codings(part.get("code")):
            code = str(coding.get("code", ""))
            if coding.get("system") == LOINC and code in VITALS:
                values[code] = value
                if not _possible(code, value, str(quantity.get("code", "")), age):
                    yield Finding("DQ-P06", f"{code} {value} {quantity.get('code', '')}".strip())
            elif coding.get("system") == LABS and not _lab_possible(code, value, str(quantity.get("code", ""))):
                yield Finding("DQ-P07", f"{code} {value} {quantity.get('code', '')}".strip())
    if SYSTOLIC in values and DIASTOLIC in values and values[SYSTOLIC] <= values[DIASTOLIC]:
        yield Finding("DQ-P09", f"{values[SYSTOLIC]}/{values[DIASTOLIC]}")


@lru_cache(maxsize=8_192)
def _possible(code: str, value: Decimal, unit: str, age: int | None) -> bool:
    """Tell whether a vital sign can be, at any age when it is not known; one in another unit is not judged."""
    limits = [
        (low, high)
        for since, until, usual, low, high in _limits(code)
        if unit == usual and (age is None or since <= age < until)
    ]
    return not limits or any(low <= value <= high for low, high in limits)


def _lab_possible(code: str, value: Decimal, unit: str) -> bool:
    """Tell whether a laboratory value can be; of an unknown item, or in another unit, it is not judged."""
    usual, most = _highest(code)
    if not usual or (unit and unit != usual):
        return True
    return value >= 0 and (most is None or value <= most)


@cache
def _highest(code: str) -> tuple[str, Decimal | None]:
    """Give the unit of a laboratory item and the most that it can be; an empty unit when it is unknown."""
    try:
        item = lab(code)
    except KeyError:
        return "", None
    highs = [one for one in (*item.critical, *item.male, *item.female, *item.child) if one is not None]
    return item.unit, max(highs) * LAB_TIMES if highs else None


@cache
def _limits(code: str) -> tuple[tuple[int, int, str, Decimal, Decimal], ...]:
    """Give the limits of a vital sign, from an age to an age in years."""
    return tuple((since, until, unit, Decimal(low), Decimal(high)) for since, until, unit, low, high in VITALS[code])
