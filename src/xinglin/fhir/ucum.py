"""Read UCUM units and bring quantities to base units (https://ucum.org/ucum, case-sensitive codes).

Values are carried as fractions, so that a conversion there and back is exact.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from xinglin.fhir.ucum_units import (
    ARBITRARY,
    ARBITRARY_METRIC,
    BASE,
    LOGARITHMIC,
    LOGARITHMIC_METRIC,
    PREFIXES,
    SCALES,
    UNITS,
)

SYSTEM: Final = "http://unitsofmeasure.org"

# Bounds on what comes from outside: longer units, larger exponents and deeper parentheses are no units of medicine.
_MAX_LENGTH: Final = 200
_MAX_EXPONENT: Final = 60
_MAX_DEPTH: Final = 20
_MAX_SCALE: Final = 400
_CONTEXT: Final = Context(prec=34)

_TOKEN: Final = re.compile(
    r"""(?P<annotation>\{[^{}]*\})
      | (?P<operator>[./()])
      | (?P<unit>10[*^]|(?:\[[^\[\]\s]*\]|[^\s./(){}\[\]0-9+\-])+)(?P<exponent>[+-]?\d+)?
      | (?P<factor>\d+)""",
    re.VERBOSE,
)
_PREFIXES: Final = sorted(PREFIXES, key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in base units: factor, and the exponents of the dimensions. *scale* names a temperature scale."""

    factor: Fraction
    dimensions: tuple[tuple[str, int], ...] = ()
    scale: str | None = None

    def text(self) -> str:
        """Return the canonical UCUM code of the dimensions, in alphabetical order; "1" when there are none."""
        return ".".join(name if power == 1 else f"{name}{power}" for name, power in self.dimensions) or "1"


class _NotUnit(ValueError):
    """The text is no UCUM unit."""


_ONE: Final = Unit(Fraction(1))


def canonical(value: Decimal, unit: str) -> tuple[Decimal, str] | None:
    """Return *value* in base units and the canonical unit (``1 'mg'`` is 0.001 ``g``); None when *unit* is not UCUM."""
    read = parse(unit)
    if read is None or not value.is_finite() or not -_MAX_SCALE < value.adjusted() < _MAX_SCALE:
        return None
    if read.factor == 1 and read.scale is None:
        return value, _base(unit)[3]
    factor, offset, divisor, text = _base(unit)
    top, bottom = value.as_integer_ratio()
    return _CONTEXT.divide(Decimal(top * factor + offset * bottom), Decimal(divisor * bottom)), text


def approximate(value: Decimal | int, unit: str) -> tuple[float, str] | None:
    """Return what `canonical` does with the value as a float, in a third of the time; for indexes."""
    line = _line(unit)
    amount = value if isinstance(value, Decimal) else Decimal(value)
    if line is None or not amount.is_finite() or not -_MAX_SCALE < amount.adjusted() < _MAX_SCALE:
        return None
    factor, offset, divisor, text = line
    if factor == divisor and not offset:
        return float(amount), text
    top, bottom = amount.as_integer_ratio()
    try:
        return (top * factor + offset * bottom) / (divisor * bottom), text
    except OverflowError:
        return float(_CONTEXT.divide(Decimal(top * factor + offset * bottom), Decimal(divisor * bottom))), text


@lru_cache(maxsize=4096)
def _line(unit: str) -> tuple[int, int, int, str] | None:
    """Give `_base` of what is a unit, else None."""
    return None if parse(unit) is None else _base(unit)


@lru_cache(maxsize=4096)
def _base(unit: str) -> tuple[int, int, int, str]:
    """Give factor, offset, divisor and code of the canonical unit: (value × factor + offset) / divisor, whole numbers.

    Only for what is a unit.
    """
    read = parse(unit)
    if read is None:
        raise _NotUnit(unit)
    factor, offset, text = read.factor, Fraction(0), read.text()
    if read.scale is not None:
        # A prefixed scale (mCel) multiplies before the offset, as the UCUM page on special units says.
        start, size = SCALES[read.scale]
        factor, offset, text = factor * size, start * size, "K"
    divisor = math.lcm(factor.denominator, offset.denominator)
    return int(factor * divisor), int(offset * divisor), divisor, text


def comparable(left: str, right: str) -> bool:
    """Say whether two units measure the same thing; False when one of them is not UCUM."""
    a, b = parse(left), parse(right)
    return a is not None and b is not None and _dimensions(a) == _dimensions(b)


def convert(value: Decimal, unit: str, target: str) -> Decimal | None:
    """Return *value* of *unit* in *target*; None when they don't measure the same thing."""
    a, b = parse(unit), parse(target)
    if a is None or b is None or _dimensions(a) != _dimensions(b):
        return None
    offset, factor = SCALES[a.scale] if a.scale else (Fraction(0), Fraction(1))
    base = (Fraction(value) * a.factor + offset) * factor
    offset, factor = SCALES[b.scale] if b.scale else (Fraction(0), Fraction(1))
    return _decimal((base / factor - offset) / b.factor)


def _dimensions(unit: Unit) -> tuple[tuple[str, int], ...]:
    return (("K", 1),) if unit.scale else unit.dimensions


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


@lru_cache(maxsize=4096)
def parse(unit: str) -> Unit | None:
    """Return *unit* in base units; None when it is not UCUM. An empty text is the unit 1."""
    if len(unit) > _MAX_LENGTH:
        return None
    try:
        return _Reader(unit).whole()
    except _NotUnit:
        return None


class _Reader:
    """One pass over a unit: terms of components, joined by ``.`` and ``/`` from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _NotUnit(text)
            self._tokens.append(match)
            position = match.end()
        self._next = 0

    def whole(self) -> Unit:
        if not self._tokens:
            return _ONE
        found = self._term(0)
        if self._next != len(self._tokens):
            raise _NotUnit
        return found

    def _operator(self, *wanted: str) -> str | None:
        if self._next < len(self._tokens):
            found = self._tokens[self._next].group("operator")
            if found in wanted:
                self._next += 1
                return found
        return None

    def _term(self, depth: int) -> Unit:
        if depth > _MAX_DEPTH:
            raise _NotUnit
        divide = self._operator("/") is not None
        found = _power(self._annotated(depth), -1) if divide else self._annotated(depth)
        while (operator := self._operator(".", "/")) is not None:
            right = self._annotated(depth)
            found = _product(found, right if operator == "." else _power(right, -1))
        return found

    def _annotated(self, depth: int) -> Unit:
        """Read a component and the annotation behind it: ``g{creatinine}``, ``100{WBC}``."""
        found = self._component(depth)
        if self._next < len(self._tokens) and self._tokens[self._next].group("annotation") is not None:
            self._next += 1
        return found

    def _component(self, depth: int) -> Unit:
        if self._next >= len(self._tokens):
            raise _NotUnit
        if self._operator("(") is not None:
            inner = self._term(depth + 1)
            if self._operator(")") is None:
                raise _NotUnit
            return inner
        match = self._tokens[self._next]
        if match.group("operator"):
            raise _NotUnit
        self._next += 1
        if match.group("annotation") is not None:
            return _ONE
        if match.group("factor") is not None:
            if int(match.group("factor")) == 0:
                raise _NotUnit
            return Unit(Fraction(int(match.group("factor"))))
        exponent = int(match.group("exponent") or 1)
        if abs(exponent) > _MAX_EXPONENT:
            raise _NotUnit
        return _power(_simple(match.group("unit")), exponent)


def _product(left: Unit, right: Unit) -> Unit:
    if left.scale or right.scale:
        # A scale joined with other units is taken as a difference: one Cel is one K.
        left, right = _as_difference(left), _as_difference(right)
    powers = dict(left.dimensions)
    for name, power in right.dimensions:
        powers[name] = powers.get(name, 0) + power
    return Unit(left.factor * right.factor, _sorted(powers))


def _power(unit: Unit, exponent: int) -> Unit:
    if exponent == 1:
        return unit
    unit = _as_difference(unit)
    return Unit(unit.factor**exponent, _sorted({name: power * exponent for name, power in unit.dimensions}))


def _as_difference(unit: Unit) -> Unit:
    return Unit(unit.factor * SCALES[unit.scale][1], (("K", 1),)) if unit.scale else unit


def _sorted(powers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


@lru_cache(maxsize=2048)
def _simple(code: str) -> Unit:
    """Return an atom, or a metric atom with a prefix."""
    whole = _atom(code)
    if whole is not None:
        return whole
    for prefix in _PREFIXES:
        if code.startswith(prefix) and _metric(code[len(prefix) :]):
            atom = _atom(code[len(prefix) :])
            if atom is not None:
                return Unit(atom.factor * PREFIXES[prefix], atom.dimensions, atom.scale)
    raise _NotUnit(code)


def _metric(code: str) -> bool:
    return (
        code in BASE
        or code in ARBITRARY_METRIC
        or code in LOGARITHMIC_METRIC
        or code == "Cel"
        or (code in UNITS and UNITS[code][0])
    )


def _atom(code: str) -> Unit | None:
    if code in BASE or code in ARBITRARY or code in ARBITRARY_METRIC or code in LOGARITHMIC:
        return Unit(Fraction(1), ((code, 1),))
    if code in SCALES:
        return Unit(Fraction(1), (), code)
    if code not in UNITS:
        return None
    _, value, unit = UNITS[code]
    of = _Reader(unit).whole()
    return Unit(of.factor * value, of.dimensions)
