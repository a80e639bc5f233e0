"""Households: kinds of families, fitted so that all of them together have the published ages, sexes and size."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import exp, log
from typing import Final, Literal

from xinglin.city import pyramid
from xinglin.city.stream import Stream, Weighted

Sex = Literal["male", "female"]
Role = Literal["head", "spouse", "child", "father", "mother", "grandchild", "gone"]

SAMPLES: Final = 160  # drawn of each kind of family to learn whom it holds on average
ROUNDS: Final = 400


@dataclass(slots=True)
class Member:
    """A person of a household before it has a name. age: on the last day, for the dead the age they would have."""

    role: Role
    sex: Sex
    age: int


Family = list[Member]


def _man(age: int) -> Member:
    return Member("head", "male", age)


def _wife(stream: Stream, husband: int) -> Member:
    return Member("spouse", "female", max(20, round(stream.normal(husband - 1.6, 2.0))))


def _children(stream: Stream, mother: int, count: int, role: Role = "child") -> Family:
    """Draw children of a mother of that age: born when she was 20 to 42, at least two years apart, grown ones gone."""
    found: Family = []
    at = 20 + stream.between(0, 8)
    for _ in range(count):
        age = mother - at
        if age < 0 or at > 42:
            break
        if age < 19 or (age < 27 and stream.chance(0.6)):
            sex: Sex = "male" if stream.chance(0.529) else "female"
            found.append(Member(role, sex, age))
        at += stream.between(2, 6)
    return found


def _alone_man(stream: Stream, age: int) -> Family:
    return [_man(age)]


def _alone_woman(stream: Stream, age: int) -> Family:
    return [Member("head", "female", age)]


def _couple(stream: Stream, age: int) -> Family:
    return [_man(age), _wife(stream, age)]


def _nuclear(count: int) -> Callable[[Stream, int], Family]:
    def family(stream: Stream, age: int) -> Family:
        wife = _wife(stream, age)
        return [_man(age), wife, *_children(stream, wife.age, count)]

    return family


def _single_parent(stream: Stream, age: int) -> Family:
    head = Member("head", "female" if stream.chance(0.6) else "male", age)
    return [head, *_children(stream, age, 1 + stream.chance(0.4))]


def _with_parents(*, both: bool, count: int) -> Callable[[Stream, int], Family]:
    def family(stream: Stream, age: int) -> Family:
        wife = _wife(stream, age)
        mother = age + 21 + stream.between(0, 10)
        older = [Member("mother", "female", mother)]
        if both:
            older.append(Member("father", "male", max(age + 20, round(stream.normal(mother + 1.5, 2.0)))))
        return [_man(age), wife, *older, *_children(stream, wife.age, count)]

    return family


def _with_father(stream: Stream, age: int) -> Family:
    wife = _wife(stream, age)
    father = Member("father", "male", age + 22 + stream.between(0, 10))
    return [_man(age), wife, father, *_children(stream, wife.age, 1)]


def _with_grown_child(stream: Stream, age: int) -> Family:
    wife = _wife(stream, age)
    grown = Member("child", "male" if stream.chance(0.6) else "female", max(18, wife.age - stream.between(22, 32)))
    return [_man(age), wife, grown]


def _widow_with_child(stream: Stream, age: int) -> Family:
    grown = Member("child", "male" if stream.chance(0.65) else "female", max(18, age - stream.between(22, 34)))
    return [Member("head", "female" if stream.chance(0.7) else "male", age), grown]


def _with_grandchildren(stream: Stream, age: int) -> Family:
    """Old people with the children of those who work elsewhere."""
    wife = _wife(stream, age)
    return [_man(age), wife, *_children(stream, wife.age - 23, 1 + stream.chance(0.5), "grandchild")]


# name, first and last five-year group of the head, share of such households before they are fitted (design)
_KINDS: Final[tuple[tuple[Callable[[Stream, int], Family], int, int, float], ...]] = (
    (_alone_man, 4, 17, 7.0),
    (_alone_woman, 4, 17, 7.0),
    (_couple, 5, 17, 24.0),
    (_nuclear(1), 5, 12, 16.0),
    (_nuclear(2), 5, 12, 16.0),
    (_nuclear(3), 6, 10, 4.0),
    (_single_parent, 5, 10, 4.0),
    (_with_parents(both=False, count=2), 5, 12, 5.0),
    (_with_parents(both=True, count=2), 5, 11, 6.0),
    (_with_parents(both=False, count=0), 8, 12, 2.0),
    (_with_father, 5, 12, 2.0),
    (_with_grown_child, 9, 14, 4.0),
    (_widow_with_child, 10, 17, 3.0),
    (_with_grandchildren, 9, 14, 5.0),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of family whose head is of one five-year group."""

    make: Callable[[Stream, int], Family]
    group: int

    def draw(self, stream: Stream) -> Family:
        """Draw one such family."""
        width = 5 if self.group < pyramid.OLDEST else 10
        family = self.make(stream, self.group * 5 + stream.below(width))
        for one in family:
            if one.age < 5:
                one.age = _YOUNG.place(stream)
        return _apart(family)


def _apart(family: Family) -> Family:
    """Keep brothers and sisters at least a year apart; whoever is too near is left out."""
    ages: set[tuple[Role, int]] = set()
    kept = []
    for one in family:
        if one.role in {"child", "grandchild"}:
            if {(one.role, one.age - 1), (one.role, one.age), (one.role, one.age + 1)} & ages:
                continue
            ages.add((one.role, one.age))
        kept.append(one)
    return kept


_YOUNG: Final = Weighted(enumerate(pyramid.UNDER_FIVE))


@cache
def kinds() -> Weighted[Kind]:
    """Give the kinds of families with the shares that meet the pyramid and the size of households.

    Generalised iterative scaling: shares are moved as little as the targets allow, from those that stand above.
    """
    found = [Kind(make, group) for make, first, last, _ in _KINDS for group in range(first, last + 1)]
    shares = [share / (last - first + 1) for _, first, last, share in _KINDS for _ in range(first, last + 1)]
    holds = [_holds(kind, place) for place, kind in enumerate(found)]
    cells = [*pyramid.targets(), 1 / pyramid.HOUSEHOLD]
    largest = max(sum(amount for _, amount in held) for held in holds)
    for _ in range(ROUNDS):
        sums = [0.0] * len(cells)
        for share, held in zip(shares, holds, strict=True):
            for cell, amount in held:
                sums[cell] += share * amount
        # The last cell counts households; all others people, who shall add up to one.
        moves = [log(wanted / have) / largest for wanted, have in zip(cells, sums, strict=True)]
        shares = [
            share * exp(sum(moves[cell] * amount for cell, amount in held))
            for share, held in zip(shares, holds, strict=True)
        ]
    return Weighted(zip(found, shares, strict=True))


def _holds(kind: Kind, place: int) -> list[tuple[int, float]]:
    """Give how many people of each cell a kind of family holds on average, and one household."""
    stream = Stream("households", place)
    counts: dict[int, float] = {}
    for _ in range(SAMPLES):
        for one in kind.draw(stream):
            cell = pyramid.group_of(one.age) + (0 if one.sex == "male" else len(pyramid.GROUPS))
            counts[cell] = counts.get(cell, 0.0) + 1 / SAMPLES
    return [*sorted(counts.items()), (2 * len(pyramid.GROUPS), 1.0)]
