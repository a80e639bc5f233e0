"""Samples: sizes, strata, and that anybody who knows the seed draws the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care.sampling import ORDERS, PRESCRIPTIONS, RECORDS, STRATA, Size, Stratum, draw

NAMES = st.frozensets(st.sampled_from([one.name for one in STRATA]), max_size=2)
POPULATIONS = st.dictionaries(st.integers(0, 10_000).map(str), NAMES, max_size=80)


@pytest.mark.rule("R8-041")
@pytest.mark.parametrize(
    ("visits", "drawn"), [(0, 0), (12, 12), (30, 30), (600, 30), (601, 31), (1_000, 50), (20_000, 500)]
)
def test_records_five_in_a_hundred_at_least_thirty_at_most_five_hundred(visits: int, drawn: int) -> None:
    assert RECORDS.of(visits) == drawn


@pytest.mark.rule("R3-056")
@pytest.mark.parametrize(
    ("prescriptions", "drawn"), [(60, 60), (5_000, 100), (100_000, 100), (100_001, 101), (250_000, 250)]
)
def test_prescriptions_one_in_a_thousand_at_least_a_hundred(prescriptions: int, drawn: int) -> None:
    assert PRESCRIPTIONS.of(prescriptions) == drawn


@pytest.mark.rule("R3-056")
def test_orders_of_inpatients() -> None:
    assert [ORDERS.of(stays) for stays in (20, 2_000, 3_001)] == [20, 30, 31]


@pytest.mark.rule("R8-041")
@given(POPULATIONS, st.text(max_size=8))
def test_every_child_complaint_and_rule_hit_is_drawn(population: dict[str, frozenset[str]], seed: str) -> None:
    sample = draw(seed, population, Size(Decimal("0.05"), 3, 5), STRATA)
    for member, names in population.items():
        assert member in sample.drawn or not names & {"child", "complaint", "rule-hit"}
    assert len(sample.drawn) == len(set(sample.drawn)) >= min(3, len(population))
    assert set(sample.why) == set(sample.drawn) <= set(population)


@given(POPULATIONS)
def test_the_order_of_the_population_does_not_matter(population: dict[str, frozenset[str]]) -> None:
    turned = dict(reversed(population.items()))
    assert draw("2026-11", population, RECORDS, STRATA) == draw("2026-11", turned, RECORDS, STRATA)


def test_another_seed_draws_others() -> None:
    population = {str(number): () for number in range(1_000)}
    samples = [set(draw(seed, population, RECORDS).drawn) for seed in ("a", "b")]
    assert [len(one) for one in samples] == [50, 50]
    assert samples[0] != samples[1]


def test_a_part_of_a_stratum_is_drawn_by_its_ratio() -> None:
    population = {str(number): ("new-doctor",) if number < 100 else () for number in range(2_000)}
    sample = draw("seed", population, RECORDS, (Stratum("new-doctor", Decimal("0.2")),))
    assert list(sample.why.values()).count("new-doctor") == 20
    assert len(sample.drawn) == 100
