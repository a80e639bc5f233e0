"""Mathematics, boundaries and precision (http://hl7.org/fhirpath/N1/#math-1, STU chapters on boundaries)."""

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, DecimalException
from typing import Final

from xinglin.fhir.fhirpath import quantity, temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.signature import Body, Function, truth
from xinglin.fhir.fhirpath.nodes import Collection, quantity_of, system, to_system
from xinglin.fhir.fhirpath.operators import CONTEXT, whole
from xinglin.fhir.fhirpath.quantity import Quantity
from xinglin.fhir.fhirpath.scope import Scope, integer, one
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.tree import Expr

Arguments = tuple[Expr, ...]
# Functions that are not exact are computed wider and rounded, so that log(100, 10) is 2 and not 1.99….
_WIDE: Final = Context(prec=50, Emax=99_999, Emin=-99_999)
_MOST_DIGITS: Final = 31


def _number(focus: Collection, what: str = "The input") -> int | Decimal | None:
    item = one(focus, what)
    if item is None:
        return None
    held = to_system(item)
    value = None if held is None else held.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        if item.value is None:
            return None
        raise FhirPathError("execution", f"{what} is a {item.type}, not a number")
    return value


def _rounded(value: Decimal) -> Collection:
    """Return a Decimal of the usual precision, without the zeros that a wide computation leaves behind."""
    found = CONTEXT.plus(value)
    return [system(found.quantize(Decimal(1)) if found == found.to_integral_value() and abs(found) < 10**20 else found)]


def _inexact(compute: Callable[[Decimal], Decimal | None]) -> Body:
    def body(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        value = _number(focus)
        if value is None:
            return []
        try:
            found = compute(Decimal(value))
            return [] if found is None or not found.is_finite() else _rounded(found)
        except DecimalException:
            return []  # overflow: by the standard, no result

    return body


def _integral(rounding: str) -> Body:
    def body(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        value = _number(focus)
        return [] if value is None else whole(int(Decimal(value).to_integral_value(rounding)), value)

    return body


def _abs(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item = one(focus)
    found = None if item is None else quantity_of(item)
    if found is not None:
        return [system(Quantity(abs(found.value), found.unit, calendar=found.calendar))]
    value = _number(focus)
    if value is None:
        return []
    return whole(abs(value), value) if isinstance(value, int) else [system(value.copy_abs())]


def _log(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    value, base = _number(focus), _number(scope.value(arguments[0]), "The base")
    if value is None or base is None or value <= 0 or base <= 0 or base == 1:
        return []
    return _rounded(_WIDE.divide(_WIDE.ln(Decimal(value)), _WIDE.ln(Decimal(base))))


def _power(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    base, exponent = _number(focus), _number(scope.value(arguments[0]), "The exponent")
    if base is None or exponent is None:
        return []
    try:
        found = _WIDE.power(Decimal(base), Decimal(exponent))
    except DecimalException:
        return []  # not a real number, or beyond all measure
    if not found.is_finite():
        return []
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        return whole(int(found), base) if found.adjusted() < 40 else []
    return _rounded(found)


def _round(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    value = _number(focus)
    places = integer(scope.value(arguments[0]), "The precision") if arguments else 0
    if value is None or places is None:
        return []
    if places < 0 or places > 100:
        raise FhirPathError("execution", "The precision of round() is from 0 to 100")
    if isinstance(value, int):
        return whole(value, value)
    return [system(_places(value, places))]


def _places(value: Decimal, places: int) -> Decimal:
    wide = Context(prec=max(50, abs(value.adjusted()) + places + 10), rounding=ROUND_HALF_UP)
    return wide.quantize(value, Decimal(1).scaleb(-places))


def _boundary(*, high: bool) -> Body:
    def body(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        item = one(focus)
        wanted = integer(scope.value(arguments[0]), "The precision") if arguments else None
        held = None if item is None else to_system(item)
        if item is None or held is None:
            return []
        value = held.value
        if isinstance(value, Date | DateTime | Time):
            found = temporal.boundary(value, wanted, high=high) if wanted is None or wanted > 0 else None
            return [] if found is None else [system(found)]
        if isinstance(value, Quantity):
            bound = _decimal_boundary(value.value, wanted, high=high)
            return [] if bound is None else [system(Quantity(bound, value.unit, calendar=value.calendar))]
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            bound = _decimal_boundary(Decimal(value), wanted, high=high)
            return [] if bound is None else [system(bound)]
        raise FhirPathError("execution", f"A {item.type} has no boundary")

    return body


def _decimal_boundary(value: Decimal, wanted: int | None, *, high: bool) -> Decimal | None:
    """Return the least (or greatest) value that rounds to *value*, to *wanted* decimal places; None when out of range.

    Cut down to fewer places than it has, a boundary is rounded outwards, unless nothing but zeros would remain.
    """
    places = 8 if wanted is None else wanted
    if not 0 <= places <= _MOST_DIGITS or value.adjusted() > 60:
        return None
    exponent = value.as_tuple().exponent
    held = max(0, -exponent) if isinstance(exponent, int) else 0
    half = Decimal(5).scaleb(-held - 1)
    wide = Context(prec=120)
    bound = wide.add(value, half if high else -half)
    rounding = ROUND_CEILING if high else ROUND_FLOOR
    if held > places and abs(bound) < Decimal(1).scaleb(-places):
        rounding = ROUND_DOWN
    return bound.quantize(Decimal(1).scaleb(-places), rounding, wide)


def _precision(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item = one(focus)
    held = None if item is None else to_system(item)
    if item is None or held is None:
        return []
    value = held.value
    if isinstance(value, Date | DateTime | Time):
        return [system(temporal.digits(value))]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        exponent = Decimal(value).as_tuple().exponent
        return [system(max(0, -exponent) if isinstance(exponent, int) else 0)]
    raise FhirPathError("execution", f"A {item.type} has no precision")


def _comparable(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    left, right = one(focus), one(scope.value(arguments[0]), "The argument")
    if left is None or right is None:
        return []
    a, b = quantity_of(left), quantity_of(right)
    if a is None or b is None:
        raise FhirPathError("execution", "comparable() takes quantities")
    return truth(quantity.pair(a, b) is not None)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "abs": Function(_abs),
    "ceiling": Function(_integral(ROUND_CEILING)),
    "floor": Function(_integral(ROUND_FLOOR)),
    "truncate": Function(_integral(ROUND_DOWN)),
    "exp": Function(_inexact(_WIDE.exp)),
    "ln": Function(_inexact(lambda value: _WIDE.ln(value) if value > 0 else None)),
    "sqrt": Function(_inexact(lambda value: _WIDE.sqrt(value) if value >= 0 else None)),
    "log": Function(_log, 1, 1),
    "power": Function(_power, 1, 1),
    "round": Function(_round, 0, 1),
    "lowBoundary": Function(_boundary(high=False), 0, 1),
    "highBoundary": Function(_boundary(high=True), 0, 1),
    "precision": Function(_precision),
    "comparable": Function(_comparable, 1, 1),
}
