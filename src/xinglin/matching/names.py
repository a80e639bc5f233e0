"""Comparing names of persons: Chinese ones by characters and by sound, minority names by their parts."""

from functools import lru_cache
from typing import Final

from xinglin.fhir.sources import cites
from xinglin.matching.characters import DOT, folded, plain
from xinglin.matching.sounds import near_sounds, sounds

# Best first.
NAME_LEVELS: Final = ("equal", "variant", "sound", "near-sound", "swapped", "one-character", "differs")


@cites("CD-11")
@lru_cache(maxsize=65_536)
def name(one: str, other: str) -> str | None:
    """Compare two names: a level of `NAME_LEVELS`, None when either is empty; the same in either order.

    variant: traditional and variant characters. sound: the same pinyin without tones. near-sound: what dialects do not
    tell apart. swapped: the characters, or the parts around a dot, in another order. one-character: of three or more
    one is another, is missing or was added; a minority name that lacks its last part.
    """
    a, b = plain(one), plain(other)
    if not a or not b:
        return None
    if a == b:
        return "equal"
    a, b = folded(one), folded(other)
    if a == b or a.replace(DOT, "") == b.replace(DOT, ""):
        return "variant"
    if set(sounds(one)) & set(sounds(other)):
        return "sound"
    if set(near_sounds(one)) & set(near_sounds(other)):
        return "near-sound"
    if _swapped(a, b):
        return "swapped"
    return "one-character" if _one_character(a, b) else "differs"


def _swapped(one: str, other: str) -> bool:
    if DOT in one or DOT in other:
        return sorted(one.split(DOT)) == sorted(other.split(DOT))
    return sorted(one) == sorted(other)


def _one_character(one: str, other: str) -> bool:
    if DOT in one or DOT in other:
        first, second = one.split(DOT), other.split(DOT)
        if len(first) != len(second):
            few, many = sorted((first, second), key=len)
            return many[: len(few)] == few
    if len(one) == len(other):
        return len(one) > 2 and sum(a != b for a, b in zip(one, other, strict=True)) == 1
    shorter, longer = sorted((one, other), key=len)
    return (
        len(shorter) > 1
        and len(longer) - len(shorter) == 1
        and any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
    )
