"""The engine: weights, grades, and EM on a mixture that is known."""

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from xinglin.city.stream import Stream
from xinglin.matching import training
from xinglin.matching.model import MISSING, Comparison, Specification, read, residents, specification, written
from xinglin.matching.persons import NEWBORN, grade, siblings, traits, two_citizens
from xinglin.security.identifiers import IDENTITY_CARD

TODAY = date(2026, 11, 22)
M = ((0.9, 0.1), (0.8, 0.15, 0.05, 0.0), (0.7, 0.2, 0.05, 0.05))
U = ((0.05, 0.95), (0.02, 0.03, 0.05, 0.9), (0.1, 0.1, 0.1, 0.7))
PRIOR = 0.2


def mixture(count: int = 60_000) -> Counter[tuple[int, ...]]:
    """Draw pairs from known weights, with values missing at times."""
    stream = Stream("mixture")
    found: Counter[tuple[int, ...]] = Counter()
    for _ in range(count):
        rows = M if stream.chance(PRIOR) else U
        pattern = []
        for row in rows:
            drawn, level = stream.unit(), 0
            while level < len(row) - 1 and drawn >= row[level]:
                drawn -= row[level]
                level += 1
            pattern.append(MISSING if stream.chance(0.1) else level)
        found[tuple(pattern)] += 1
    return found


def start() -> Specification:
    """Say where EM begins: levels that agree are likely of one person, and no more is known."""
    compared = (("a", "exact"), ("b", "digits"), ("c", "digits"))
    m = ((0.8, 0.2), (0.7, 0.1, 0.1, 0.1), (0.7, 0.1, 0.1, 0.1))
    u = ((0.2, 0.8), (0.1, 0.1, 0.1, 0.7), (0.1, 0.1, 0.1, 0.7))
    made = tuple(Comparison(*one, m[place], u[place]) for place, one in enumerate(compared))
    return Specification("known", made, 0.5, 0.99, 0.5, 0.1)


@pytest.mark.rule("CD-11")
def test_em_finds_the_weights_of_a_known_mixture() -> None:
    learnt = training.learn(start(), mixture())
    assert learnt.converged
    assert learnt.prior == pytest.approx(PRIOR, abs=0.02)
    for found, known in ((learnt.m, M), (learnt.u, U)):
        for row, truth in zip(found, known, strict=True):
            assert row == pytest.approx(truth, abs=0.03)
            assert sum(row) == pytest.approx(1)


def test_em_keeps_a_u_that_is_given_and_what_nothing_is_known_of() -> None:
    known = [list(row) for row in U]
    learnt = training.learn(start(), mixture(), u=known)
    assert learnt.u == known
    blind = Counter({(*pattern[:2], MISSING): count for pattern, count in mixture(5_000).items()})
    assert training.learn(start(), blind).m[2] == list(start().comparisons[2].m)
    with pytest.raises(ValueError, match="no pairs"):
        training.learn(start(), Counter())


def test_more_agreement_never_makes_a_match_less_likely() -> None:
    made = residents()
    for comparison in made.comparisons:
        place = made.comparisons.index(comparison)
        weights = made.weights[place]
        assert weights[0] == max(weights), comparison.field
        assert weights[-1] < 0, comparison.field
    # Without anything to compare, the prior is all there is.
    nothing = tuple(MISSING for _ in made.comparisons)
    assert made.probability(nothing) == pytest.approx(made.prior)
    best = [made.probability((*([0] * n), *nothing[n:])) for n in range(len(nothing) + 1)]
    assert all(later >= earlier for earlier, later in pairwise(best))


def test_a_specification_is_data_and_reads_back() -> None:
    made = residents()
    again = read(written(made))
    assert written(again) == written(made)
    assert made.version
    assert made.source
    assert specification() is made
    document = written(made)
    document["comparisons"][0]["by"] = "smell"
    with pytest.raises(ValueError, match="smell"):
        read(document)


@pytest.mark.rule("CD-11", "HR-03")
def test_grades() -> None:
    made = replace(residents(), certain=0.999, probable=0.9, possible=0.1)
    same = {"number": "equal", "name": "variant"}
    assert grade(made, same, 0.5, two_citizens=False) == "certain"
    # The number of somebody else's card: to be looked at.
    assert grade(made, {"number": "equal", "name": "differs"}, 0.5, two_citizens=False) == "possible"
    assert grade(made, {}, 0.9999, two_citizens=False) == "certain"
    assert grade(made, {"number": "differs"}, 0.9999, two_citizens=False) == "probable"
    assert grade(made, {}, 0.95, two_citizens=False) == "probable"
    assert grade(made, {}, 0.2, two_citizens=False) == "possible"
    assert grade(made, {}, 0.01, two_citizens=False) == "certainly-not"
    # Two valid numbers: never more than possible.
    assert grade(made, {"name": "equal", "birth": "equal"}, 1.0, two_citizens=True) == "possible"


@pytest.mark.rule("CD-11")
def test_two_valid_citizen_numbers_are_two_citizens() -> None:
    def person(*values: str) -> dict[str, object]:
        return {"identifier": [{"system": IDENTITY_CARD, "value": value} for value in values]}

    one, other = person("11010519491231002X"), person("410802199001010010")
    assert two_citizens(one, other, TODAY)
    assert not two_citizens(one, one, TODAY)
    assert not two_citizens(one, person("410802199001010011"), TODAY), "a number that does not verify proves nothing"
    assert not two_citizens(one, person(), TODAY)


@pytest.mark.rule("CD-06")
def test_newborns_of_one_mother_are_two_when_order_or_day_differ() -> None:
    def child(value: str) -> dict[str, object]:
        return {"identifier": [{"system": NEWBORN, "value": value}]}

    first = child("410802199003071247-202611180930-1")
    assert siblings(first, child("410802199003071247-202611180942-2"))
    assert siblings(first, child("410802199003071247-202503180930-1"))
    assert not siblings(first, child("410802199003071247-202611180931-1")), "the same, with another minute"
    assert not siblings(first, child("410802199203071247-202611180930-2"))
    assert not siblings(first, child("mother"))


def test_traits_take_what_is_there_and_nothing_else() -> None:
    assert traits({"resourceType": "Patient"}) == {}
    found = traits(
        {
            "name": [{"family": "张", "given": ["小梅"]}],
            "gender": "unknown",
            "birthDate": "1990-03-07",
            "identifier": [{"system": "urn:oid:2.16.156.10011.1.2", "value": "41080200100100001"}],
            "contact": [{"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"text": "李芳"}}],
        }
    )
    assert found == {"name": ("张小梅",), "birth": ("1990-03-07",), "mother": ("李芳",)}
