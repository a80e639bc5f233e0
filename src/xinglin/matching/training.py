"""Learning weights from pairs that nobody has judged: expectation maximisation over counted patterns.

Source: Winkler, "Using the EM Algorithm for Weight Computation in the Fellegi-Sunter Model of Record Linkage", 1988.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.matching.model import MISSING, Pattern, Specification

Table = list[list[float]]
# What every level has besides what was counted, so that none is impossible (Jeffreys' prior).
_SMOOTH: Final = 0.5
ROUNDS: Final = 200
ENOUGH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Learnt:
    """What EM found. prior: the share of pairs that are of one person. rounds: until nothing moved any more."""

    m: Table
    u: Table
    prior: float
    rounds: int
    converged: bool

    def into(self, specification: Specification, *, prior: float | None = None) -> Specification:
        """Put the weights into a specification; *prior* instead of the share among the pairs that were learnt from."""
        return specification.with_weights(self.m, self.u, prior=self.prior if prior is None else prior)


def frequencies(specification: Specification, patterns: Mapping[Pattern, int]) -> Table:
    """Give how often each level stands in patterns: of pairs taken by chance, that is u."""
    before = [list(one.u) for one in specification.comparisons]
    return _normal(before, _tally(specification, patterns, dict.fromkeys(patterns, 1.0)))


def learn(
    specification: Specification, patterns: Mapping[Pattern, int], *, u: Table | None = None, rounds: int = ROUNDS
) -> Learnt:
    """Learn m, u and the share of matches from counted patterns, starting at the weights of the specification.

    u: known already (of pairs taken by chance), and kept. Converges when no probability moves by more than `ENOUGH`.
    """
    m = [list(one.m) for one in specification.comparisons]
    given = u is not None
    u = u if u is not None else [list(one.u) for one in specification.comparisons]
    prior = specification.prior
    total = sum(patterns.values())
    if not total:
        raise ValueError("there are no pairs to learn from")
    for turn in range(1, rounds + 1):
        share = {pattern: _posterior(pattern, m, u, prior) for pattern in patterns}
        matched = sum(count * share[pattern] for pattern, count in patterns.items())
        next_m = _normal(m, _tally(specification, patterns, share))
        next_u = u if given else _normal(u, _tally(specification, patterns, _rest(share)))
        next_prior = min(max(matched / total, 1e-9), 1 - 1e-9)
        moved = max(abs(next_prior - prior), _moved(m, next_m), _moved(u, next_u))
        m, u, prior = next_m, next_u, next_prior
        if moved < ENOUGH:
            return Learnt(m, u, prior, turn, converged=True)
    return Learnt(m, u, prior, rounds, converged=False)


def counted(patterns: Iterable[Pattern]) -> Counter[Pattern]:
    """Count patterns."""
    return Counter(patterns)


def _posterior(pattern: Pattern, m: Table, u: Table, prior: float) -> float:
    yes, no = prior, 1 - prior
    for place, level in enumerate(pattern):
        if level != MISSING:
            yes *= m[place][level]
            no *= u[place][level]
    return yes / (yes + no) if yes + no else 0.0


def _rest(share: Mapping[Pattern, float]) -> dict[Pattern, float]:
    return {pattern: 1 - part for pattern, part in share.items()}


def _tally(specification: Specification, patterns: Mapping[Pattern, int], share: Mapping[Pattern, float]) -> Table:
    table = [[0.0] * len(one.levels) for one in specification.comparisons]
    for pattern, count in patterns.items():
        part = count * share[pattern]
        for place, level in enumerate(pattern):
            if level != MISSING:
                table[place][level] += part
    return table


def _normal(before: Table, table: Table) -> Table:
    """Turn counts into probabilities that add up to 1; of what no pair could be compared by, those before stay."""
    made = []
    for old, row in zip(before, table, strict=True):
        whole = sum(row) + _SMOOTH * len(row)
        made.append([(count + _SMOOTH) / whole for count in row] if any(row) else old)
    return made


def _moved(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> float:
    return max(abs(a - b) for row, other in zip(old, new, strict=True) for a, b in zip(row, other, strict=True))
