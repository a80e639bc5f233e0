"""JSON text of resources: between bytes, plain documents and structs, with digits kept and doubles noticed."""

import json
from decimal import Decimal
from functools import cache
from typing import Any, Final, NoReturn

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.resources import Resource

# Decimal digits as they came: 1.00 stays 1.00.
ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class Scientific(Decimal):
    """A decimal written with an exponent: fine, but not comparable by length, so the fast way leaves it."""


class Doubled(dict[str, object]):
    """An object that names a member twice; `names` are those members."""

    names: tuple[str, ...] = ()


def number(text: str) -> Decimal:
    """Read a JSON number with its digits; those with exponents are marked."""
    return Scientific(text) if "e" in text or "E" in text else Decimal(text)


@cache
def decoder(type_name: str) -> msgspec.json.Decoder[Resource]:
    """Make the decoder of a resource type; takes a quarter of a second for the first."""
    return msgspec.json.Decoder(RESOURCES[type_name], float_hook=number)


def encode(resource: msgspec.Struct | dict[str, Any]) -> bytes:
    """Write a struct or a plain document as compact JSON."""
    return ENCODER.encode(resource)


def to_dict(resource: msgspec.Struct) -> dict[str, Any]:
    """Turn a struct into its plain document; decimals stay Decimal."""
    return plain(ENCODER.encode(resource))


def plain(raw: bytes | str) -> dict[str, Any]:
    """Read one JSON object into plain dicts and lists, decimals as Decimal; doubled members are marked.

    Raises OutcomeError with line, column and byte when *raw* is not JSON, not UTF-8 or not an object.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        _refuse("not-utf-8", f"byte {fault.start} is not UTF-8: {fault.reason}")
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as fault:
        byte = len(text[: fault.pos].encode("utf-8", "surrogatepass"))
        _refuse("malformed-json", f"line {fault.lineno}, column {fault.colno} (byte {byte}): {fault.msg}")
    except RecursionError:
        _refuse("too-deep", "the JSON is nested too deep")
    except ValueError as fault:  # an integer of thousands of digits, NaN
        _refuse("malformed-json", str(fault))
    if not isinstance(document, dict):
        _refuse("not-an-object", "a resource is a JSON object")
    return document


def _refuse(key: str, text: str) -> NoReturn:
    raise OutcomeError(Issue("structure", key, "", text)) from None


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    doubled = Doubled(made)
    names = [name for name, _ in pairs]
    doubled.names = tuple(sorted({name for name in names if names.count(name) > 1}))
    return doubled


def doubled(value: object) -> bool:
    """Tell whether any object in a document of `plain` names a member twice."""
    if isinstance(value, dict):
        return isinstance(value, Doubled) or any(doubled(v) for v in value.values())
    return isinstance(value, list) and any(doubled(v) for v in value)
