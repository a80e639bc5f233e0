"""Fellegi-Sunter: what is compared, with which weights, and what a comparison comes to.

A specification is data. For every comparison it names a field, a comparator, and for each level the probability of it
among pairs of one person (m) and among pairs of different persons (u). The weight of a level is log2(m / u); the
weights of a pair add up, and with the prior odds give the probability that both are one person.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import log2
from pathlib import Path
from typing import Any, Final

from xinglin.matching import names, numbers, places
from xinglin.matching.generic import (
    CLOSE_LEVELS,
    DIGIT_LEVELS,
    EXACT_LEVELS,
    PAIR_LEVELS,
    close,
    digits,
    document,
    exact,
    pair,
)

Compare = Callable[[str, str], str | None]
# The values of one record by field; a field may have several values, and a missing one has none.
Record = Mapping[str, Sequence[str]]
# The level of each comparison, by its place from the best; `MISSING` where either side has no value.
Pattern = tuple[int, ...]

MISSING: Final = -1
_DATA: Final = Path(__file__).parent / "data"
# No level is impossible: what was never seen may still happen.
LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Comparator:
    """How two values are compared. levels: best first; compare gives one of them, None when nothing can be said."""

    levels: tuple[str, ...]
    compare: Compare


COMPARATORS: Final[Mapping[str, Comparator]] = {
    "name": Comparator(names.NAME_LEVELS, names.name),
    "number": Comparator(numbers.NUMBER_LEVELS, numbers.number),
    "birth": Comparator(numbers.BIRTH_LEVELS, numbers.birth),
    "phone": Comparator(numbers.PHONE_LEVELS, numbers.phone),
    "place": Comparator(places.PLACE_LEVELS, places.place),
    "exact": Comparator(EXACT_LEVELS, exact),
    "document": Comparator(EXACT_LEVELS, document),
    "close": Comparator(CLOSE_LEVELS, close),
    "digits": Comparator(DIGIT_LEVELS, digits),
    "pair": Comparator(PAIR_LEVELS, pair),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field that is compared. by: of `COMPARATORS`. m, u: a probability for each level of it."""

    field: str
    by: str
    m: tuple[float, ...] = ()
    u: tuple[float, ...] = ()

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels, best first."""
        return COMPARATORS[self.by].levels

    def level(self, one: Sequence[str], other: Sequence[str]) -> int:
        """Give the place of the best level that any two values reach."""
        comparator = COMPARATORS[self.by]
        best = len(comparator.levels)
        for a in one:
            for b in other:
                found = comparator.compare(a, b)
                if found is not None:
                    best = min(best, comparator.levels.index(found))
        return MISSING if best == len(comparator.levels) else best


@dataclass(frozen=True)
class Specification:
    """What is compared, the weights, and from which probability a pair is graded how.

    prior: the probability that two records that are compared are of one person. version, date, source: of the weights.
    """

    name: str
    comparisons: tuple[Comparison, ...]
    prior: float
    certain: float
    probable: float
    possible: float
    version: str = ""
    source: str = ""

    def pattern(self, one: Record, other: Record) -> Pattern:
        """Compare two records, field by field."""
        return tuple([each.level(one.get(each.field, ()), other.get(each.field, ())) for each in self.comparisons])

    @cached_property
    def weights(self) -> tuple[tuple[float, ...], ...]:
        """The weight of each level of each comparison, in bits."""
        return tuple(
            tuple(log2(max(m, LEAST) / max(u, LEAST)) for m, u in zip(each.m, each.u, strict=True))
            for each in self.comparisons
        )

    def weight(self, pattern: Pattern) -> float:
        """Add up the weights of a pattern, in bits; what is missing weighs nothing."""
        return sum([self.weights[place][level] for place, level in enumerate(pattern) if level != MISSING])

    def probability(self, pattern: Pattern) -> float:
        """Give the probability that both are of one person."""
        bits = log2(self.prior / (1 - self.prior)) + self.weight(pattern)
        if bits < -100:
            return 0.0
        return 1.0 if bits > 100 else 2**bits / (1 + 2**bits)

    def told(self, pattern: Pattern) -> dict[str, str]:
        """Name the level of each field that could be compared."""
        return {
            each.field: each.levels[level]
            for each, level in zip(self.comparisons, pattern, strict=True)
            if level != MISSING
        }

    def with_weights(
        self,
        m: Sequence[Sequence[float]],
        u: Sequence[Sequence[float]],
        *,
        prior: float,
    ) -> "Specification":
        """Give the same specification with other weights."""
        comparisons = tuple(
            replace(each, m=tuple(a), u=tuple(b)) for each, a, b in zip(self.comparisons, m, u, strict=True)
        )
        return replace(self, comparisons=comparisons, prior=prior)


def read(document: Mapping[str, Any]) -> Specification:
    """Read a specification from its JSON form; ValueError says what of it cannot be."""
    comparisons = []
    for one in document["comparisons"]:
        if one["by"] not in COMPARATORS:
            raise ValueError(f"{one['field']}: there is no comparator {one['by']}")
        levels = COMPARATORS[one["by"]].levels
        m, u = (tuple(one[name].get(level, 0.0) for level in levels) for name in ("m", "u"))
        unknown = sorted((one["m"].keys() | one["u"].keys()) - set(levels))
        if unknown:
            raise ValueError(f"{one['field']}: {one['by']} has no level {', '.join(unknown)}")
        comparisons.append(Comparison(one["field"], one["by"], m, u))
    grades = document["grades"]
    return Specification(
        document["name"],
        tuple(comparisons),
        document["prior"],
        grades["certain"],
        grades["probable"],
        grades["possible"],
        document["version"],
        document["source"],
    )


def written(specification: Specification) -> dict[str, Any]:
    """Give the JSON form of a specification."""
    return {
        "name": specification.name,
        "version": specification.version,
        "source": specification.source,
        "prior": specification.prior,
        "grades": {name: getattr(specification, name) for name in ("certain", "probable", "possible")},
        "comparisons": [
            {
                "field": one.field,
                "by": one.by,
                "m": {level: round(p, 9) for level, p in zip(one.levels, one.m, strict=True)},
                "u": {level: round(p, 9) for level, p in zip(one.levels, one.u, strict=True)},
            }
            for one in specification.comparisons
        ],
    }


@cache
def specification(weights: Path | None = None) -> Specification:
    """Give the specification by which residents are matched: of a file, else the published one.

    Raises ValueError when the file is none.
    """
    text = (weights or _DATA / "residents.json").read_text("utf-8")
    try:
        return read(json.loads(text))
    except (KeyError, TypeError) as fault:
        raise ValueError(f"{weights} is no file of weights: {fault!r}") from fault


def residents() -> Specification:
    """Give the published specification by which residents are matched (`data/residents.json`)."""
    return specification()
