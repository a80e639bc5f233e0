"""System.Quantity: a decimal with a UCUM unit or a calendar duration (http://hl7.org/fhirpath/N1/#quantity)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from xinglin.fhir import ucum

# Words that stand for calendar durations, singular and plural.
CALENDAR_WORDS: Final = {
    word: unit
    for unit in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for word in (unit, f"{unit}s")
}
# Calendar durations that last as long as a UCUM unit. A calendar year or month has no fixed length.
_DEFINITE: Final = {
    "week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms",
}  # fmt: skip
_LIKE: Final = {**_DEFINITE, "year": "a", "month": "mo"}
_CALENDAR_OF: Final = {code: word for word, code in _DEFINITE.items()}


@dataclass(frozen=True, slots=True)
class Quantity:
    """*value* in *unit*: a UCUM code, or with *calendar* the singular word of a calendar duration."""

    value: Decimal
    unit: str = "1"
    calendar: bool = False

    def __str__(self) -> str:
        if not self.calendar:
            return f"{self.value:f} '{self.unit}'"
        return f"{self.value:f} {self.unit if self.value == 1 else self.unit + 's'}"


def duration_unit(quantity: Quantity) -> str | None:
    """Return the calendar word by which *quantity* can move a date; None for other units and for UCUM's a and mo."""
    if quantity.calendar:
        return quantity.unit
    # A quoted word, as in 1 'month', is not UCUM; it can only mean the calendar duration.
    return _CALENDAR_OF.get(quantity.unit) or CALENDAR_WORDS.get(quantity.unit)


def scaled(quantity: Quantity, *, like: bool = False) -> tuple[Decimal, str] | None:
    """Return value and canonical unit by which quantities can be compared; None when the unit is not known.

    Calendar years and months are a dimension of their own (12 months a year), unless *like* (for ``~``) asks to treat
    them as UCUM's mean year and month.
    """
    unit, value = quantity.unit, quantity.value
    if quantity.calendar or unit in CALENDAR_WORDS:
        word = CALENDAR_WORDS[unit]
        if word in {"year", "month"} and not like:
            return value * (12 if word == "year" else 1), "month"
        unit = _LIKE[word]
    return ucum.canonical(value, unit)


def pair(left: Quantity, right: Quantity, *, like: bool = False) -> tuple[Decimal, Decimal] | None:
    """Return both values in one unit; None when the units don't measure the same thing."""
    if left.unit == right.unit and left.calendar == right.calendar:
        return left.value, right.value
    a, b = scaled(left, like=like), scaled(right, like=like)
    if a is None or b is None or a[1] != b[1]:
        return None
    return a[0], b[0]


def times(left: Quantity, right: Quantity) -> Quantity | None:
    """Multiply two quantities; the unit is canonical. None when a unit is not known."""
    return _combined(left, right, divide=False)


def over(left: Quantity, right: Quantity) -> Quantity | None:
    """Divide two quantities; None when a unit is not known or the divisor is zero."""
    return None if right.value == 0 else _combined(left, right, divide=True)


def _combined(left: Quantity, right: Quantity, *, divide: bool) -> Quantity | None:
    a = _LIKE.get(left.unit, left.unit) if left.calendar else left.unit
    b = _LIKE.get(right.unit, right.unit) if right.calendar else right.unit
    value = left.value / right.value if divide else left.value * right.value
    if b == "1":
        return Quantity(value, a)
    if a == "1" and not divide:
        return Quantity(value, b)
    made = ucum.canonical(value, f"({a})/({b})" if divide else f"({a}).({b})")
    return None if made is None else Quantity(*made)
