"""Stays in hospital, with what the front page asks for (section 6.6): ways in and out, diagnoses, procedures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from xinglin.city import labs, vitals
from xinglin.city.names import rows
from xinglin.city.prescriptions import Line, prescribe
from xinglin.city.record import Record, Visit
from xinglin.city.stream import Weighted
from xinglin.city.terms import (
    HL7,
    INPATIENT_NUMBER,
    Json,
    coding,
    extension,
    identifier,
    instant,
    nested,
    procedure,
    reference,
    system,
)
from xinglin.city.visits import doctor
from xinglin.fhir.declarations import canonical
from xinglin.tables.codes import by_code


@dataclass(frozen=True, slots=True)
class Operation:
    """A procedure of ICD-9-CM-3."""

    code: str
    title: str

    @property
    def level(self) -> str:
        """The level of surgery by the list, empty: it is none (ST-53)."""
        return by_code("icd9cm3")[self.code].properties.get("level", "")


@dataclass(frozen=True, slots=True)
class Cause:
    """What people are admitted for.

    shares: under 18, 18-59, from 60; needs: a lasting disease it belongs to; external: causes of an injury.
    """

    code: str
    title: str
    department: str
    shares: tuple[float, float, float]
    days: tuple[int, int]
    drugs: tuple[str, ...]
    operation: Operation | None = None
    needs: str = ""
    infected: str = ""
    sex: str = ""
    external: tuple[str, ...] = ()


@cache
def causes() -> tuple[Cause, ...]:
    """Give what people are admitted for."""
    return tuple(
        Cause(
            code=row["code"],
            title=row["title"],
            department=row["department"],
            shares=(float(row["under_18"]), float(row["under_60"]), float(row["older"])),
            days=(int(row["least_days"]), int(row["most_days"])),
            drugs=tuple(row["drugs"].split("+")) if row["drugs"] else (),
            operation=Operation(row["operation"], row["operation_title"]) if row["operation"] else None,
            needs=row["needs"],
            infected=row["infected"],
            sex=row["sex"],
            external=tuple(row["external"].split("|")) if row["external"] else (),
        )
        for row in rows("stays.csv")
    )


CAESAREAN: Final = Cause(
    *("O82.000", "经选择性剖宫产术的分娩", "05.02", (0, 0, 0), (4, 6), ("注射用头孢呋辛钠",)),
    Operation("74.1x00", "子宫下段剖宫产"),
)
VAGINAL: Final = Cause(*("O80.000", "头位顺产", "05.02", (0, 0, 0), (2, 4), ()), Operation("73.5900", "其他手法助产"))
RATES: Final = ((18, 0.05), (45, 0.045), (60, 0.08), (75, 0.19), (200, 0.27))  # admissions a year (design)
_BANDS: Final = (18, 60, 200)
_PAID: Final = {"1": "城镇职工基本医疗保险", "2": "城镇居民基本医疗保险"}
_OUT: Final = {"1": "医嘱离院", "5": "死亡"}


def stays(record: Record) -> None:
    """Write the stays of the years; who dies mostly does so in one."""
    stream, spec, person = record.stream, record.spec, record.person
    first, last = max(spec.since, person.born), person.last(spec.until)
    days = (last - first).days - 18
    if days < 30:
        return
    age = person.age(last)
    rate = next(rate for below, rate in RATES if age < below) * (1.9 if len(record.ill) > 2 else 0.9)
    free = first
    for ahead in sorted(stream.between(3, days) for _ in range(stream.count(rate * days / 365))):
        day = first + timedelta(days=ahead)
        if day > free:
            free = stay(record, _cause(record, age), day)
    if person.reason == "death" and stream.chance(0.6):
        length = stream.between(1, 8)
        if (last - free).days > length:
            stay(record, _cause(record, age), last - timedelta(days=length), died=True, length=length)


def delivery(record: Record, born: date, *, caesarean: bool) -> None:
    """Write the stay in which a child is born."""
    cause = CAESAREAN if caesarean else VAGINAL
    day = born - timedelta(days=1 if caesarean else 0)
    length = record.stream.between(*cause.days)
    if day >= record.spec.since and day + timedelta(days=length) <= record.spec.until:
        stay(record, cause, day, length=length)


def stay(record: Record, one: Cause, day: date, *, died: bool = False, length: int = 0) -> date:
    """Write a stay; gives the day of leaving."""
    stream, person = record.stream, record.person
    length = length or stream.between(*one.days)
    gone = day + timedelta(days=length)
    level = "city" if one.operation is not None and stream.chance(0.5) else "county"
    department = "07" if person.age(day) < 12 and one.operation is None else one.department
    made = record.visit(
        day, doctor(record, level, department), kind="IMP", number=identifier(INPATIENT_NUMBER, f"ZY{person.next_id()}")
    )
    made.resource["period"] = {"start": instant(day, made.minute), "end": instant(gone, 10 * 60)}
    made.resource["length"] = {
        "value": max(1, length),
        "unit": "天",
        "system": "http://unitsofmeasure.org",
        "code": "d",
    }
    made.resource["hospitalization"] = _front_page(record, died=died)
    made.resource["extension"] = list(_items(record, one, died=died))
    main = record.diagnose(made, one.code, one.title, use="DD", days=0 if one.needs else length + 30)
    rank = 2
    for name, ill in record.ill.items():
        if name != one.needs and ill.since <= day and rank < 6:
            record.diagnose(made, ill.disease.code, ill.disease.title, rank=rank, use="DD")
            rank += 1
    if one.external:
        record.caused(made, stream.pick(one.external), rank=rank, use="DD")
    vitals.pressure(record, made)
    vitals.pulse(record, made, ill=True)
    vitals.temperature(record, made, fever=one.infected == "bacterial" and stream.chance(0.7))
    labs.panel(record, made, labs.BLOOD, infected=one.infected)
    labs.panel(record, made, labs.KIDNEY)
    if stream.chance(0.4):
        labs.panel(record, made, labs.LIVER)
    if one.needs == "diabetes":
        labs.panel(record, made, labs.SUGAR_LONG)
    lines = [Line(name, min(7, max(1, length))) for name in one.drugs]
    if lines:
        prescribe(record, made, lines, diagnosis=main)
    if one.operation is not None and not died:
        _operate(record, made, one.operation, day + timedelta(days=min(length, stream.between(0, 2))), main)
    return gone


def _operate(record: Record, visit: Visit, operation: Operation, day: date, diagnosis: str) -> None:
    made: Json = {
        "status": "completed",
        "code": procedure(operation.code, operation.title),
        "subject": record.subject,
        "encounter": visit.reference,
        "performedDateTime": instant(day, 14 * 60),
        "performer": [{"actor": reference("Practitioner", visit.doctor.id, visit.doctor.name)}],
        "reasonReference": [reference("Condition", diagnosis)],
    }
    if operation.level:
        made["extension"] = [
            extension("surgery-level", valueCoding={"system": system("surgery-level"), "code": operation.level})
        ]
    record.add("Procedure", **made)


def _front_page(record: Record, *, died: bool) -> Json:
    """Write the ways in and out (CV of the front page)."""
    route = "1" if record.stream.chance(0.35) else "2"
    out = "5" if died else "1"
    return {
        "admitSource": {
            "coding": [
                {"system": system("front-page-admission-route"), "code": route},
                {"system": f"{HL7}/admit-source", "code": "emd" if route == "1" else "outp"},
            ],
            "text": "急诊" if route == "1" else "门诊",
        },
        "dischargeDisposition": {
            "coding": [
                {"system": system("front-page-discharge-way"), "code": out, "display": _OUT[out]},
                {"system": f"{HL7}/discharge-disposition", "code": "exp" if died else "home"},
            ],
            "text": _OUT[out],
        },
    }


def _items(record: Record, one: Cause, *, died: bool) -> Iterator[Json]:
    """Yield what FHIR has no place for: payment (ST-31), plan to come back (ST-37), autopsy."""
    paid = "1" if record.insurance == "employee" else "2"
    yield extension("payment", valueCoding=coding(system("front-page-payment"), paid, _PAID[paid]))
    if died:
        yield extension("autopsy", valueCoding={"code": "2", "display": "否"})
    back = one.needs == "lung-cancer" and not died
    plan: list[tuple[str, Json]] = [("planned", {"valueCode": "2" if back else "1"})]
    if back:
        plan.append(("purpose", {"valueString": "下一周期化疗"}))
    yield nested(canonical("readmission-plan"), *plan)


def _cause(record: Record, age: int) -> Cause:
    band = next(place for place, below in enumerate(_BANDS) if age < below)
    return _choices(band, record.person.sex, frozenset(record.ill)).draw(record.stream)


@cache
def _choices(band: int, sex: str, ill: frozenset[str]) -> Weighted[Cause]:
    return Weighted(
        (one, one.shares[band])
        for one in causes()
        if one.sex in {"", sex} and (not one.needs or one.needs in ill) and one.shares[band]
    )
