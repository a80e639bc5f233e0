"""The fast look at the bytes of a resource: a struct when they are sound beyond doubt, else nothing.

Decoding checks types, unknown members and codes of required bindings; the generated checks the rest. What is not
accepted here may still be sound (exponents, say): `xinglin.fhir.validate` decides and names the faults.
"""

import re
from typing import Final

import msgspec

from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.checks import CHECKS
from xinglin.fhir.r4.resources import Resource
from xinglin.fhir.wire import ENCODER, decoder

_TYPE: Final = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')


class _Head(msgspec.Struct):
    """What tells the type when it does not come first."""

    resourceType: str = ""  # noqa: N815 - as FHIR names it


_HEAD: Final = msgspec.json.Decoder(_Head)


def type_of(raw: bytes) -> str | None:
    """Name the resource type that *raw* says it is; None when it says none that R4 knows."""
    found = _TYPE.match(raw)
    if found is not None:
        name = found.group(1).decode()
    else:
        try:
            name = _HEAD.decode(raw).resourceType
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
    return name if name in RESOURCES else None


def sound(raw: bytes, name: str, depth: int = 1) -> Resource | None:
    """Decode *raw* as a resource of type *name* when nothing is wrong with it, else None.

    depth: objects that hold the resource, itself included.
    """
    try:
        resource = decoder(name).decode(raw)
        if not CHECKS[name](resource, resource, resource, depth):
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, FhirPathError):
        return None
    if (b"\\" in raw and b"\\u0000" in raw) or not _single(raw, resource):
        return None
    return resource


def _single(raw: bytes, resource: Resource) -> bool:
    """Tell whether no object of *raw* names a member twice.

    The struct written again is never longer than compact *raw*, and a doubled member would make it shorter. When they
    differ (escapes do that too) the members are counted.
    """
    again = ENCODER.encode(resource)
    if len(again) == len(raw):
        return True
    compact = msgspec.json.format(raw, indent=-1)
    return len(again) == len(compact) or _members(again) == _members(compact)


def _members(compact: bytes) -> int:
    """Count the members of all objects: names end in `":`, which inside a string is written with a backslash."""
    return compact.count(b'":') - compact.count(b'\\":')
