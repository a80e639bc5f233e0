"""How a result went: comparable points in one unit, and what they come to. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.capabilities.health_records.rules.results import Flag, Measure, Reading, Series, converted


@dataclass(frozen=True, slots=True)
class Point:
    """One reading. numbers: one, or two of a pair, in the unit of the trend; empty when it cannot be compared."""

    reading: Reading
    numbers: tuple[Decimal, ...]
    flag: Flag

    @property
    def brought(self) -> bool:
        """Tell whether the numbers were worked out from another unit."""
        return bool(self.numbers) and self.numbers != tuple(one.number for one in measures(self.reading))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trend: what is measured, and the reference range of the newest result."""

    concept: Any
    low: Decimal | None
    high: Decimal | None
    usual: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """Points newest first, in the unit of the newest that has one."""

    unit: str
    lines: tuple[Line, ...]
    points: tuple[Point, ...]

    @property
    def compared(self) -> tuple[Point, ...]:
        """Give the points that can be drawn, newest first."""
        return tuple(one for one in self.points if one.numbers)


@dataclass(frozen=True, slots=True)
class Gist:
    """What the first line of a trend comes to. change: of the newest against the oldest."""

    count: int
    latest: Decimal
    lowest: Decimal
    highest: Decimal
    change: Decimal
    abnormal: int


def trend(found: Sequence[Series], code: str) -> Trend:
    """Join the series of a code: other systems of the same, or a part of a pair that is asked for by itself."""
    readings = sorted(
        (alone(reading, code) for one in found for reading in one.readings), key=lambda one: one.at, reverse=True
    )
    model = next((one for one in readings if measures(one)), None)
    if model is None:
        return Trend("", (), tuple(Point(one, (), one.flag) for one in readings))
    units = [(one.code or one.unit, one.loinc) for one in measures(model)]
    named = [what for what, _ in model.parts] or [model.concept]
    lines = tuple(Line(what, one.low, one.high, one.usual) for what, one in zip(named, measures(model), strict=True))
    return Trend(units[0][0], lines, tuple(Point(one, numbers(one, units), one.flag) for one in readings))


def alone(reading: Reading, code: str) -> Reading:
    """Give the part of a pair that has the code, as a reading of its own; any other reading as it is."""
    for concept, part in reading.parts:
        if any(one.get("code") == code for one in concept.get("coding", ())):
            return Reading(
                reading.id, concept, reading.at, part, (), reading.performer, reading.encounter, reading.status
            )
    return reading


def measures(reading: Reading) -> tuple[Measure, ...]:
    """Give the numbers of a reading: its own, or two parts; none when it is worded or a profile of many."""
    if reading.parts:
        parts = tuple(one for _, one in reading.parts if one.number is not None)
        return parts if len(parts) == len(reading.parts) <= 2 else ()
    return (reading.measure,) if reading.measure.number is not None else ()


def numbers(reading: Reading, units: Sequence[tuple[str, str]]) -> tuple[Decimal, ...]:
    """Give the numbers of a reading in these units, each with the LOINC code that it is of; none when it cannot be."""
    own = measures(reading)
    if len(own) != len(units):
        return ()
    same = [converted(one, unit, loinc) for one, (unit, loinc) in zip(own, units, strict=True)]
    made = tuple(one.number for one in same if one is not None and one.number is not None)
    return made if len(made) == len(units) else ()


def gist(found: Trend) -> Gist | None:
    """Sum a trend up by its first line; None when nothing can be compared."""
    points = found.compared
    if not points:
        return None
    values = [one.numbers[0] for one in points]
    abnormal = sum(one.flag not in {"N", ""} for one in points)
    return Gist(len(values), values[0], min(values), max(values), values[0] - values[-1], abnormal)


def changes(requests: Iterable[Document], names: Sequence[str]) -> tuple[tuple[str, str, bool], ...]:
    """Give the days on which a medicine began, and whether it was stopped since: each medicine at its first request.

    names: what each request is called, in the same order.
    """
    first: dict[str, tuple[str, str, bool]] = {}
    for document, called in sorted(
        zip(requests, names, strict=True), key=lambda one: str(one[0].get("authoredOn", ""))
    ):
        day, stopped = str(document.get("authoredOn", ""))[:10], document.get("status") == "stopped"
        if called and day:
            begun = first.get(called)
            first[called] = (begun[0] if begun else day, called, stopped)
    return tuple(sorted(first.values()))
