"""Weights from the records of a population: pairs by blocks, pairs by chance, and EM over both."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final

from xinglin.fhir.search.keys import hash64
from xinglin.matching import blocks
from xinglin.matching.model import Pattern, Specification
from xinglin.matching.persons import traits
from xinglin.matching.training import Learnt, frequencies, learn

# A block larger than this teaches nothing, and costs its square.
OF_BLOCK: Final = 30
CHANCE: Final = 200_000

Traits = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Trained:
    """New weights, and from how many records and pairs they come."""

    specification: Specification
    learnt: Learnt
    records: int
    pairs: int


def train(
    patients: Iterable[Mapping[str, Any]], specification: Specification, *, version: str, source: str = ""
) -> Trained:
    """Learn the weights of a specification anew from Patients in JSON form; nobody has to judge a pair.

    u is counted in pairs taken by chance, m by EM among pairs that share a block, from the weights that are there.
    """
    people: list[Traits] = []
    found: dict[int, list[int]] = {}
    for place, patient in enumerate(patients):
        people.append(traits(patient))
        for key in blocks.keys(patient):
            found.setdefault(key, []).append(place)
    if len(people) < 2:
        raise ValueError("two records are the least to learn from")
    u = frequencies(specification, Counter(_by_chance(people, specification)))
    pairs = {pair for members in found.values() if len(members) <= OF_BLOCK for pair in combinations(members, 2)}
    patterns = Counter(specification.pattern(people[a], people[b]) for a, b in pairs)
    # Different persons of one block are more alike than by chance, so EM finds a u of its own for them, and the share
    # of matches among candidates. The weights are for all pairs: they take only m from it.
    learnt = learn(replace(specification, prior=0.1), patterns)
    made = replace(specification.with_weights(learnt.m, u, prior=specification.prior), version=version, source=source)
    return Trained(made, learnt, len(people), len(pairs))


def _by_chance(people: list[Traits], specification: Specification) -> Iterator[Pattern]:
    """Compare pairs that a hash of their number chooses: the same each time."""
    count = len(people)
    for turn in range(min(CHANCE, count * count)):
        drawn = hash64(f"pair {turn}") & (1 << 62) - 1
        one, other = drawn % count, (drawn >> 31) % count
        if one != other:
            yield specification.pattern(people[one], people[other])
