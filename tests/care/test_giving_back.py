"""Numbers that come back: the draw follows from the seed, and who checks the log finds what was turned."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care import giving_back
from xinglin.care.booking import POLICY
from xinglin.care.giving_back import Returned

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
SEED = "a secret of the platform"


def line(count: int = 0, *, hours: float = 20) -> Returned:
    made = Returned(7, 1, count, AT, AT + timedelta(hours=hours), "released")
    return replace(made, until=giving_back.release(SEED, made))


@given(st.text(), st.integers(1, 99), st.integers(0, 99), st.floats(0.05, 48))
def test_the_instant_lies_within_its_bounds_and_before_the_number_begins(
    seed: str, number: int, count: int, hours: float
) -> None:
    one = Returned(number, 1, count, AT, AT + timedelta(hours=hours), "released")
    drawn = giving_back.release(seed, one)
    assert AT <= drawn <= AT + timedelta(minutes=POLICY.give_back_most)
    assert drawn <= AT + (one.starts - AT) / 2
    assert giving_back.release(seed, one) == drawn


def test_instants_are_spread_over_the_time() -> None:
    minutes = [(line(count).until or AT) - AT for count in range(300)]
    assert min(minutes) < timedelta(minutes=8)
    assert max(minutes) > timedelta(minutes=57)
    assert len(set(minutes)) > 250


def test_an_honest_log_has_no_faults() -> None:
    offered = Returned(8, 1, 1, AT, AT + timedelta(hours=3), "offered", to="first", waiting=("first", "second"))
    assert giving_back.faults(SEED, giving_back.commitment(SEED), [line(), offered]) == ()


@pytest.mark.parametrize(
    ("turned", "said"),
    [
        (replace(line(), until=AT + timedelta(minutes=6)), "another time"),
        (replace(line(), waiting=("somebody",)), "although somebody waited"),
        (line(3), "came back before"),
        (replace(line(), outcome="offered", to="second", waiting=("first", "second")), "first of the waiting list"),
    ],
)
def test_a_log_that_was_turned_is_told(turned: Returned, said: str) -> None:
    (fault,) = giving_back.faults(SEED, giving_back.commitment(SEED), [turned])
    assert said in fault


def test_another_seed_than_was_published_is_told() -> None:
    assert len(giving_back.faults("another", giving_back.commitment(SEED), [])) == 1
