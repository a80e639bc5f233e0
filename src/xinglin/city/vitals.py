"""Vital signs as they are measured at a visit."""

from typing import Final

from xinglin.city import body
from xinglin.city.record import VITAL, Record, Visit, quantity
from xinglin.city.terms import LOINC, concept, reference

_PRESSURE: Final = concept(LOINC, "85354-9", "血压")
_SYSTOLIC: Final = concept(LOINC, "8480-6", "收缩压")
_DIASTOLIC: Final = concept(LOINC, "8462-4", "舒张压")


def pressure(record: Record, visit: Visit) -> tuple[int, int]:
    """Measure the blood pressure; gives systolic and diastolic."""
    high, low = body.pressure(record.body, record.ill.get("hypertension"), visit.day, record.stream)
    record.add(
        "Observation",
        status="final",
        category=VITAL,
        code=_PRESSURE,
        subject=record.subject,
        encounter=visit.reference,
        effectiveDateTime=visit.at,
        performer=[reference("Practitioner", visit.doctor.id, visit.doctor.name)],
        component=[
            {"code": _SYSTOLIC, "valueQuantity": quantity(high, "mmHg", "mm[Hg]")},
            {"code": _DIASTOLIC, "valueQuantity": quantity(low, "mmHg", "mm[Hg]")},
        ],
    )
    return high, low


def pulse(record: Record, visit: Visit, *, ill: bool = False) -> None:
    """Count the heart beats of a minute."""
    age = record.person.age(visit.day)
    usual = 74 if age >= 15 else 100 if age >= 3 else 122
    value = round(record.stream.normal(usual + (12 if ill else 0), 7))
    record.measure(visit, "8867-4", "心率", value, "次/分", "/min")


def temperature(record: Record, visit: Visit, *, fever: bool) -> None:
    """Take the temperature."""
    value = round(record.stream.normal(38.6, 0.45) if fever else record.stream.normal(36.5, 0.2), 1)
    record.measure(visit, "8310-5", "体温", value, "℃", "Cel")


def saturation(record: Record, visit: Visit, usual: float) -> None:
    """Measure the oxygen saturation in per cent."""
    record.measure(visit, "59408-5", "血氧饱和度", min(100, round(record.stream.normal(usual, 1.2))), "%", "%")


def build(record: Record, visit: Visit) -> None:
    """Measure weight and height, and work out the body mass index."""
    heavy, tall = body.weight(record.body, record.person, visit.day), body.height(record.body, record.person, visit.day)
    record.measure(visit, "29463-7", "体重", heavy, "kg", "kg")
    record.measure(visit, "8302-2", "身高", tall, "cm", "cm")
    record.measure(visit, "39156-5", "体质指数", round(heavy / (tall / 100) ** 2, 1), "kg/m²", "kg/m2")


def weigh(record: Record, visit: Visit) -> None:
    """Measure the weight alone."""
    record.measure(visit, "29463-7", "体重", body.weight(record.body, record.person, visit.day), "kg", "kg")
