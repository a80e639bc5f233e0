"""Files inside resources: Binary.data and the data of every Attachment, wherever it stands."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from xinglin.fhir.r4.datatypes import Attachment
from xinglin.fhir.r4.resources import Binary

# Escapes can hide the name of a member, so a text with any is looked at too.
_SIGNS = (b'"data"', b"\\u")


def may_hold_files(raw: bytes) -> bool:
    """Tell quickly whether a resource may hold a file; most do not."""
    return any(sign in raw for sign in _SIGNS)


def files(resource: Struct) -> Iterator[tuple[str, str]]:
    """Give place (FHIRPath) and base64 text of every file inside a resource, of contained ones too."""
    yield from _within(resource, type(resource).__name__)


def _within(part: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for index, one in enumerate(part):
            yield from _within(one, f"{where}[{index}]")
    elif isinstance(part, Struct):
        if isinstance(part, (Attachment, Binary)) and part.data:
            yield f"{where}.data", part.data
        for field in msgspec.structs.fields(part):
            value = getattr(part, field.name)
            if isinstance(value, (list, Struct)):
                yield from _within(value, f"{where}.{field.name}")
