from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.fhirpath import temporal
from xinglin.fhir.fhirpath.temporal import DateTime

MOMENTS = st.builds(
    lambda moment, zone, length: DateTime(
        (moment.year, moment.month, moment.day, moment.hour, moment.minute, Decimal(moment.second))[:length],
        zone if length > 3 else None,
    ),
    st.datetimes(),
    st.one_of(st.none(), st.integers(-12 * 60, 14 * 60)),
    st.integers(1, 6),
)


@given(MOMENTS)
def test_a_moment_is_read_as_it_is_written(moment: DateTime) -> None:
    assert temporal.datetime_of(str(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_order_turns_round_with_its_sides(left: DateTime, right: DateTime) -> None:
    found, turned = temporal.compare(left, right), temporal.compare(right, left)
    assert (found is None) == (turned is None)
    assert found is None or turned is None or found == -turned


@given(MOMENTS)
def test_a_moment_lies_between_its_boundaries(moment: DateTime) -> None:
    low, high = temporal.boundary(moment, None, high=False), temporal.boundary(moment, None, high=True)
    assert isinstance(low, DateTime)
    assert isinstance(high, DateTime)
    assert temporal.compare(low, high) in {-1, 0}
    assert (temporal.digits(low), temporal.digits(high)) == (17, 17)


@given(MOMENTS, st.integers(-4000, 4000), st.sampled_from(["day", "hour", "minute", "second"]))
def test_what_is_added_to_a_full_moment_can_be_taken_away(moment: DateTime, amount: int, unit: str) -> None:
    if len(moment.parts) == 6:
        there = temporal.add(moment, Decimal(amount), unit)
        assert there is None or temporal.add(there, Decimal(-amount), unit) == moment


@pytest.mark.parametrize(
    "text",
    ["2014-1", "2014-00", "2014-02-29", "2014-01-01T", "2014-01T10:00", "2014-01-01T10:00+15:00", "0000", "20145"],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    found = temporal.datetime_of(text)
    assert found is None or (text.endswith("T") and str(found) == text[:-1])


@pytest.mark.parametrize("text", ["24:00", "10:60", "1:00", "10:00Z", ""])
def test_what_is_no_time_is_none(text: str) -> None:
    assert temporal.time_of(text) is None


def test_the_calendar_ends() -> None:
    last = temporal.date_of("9999-12-31")
    assert last is not None
    assert temporal.add(last, Decimal(1), "day") is None
    assert temporal.add(last, Decimal(1), "year") is None
