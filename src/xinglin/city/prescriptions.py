"""Prescriptions by the rules (处方管理办法): few drugs, usual doses, days that the kind of prescription allows.

Whole packages that cover the days (R3-021); more than seven days with a reason (R3-022); a pharmacist could pass all of
them. What breaks a rule on purpose is made in `faults`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Final

from xinglin.city import body
from xinglin.city.record import Record, Visit
from xinglin.city.terms import (
    FAULT,
    META,
    PRESCRIPTION_NUMBER,
    Json,
    coding,
    concept,
    extension,
    identifier,
    reference,
    system,
)
from xinglin.tables.catalogues import Drug, drugs

# Times a day, and how the frequency is written.
TIMES: Final[Mapping[str, tuple[float, str]]] = {
    "qd": (1, "每日1次"),
    "qn": (1, "每晚1次"),
    "bid": (2, "每日2次"),
    "tid": (3, "每日3次"),
    "qid": (4, "每日4次"),
    "q4h": (6, "每4小时1次"),
    "q6h": (4, "每6小时1次"),
    "q8h": (3, "每8小时1次"),
    "q12h": (2, "每12小时1次"),
    "prn": (1, "必要时"),
    "st": (1, "立即"),
}
# What a child takes at a time: of the dose unit for each kilogram of weight.
_BY_WEIGHT: Final = {
    "布洛芬混悬液": 7.0,
    "头孢克肟颗粒": 2.5,
    "阿奇霉素干混悬剂": 10.0,
    "阿莫西林颗粒": 13.0,
    "磷酸奥司他韦颗粒": 2.0,
    "盐酸氨溴索口服溶液": 0.45,
}
CHRONIC: Final = "chronic"


@dataclass(frozen=True, slots=True)
class Line:
    """One drug of a prescription. times: of `TIMES`, empty: as the catalogue has it; dose: in the drug's dose unit."""

    name: str
    days: int
    times: str = ""
    dose: float | None = None


@cache
def by_name() -> Mapping[str, Drug]:
    """Give the drugs of the catalogue by name."""
    return {one.name: one for one in drugs()}


def prescribe(
    record: Record, visit: Visit, lines: Sequence[Line], *, diagnosis: str | None, reason: str = "", fault: str = ""
) -> None:
    """Write one prescription. diagnosis: id of the Condition; reason: for over seven days; fault: rule it breaks.

    What the patient must not have is left out, but of a prescription that breaks a rule on purpose.
    """
    number = identifier(PRESCRIPTION_NUMBER, f"{visit.institution.id}-{record.person.next_id()}")
    for line in lines:
        drug = by_name()[line.name]
        if not fault and barred(record, visit, drug):
            continue
        record.add("MedicationRequest", **_request(record, visit, drug, line, number, diagnosis, reason))
        if fault:
            record.out[-1]["meta"] = marked(fault)


def barred(record: Record, visit: Visit, drug: Drug) -> bool:
    """Tell whether the label bars a drug: in pregnancy, or below an age."""
    if drug.pregnancy == "禁用" and record.pregnant(visit.day):
        return True
    return drug.min_age_years is not None and record.person.age(visit.day) < drug.min_age_years


@cache
def marked(fault: str) -> Json:
    """Write the meta of what breaks a rule on purpose."""
    return {"tag": [*META["tag"], coding(FAULT, fault)]}


def _request(
    record: Record, visit: Visit, drug: Drug, line: Line, number: Json, diagnosis: str | None, reason: str
) -> Json:
    times = line.times or drug.frequency
    dose = line.dose if line.dose is not None else usual_dose(record, visit, drug)
    ends = visit.day.toordinal() + line.days < record.spec.until.toordinal()
    extensions = [extension("extension-reason", valueCode=reason)] if reason else []
    made: Json = {
        "groupIdentifier": number,
        "status": "completed" if ends else "active",
        "intent": "order",
        "category": [concept(system("prescription-kind"), _kind(record, visit, reason))],
        "medicationCodeableConcept": _medication(drug.code),
        "subject": record.subject,
        "encounter": visit.reference,
        "authoredOn": visit.at,
        "requester": reference("Practitioner", visit.doctor.id, visit.doctor.name),
        "dosageInstruction": [_dosage(drug, dose, times, line.days)],
        "dispenseRequest": {
            "quantity": {"value": packed(drug, dose, times, line.days), "unit": drug.unit},
            "expectedSupplyDuration": _DAYS[line.days],
        },
    }
    if diagnosis is not None:
        made["reasonReference"] = [reference("Condition", diagnosis)]
    if extensions:
        made["extension"] = extensions
    return made


def usual_dose(record: Record, visit: Visit, drug: Drug) -> float:
    """Give a single dose: the usual of an adult; of a child by weight, or a part of a sachet by age."""
    if drug.name in _BY_WEIGHT and record.person.age(visit.day) < 14:
        heavy = min(40.0, body.weight(record.body, record.person, visit.day))
        dose = round(_BY_WEIGHT[drug.name] * heavy)
        return max(1.0, dose if drug.max_daily is None else min(dose, float(drug.max_daily) / TIMES[drug.frequency][0]))
    if drug.adult_dose is not None:
        young = record.person.age(visit.day) < 12 and drug.dose_unit in {"g", "mg", "袋"}
        return float(drug.adult_dose) * (0.5 if young else 1.0)
    age = record.person.age(visit.day)
    return 0.5 if age < 3 else 1.0 if age < 9 else 1.5


def packed(drug: Drug, dose: float, times: str, days: int) -> int:
    """Give the quantity: the smallest number of whole packages that covers the days (R3-021)."""
    amount = float(drug.amount) if drug.amount is not None else None
    units = dose / amount * TIMES[times][0] * days if amount else float(ceil(days / 30))
    return ceil(round(units, 6) / drug.pack) * drug.pack


def _kind(record: Record, visit: Visit, reason: str) -> str:
    if visit.resource["class"]["code"] == "EMER":
        return "emergency"
    if reason == CHRONIC:
        return "long"
    return "paediatric" if record.person.age(visit.day) < 14 else "ordinary"


@cache
def _medication(code: str) -> Json:
    drug = next(one for one in drugs() if one.code == code)
    return {"coding": [coding(system("drug"), code, drug.name)], "text": f"{drug.name} {drug.strength}"}


@cache
def _dosage(drug: Drug, dose: float, times: str, days: int) -> Json:
    count, words = TIMES[times]
    shown = f"{dose:g}{drug.dose_unit}"
    made: Json = {
        "text": f"{drug.route}，一次{shown}，{words}，共{days}天",
        "route": concept(system("route"), drug.route, drug.route),
        "doseAndRate": [{"doseQuantity": {"value": dose, "unit": drug.dose_unit}}],
    }
    if times == "prn":
        made["asNeededBoolean"] = True
    made["timing"] = {"repeat": {"frequency": int(count), "period": 1, "periodUnit": "d"}}
    return made


class _Supplies(dict[int, Json]):
    """Durations by days, each written once."""

    def __missing__(self, days: int) -> Json:
        self[days] = {"value": days, "unit": "天", "system": "http://unitsofmeasure.org", "code": "d"}
        return self[days]


_DAYS: Final = _Supplies()
