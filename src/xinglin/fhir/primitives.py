"""Formats of the FHIR primitive types (http://hl7.org/fhir/R4/datatypes.html#primitive).

The aliases annotate the generated structs, so that msgspec checks them while it decodes; formats are checked after.
Strings stay strings: a date keeps its precision, a decimal its digits.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta

__all__ = [
    "CURRENCY",
    "DATE",
    "DATE_TIME",
    "ID",
    "INSTANT",
    "INTEGER_RANGE",
    "MAX_STRING",
    "MIME_TYPE",
    "OID",
    "PATTERNS",
    "TIME",
    "UUID",
    "Canonical",
    "Code",
    "Currency",
    "Date",
    "DateTime",
    "Id",
    "Instant",
    "Integer",
    "Markdown",
    "Maybe",
    "MimeType",
    "Number",
    "Oid",
    "PositiveInt",
    "String",
    "Text",
    "Time",
    "UnsignedInt",
    "Uri",
    "Url",
    "Uuid",
    "formed",
    "is_base64",
    "is_blank_free",
    "is_code",
    "is_number",
]

if TYPE_CHECKING:
    from typing import Optional as Maybe

    Number = Decimal | int
else:

    class Maybe:
        """`Maybe[T]` is `T` to msgspec: absent members are None, a JSON null is refused."""

        def __class_getitem__(cls, item: object) -> object:
            return item

    Number = Any  # msgspec's Decimal would take strings too; the checks look at the type

MAX_STRING: Final = 1024 * 1024  # characters; "Strings SHALL NOT exceed 1MB in size"
INTEGER_RANGE: Final[Mapping[str, tuple[int, int]]] = {
    "integer": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**31 - 1),
    "positiveInt": (1, 2**31 - 1),
}
# Wider than any measurement; keeps hostile exponents such as 1e999999999 out of later arithmetic.
MAX_EXPONENT: Final = 1000
MAX_DIGITS: Final = 1000
_LARGEST: Final[int] = 10**MAX_DIGITS

_YEAR = r"(?!0000)[0-9]{4}"
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_MONTH_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DAY = rf"(?!0000)(?:[0-9]{{4}}-{_MONTH_DAY}|{_LEAP}-02-29)"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

PATTERNS: Final[Mapping[str, str]] = {
    "id": r"[A-Za-z0-9.-]{1,64}",
    "oid": r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+",
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "date": rf"(?:{_DAY}|{_YEAR}(?:-(?:0[1-9]|1[0-2]))?)",
    "dateTime": rf"(?:{_DAY}(?:T{_CLOCK}{_ZONE})?|{_YEAR}(?:-(?:0[1-9]|1[0-2]))?)",
    "instant": rf"{_DAY}T{_CLOCK}{_ZONE}",
    "time": _CLOCK,
    "currency": r"[A-Z]{3}",
    # BCP 13; "json", "xml" and "ttl" are what the standard lets a CapabilityStatement say.
    "mimetype": r"(?:[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+(?:\s*;.*)?|json|xml|ttl|turtle)",
}


# What msgspec checks by itself: type, emptiness, size. Formats are checked after decoding: a pattern costs msgspec more
# than the rest of a string, and white space is found faster by splitting.
String = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Markdown = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Text = Annotated[str, Meta(min_length=1)]  # no limit of its own: base64Binary, xhtml
Code = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Id = Annotated[str, Meta(min_length=1)]
Uri = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Url = Annotated[str, Meta(min_length=1)]  # may carry data
Canonical = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Oid = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Uuid = Annotated[str, Meta(min_length=1)]
Date = Annotated[str, Meta(min_length=1)]
DateTime = Annotated[str, Meta(min_length=1)]
Instant = Annotated[str, Meta(min_length=1)]
Time = Annotated[str, Meta(min_length=1)]
Currency = Annotated[str, Meta(min_length=1)]
MimeType = Annotated[str, Meta(min_length=1, max_length=MAX_STRING)]
Integer = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
UnsignedInt = Annotated[int, Meta(ge=0, le=2**31 - 1)]
PositiveInt = Annotated[int, Meta(ge=1, le=2**31 - 1)]

# Each answers None when a text does not have the format.
CURRENCY: Final = re.compile(PATTERNS["currency"]).fullmatch
DATE: Final = re.compile(PATTERNS["date"]).fullmatch
DATE_TIME: Final = re.compile(PATTERNS["dateTime"]).fullmatch
ID: Final = re.compile(PATTERNS["id"]).fullmatch
INSTANT: Final = re.compile(PATTERNS["instant"]).fullmatch
MIME_TYPE: Final = re.compile(PATTERNS["mimetype"]).fullmatch
OID: Final = re.compile(PATTERNS["oid"]).fullmatch
TIME: Final = re.compile(PATTERNS["time"]).fullmatch
UUID: Final = re.compile(PATTERNS["uuid"]).fullmatch
_MATCHES: Final = {
    "currency": CURRENCY,
    "date": DATE,
    "dateTime": DATE_TIME,
    "id": ID,
    "instant": INSTANT,
    "mimetype": MIME_TYPE,
    "oid": OID,
    "time": TIME,
    "uuid": UUID,
}

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def is_base64(text: str) -> bool:
    """Tell whether *text* is base64 (white space allowed), not empty."""
    dense = "".join(text.split())
    return bool(dense) and len(dense) % 4 == 0 and _BASE64.fullmatch(dense) is not None


def is_number(value: object) -> bool:
    """Tell whether *value* is a decimal as decoding leaves it: Decimal or int, in a range that arithmetic bears."""
    if type(value) is int:
        return abs(value) < _LARGEST
    if not isinstance(value, Decimal) or type(value) is not Decimal or not value.is_finite():
        return False
    return abs(value.adjusted()) <= MAX_EXPONENT and len(value.as_tuple().digits) <= MAX_DIGITS


def is_blank_free(text: str) -> bool:
    """Tell whether *text* is a uri, url or canonical to the standard: no white space anywhere."""
    return text.split() == [text]


def is_code(text: str) -> bool:
    """Tell whether *text* has no white space but single spaces inside."""
    return " ".join(text.split()) == text


def formed(type_name: str, text: str) -> bool:
    """Tell whether *text* has the format of the primitive type (strings only; not empty is checked elsewhere)."""
    if type_name in _MATCHES:
        return _MATCHES[type_name](text) is not None
    if type_name in {"uri", "url", "canonical"}:
        return is_blank_free(text)
    if type_name == "code":
        return is_code(text)
    return type_name != "base64Binary" or is_base64(text)
