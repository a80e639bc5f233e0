"""Dates as half-open ranges of microseconds since the epoch (http://hl7.org/fhir/R4/search.html#date).

A value without a zone is of Beijing time, in what is stored and in what is asked alike: days of treatment, settlement
and reporting are Beijing dates. A stored value given to the second or finer is an instant: a point at its beginning.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from xinglin.fhir.search.keys import FIRST, LAST

BEIJING_MINUTES: Final = 8 * 60
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 60 * MINUTE

_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[+-](?:0[0-9]|1[0-4]):[0-5][0-9]", re.ASCII)
_SECONDS_LENGTH = 25
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)


@lru_cache(maxsize=8_192)
def span(text: str) -> tuple[int, int] | None:
    """Give the range that a date, dateTime or instant of any precision stands for; None when it is none.

    A minute or second covers its whole length, a fraction its last digit.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        if day is None:
            return _month(int(year), int(month)) if month else _year(int(year))
        start = (date(int(year), int(month), int(day)).toordinal() - _EPOCH) * DAY
    except ValueError:
        return None
    shift = _offset(zone)
    if shift is None:
        return None
    start -= shift * MINUTE
    if hour is None:
        return start, start + DAY
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        return None
    start += (int(hour) * 60 + int(minute)) * MINUTE + int(second or 0) * SECOND
    if second is None:
        return start, start + MINUTE
    if fraction is None:
        return start, start + SECOND
    start += int(fraction[:6].ljust(6, "0"))
    return start, start + 10 ** max(0, 6 - len(fraction))


def _year(year: int) -> tuple[int, int]:
    shift = BEIJING_MINUTES * MINUTE
    return (
        (date(year, 1, 1).toordinal() - _EPOCH) * DAY - shift,
        (date(year, 12, 31).toordinal() + 1 - _EPOCH) * DAY - shift,
    )


def _month(year: int, month: int) -> tuple[int, int]:
    shift = BEIJING_MINUTES * MINUTE
    start = date(year, month, 1).toordinal()
    after = date(year, month + 1, 1).toordinal() if month < 12 else date(year, 12, 31).toordinal() + 1
    return (start - _EPOCH) * DAY - shift, (after - _EPOCH) * DAY - shift


def _offset(zone: str | None) -> int | None:
    """Give the minutes east of Greenwich; None when no such zone exists."""
    if zone is None:
        return BEIJING_MINUTES
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


@lru_cache(maxsize=8_192)
def stored(text: str) -> tuple[int, int] | None:
    """Give the range of a stored value: an instant is a point (one microsecond)."""
    if len(text) == _SECONDS_LENGTH and _SECONDS.fullmatch(text):
        # The usual form, by the shortest way; what it refuses (second 60, 30 February) the long way judges.
        with suppress(ValueError):
            start = (datetime.fromisoformat(text) - _EPOCH_INSTANT) // _MICROSECOND
            return start, start + 1
    found = span(text)
    if found is None:
        return None
    return (found[0], found[0] + 1) if len(text) > 16 and found[1] - found[0] <= SECOND else found


def period(start: str | None, end: str | None) -> tuple[int, int] | None:
    """Give the range of a Period: from the beginning of *start* to the end of *end*; an absent bound is open."""
    first = span(start) if start else None
    last = span(end) if end else None
    if first is None and last is None:
        return None
    lo = first[0] if first else FIRST
    hi = last[1] if last else LAST
    return lo, max(hi, lo + 1) if lo != FIRST else hi


def outer(ranges: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    """Give the smallest range that covers all (the limits of a Timing); None when there is none."""
    found = list(ranges)
    return (min(lo for lo, _ in found), max(hi for _, hi in found)) if found else None


def relates(op: str, lo: int, hi: int, a: int, b: int) -> bool:
    """Tell whether a stored range [lo, hi) stands in relation *op* to the range [a, b) that was asked for.

    eq is containment, not overlap; ge and le also hold where the ranges are equal in the sense of eq; ap overlaps (the
    caller has widened [a, b)). Source: http://hl7.org/fhir/R4/search.html#prefix
    """
    match op:
        case "eq":
            return a <= lo and hi <= b
        case "ne":
            return not (a <= lo and hi <= b)
        case "gt":
            return hi > b
        case "lt":
            return lo < a
        case "ge":
            return hi > b or lo >= a
        case "le":
            return lo < a or hi <= b
        case "sa":
            return lo >= b
        case "eb":
            return hi <= a
        case _:
            return lo < b and hi > a
