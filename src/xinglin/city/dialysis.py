"""Patients with very long records: kidneys that have failed, and three sessions of dialysis a week.

One stands in every city (the household `SHOWN`) with more than 2,000 resources; others are as rare as in life.
"""

from datetime import timedelta
from typing import Final

from xinglin.city import labs, vitals
from xinglin.city.diseases import Disease, Illness
from xinglin.city.people import SHOWN_DIALYSIS, Household, Person
from xinglin.city.record import Record
from xinglin.city.spec import CitySpec
from xinglin.city.terms import procedure, reference
from xinglin.city.visits import doctor, number

FAILURE: Final = Disease("kidney-failure", "N18.001", "慢性肾脏病5期", "03.06")
SHARE: Final = 0.004  # of people from 50 on (design)
_WEEKDAYS: Final = (0, 2, 4)


def shown(spec: CitySpec, house: Household, person: Person, ill: dict[str, Illness]) -> None:
    """Let kidneys fail: of the one who is shown, and of a few."""
    is_shown = house.number == SHOWN_DIALYSIS and person.role == "head"
    age = person.age(spec.until)
    if not is_shown and not (age >= 50 and person.left is None and house.stream.chance(SHARE)):
        return
    days = spec.years * 365 + 200 if is_shown else house.stream.between(120, 500)
    ill.pop("kidney", None)
    ill[FAILURE.name] = Illness(FAILURE, spec.until - timedelta(days=days), controlled=False)


def sessions(record: Record) -> None:
    """Write the sessions: weight and blood pressure before, the procedure, and the laboratory once a month."""
    ill = record.ill.get(FAILURE.name)
    if ill is None:
        return
    day = max(record.spec.since, ill.since)
    who = doctor(record, "county", FAILURE.department)
    last = record.person.last(record.spec.until)
    while day <= last:
        if day.weekday() in _WEEKDAYS:
            made = record.visit(day, who, number=number(record), minute=13 * 60 + 30, length=240)
            made.resource["reasonReference"] = [reference("Condition", record.problems[FAILURE.name])]
            vitals.pressure(record, made)
            vitals.weigh(record, made)
            record.add(
                "Procedure",
                status="completed",
                code=procedure("39.9500", "血液透析"),
                subject=record.subject,
                encounter=made.reference,
                performedDateTime=made.at,
                performer=[{"actor": reference("Practitioner", who.id, who.name)}],
            )
            if day.day <= 2:
                labs.panel(record, made, labs.KIDNEY)
                labs.panel(record, made, labs.BLOOD)
        day += timedelta(days=1)
