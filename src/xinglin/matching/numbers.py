"""Comparing numbers and dates as people mistype them."""

from datetime import date
from functools import lru_cache
from typing import Final

from xinglin.fhir.sources import cites
from xinglin.matching.texts import one_slip
from xinglin.security.identifiers import expanded, normal

NUMBER_LEVELS: Final = ("equal", "one-digit", "differs")
BIRTH_LEVELS: Final = ("equal", "swapped", "one-digit", "lunar", "year-month", "month-day", "year", "differs")
PHONE_LEVELS: Final = ("equal", "one-digit", "differs")

# The lunar calendar is 20 to 51 days behind the solar one: who gives the lunar birthday is registered that much older.
_LUNAR_DAYS: Final = range(19, 52)


@lru_cache(maxsize=65_536)
def standing(number: str) -> str:
    """Give a number as it is compared: blanks folded, an old identity number of 15 digits as the new one."""
    return expanded(number) or normal(number)


@cites("CD-11", "R6-002")
def number(one: str, other: str) -> str | None:
    """Compare identity numbers: a level of `NUMBER_LEVELS`; 15 and 18 digits of one person are equal."""
    a, b = standing(one), standing(other)
    if not a or not b:
        return None
    if a == b:
        return "equal"
    return "one-digit" if one_slip(a, b) else "differs"


def phone(one: str, other: str) -> str | None:
    """Compare telephone numbers by their last eleven digits: a level of `PHONE_LEVELS`."""
    a, b = _digits(one)[-11:], _digits(other)[-11:]
    if not a or not b:
        return None
    if a == b:
        return "equal"
    return "one-digit" if one_slip(a, b) else "differs"


@lru_cache(maxsize=65_536)
def birth(one: str, other: str) -> str | None:
    """Compare birth dates (``2001-02-03``, or only a year or a month): a level of `BIRTH_LEVELS`.

    swapped: day and month. one-digit: one digit is another, or two neighbours are swapped. lunar: as far apart as the
    calendars. year-month, month-day, year: these agree.
    """
    a, b = _digits(one), _digits(other)
    if len(a) < 4 or len(b) < 4:
        return None
    if len(a) < 8 or len(b) < 8:
        if a[:4] != b[:4]:
            return "differs"
        return "year-month" if len(a) >= 6 and a[4:6] == b[4:6] else "year"
    if a == b:
        return "equal"
    if a[:4] == b[:4] and a[4:6] == b[6:8] and a[6:8] == b[4:6]:
        return "swapped"
    if one_slip(a, b):
        return "one-digit"
    if (apart := _days(a, b)) is not None and apart in _LUNAR_DAYS:
        return "lunar"
    if a[:6] == b[:6]:
        return "year-month"
    if a[4:] == b[4:]:
        return "month-day"
    return "year" if a[:4] == b[:4] else "differs"


def _days(one: str, other: str) -> int | None:
    try:
        first, second = date.fromisoformat(one), date.fromisoformat(other)
    except ValueError:
        return None
    return abs((first - second).days)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter in "0123456789")
