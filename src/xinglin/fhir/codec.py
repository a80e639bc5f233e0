"""Bytes to structs and back: the fast way for what is sound, the thorough one that names every fault.

The fast way is decoding into structs (types, unknown members, codes of required bindings) and the generated checks.
What it does not accept is read again as a plain document and looked at thoroughly.
"""

import re
from typing import Final

import msgspec

from xinglin.fhir import validate
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.checks import CHECKS
from xinglin.fhir.r4.resources import Resource
from xinglin.fhir.wire import ENCODER, Doubled, decoder, encode, plain, to_dict

__all__ = ["decode", "encode", "to_dict"]

_TYPE: Final = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')


def decode(raw: bytes, expected: str | None = None) -> Resource:
    """Read one resource and check everything that R4 says about it.

    expected: the resource type that must stand there. Raises OutcomeError with all faults.
    """
    found = _TYPE.match(raw)
    name = found.group(1).decode() if found else ""
    if name in RESOURCES and expected in {None, name}:
        resource = _fast(raw, name)
        if resource is not None:
            return resource
    return _thorough(raw, expected)


def _fast(raw: bytes, name: str) -> Resource | None:
    """Decode when *raw* is sound beyond doubt, else None."""
    try:
        resource = decoder(name).decode(raw)
        sound = CHECKS[name](resource, resource, resource, 1)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, FhirPathError):
        return None  # the thorough look says what is wrong
    if not sound or (b"\\" in raw and b"\\u0000" in raw) or not _single(raw, resource):
        return None
    return resource


def _single(raw: bytes, resource: Resource) -> bool:
    """Tell whether no object of *raw* names a member twice.

    The struct written again is never longer than compact *raw*; a doubled member would make it shorter.
    """
    length = len(ENCODER.encode(resource))
    if length == len(raw) or length == len(msgspec.json.format(raw, indent=-1)):
        return True
    return not _doubled(plain(raw))


def _doubled(value: object) -> bool:
    if isinstance(value, dict):
        return isinstance(value, Doubled) or any(_doubled(v) for v in value.values())
    return isinstance(value, list) and any(_doubled(v) for v in value)


def _thorough(raw: bytes, expected: str | None) -> Resource:
    document = plain(raw)
    issues, resource = validate.look(document, expected)
    if not isinstance(resource, Resource) or any(issue.severity == "error" for issue in issues):
        raise OutcomeError(*issues or (Issue("structure", "unreadable", "", "the resource cannot be read"),))
    return resource
