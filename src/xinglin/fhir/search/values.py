"""The spelling of search values: escapes, alternatives, prefixes, precision (http://hl7.org/fhir/R4/search.html#prefix)."""

from decimal import Decimal, InvalidOperation
from typing import Final, cast

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.query import COMPARATORS, Comparator

MOST_DIGITS: Final = 100
"""Characters of a number; longer ones are refused before anything is computed with them."""

_ESCAPABLE = frozenset("\\,$|")


def bad(name: str, text: str) -> OutcomeError:
    """Make the refusal of a value of parameter *name*."""
    return OutcomeError(Issue("invalid", "search-value", f"http.{name}", f"Search parameter {name}: {text}"))


def unsupported(name: str, text: str) -> OutcomeError:
    """Make the refusal of something that the standard allows and this server does not do."""
    return OutcomeError(
        Issue("not-supported", "search-unsupported", f"http.{name}", f"Search parameter {name}: {text}")
    )


def split(value: str, separator: str) -> list[str]:
    """Split at each *separator* that no backslash escapes; the pieces keep their escapes."""
    if "\\" not in value:
        return value.split(separator)
    pieces: list[str] = []
    piece: list[str] = []
    escaped = False
    for character in value:
        if escaped:
            piece.append(character)
            escaped = False
        elif character == "\\":
            piece.append(character)
            escaped = True
        elif character == separator:
            pieces.append("".join(piece))
            piece = []
        else:
            piece.append(character)
    pieces.append("".join(piece))
    return pieces


def unescape(value: str) -> str:
    r"""Take the backslash off ``\\,``, ``\\$``, ``\\|`` and ``\\``; any other backslash stands for itself."""
    if "\\" not in value:
        return value
    made: list[str] = []
    escaped = False
    for character in value:
        if escaped:
            made.append(character if character in _ESCAPABLE else "\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            made.append(character)
    return "".join(made) + ("\\" if escaped else "")


def escape(value: str) -> str:
    """Put a backslash before every character that separates values."""
    return "".join("\\" + c if c in _ESCAPABLE else c for c in value)


def prefixed(value: str) -> tuple[Comparator, str]:
    """Split the comparator off an ordered value; without one it is ``eq``."""
    if value[:2] in COMPARATORS:
        return cast("Comparator", value[:2]), value[2:]
    return "eq", value


def number(name: str, text: str) -> Decimal:
    """Read a decimal; OutcomeError when it is none, or far out of range."""
    try:
        value = Decimal(text) if len(text) <= MOST_DIGITS and text.isascii() and "_" not in text else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or abs(value.adjusted()) > 300 or text != text.strip():
        raise bad(name, f"'{text[:MOST_DIGITS]}' is not a number.")
    return value


def half_unit(value: Decimal, text: str) -> Decimal:
    """Give half of the last digit that *text* states: 0.5 for 100, 0.005 for 100.00, 5 for 1e2.

    Source: http://hl7.org/fhir/R4/search.html#number, whose 1e2 covers 95 to 105.
    """
    exponent = cast("int", value.as_tuple().exponent)
    if "e" in text.lower() and "." not in text:
        exponent -= 1
    return Decimal((0, (5,), exponent - 1))


def bounds(op: Comparator, value: Decimal, text: str) -> tuple[Decimal | None, Decimal | None, tuple[bool, bool], bool]:
    """Give the range of numbers that stand in relation *op*: low, high, which ends belong to it, and "outside".

    Precision counts for eq and ne alone; ap is within a tenth; sa and eb are gt and lt, as a number has no width.
    """
    if op in {"eq", "ne"}:
        half = half_unit(value, text)
        return value - half, value + half, (True, False), op == "ne"
    if op == "ap":
        tenth = abs(value) / 10
        return value - tenth, value + tenth, (True, True), False
    if op in {"gt", "sa"}:
        return value, None, (False, False), False
    if op in {"lt", "eb"}:
        return None, value, (False, False), False
    return (value, None, (True, False), False) if op == "ge" else (None, value, (False, True), False)
