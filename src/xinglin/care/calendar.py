"""Working days (工作日) in China: weekdays, less the holidays, with the days that are worked to make up for them.

The arrangement of a year is announced by the State Council in the November before; of a year that is not announced yet
the holidays of the law are known and no make-up days. Of a year beyond the data only weekends are.
"""

import csv
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent / "data/working_days.csv"
_DAY: Final = timedelta(days=1)
_WEEKEND: Final = 5  # Saturday, Monday being 0


@cache
def arranged() -> dict[date, bool]:
    """Give the days that differ from the week: whether each is worked."""
    found: dict[date, bool] = {}
    with DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
            while day <= last:
                found[day] = row["kind"] == "work"
                day += _DAY
    return found


@cites("R8-006")
def is_working(day: date) -> bool:
    """Tell whether *day* is a working day."""
    return arranged().get(day, day.weekday() < _WEEKEND)


@cites("R8-006")
def after(day: date, working_days: int) -> date:
    """Give the last day of a term of *working_days* (at least 1) that begins on the day after *day*."""
    if working_days < 1:
        raise ValueError("a term has at least one working day")
    left = working_days
    while left:
        day += _DAY
        left -= is_working(day)
    return day


@cites("R8-006")
def between(first: date, last: date) -> int:
    """Count the working days after *first* up to and with *last*; 0 when *last* is not later."""
    return sum(is_working(first + _DAY * n) for n in range(1, (last - first).days + 1))
