"""Checks of small children at the centre (CH-01 to CH-05), and of elders once a year (EL-01 to EL-03)."""

from datetime import date, timedelta
from typing import Final

from xinglin.city import contracts, labs, vitals
from xinglin.city.record import Record
from xinglin.city.spec import months_after
from xinglin.city.terms import concept, system
from xinglin.city.visits import family_doctor, public_health

# Completed months of age at which a child is seen, and whether the blood is counted.
CHECKS: Final = (
    *((1, False), (3, False), (6, True), (8, False), (12, False), (18, True), (24, False), (30, True), (36, False)),
    *((48, True), (60, True), (72, True)),
)
CHILDREN_SEEN: Final = 0.9
ELDERS_SEEN: Final = 0.62
ELDER: Final = 65
GLYCATED_SINCE: Final = date(2025, 1, 1)  # EL-03


def children(record: Record) -> None:
    """Write the checks of a child under seven years."""
    person, spec, stream = record.person, record.spec, record.stream
    if person.age(spec.until) >= 7 + spec.years or not stream.chance(CHILDREN_SEEN):
        return
    last = person.last(spec.until)
    worker = public_health(record)
    episode = None
    if person.age(spec.until) < 7:
        episode = contracts.episode(record, "child", person.born + timedelta(days=1), worker)
    if spec.since <= person.born + timedelta(days=6) <= last:
        made = record.visit(
            person.born + timedelta(days=6),
            worker,
            kind="HH",
            type_=_type("newborn", "新生儿家庭访视"),
            episode=episode,
        )
        vitals.build(record, made)
        vitals.temperature(record, made, fever=False)
    for months, blood in CHECKS:
        day = months_after(person.born, months) + timedelta(days=stream.between(0, 20 if months > 1 else 2))
        if not spec.since <= day <= last or stream.chance(0.06):
            continue
        made = record.visit(
            day, worker, type_=_type("child", "儿童健康检查", f"{months}月龄儿童健康检查"), episode=episode
        )
        vitals.build(record, made)
        if blood and stream.chance(0.7):
            labs.panel(record, made, labs.BLOOD)


def elders(record: Record) -> None:
    """Write the yearly examinations of who is 65 or older on the day."""
    person, spec, stream = record.person, record.spec, record.stream
    last = person.last(spec.until)
    if person.age(last) < ELDER or not stream.chance(ELDERS_SEEN):
        return
    day = spec.since + timedelta(days=stream.between(20, 330))
    while day <= last:
        if person.age(day) >= ELDER:
            _examine(record, day)
        day += timedelta(days=stream.between(345, 385))


def _examine(record: Record, day: date) -> None:
    made = record.visit(
        day, family_doctor(record), type_=_type("elder", "老年人健康体检"), minute=8 * 60 + 20, length=50
    )
    vitals.pressure(record, made)
    vitals.pulse(record, made)
    vitals.build(record, made)
    for panel in (labs.BLOOD, labs.URINE, labs.LIVER, labs.KIDNEY, labs.LIPIDS):
        labs.panel(record, made, panel)
    labs.panel(record, made, labs.SUGAR_LONG if day >= GLYCATED_SINCE else labs.SUGAR)


def _type(code: str, title: str, text: str = "") -> dict[str, object]:
    return concept(system("health-check"), code, title) | {"text": text or title}
