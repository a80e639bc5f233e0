"""Conversion between System types (http://hl7.org/fhirpath/N1/#conversion)."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from xinglin.fhir import ucum
from xinglin.fhir.fhirpath import quantity, temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.signature import Body, Function, truth
from xinglin.fhir.fhirpath.nodes import Collection, Node, system, to_system
from xinglin.fhir.fhirpath.quantity import CALENDAR_WORDS, Quantity
from xinglin.fhir.fhirpath.scope import Scope, boolean, one, string
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.tree import Expr
from xinglin.fhir.fhirpath.values import Long

Arguments = tuple[Expr, ...]
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "0.0"})
_WHOLE: Final = re.compile(r"[+-]?\d{1,19}")
_NUMBER: Final = re.compile(r"[+-]?\d{1,100}(?:\.\d{1,100})?")
_QUANTITY: Final = re.compile(r"([+-]?\d{1,100}(?:\.\d{1,100})?)(?:\s*'([^']+)'|\s+([a-z]+))?\s*")


def to_boolean(value: object) -> bool | None:
    """Convert a System value to a Boolean; None when it can't be."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    if isinstance(value, str):
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None
    return None


def to_integer(value: object) -> int | None:
    """Convert a System value to an Integer."""
    found = _whole(value)
    return int(found) if found is not None and -(2**31) <= found < 2**31 else None


def to_long(value: object) -> Long | None:
    """Convert a System value to a Long."""
    found = _whole(value)
    return Long(found) if found is not None and -(2**63) <= found < 2**63 else None


def _whole(value: object) -> int | None:
    if isinstance(value, int):
        return int(value)
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else None


def to_decimal(value: object) -> Decimal | None:
    """Convert a System value to a Decimal."""
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def to_date(value: object) -> Date | None:
    """Convert a System value to a Date."""
    if isinstance(value, str):
        value = temporal.datetime_of(value)
    if isinstance(value, DateTime):
        return Date(tuple(int(part) for part in value.parts[:3]))
    return value if isinstance(value, Date) else None


def to_datetime(value: object) -> DateTime | None:
    """Convert a System value to a DateTime."""
    if isinstance(value, str):
        return temporal.datetime_of(value)
    if isinstance(value, Date):
        return temporal.as_datetime(value)
    return value if isinstance(value, DateTime) else None


def to_time(value: object) -> Time | None:
    """Convert a System value to a Time."""
    if isinstance(value, str):
        return temporal.time_of(value.removeprefix("T"))
    return value if isinstance(value, Time) else None


def to_quantity(value: object) -> Quantity | None:
    """Convert a System value to a Quantity."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool):
        return Quantity(Decimal("1.0") if value else Decimal("0.0"))
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value))
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, unit, word = match.groups()
    if word is not None:
        return Quantity(Decimal(number), CALENDAR_WORDS[word], calendar=True) if word in CALENDAR_WORDS else None
    return Quantity(Decimal(number), unit or "1")


def to_text(value: object) -> str | None:
    """Convert a System value to a String."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return None if value is None else str(value)


def text_of(item: Node) -> str | None:
    """Return a node as text: FHIR dates as they were written; None for what has no text."""
    held = to_system(item)
    if held is None:
        return None
    if isinstance(item.value, str):
        return item.value
    return to_text(held.value)


def _convert(convert: Callable[[object], object | None]) -> Body:
    def run(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        item = one(focus)
        held = None if item is None else to_system(item)
        found = None if held is None else convert(held.value)
        return [] if found is None else [system(found)]

    return run


def _converts(convert: Callable[[object], object | None]) -> Body:
    def run(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        item = one(focus)
        if item is None:
            return []
        held = to_system(item)
        return truth(held is not None and convert(held.value) is not None)

    return run


def _to_string(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item = one(focus)
    found = None if item is None else text_of(item)
    return [] if found is None else [system(found)]


def _quantity_in(scope: Scope, focus: Collection, arguments: Arguments) -> Quantity | None:
    item = one(focus)
    held = None if item is None else to_system(item)
    found = None if held is None else to_quantity(held.value)
    if found is None or not arguments:
        return found
    unit = string(scope.value(arguments[0]), "The unit")
    if unit is None:
        return None
    if unit in CALENDAR_WORDS:
        return _in_calendar_unit(found, CALENDAR_WORDS[unit])
    if found.calendar:
        base = quantity.scaled(found)
        return None if base is None else _in_ucum_unit(Quantity(*base), unit)
    return _in_ucum_unit(found, unit)


def _in_ucum_unit(found: Quantity, unit: str) -> Quantity | None:
    value = ucum.convert(found.value, found.unit, unit)
    return None if value is None else Quantity(value, unit)


def _in_calendar_unit(found: Quantity, word: str) -> Quantity | None:
    values = quantity.pair(found, Quantity(Decimal(1), word, calendar=True))
    return None if values is None or not values[1] else Quantity(values[0] / values[1], word, calendar=True)


def _to_quantity(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found = _quantity_in(scope, focus, arguments)
    return [] if found is None else [system(found)]


def _converts_to_quantity(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(_quantity_in(scope, focus, arguments) is not None) if focus else []


def _converts_to_string(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item = one(focus)
    return [] if item is None else truth(text_of(item) is not None)


def _iif(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    one(focus, "The input of iif()")
    inner = scope.on(focus)
    criterion = inner.value(arguments[0])
    item = one(criterion, "The criterion of iif()")
    if item is not None:
        held = to_system(item)
        if held is None or not isinstance(held.value, bool):
            raise FhirPathError("execution", "The criterion of iif() is not a Boolean")
    if boolean(criterion):
        return inner.value(arguments[1])
    return inner.value(arguments[2]) if len(arguments) > 2 else []


FUNCTIONS: Final[Mapping[str, Function]] = {
    "iif": Function(_iif, 2, 3),
    "toString": Function(_to_string),
    "convertsToString": Function(_converts_to_string),
    "toQuantity": Function(_to_quantity, 0, 1),
    "convertsToQuantity": Function(_converts_to_quantity, 0, 1),
} | {
    name + word: Function(make(convert))
    for word, convert in {
        "Boolean": to_boolean,
        "Integer": to_integer,
        "Long": to_long,
        "Decimal": to_decimal,
        "Date": to_date,
        "DateTime": to_datetime,
        "Time": to_time,
    }.items()
    for name, make in (("to", _convert), ("convertsTo", _converts))
}
