from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.proofing import (
    LEVELS,
    METHODS,
    VERIFICATION_TYPES,
    age_years,
    ask_again,
    dependant_faults,
    level_reached,
    of_age,
    proofing_faults,
)

TODAY = date(2026, 11, 22)


@pytest.mark.rule("R6-043")
@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_a_level_reaches_itself_and_those_below(level: str, needed: str) -> None:
    assert level_reached(level, needed) == (level >= needed)
    assert not level_reached("", needed)


@pytest.mark.rule("R6-043")
@pytest.mark.parametrize(
    ("level", "wanted", "method", "found"),
    [
        ("L0", "L1", "two-element", []),
        ("L1", "L2", "face", []),
        ("L1", "L3", "desk", []),
        ("L2", "L3", "desk", []),
        ("L0", "L2", "face", ["proofing-order"]),
        ("L0", "L3", "desk", ["proofing-order"]),
        ("L1", "L1", "two-element", ["proofing-reached"]),
        ("L3", "L2", "face", ["proofing-reached"]),
        ("L0", "L1", "face", ["proofing-method"]),
        ("L1", "L2", "desk", ["proofing-method"]),
        ("L1", "L9", "desk", ["proofing-method"]),
    ],
)
def test_levels_are_shown_in_order_by_their_methods(level: str, wanted: str, method: str, found: list[str]) -> None:
    assert [issue.key for issue in proofing_faults(level, wanted, method)] == found


def test_every_method_has_a_verification_type() -> None:
    assert {method for methods in METHODS.values() for method in methods} == set(VERIFICATION_TYPES)


@pytest.mark.rule("R6-042")
@pytest.mark.parametrize(
    ("born", "held", "found"),
    [
        (date(2020, 5, 1), 4, []),
        (date(2020, 5, 1), 5, ["dependants-most"]),
        (date(2026, 11, 23), 0, ["born-later"]),
        (date(2008, 11, 23), 0, []),
        (date(2008, 11, 22), 0, ["dependant-of-age"]),
        (date(1990, 1, 1), 5, ["dependants-most", "dependant-of-age"]),
    ],
)
def test_dependants_are_few_and_young(born: date, held: int, found: list[str]) -> None:
    assert [issue.key for issue in dependant_faults(born, held, 5, TODAY)] == found


@pytest.mark.rule("R6-042")
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_one_is_of_age_on_the_day_and_not_before(born: date) -> None:
    assert age_years(born, of_age(born)) == 18
    assert age_years(born, of_age(born) - timedelta(days=1)) == 17


def test_a_silent_gateway_is_asked_later_and_later_and_then_no_more() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    waits = [ask_again(tries, now) for tries in range(7)]
    assert waits[-1] is None
    kept = [at - now for at in waits if at is not None]
    assert kept == sorted(kept)
    assert kept[0] == timedelta(seconds=5)
    assert kept[-1] < timedelta(hours=2)
