"""Date, DateTime and Time with their precision (http://hl7.org/fhirpath/N1/#date-time-arithmetic).

Each value keeps its components as they were written: ``parts`` is as long as the value is precise, seconds are a
Decimal that holds the fraction (seconds and milliseconds count as one precision). Two values that agree as far as both
are known, but are not equally precise, have no order: comparing them gives None.
"""

import calendar
import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_TIME: Final = re.compile(r"(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?")
_ZONE: Final = re.compile(r"(?:(Z)|([+-])(\d{2}):(\d{2}))")

_SECONDS_A_DAY: Final = 86_400
# The farthest offsets that are in use: an unknown zone lies between them.
_WEST: Final = -12 * 60
_EAST: Final = 14 * 60

Part = int | Decimal


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar date: (year), (year, month) or (year, month, day)."""

    parts: tuple[int, ...]

    def __str__(self) -> str:
        return _date_text(self.parts)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date with a time: one to six parts (the sixth a Decimal), and the offset from UTC in minutes when known."""

    parts: tuple[Part, ...]
    zone: int | None = None

    def __str__(self) -> str:
        if len(self.parts) <= 3:
            return _date_text([int(part) for part in self.parts])
        day = _date_text([int(part) for part in self.parts[:3]])
        return f"{day}T{_time_text(self.parts[3:])}{_zone_text(self.zone)}"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day: (hour), (hour, minute) or (hour, minute, second as Decimal)."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return _time_text(self.parts)


Temporal = Date | DateTime | Time


def _date_text(parts: Sequence[int]) -> str:
    return "-".join(f"{part:04d}" if index == 0 else f"{part:02d}" for index, part in enumerate(parts))


def _time_text(parts: Sequence[Part]) -> str:
    return ":".join(_second_text(part) if isinstance(part, Decimal) else f"{part:02d}" for part in parts)


def _second_text(second: Decimal) -> str:
    text = f"{second:f}"
    return text if len(text.split(".", maxsplit=1)[0]) == 2 else f"0{text}"


def _zone_text(zone: int | None) -> str:
    if zone is None:
        return ""
    if zone == 0:
        return "Z"
    return f"{'-' if zone < 0 else '+'}{abs(zone) // 60:02d}:{abs(zone) % 60:02d}"


def date_of(text: str) -> Date | None:
    """Read ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; None when it is not a possible date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    parts = tuple(int(part) for part in match.groups() if part is not None)
    return Date(parts) if _possible_date(parts) else None


def time_of(text: str) -> Time | None:
    """Read ``hh``, ``hh:mm`` or ``hh:mm:ss(.fff)``; None when it is not a possible time."""
    parts = _time_parts(text)
    return None if parts is None else Time(parts)


def datetime_of(text: str) -> DateTime | None:
    """Read a date, or a date, ``T`` and a time that may carry a zone; None when it is not possible."""
    day_text, _, rest = text.partition("T")
    day = date_of(day_text)
    if day is None:
        return None
    if not rest:
        return DateTime(day.parts)
    zone_match = _ZONE.search(rest)
    zone: int | None = None
    if zone_match is not None:
        if zone_match.end() != len(rest):
            return None
        zone = 0 if zone_match.group(1) else _minutes(zone_match)
        rest = rest[: zone_match.start()]
    parts = _time_parts(rest)
    if parts is None or len(day.parts) < 3 or (zone is not None and not -_EAST <= zone <= _EAST):
        return None
    return DateTime((*day.parts, *parts), zone)


def _minutes(match: re.Match[str]) -> int:
    minutes = int(match.group(3)) * 60 + int(match.group(4))
    return -minutes if match.group(2) == "-" else minutes


def _possible_date(parts: Sequence[int]) -> bool:
    year, month, day = (*parts, 1, 1)[:3]
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def _time_parts(text: str) -> tuple[Part, ...] | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = match.groups()
    parts: list[Part] = [int(hour)]
    if minute is not None:
        parts.append(int(minute))
    if second is not None:
        parts.append(Decimal(second))
    # A leap second is written as 60; FHIR allows it.
    return tuple(parts) if parts[0] < 24 and (*parts, 0)[1] < 60 and (*parts, 0, 0)[2] < 61 else None


def from_instant(moment: datetime.datetime) -> DateTime:
    """Return an aware datetime as a DateTime with milliseconds."""
    offset = moment.utcoffset()
    zone = None if offset is None else int(offset.total_seconds() // 60)
    second = Decimal(moment.second) + Decimal(moment.microsecond // 1000).scaleb(-3)
    return DateTime(
        (moment.year, moment.month, moment.day, moment.hour, moment.minute, second.quantize(Decimal("0.001"))), zone
    )


def as_datetime(value: Date | DateTime) -> DateTime:
    """Return a date as the DateTime of the same precision."""
    return DateTime(value.parts) if isinstance(value, Date) else value


def compare(left: Temporal, right: Temporal) -> int | None:
    """Return -1, 0 or 1, or None when the precisions (or an unknown zone) leave it open.

    Both must be Times, or neither.
    """
    if isinstance(left, Time) or isinstance(right, Time):
        return _in_order(left.parts, right.parts)
    a, b = as_datetime(left), as_datetime(right)
    timed = len(a.parts) > 3 and len(b.parts) > 3
    if timed and a.zone is not None and b.zone is not None:
        return _in_order(_at_utc(a), _at_utc(b))
    if timed and (a.zone is None) != (b.zone is None):
        return _with_unknown_zone(a, b)
    return _in_order(a.parts, b.parts)


def _in_order(left: Sequence[Part], right: Sequence[Part]) -> int | None:
    for a, b in zip(left, right, strict=False):
        if a != b:
            return -1 if a < b else 1
    return 0 if len(left) == len(right) else None


def _with_unknown_zone(left: DateTime, right: DateTime) -> int | None:
    """Order two moments of which one has no zone: certain only when no zone in use could turn it round."""
    earliest_left, latest_left = _span(left)
    earliest_right, latest_right = _span(right)
    if latest_left < earliest_right:
        return -1
    return 1 if earliest_left > latest_right else None


def _span(value: DateTime) -> tuple[Decimal, Decimal]:
    local = _seconds(value.parts)
    if value.zone is not None:
        return local - value.zone * 60, local - value.zone * 60
    return local - _EAST * 60, local - _WEST * 60


def _seconds(parts: Sequence[Part]) -> Decimal:
    """Seconds since the first day of the calendar; missing parts count as their first value."""
    year, month, day, hour, minute, second = (*parts, 1, 1, 0, 0, 0)[:6] if len(parts) < 3 else (*parts, 0, 0, 0)[:6]
    ordinal = datetime.date(int(year), int(month), int(day)).toordinal()
    return Decimal(ordinal * _SECONDS_A_DAY + int(hour) * 3600 + int(minute) * 60) + second


def _at_utc(value: DateTime) -> tuple[Part, ...]:
    shifted = _moved(value.parts, Decimal(-(value.zone or 0) * 60))
    # A year that leaves the calendar by its offset keeps its local parts; it can't be told apart by hours anyway.
    return value.parts if shifted is None else shifted


def _moved(parts: Sequence[Part], seconds: Decimal) -> tuple[Part, ...] | None:
    """Move full-date parts by seconds, keeping their precision; None when the calendar ends."""
    total = _seconds(parts) + seconds
    ordinal, rest = divmod(total, _SECONDS_A_DAY)
    if not 1 <= ordinal <= datetime.date.max.toordinal():
        return None
    day = datetime.date.fromordinal(int(ordinal))
    hour, rest = divmod(rest, 3600)
    minute, second = divmod(rest, 60)
    moved: tuple[Part, ...] = (day.year, day.month, day.day, int(hour), int(minute), second)
    return moved[: len(parts)] if len(parts) < 6 else moved


# Arithmetic ------------------------------------------------------------------------------------------------------

# The seconds of each unit, for values that are less precise than the unit that moves them.
_CALENDAR_SECONDS: Final = {
    "year": 365 * _SECONDS_A_DAY,
    "month": 30 * _SECONDS_A_DAY,
    "week": 7 * _SECONDS_A_DAY,
    "day": _SECONDS_A_DAY,
    "hour": 3600,
    "minute": 60,
    "second": 1,
}


def add(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """Add *amount* calendar *units* ("year" … "millisecond") to *value*; None when the calendar ends.

    Above seconds a fraction is dropped. A unit finer than the value is first turned into the value's precision, also
    dropping what is left over (``@2014 + 25 months`` is ``@2016``). A day ends at the end of its month when need be. A
    Time runs round the clock.
    """
    if unit == "millisecond":
        amount, unit = amount / 1000, "second"
    if unit != "second":
        amount = Decimal(int(amount))
    if isinstance(value, Time):
        return _add_to_time(value, amount, unit)
    parts = _add_to_parts(value.parts, amount, unit)
    if parts is None:
        return None
    if isinstance(value, Date):
        return Date(tuple(int(part) for part in parts))
    return DateTime(parts, value.zone)


def _add_to_time(value: Time, amount: Decimal, unit: str) -> Time:
    seconds = amount * _CALENDAR_SECONDS[unit]
    moved = _moved((2000, 1, 1, *value.parts), seconds % _SECONDS_A_DAY)
    if moved is None:
        raise AssertionError(value)
    return Time(moved[3:])


def _add_to_parts(parts: tuple[Part, ...], amount: Decimal, unit: str) -> tuple[Part, ...] | None:
    if unit == "month" and len(parts) == 1:
        amount, unit = Decimal(int(amount / 12)), "year"
    if unit in {"week", "day", "hour", "minute", "second"}:
        seconds = amount * _CALENDAR_SECONDS[unit]
        if len(parts) >= 3:
            step = {3: _SECONDS_A_DAY, 4: 3600, 5: 60}.get(len(parts))
            whole = seconds if step is None else Decimal(int(seconds / step) * step)
            return _moved(parts, whole)
        unit = "month" if len(parts) == 2 else "year"
        amount = Decimal(int(seconds / _CALENDAR_SECONDS[unit]))
    months = int(amount) * (12 if unit == "year" else 1)
    year, month = divmod(int(parts[0]) * 12 + (int(parts[1]) - 1 if len(parts) > 1 else 0) + months, 12)
    if not 1 <= year <= 9999:
        return None
    if len(parts) < 3:
        return (year, month + 1)[: len(parts)]
    day = min(int(parts[2]), calendar.monthrange(year, month + 1)[1])
    return (year, month + 1, day, *parts[3:])


# Boundaries and precision ----------------------------------------------------------------------------------------

# Digits of a value with so many parts: YYYYMMDDhhmmssfff.
_DATE_DIGITS: Final = (4, 6, 8, 10, 12, 14, 17)
_TIME_DIGITS: Final = (2, 4, 6, 9)


def digits(value: Temporal) -> int:
    """Return how many digits *value* is precise to: 4, 6, 8, 10, 12, 14 or 17; for a Time 2, 4, 6 or 9."""
    steps = _TIME_DIGITS if isinstance(value, Time) else _DATE_DIGITS
    last = value.parts[-1]
    fraction = isinstance(last, Decimal) and last.as_tuple().exponent != 0
    return steps[len(value.parts) - 1 + fraction]


def boundary(value: Temporal, wanted: int | None, *, high: bool) -> Temporal | None:
    """Return the first (or last) moment that *value* may mean, to *wanted* digits; None when there are no such digits.

    An unknown zone is the one that makes the moment earliest (or latest). An hour without minutes is read as its first
    minute, as in FHIR, where a dateTime with an hour has minutes.
    """
    if isinstance(value, Time):
        if wanted is not None and wanted not in _TIME_DIGITS:
            return None
        return Time(_cut(_filled((2000, 1, 1, *value.parts), high=high)[3:], wanted or 9, _TIME_DIGITS))
    goal = wanted or (8 if isinstance(value, Date) else 17)
    if goal not in _DATE_DIGITS:
        return None
    parts = value.parts
    if len(parts) == 4:
        parts = (*parts, 0)
    full = _cut(_filled(parts, high=high), goal, _DATE_DIGITS)
    if isinstance(value, Date) and goal <= 8:
        return Date(tuple(int(part) for part in full))
    if goal <= 8:
        return DateTime(full)
    zone = value.zone if isinstance(value, DateTime) else None
    if zone is None:
        zone = _WEST if high else _EAST
    return DateTime(full, zone)


def _filled(parts: tuple[Part, ...], *, high: bool) -> tuple[Part, ...]:
    """Complete *parts* to the millisecond with the least or greatest values."""
    found = list(parts)
    if len(found) == 1:
        found.append(12 if high else 1)
    if len(found) == 2:
        found.append(calendar.monthrange(int(found[0]), int(found[1]))[1] if high else 1)
    if len(found) == 3:
        found.append(23 if high else 0)
    if len(found) == 4:
        found.append(59 if high else 0)
    if len(found) == 5:
        found.append(Decimal("59.999") if high else Decimal("0.000"))
    second = Decimal(found[5])
    if second.as_tuple().exponent == 0:
        found[5] = second + (Decimal("0.999") if high else Decimal("0.000"))
    return tuple(found)


def _cut(parts: tuple[Part, ...], goal: int, steps: tuple[int, ...]) -> tuple[Part, ...]:
    """Keep as many of the full *parts* as *goal* digits need."""
    count = steps.index(goal)
    if count == len(steps) - 1:
        return parts
    kept = parts[: count + 1]
    if count == len(steps) - 2:
        return (*kept[:-1], Decimal(int(kept[-1])))
    return kept
