"""A body: what is measured of it agrees with its diseases, follows the seasons and moves with treatment."""

from dataclasses import dataclass
from datetime import date
from math import cos, exp, pi
from typing import Final

from xinglin.city.diseases import Illness
from xinglin.city.people import Person
from xinglin.city.spec import CitySpec
from xinglin.city.stream import Stream

TREATED_DAYS: Final = 90.0  # after so many days two thirds of what treatment brings are there (design)
# Height in cm and weight in kg of boys in the middle, at whole years of age; girls are a little smaller.
_HEIGHT: Final = (50, 76, 88, 97, 104, 111, 117, 124, 130, 135, 140, 146, 153, 160, 166, 169, 171, 172, 172)
_WEIGHT: Final = (3.3, 10, 12.5, 14.7, 16.6, 19, 21, 24, 27, 30.5, 34, 38, 43, 48, 53, 57, 59, 61, 62)


@dataclass(frozen=True, slots=True)
class Body:
    """What a person's measurements vary about, untreated on the first day; see the functions for what it becomes.

    height cm as an adult, bmi kg/m2; systolic and diastolic mm[Hg]; sugar (fasting) and ldl mmol/L; creatinine umol/L.
    """

    height: float
    bmi: float
    systolic: float
    diastolic: float
    sugar: float
    ldl: float
    creatinine: float
    smokes: bool


def body(spec: CitySpec, person: Person, ill: dict[str, Illness], stream: Stream) -> Body:
    """Draw the body of a person."""
    age = person.age(person.last(spec.until))
    pressure = "hypertension" in ill
    sugar = "diabetes" in ill or "diabetes-1" in ill
    bmi = max(16.5, min(38.0, stream.normal(23.6 + 1.2 * pressure + 1.0 * sugar, 3.0)))
    high = stream.normal(158, 11) if pressure else min(137.0, stream.normal(112 + max(0, age - 20) * 0.22, 8))
    return Body(
        height=stream.normal(171 - max(0, age - 40) * 0.12, 5.5)
        if person.male
        else stream.normal(160 - max(0, age - 40) * 0.12, 5),
        bmi=bmi,
        systolic=max(142.0, high) if pressure else max(92.0, high),
        diastolic=max(84.0, stream.normal(95, 7)) if pressure else min(88.0, max(58.0, stream.normal(74, 6))),
        sugar=max(7.3, stream.normal(9.6, 1.9)) if sugar else min(6.0, max(4.0, stream.normal(5.1, 0.4))),
        ldl=max(3.6, stream.normal(4.1, 0.5)) if "lipids" in ill else min(3.3, max(1.5, stream.normal(2.6, 0.5))),
        creatinine=stream.normal(820, 110)
        if "kidney-failure" in ill
        else stream.normal(165, 40)
        if "kidney" in ill
        else stream.normal(76 if person.male else 61, 8),
        smokes=age >= 18 and stream.chance(0.48 if person.male else 0.02),
    )


def pressure(made: Body, ill: Illness | None, day: date, stream: Stream) -> tuple[int, int]:
    """Measure the blood pressure: higher in winter, lower by treatment; where it fails, a third of that."""
    winter = 4.0 * _winter(day)
    if ill is None:
        return round(stream.normal(made.systolic + winter / 2, 5)), round(stream.normal(made.diastolic, 4))
    gain = _gain(ill, day)
    aim = (130, 80) if ill.controlled else (made.systolic - 9, made.diastolic - 5)
    high = made.systolic + (min(aim[0], made.systolic) - made.systolic) * gain
    low = made.diastolic + (min(aim[1], made.diastolic) - made.diastolic) * gain
    systolic = round(stream.normal(high + winter, 4.5))
    return systolic, min(round(stream.normal(low + winter / 2, 3.5)), systolic - 20)


def sugar(made: Body, ill: Illness | None, day: date, stream: Stream) -> float:
    """Measure the fasting glucose in mmol/L."""
    if ill is None:
        return round(stream.normal(made.sugar, 0.25), 1)
    gain = _gain(ill, day)
    aim = 6.3 if ill.controlled else made.sugar - 0.9
    return round(max(4.2, stream.normal(made.sugar + (aim - made.sugar) * gain, 0.45)), 1)


def glycated(fasting: float) -> float:
    """Give the HbA1c in per cent that goes with a fasting glucose (the mean estimated glucose lies a little above)."""
    return round((fasting * 1.08 + 2.59) / 1.59, 1)


def ldl(made: Body, ill: Illness | None, day: date, stream: Stream) -> float:
    """Measure the LDL cholesterol in mmol/L."""
    aim = made.ldl
    if ill is not None:
        aim = made.ldl + ((2.3 if ill.controlled else made.ldl * 0.85) - made.ldl) * _gain(ill, day)
    return round(max(0.8, stream.normal(aim, 0.15)), 2)


def weight(made: Body, person: Person, day: date) -> float:
    """Give the weight in kg."""
    if person.age(day) >= 19:
        return round(made.bmi * (made.height / 100) ** 2, 1)
    return round(_grown(_WEIGHT, person, day) * (0.6 + 0.4 * made.bmi / 23.6), 1)


def height(made: Body, person: Person, day: date) -> float:
    """Give the height in cm."""
    if person.age(day) >= 19:
        return round(made.height, 1)
    return round(_grown(_HEIGHT, person, day) * (0.7 + 0.3 * made.height / (171 if person.male else 160)), 1)


def _grown(curve: tuple[float, ...], person: Person, day: date) -> float:
    years = min((day - person.born).days / 365.25, 17.99)
    low = curve[int(years)]
    # In the first year growth is quickest in the first months.
    part = years**0.6 if years < 1 else years % 1
    return (low + (curve[int(years) + 1] - low) * part) * (1.0 if person.male else 0.965)


def _gain(ill: Illness, day: date) -> float:
    return 1 - exp(-max(0, (day - ill.since).days) / TREATED_DAYS)


def _winter(day: date) -> float:
    """Give 1 in the middle of January, -1 in the middle of July."""
    return cos(2 * pi * (day.timetuple().tm_yday - 15) / 365.25)
