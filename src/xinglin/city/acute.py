"""Illnesses that pass: what people see a physician for at which age, in which season, and what they are given."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from math import cos, pi
from typing import Final

from xinglin.city import labs, vitals
from xinglin.city.names import rows
from xinglin.city.prescriptions import Line, prescribe
from xinglin.city.record import Record, Visit
from xinglin.city.stream import Stream, Weighted
from xinglin.city.visits import doctor, number

Treatment = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Acute:
    """An illness that passes.

    shares: how often at under 6, 6-17, 18-59 and from 60 years; peak: the day of the year when it is commonest, None:
    all the year alike. level: where it is seen; grown, small: what adults and children under 12 are given. external:
    causes of an injury.
    """

    code: str
    title: str
    shares: tuple[float, float, float, float]
    peak: int | None
    department: str
    level: str
    grown: tuple[Treatment, ...]
    small: tuple[Treatment, ...]
    fever: float
    blood: float
    infected: str
    sex: str
    external: tuple[str, ...]


@cache
def illnesses() -> tuple[Acute, ...]:
    """Give the illnesses that pass."""
    return tuple(
        Acute(
            code=row["code"],
            title=row["title"],
            shares=(float(row["under_6"]), float(row["under_18"]), float(row["under_60"]), float(row["older"])),
            peak=int(row["peak"]) if row["peak"] else None,
            department=row["department"],
            level=row["level"],
            grown=_treatments(row["grown"]),
            small=_treatments(row["small"]),
            fever=float(row["fever"]),
            blood=float(row["blood"]),
            infected=row["infected"],
            sex=row["sex"],
            external=tuple(row["external"].split("|")) if row["external"] else (),
        )
        for row in rows("acute.csv")
    )


def _treatments(text: str) -> tuple[Treatment, ...]:
    """Read treatments: ``|`` between those to choose from, ``+`` between drugs, ``name:days:times:dose`` of each."""
    return tuple(tuple(_line(drug) for drug in one.split("+") if drug) for one in text.split("|"))


def _line(text: str) -> Line:
    name, days, *rest = text.split(":")
    return Line(name, int(days), rest[0] if rest else "", float(rest[1]) if len(rest) > 1 else None)


# Visits a year for what passes, by age.
RATES: Final = ((1, 3.6), (3, 3.9), (6, 3.3), (12, 1.9), (18, 1.25), (40, 1.2), (60, 1.6), (75, 2.0), (200, 1.9))
_BANDS: Final = (6, 18, 60, 200)
MOVED_ON: Final = 0.18  # design: so many go further up at once than they had to


def acute(record: Record) -> None:
    """Write the visits for illnesses that pass."""
    stream, spec, person = record.stream, record.spec, record.person
    first = max(spec.since, person.born)
    last = person.last(spec.until)
    days = (last - first).days
    frailty = 0.35 + 1.3 * stream.unit()
    for _ in range(stream.count(_expected(record, first, last) * frailty)):
        one = _illness(stream, person.age(last), person.sex)
        visit(record, one, first + timedelta(days=_day(stream, one, first, days)))


def visit(record: Record, one: Acute, day: date) -> Visit:
    """Write a visit for an illness that passes."""
    stream = record.stream
    level = one.level
    if stream.chance(MOVED_ON):
        level = "county" if level == "primary" else "city"
    child = record.person.age(day) < 12
    department = "07" if child and level != "primary" else one.department
    made = record.visit(day, doctor(record, level, department), number=number(record))
    diagnosis = record.diagnose(made, one.code, one.title, days=stream.between(7, 16))
    if one.external:
        record.caused(made, stream.pick(one.external))
    if one.fever or child:
        vitals.temperature(record, made, fever=stream.chance(one.fever))
    elif record.person.age(day) >= 35 and stream.chance(0.5):
        vitals.pressure(record, made)
    if one.blood and level != "primary" and stream.chance(one.blood):
        labs.panel(record, made, labs.BLOOD, infected=one.infected)
    lines = stream.pick(one.small if child else one.grown)
    if lines:
        prescribe(record, made, _fit(record, lines), diagnosis=diagnosis)
    return made


def _fit(record: Record, lines: Treatment) -> Treatment:
    """Give no penicillin to who is allergic to it."""
    if not record.allergic:
        return lines
    return tuple(Line("罗红霉素胶囊", 5) if "阿莫西林" in one.name else one for one in lines)


def _expected(record: Record, first: date, last: date) -> float:
    """Give the visits expected between two days, year by year of age."""
    total, day = 0.0, first
    while day < last:
        until = min(last, day + timedelta(days=365))
        total += next(rate for below, rate in RATES if record.person.age(day) < below) * (until - day).days / 365
        day = until
    return total


def _illness(stream: Stream, age: int, sex: str) -> Acute:
    band = next(place for place, below in enumerate(_BANDS) if age < below)
    return _choices(band, sex).draw(stream)


def _day(stream: Stream, one: Acute, first: date, days: int) -> int:
    """Draw a day; an illness with a season has three in four of its cases within the months around the peak."""
    if days < 1:
        return 0
    for _ in range(6):
        day = stream.below(days)
        if one.peak is None:
            return day
        turn = (first + timedelta(days=day)).timetuple().tm_yday - one.peak
        if stream.chance((0.55 + 0.45 * cos(2 * pi * turn / 365.25)) ** 2):
            return day
    return day


@cache
def _choices(band: int, sex: str) -> Weighted[Acute]:
    return Weighted((one, one.shares[band]) for one in illnesses() if one.sex in {"", sex} and one.shares[band])
