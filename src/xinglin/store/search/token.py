"""Tokens of pages: the last row of a page, bound to its search. They carry no right: reach is asked anew."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.search.keys import hash64
from xinglin.fhir.search.query import Query
from xinglin.store.search.order import Order

_LONGEST = 4_096
# These change how much of a page is shown or how, not which rows come in which order.
_FREE = frozenset({"_count", "_format", "_pretty", "_total", "_summary", "_elements", TOKEN})
_KINDS: dict[str, type] = {"int8": int, "text": str, "float8": float, "bool": bool, "timestamptz": datetime}


def fingerprint(query: Query) -> int:
    """Compute what a token is bound to: type, filters and order."""
    known: int | None = query.noted.get("fingerprint")
    if known is not None:
        return known
    filters = [pair for pair in query.applied if pair[0].partition(":")[0] not in _FREE]
    made = hash64(repr((query.type, filters, query.sort, tuple(kind for kind, _ in query.branches))))
    query.noted["fingerprint"] = made
    return made


def write(query: Query, order: Order, values: Sequence[object]) -> str:
    """Make the token of the page that begins after the row with these *values* of the order's columns."""
    raw = msgspec.msgpack.encode((fingerprint(query), order.name, list(values)))
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def order_name(token: str) -> str:
    """Read which order a token belongs to."""
    return _decoded(token)[1]


def read(token: str, query: Query, order: Order) -> list[Any]:
    """Read where the page begins; OutcomeError 400 for what is no token, or one of another search."""
    bound, name, values = _decoded(token)
    if bound != fingerprint(query) or name != order.name or len(values) != len(order.columns):
        raise _refused("belongs to another search")
    try:
        return [
            msgspec.convert(value, type=_KINDS[column.kind], strict=column.kind != "timestamptz")
            for value, column in zip(values, order.columns, strict=True)
        ]
    except msgspec.ValidationError:
        raise _refused("is no token of a page") from None


def _decoded(token: str) -> tuple[int, str, list[Any]]:
    if len(token) > _LONGEST or not token.isascii():
        raise _refused("is no token of a page")
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return msgspec.msgpack.decode(raw, type=tuple[int, str, list[Any]])
    except (ValueError, msgspec.MsgspecError):
        raise _refused("is no token of a page") from None


def _refused(text: str) -> OutcomeError:
    return OutcomeError(Issue("invalid", "page-token", f"http.{TOKEN}", f"The token of the page {text}."))
