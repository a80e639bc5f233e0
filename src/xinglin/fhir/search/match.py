"""Decide a condition over one `Entry` in Python: the door does so for a resource that is about to be written."""

from collections.abc import Collection

from xinglin.fhir.search.dates import relates
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.geo import metres_between
from xinglin.fhir.search.keys import DATED
from xinglin.fhir.search.query import Always as _Always
from xinglin.fhir.search.query import (
    And,
    Condition,
    Dates,
    IdIn,
    Keys,
    Near,
    Never,
    Not,
    Numbers,
    Or,
    Owned,
    Terms,
    Text,
    Updated,
    Words,
)


def matches(condition: Condition, entry: Entry, *, updated_us: int = 0) -> bool | None:
    """Tell whether *entry* satisfies *condition*; None when only the store can say (chains, lists, terminology).

    updated_us: meta.lastUpdated of the version, microseconds.
    """
    return _matches(condition, entry, frozenset(entry.keys), updated_us)


def _matches(condition: Condition, entry: Entry, keys: Collection[int], updated: int) -> bool | None:
    match condition:
        case _Always():
            return True
        case Never():
            return False
        case And(of):
            return _all([_matches(one, entry, keys, updated) for one in of])
        case Or(of):
            return _not(_all([_not(_matches(one, entry, keys, updated)) for one in of]))
        case Not(of):
            return _not(_matches(of, entry, keys, updated))
        case IdIn(ids):
            return entry.id in ids
        case Owned(pats):
            return entry.pat in pats
        case Keys(asked):
            return any(key in keys for key in asked)
        case Terms():
            return _terms(condition, entry, keys)
        case Dates():
            return _dates(condition, entry, keys)
        case Updated(op, lo, hi):
            return relates(op, updated, updated + 1, lo, hi)
        case Text(under, text, contains):
            found = (norm for key, norm in entry.sx if key in under)
            return any(text in norm if contains else norm.startswith(text) for norm in found)
        case Numbers():
            return any(within(condition, value) for key, value in entry.qx if key == condition.key)
        case Near():
            return _near(condition, entry)
        case Words(words, narrative):
            marked = dict(lexeme.rsplit(":", 1) for lexeme in entry.tx.split(" ") if lexeme)
            seen = [word for word, place in marked.items() if not narrative or place.endswith("A")]
            return all(any(s.startswith(w[:-1]) if w[-1] == "*" else s == w for s in seen) for w in words)
        case _:
            return None


def _all(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True


def _not(found: bool | None) -> bool | None:  # noqa: FBT001  a value of three-valued logic, not an option
    return None if found is None else not found


def _terms(asked: Terms, entry: Entry, keys: Collection[int]) -> bool:
    for parameter, system, code, norm, key, text_key in entry.terms:
        if parameter != asked.parameter:
            continue
        if asked.text is not None:
            if (asked.text in norm if asked.contains else norm.startswith(asked.text)) and text_key in keys:
                return True
        elif key in keys and (
            code == asked.code if asked.code is not None else bool(system) and system == asked.system
        ):
            return True
    return False


def _dates(asked: Dates, entry: Entry, keys: Collection[int]) -> bool:
    if (
        asked.main
        and entry.ord >= DATED
        and asked.ranged not in keys
        and relates(asked.op, entry.ord, entry.ord + 1, asked.lo, asked.hi)
    ):
        return True
    return any(relates(asked.op, lo, hi, asked.lo, asked.hi) for key, lo, hi in entry.dx if key == asked.key)


def within(asked: Numbers, value: float) -> bool:
    """Tell whether *value* lies in the range that was asked for."""
    above = asked.lo is None or value > asked.lo or (asked.closed[0] and value == asked.lo)
    below = asked.hi is None or value < asked.hi or (asked.closed[1] and value == asked.hi)
    return (above and below) != asked.outside


def _near(asked: Near, entry: Entry) -> bool:
    found = dict(entry.qx)
    latitude, longitude = found.get(asked.latitude_key), found.get(asked.longitude_key)
    if latitude is None or longitude is None:
        return False
    return metres_between(asked.latitude, asked.longitude, latitude, longitude) <= asked.metres
