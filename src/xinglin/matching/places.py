"""Comparing addresses: by the levels of the national division code, else by their words."""

import re
from functools import lru_cache
from typing import Final

from xinglin.matching.characters import folded

PLACE_LEVELS: Final = ("equal", "village", "town", "county", "city", "differs")
_MEANINGLESS: Final = re.compile(r"[\s,,。.\-—_#()()]+|河南省|焦作市|中国")


def spelled(division: str, text: str) -> str:
    """Write an address for `place`: the division's code, a bar, and the text."""
    return f"{division}|{text}"


@lru_cache(maxsize=65_536)
def place(one: str, other: str) -> str | None:
    """Compare addresses written by `spelled`: a level of `PLACE_LEVELS`.

    equal: the texts agree, or nearly. Else the smallest division that both lie in: village (12 digits), town (9),
    county (6), city (4).
    """
    (first, a), (second, b) = _parts(one), _parts(other)
    if a and b and (a == b or _alike(a, b)):
        return "equal"
    if first and second:
        for digits, level in ((12, "village"), (9, "town"), (6, "county"), (4, "city")):
            if len(first) >= digits and len(second) >= digits and first[:digits] == second[:digits]:
                return level
        return "differs"
    return "differs" if a and b else None


def _parts(text: str) -> tuple[str, str]:
    division, _, address = text.partition("|")
    return division, _MEANINGLESS.sub("", folded(address))


def _alike(one: str, other: str) -> bool:
    """Tell whether nearly all pairs of neighbouring characters are shared, numbers of houses too."""
    if re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return False
    pairs, others = _pairs(one), _pairs(other)
    return bool(pairs and others) and 2 * len(pairs & others) / (len(pairs) + len(others)) >= 0.8


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}
