"""Samples that anybody can draw again: the seed is published, so neither side could choose (R8-041, R3-056)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from hashlib import blake2b
from typing import Final

from xinglin.fhir.sources import cites

WHOLE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is drawn of a population. ratio: 0 to 1, rounded up. most: None for no bound."""

    ratio: Decimal
    least: int
    most: int | None = None

    def of(self, population: int) -> int:
        """Give how many are drawn of *population*: never more than there are."""
        wanted = max(int((self.ratio * population).to_integral_value(ROUND_CEILING)), self.least)
        return min(wanted, population, self.most if self.most is not None else population)


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the population of which more is drawn. ratio: of its members, 0 to 1; 1 draws all, beyond any bound."""

    name: str
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn, in the order of the draw. why: of each, the stratum that drew it first, or ``ratio``."""

    seed: str
    drawn: tuple[str, ...]
    why: Mapping[str, str]


# [CFG] defaults of the book.
RECORDS: Final = cites("R8-041")(Size(Decimal("0.05"), 30, 500))  # of an institution and month
STRATA: Final = cites("R8-041")(
    (
        Stratum("child", WHOLE),
        Stratum("complaint", WHOLE),
        Stratum("rule-hit", WHOLE),
        Stratum("new-doctor", Decimal("0.20")),
        Stratum("long-prescription", Decimal("0.20")),
    )
)
PRESCRIPTIONS: Final = cites("R3-056")(Size(Decimal("0.001"), 100))  # outpatient and emergency, of a month
ORDERS: Final = cites("R3-056")(Size(Decimal("0.01"), 30))  # of inpatients, of a month's discharges


@cites("R8-041", "R3-056")
def draw(seed: str, population: Mapping[str, Iterable[str]], size: Size, strata: tuple[Stratum, ...] = ()) -> Sample:
    """Draw without replacement: first from each stratum, then from the rest until *size* is reached.

    population: identifier → names of the strata it belongs to. Each member's place follows from the seed and its
    identifier alone, so the order in which the population is given does not matter, and one more member moves nobody.
    Strata that are drawn whole are drawn whole, whatever the bound.
    """
    order = sorted(population, key=lambda member: place(seed, member))
    members = {member: frozenset(names) for member, names in population.items()}
    why: dict[str, str] = {}
    wanted = size.of(len(order))
    for stratum in strata:
        inside = [member for member in order if stratum.name in members[member]]
        for member in inside[: Size(stratum.ratio, 0).of(len(inside))]:
            if stratum.ratio >= WHOLE or len(why) < wanted or member in why:
                why.setdefault(member, stratum.name)
    for member in order:
        if len(why) >= wanted:
            break
        why.setdefault(member, "ratio")
    drawn = tuple(member for member in order if member in why)
    return Sample(seed, drawn, {member: why[member] for member in drawn})


def place(seed: str, member: str) -> bytes:
    """Give the place of a member in the draw: BLAKE2b of seed and identifier, the smaller the earlier."""
    return blake2b(f"{seed}\x1f{member}".encode(), digest_size=16).digest()
