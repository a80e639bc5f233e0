"""Front page of a stay: what agrees with what, beside the items, diagnoses and fees of `front_page`.

Where it stands in the record: extensions of the Encounter `autopsy` (valueCoding 1 yes, 2 no), `readmission-plan`
(`planned` valueCode 1 no, 2 yes; `purpose` valueString), `coma-before` and `coma-after` (`days`, `hours`, `minutes`
valueInteger), `ventilator-hours` (valueDecimal); the outpatient diagnosis is `reasonCode` or a diagnosis of use AD.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from xinglin.capabilities.quality.rules.case import (
    ICD9,
    LOINC,
    TCM,
    Case,
    Finding,
    Json,
    code_in,
    codings,
    day,
    extension,
    happened,
    moment,
    years,
)
from xinglin.fhir.sources import cites
from xinglin.tables.codes import by_code

WAYS: Final = "https://xinglin.health/fhir/CodeSystem/front-page-discharge-way"
DIED: Final = "5"
DEPARTMENT: Final = "https://xinglin.health/fhir/CodeSystem/department"
ROUTE: Final = "https://xinglin.health/fhir/CodeSystem/front-page-admission-route"
ROUTES: Final = cites("ST-30")(frozenset("1239"))
YES_NO: Final = frozenset("12")
PLANNED: Final = "2"
# Design: a child has no occupation of the list.
WORKS_FROM: Final = 16
LEVELS: Final = cites("ST-35", "ST-53")(frozenset("1234"))
SURGERY: Final = "手术"
# ABO and Rh of the blood, LOINC.
BLOOD_GROUPS: Final = frozenset({"883-9", "10331-7"})
# Mechanical ventilation, ICD-9-CM-3: less than 96 hours, 96 and more.
SHORT: Final = "96.71"
LONG: Final = "96.72"
LONG_HOURS: Final = Decimal(96)
MARKS: Final = ("†", "+")


def alone(stay: Json) -> Iterator[Finding]:
    """Judge what stands in the Encounter itself."""
    yield from blank(stay)
    yield from lists(stay)
    yield from plans(stay)
    if code_in((stay.get("hospitalization") or {}).get("dischargeDisposition"), WAYS) == DIED:
        yield from autopsy(stay)


def around(case: Case) -> Iterator[Finding]:
    """Judge what needs the person, and what was recorded under the stay."""
    yield from person(case)
    yield from levels(case)
    yield from pairs(case)
    yield from ventilation(case)


@cites("ST-30", "ST-31", "ST-34", "ST-37")
def blank(stay: Json) -> Iterator[Finding]:
    """Say which of the items that are never blank stand nowhere: payment, outpatient diagnosis, plan to come back."""
    uses = {one.get("code") for entry in stay.get("diagnosis") or () for one in codings(entry.get("use"))}
    lacking = [
        name
        for name, value in (
            ("payment", extension(stay, "payment")),
            ("outpatient diagnosis", stay.get("reasonCode") or stay.get("reasonReference") or "AD" in uses),
            ("readmission-plan", extension(stay, "readmission-plan")),
        )
        if not value
    ]
    if lacking:
        yield Finding("DQ-F17", ", ".join(lacking))


@cites("ST-30", "ST-33")
def lists(stay: Json) -> Iterator[Finding]:
    """Departments are of the list of licences, ways of admission 1, 2, 3 or 9."""
    wrong = [
        str(one.get("code", ""))
        for one in codings(stay.get("serviceType"))
        if one.get("system") == DEPARTMENT and one.get("code") not in by_code("departments")
    ]
    wrong += [
        str(one.get("code", ""))
        for one in codings((stay.get("hospitalization") or {}).get("admitSource"))
        if one.get("system") == ROUTE and one.get("code") not in ROUTES
    ]
    if wrong:
        yield Finding("DQ-F18", ", ".join(wrong))


@cites("ST-41")
def autopsy(stay: Json) -> Iterator[Finding]:
    """Whether there was an autopsy is answered, 1 or 2. stay: of somebody who died in it."""
    if extension(stay, "autopsy").get("valueCoding", {}).get("code") not in YES_NO:
        yield Finding("DQ-F22", "autopsy")


@cites("ST-37")
def plans(stay: Json) -> Iterator[Finding]:
    """A plan to come back is 1 or 2, and has a purpose when it is 2; hours in coma under 24, minutes under 60."""
    plan = {str(one.get("url", "")): one for one in extension(stay, "readmission-plan").get("extension") or ()}
    if plan:
        planned = plan.get("planned", {}).get("valueCode")
        if planned not in YES_NO or (planned == PLANNED and not plan.get("purpose", {}).get("valueString")):
            yield Finding("DQ-F23", "readmission-plan")
    for name in ("coma-before", "coma-after"):
        for one in extension(stay, name).get("extension") or ():
            most = {"hours": 23, "minutes": 59}.get(str(one.get("url", "")))
            value = one.get("valueInteger")
            if isinstance(value, int) and (value < 0 or (most is not None and value > most)):
                yield Finding("DQ-F23", f"{name} {one.get('url')} {value}")


@cites("ST-30")
def person(case: Case) -> Iterator[Finding]:
    """Name the items of the person that are blank; nothing when the person is not there."""
    patient = case.patient
    if not patient:
        return
    born, came = day(patient.get("birthDate")), day((case.resource.get("period") or {}).get("start"))
    works = bool(born and came and came >= born and years(born, came) >= WORKS_FROM)
    lacking = [
        name
        for name, value in (
            ("ethnic-group", extension(patient, "ethnic-group")),
            ("maritalStatus", patient.get("maritalStatus")),
            ("occupation", extension(patient, "occupation") or not works),
            ("address", patient.get("address")),
            ("telecom", patient.get("telecom")),
        )
        if not value
    ]
    if lacking:
        yield Finding("DQ-F16", ", ".join(lacking))


@cites("ST-35", "ST-53")
def levels(case: Case) -> Iterator[Finding]:
    """Hold the level of an operation against the list of levels; surgery has one, everything done has a date."""
    for one in case.parts.get("Procedure", ()):
        code = code_in(one.get("code"), ICD9)
        if code and not happened(one):
            yield Finding("DQ-F20", code)
        known = by_code("icd9cm3").get(code)
        if known is None:
            continue
        level = extension(one, "surgery-level").get("valueCoding", {}).get("code")
        right = known.properties.get("level")
        if level is None and known.properties.get("kind") == SURGERY:
            yield Finding("DQ-F09", code)
        if level in LEVELS and right and level != right:
            yield Finding("DQ-F19", f"{code} {level} ({right})")


@cites("ST-51", "ST-54")
def pairs(case: Case) -> Iterator[Finding]:
    """An asterisk code has a dagger code beside it; a disease of Chinese medicine has its syndrome."""
    written = [
        (str(one.get("system", "")), str(one.get("code", "")))
        for part in case.parts.get("Condition", ())
        for one in codings(part.get("code"))
    ]
    stars = [code for _, code in written if code.endswith("*")]
    if stars and not any(code.endswith(MARKS) for _, code in written):
        yield Finding("DQ-F26", ", ".join(stars))
    diseases = [code for system, code in written if system == f"{TCM}disease"]
    if diseases and not any(system == f"{TCM}syndrome" for system, _ in written):
        yield Finding("DQ-F21", ", ".join(diseases))


@cites("ST-41")
def ventilation(case: Case) -> Iterator[Finding]:
    """Hours of ventilation lie within the stay, and agree with the code of what was done."""
    given = extension(case.resource, "ventilator-hours").get("valueDecimal")
    if given is None:
        return
    hours = Decimal(str(given))
    period = case.resource.get("period") or {}
    came, left = moment(period.get("start")), moment(period.get("end"))
    codes = [code_in(one.get("code"), ICD9) for one in case.parts.get("Procedure", ())]
    stayed = Decimal((left - came).total_seconds()) / 3600 if came and left else None
    beyond = hours < 0 or (stayed is not None and hours > stayed)
    short = any(code.startswith(SHORT) for code in codes) and hours >= LONG_HOURS
    long = any(code.startswith(LONG) for code in codes) and hours < LONG_HOURS
    if beyond or short or long:
        yield Finding("DQ-F25", f"{hours} h")


@cites("ST-41")
def blood(case: Case, charged: Decimal) -> Iterator[Finding]:
    """Whoever was charged for blood has a blood group. charged: in yuan."""
    groups = {
        one.get("code")
        for part in case.parts.get("Observation", ())
        for one in codings(part.get("code"))
        if one.get("system") == LOINC
    }
    if charged > 0 and not BLOOD_GROUPS & groups:
        yield Finding("DQ-F24", f"XF {charged}")
