"""The order of what is found, step by step, so that the first twenty of fifty thousand are found without the others.

First the code itself, then what is called or read exactly so, then codes that begin so, then names and readings that
begin so, then the others; of equals what is in use first, then the shorter name, then the order of the systems.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xinglin.store.terminology.words import (
    BREAK,
    LENGTHS,
    class_gram,
    code_gram,
    is_han,
    plain,
    question,
    start_gram,
    whole_gram,
)

EXACT_CODE, EXACT_WORD, CODE_BEGINS, WORD_BEGINS, ANYWHERE = range(5)
_LONGEST: Final = LENGTHS[-1][1]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the order that an index finds alone: a tier, and in it the names of some lengths.

    grams: two, both of which the concept has. retired, low, high: of the names, by which what it finds is looked at.
    """

    tier: int
    grams: tuple[int, int]
    retired: bool
    low: int = 0
    high: int = _LONGEST


def steps(text: str) -> Iterator[Step]:
    """Give the steps in the order of what is found for what is typed; none for an empty text."""
    parts = question(text)
    if not parts:
        return
    whole, first = plain(text), parts[0][0].removeprefix(BREAK)
    for tier in (EXACT_CODE, EXACT_WORD):
        gram = whole_gram(whole)
        yield from (Step(tier, (gram, gram), retired) for retired in (False, True))
    begins = code_gram(whole)
    if is_han(whole[0]):
        # Hardly any code begins with a Chinese character: one look each will do.
        yield from (Step(CODE_BEGINS, (begins, begins), retired) for retired in (False, True))
    else:
        yield from _by_length(CODE_BEGINS, begins)
    yield from _by_length(WORD_BEGINS, start_gram(first))
    yield from _by_length(ANYWHERE, None)


def _by_length(tier: int, gram: int | None) -> Iterator[Step]:
    """Give the steps of a tier; gram: None when its class is all that narrows it."""
    for low, high in LENGTHS:
        of_class = class_gram(low, retired=False)
        yield Step(tier, (of_class if gram is None else gram, of_class), retired=False, low=low, high=high)
    of_class = class_gram(0, retired=True)
    yield Step(tier, (of_class if gram is None else gram, of_class), retired=True)
