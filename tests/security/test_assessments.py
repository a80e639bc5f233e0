"""When the yearly assessments are told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.assessments import AHEAD_DAYS, LEVEL_3, Passed, days_left, ends

DAYS = st.dates(date(2020, 1, 1), date(2090, 1, 1))


@pytest.mark.rule("R7-040", "R7-050")
@pytest.mark.parametrize(
    ("today", "left"),
    [("2026-12-30", None), ("2026-12-31", 60), ("2027-03-01", 0), ("2027-03-11", -10), ("2026-03-02", None)],
)
def test_the_end_is_told_sixty_days_before_and_on(today: str, left: int | None) -> None:
    assert days_left(Passed(LEVEL_3, "n", date(2026, 3, 1)), date.fromisoformat(today)) == left


def test_what_was_passed_on_a_leap_day_ends_on_the_first_of_march() -> None:
    assert ends(Passed(LEVEL_3, "n", date(2028, 2, 29))) == date(2029, 3, 1)


@given(DAYS, st.integers(-400, 400))
def test_who_is_told_once_is_told_until_the_next(on: date, days: int) -> None:
    passed = Passed(LEVEL_3, "", on)
    told = [days_left(passed, ends(passed) - timedelta(days=day)) is not None for day in (days, days - 1)]
    assert told[0] == (days <= AHEAD_DAYS)
    assert told[1] >= told[0]
