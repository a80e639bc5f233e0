"""Comparators for texts and numbers of any kind, where no better one is known."""

from typing import Final

from xinglin.matching.texts import edits, similarity

EXACT_LEVELS: Final = ("equal", "differs")
CLOSE_LEVELS: Final = ("equal", "very-close", "close", "far", "differs")
PAIR_LEVELS: Final = ("both-equal", "equal-and-close", "both-close", "one-equal", "one-close", "differ")
DIGIT_LEVELS: Final = ("equal", "one-edit", "two-edits", "differs")

_VERY_CLOSE: Final = 0.92
_CLOSE: Final = 0.85
_FAR: Final = 0.7


def exact(one: str, other: str) -> str | None:
    """Compare what is equal or not: a level of `EXACT_LEVELS`."""
    if not one or not other:
        return None
    return "equal" if one == other else "differs"


def document(one: str, other: str) -> str | None:
    """Compare documents written ``system|value``: a level of `EXACT_LEVELS`; of two systems nothing can be said."""
    first, _, a = one.rpartition("|")
    second, _, b = other.rpartition("|")
    return exact(a, b) if first == second else None


def close(one: str, other: str) -> str | None:
    """Compare words by Jaro-Winkler similarity, or one edit: a level of `CLOSE_LEVELS`."""
    if not one or not other:
        return None
    if one == other:
        return "equal"
    alike = similarity(one, other)
    if alike >= _VERY_CLOSE or (min(len(one), len(other)) > 3 and edits(one, other) == 1):
        return "very-close"
    if alike >= _CLOSE:
        return "close"
    return "far" if alike >= _FAR else "differs"


def digits(one: str, other: str) -> str | None:
    """Compare numbers as texts, by edits: a level of `DIGIT_LEVELS`."""
    if not one or not other:
        return None
    if one == other:
        return "equal"
    count = edits(one, other)
    return "one-edit" if count == 1 else "two-edits" if count == 2 and len(one) > 3 else "differs"


def pair(one: str, other: str) -> str | None:
    """Compare two words ``a|b``, in this order or the other: a level of `PAIR_LEVELS`; an empty word says nothing."""
    a, _, b = one.partition("|")
    c, _, d = other.partition("|")
    found = [level for level in (_both(close(a, c), close(b, d)), _both(close(a, d), close(b, c))) if level is not None]
    return min(found, key=PAIR_LEVELS.index) if found else None


_NEAR: Final = frozenset({"very-close", "close"})


def _both(first: str | None, second: str | None) -> str | None:
    levels = [level for level in (first, second) if level is not None]
    if not levels:
        return None
    equal = levels.count("equal")
    near = sum(level in _NEAR for level in levels)
    if equal == 2:
        return "both-equal"
    if equal:
        return "equal-and-close" if near else "one-equal"
    if near == 2:
        return "both-close"
    return "one-close" if near else "differ"
