"""Arithmetic, concatenation and three-valued logic (http://hl7.org/fhirpath/N1/#math, #boolean-logic)."""

from decimal import Context, Decimal, Overflow
from typing import Final

from xinglin.fhir import ucum
from xinglin.fhir.fhirpath import quantity, temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.nodes import Collection, Node, system, to_system
from xinglin.fhir.fhirpath.quantity import Quantity
from xinglin.fhir.fhirpath.scope import MAX_TEXT, boolean
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.values import Long

CONTEXT: Final = Context(prec=34, Emax=9999, Emin=-9999)
_INTEGER: Final = (-(2**31), 2**31 - 1)
_LONG: Final = (-(2**63), 2**63 - 1)
# In FHIR a UCUM year or month of a Quantity means the calendar's (http://hl7.org/fhir/R4/fhirpath.html#quantity).
_CALENDAR_OF_FHIR: Final = {"a": "year", "mo": "month"}


def whole(value: int, *like: object) -> Collection:
    """Return an Integer (or a Long, when one of *like* is); empty when it is out of range."""
    least, most = _LONG if any(isinstance(one, Long) for one in like) else _INTEGER
    if not least <= value <= most:
        return []
    return [system(Long(value) if least == _LONG[0] else int(value))]


def text(value: str) -> Collection:
    """Return a String; refuse one that grew beyond all measure."""
    if len(value) > MAX_TEXT:
        raise FhirPathError("execution", f"A string grew beyond {MAX_TEXT} characters")
    return [system(value)]


def _refused(operator: str, left: Node, right: Node) -> FhirPathError:
    return FhirPathError("execution", f"{operator} can't take {left.type} and {right.type}")


def arithmetic(operator: str, left: Node, right: Node) -> Collection:
    """Carry out ``+ - * / div mod`` on two items."""
    a, b = to_system(left), to_system(right)
    if a is None or b is None:
        if left.value is None or right.value is None:
            return []
        raise _refused(operator, left, right)
    x, y = a.value, b.value
    if isinstance(x, str) and isinstance(y, str) and operator == "+":
        return text(x + y)
    if isinstance(x, bool) or isinstance(y, bool):
        raise _refused(operator, left, right)
    if isinstance(x, int | Decimal) and isinstance(y, int | Decimal):
        return _of_numbers(operator, x, y)
    if isinstance(x, Date | DateTime | Time) and isinstance(y, Quantity) and operator in {"+", "-"}:
        return _moved(operator, x, y, from_fhir=b is not right)
    p = Quantity(Decimal(x)) if isinstance(x, int | Decimal) else x
    q = Quantity(Decimal(y)) if isinstance(y, int | Decimal) else y
    if isinstance(p, Quantity) and isinstance(q, Quantity):
        return _of_quantities(operator, p, q)
    raise _refused(operator, left, right)


def _of_numbers(operator: str, x: int | Decimal, y: int | Decimal) -> Collection:
    try:
        if isinstance(x, int) and isinstance(y, int) and operator in {"+", "-", "*"}:
            return whole(x + y if operator == "+" else x - y if operator == "-" else x * y, x, y)
        a, b = Decimal(x), Decimal(y)
        match operator:
            case "+":
                return [system(CONTEXT.add(a, b))]
            case "-":
                return [system(CONTEXT.subtract(a, b))]
            case "*":
                return [system(CONTEXT.multiply(a, b))]
            case "/":
                return [] if b == 0 else [system(CONTEXT.divide(a, b))]
            case "div":
                return [] if b == 0 else whole(_quotient(a, b), x, y)
            case _:
                return [] if b == 0 else _remainder(x, y)
    except Overflow:
        return []


def _quotient(a: Decimal, b: Decimal) -> int:
    return int(CONTEXT.divide(a, b)) if a.adjusted() - b.adjusted() > 20 else int(CONTEXT.divide_int(a, b))


def _remainder(x: int | Decimal, y: int | Decimal) -> Collection:
    if isinstance(x, int) and isinstance(y, int):
        # The remainder has the sign of the dividend.
        return whole(abs(x) % abs(y) * (-1 if x < 0 else 1), x, y)
    return [system(CONTEXT.remainder(Decimal(x), Decimal(y)))]


def _of_quantities(operator: str, left: Quantity, right: Quantity) -> Collection:
    match operator:
        case "*":
            made = quantity.times(left, right)
        case "/":
            made = quantity.over(left, right)
        case "+" | "-":
            amount = _in_unit_of(left, right)
            if amount is None:
                return []
            value = CONTEXT.add(left.value, amount if operator == "+" else -amount)
            made = Quantity(value, left.unit, calendar=left.calendar)
        case _:
            raise FhirPathError("execution", f"{operator} can't take quantities")
    return [] if made is None else [system(made)]


def _in_unit_of(left: Quantity, right: Quantity) -> Decimal | None:
    """Return the value of *right* in the unit of *left*."""
    if left.unit == right.unit and left.calendar == right.calendar:
        return right.value
    values = quantity.pair(left, right)
    if values is None:
        return None
    if left.calendar or right.calendar:
        one = quantity.scaled(Quantity(Decimal(1), left.unit, calendar=left.calendar))
        return None if one is None else CONTEXT.divide(values[1], one[0])
    return ucum.convert(right.value, right.unit, left.unit)


def _moved(operator: str, value: Date | DateTime | Time, by: Quantity, *, from_fhir: bool) -> Collection:
    unit = quantity.duration_unit(by)
    if unit is None and from_fhir:
        unit = _CALENDAR_OF_FHIR.get(by.unit)
    if unit is None:
        raise FhirPathError("execution", f"A date or time can't be moved by {by}")
    if isinstance(value, Time) and unit in {"year", "month", "week", "day"}:
        raise FhirPathError("execution", f"A time can't be moved by {by}")
    if abs(by.value) > 10**12:
        return []
    moved = temporal.add(value, by.value if operator == "+" else -by.value, unit)
    return [] if moved is None else [system(moved)]


def polarity(sign: str, operand: Node) -> Collection:
    """Carry out a leading ``+`` or ``-``."""
    held = to_system(operand)
    value = None if held is None else held.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Quantity):
        raise FhirPathError("execution", f"{sign} can't take a {operand.type}")
    if sign == "+":
        return [system(value)]
    if isinstance(value, Quantity):
        return [system(Quantity(-value.value, value.unit, calendar=value.calendar))]
    if isinstance(value, int):
        return whole(-value, value)
    return [system(CONTEXT.minus(value))]


def logic(operator: str, left: Collection, right: Collection) -> Collection:
    """Carry out ``and or xor implies``; an empty operand is unknown."""
    a, b = boolean(left, f"The left side of {operator}"), boolean(right, f"The right side of {operator}")
    found: bool | None
    match operator:
        case "and":
            found = False if a is False or b is False else None if a is None or b is None else True
        case "or":
            found = True if a or b else None if a is None or b is None else False
        case "xor":
            found = None if a is None or b is None else a is not b
        case _:
            found = True if a is False or b else None if a is None or b is None else False
    return [] if found is None else [system(found)]
