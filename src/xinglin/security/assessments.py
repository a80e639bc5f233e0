"""Assessments that a system of level 3 passes every year, and the day from which their end is told (R7-040, R7-050).

The operator files the grading, lets the system be assessed, and writes number and day of the last report into the
settings; the platform reminds.
"""

from calendar import isleap
from dataclasses import dataclass
from datetime import date
from typing import Final

from xinglin.fhir.sources import cites

AHEAD_DAYS: Final = cites("R7-040")(60)


@dataclass(frozen=True, slots=True)
class Assessment:
    """One kind of assessment: its code, what it is called, and its source."""

    code: str
    zh: str
    en: str
    source: str


LEVEL_3: Final = cites("R7-040")(
    Assessment(
        "level-3-due", "等级保护测评即将到期或已过期", "Assessment of the level-3 system is due", "GB/T 22239-2019"
    )
)
CRYPTOGRAPHY: Final = cites("R7-050")(
    Assessment(
        "cryptography-due",
        "商用密码应用安全性评估即将到期或已过期",
        "Assessment of cryptography is due",
        "GB/T 39786-2021",
    )
)
KINDS: Final = (LEVEL_3, CRYPTOGRAPHY)


@dataclass(frozen=True, slots=True)
class Passed:
    """The last assessment of a kind: the number of its report or certificate, and the day it was passed."""

    kind: Assessment
    number: str
    on: date


def ends(passed: Passed) -> date:
    """Give the day on which an assessment is a year old."""
    day = passed.on
    leap_day = (day.month, day.day) == (2, 29) and not isleap(day.year + 1)
    return date(day.year + 1, 3, 1) if leap_day else day.replace(year=day.year + 1)


@cites("R7-040", "R7-050")
def days_left(passed: Passed, today: date) -> int | None:
    """Count the days until the next assessment, negative when it is overdue; None while nobody needs to be told."""
    left = (ends(passed) - today).days
    return left if left <= AHEAD_DAYS else None
