"""JSON documents whose decimals keep their digits."""

from decimal import Decimal
from typing import Any, Final

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.wire import plain

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def document_of(raw: bytes) -> Any:
    """Decode JSON, decimals to Decimal; OutcomeError (400) with line and column when it is malformed."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as fault:
        plain(raw)  # says where, as it reads the same text more slowly
        raise OutcomeError(Issue("structure", "malformed-json", text=f"The body is not JSON: {fault}.")) from fault


def bytes_of(document: object) -> bytes:
    """Encode a document; a Decimal is written with the digits it was read with."""
    return _ENCODER.encode(document)


def same(one: object, other: object) -> bool:
    """Tell whether two JSON values are equal (RFC 6902, 4.6): numbers by value, and never a boolean with a number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def pruned(document: dict[str, Any], emptied: list[Any]) -> dict[str, Any]:
    """Remove the containers of *emptied* that are still empty: FHIR knows no empty arrays and objects.

    Only what a patch has emptied goes; an empty value that the client wrote stays, for the validator to refuse.
    """
    marks = {id(container) for container in emptied}
    _prune(document, marks)
    return document


def _prune(value: Any, marks: set[int]) -> bool:
    """Prune below *value*; True when *value* itself has become empty by that."""
    if isinstance(value, dict):
        gone = [name for name, inner in value.items() if _prune(inner, marks)]
        for name in gone:
            del value[name]
    elif isinstance(value, list):
        gone_at = [at for at, inner in enumerate(value) if _prune(inner, marks)]
        for at in reversed(gone_at):
            del value[at]
        gone = [str(at) for at in gone_at]
    else:
        return False
    return not value and (bool(gone) or id(value) in marks)
