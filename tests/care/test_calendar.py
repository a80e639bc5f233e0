"""Working days: make-up days, long holidays, terms that cross them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care import calendar

DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@pytest.mark.rule("R8-006")
@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-10-01", False),  # a holiday on a Thursday
        ("2026-10-10", True),  # a Saturday that makes up for it
        ("2026-10-11", False),  # the Sunday after
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-11-20", True),
        ("2026-11-21", False),
        ("2030-10-01", True),  # beyond the data only weekends are known
    ],
)
def test_holidays_and_the_days_worked_for_them(day: str, works: bool) -> None:  # noqa: FBT001  a value of the table
    assert calendar.is_working(date.fromisoformat(day)) is works


@pytest.mark.rule("R8-006")
@pytest.mark.parametrize(
    ("day", "days", "end"),
    [("2026-11-20", 1, "2026-11-23"), ("2026-09-30", 5, "2026-10-13"), ("2026-02-13", 3, "2026-02-25")],
)
def test_a_term_passes_over_what_is_not_worked(day: str, days: int, end: str) -> None:
    assert calendar.after(date.fromisoformat(day), days) == date.fromisoformat(end)


@given(DAYS, st.integers(1, 40))
def test_a_term_ends_on_a_working_day_and_holds_as_many_as_asked(day: date, days: int) -> None:
    end = calendar.after(day, days)
    assert calendar.is_working(end)
    assert calendar.between(day, end) == days
    assert calendar.between(day, end - timedelta(days=1)) == days - 1


def test_a_term_has_a_day() -> None:
    with pytest.raises(ValueError, match="at least one"):
        calendar.after(date(2026, 1, 1), 0)


def test_every_weekday_that_is_off_lies_in_a_holiday_and_every_extra_day_on_a_weekend() -> None:
    for day, works in calendar.arranged().items():
        if works:
            assert day.weekday() >= 5, day
