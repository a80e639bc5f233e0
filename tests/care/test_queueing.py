"""Whose turn it is, and how long it takes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care import queueing
from xinglin.care.queueing import Waiting

EIGHT = datetime(2026, 11, 21, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def booked(id: str, start: float, since: float = -20, after: int | None = None) -> Waiting:
    return Waiting(id, "booked", at(since), at(start), after)


def walked(id: str, since: float) -> Waiting:
    return Waiting(id, "walk-in", at(since))


def order(*waiting: Waiting, calls: int = 0, now: float = 0, last: str = "") -> list[str]:
    return [one.id for one in queueing.line(waiting, calls, at(now), last=last)]


def test_who_booked_goes_by_the_time_of_the_number_whoever_came_first() -> None:
    assert order(booked("b", 10, -50), booked("a", 0, -5)) == ["a", "b"]


@pytest.mark.rule("FD-19")
def test_a_referred_patient_is_seen_first() -> None:
    assert order(booked("a", 0), Waiting("r", "referred", at(5))) == ["r", "a"]


def test_a_walk_in_stands_between_the_numbers_by_arrival() -> None:
    assert order(booked("a", 0), booked("b", 10), walked("w", 5), now=6) == ["a", "w", "b"]


def test_when_it_is_late_one_of_the_walk_ins_goes_between_two_who_booked() -> None:
    waiting = [booked("a", 0), booked("b", 10), walked("v", -30), walked("w", -29)]
    assert order(*waiting, now=30) == ["v", "a", "w", "b"]
    assert order(*waiting, now=30, last="walk-in") == ["a", "v", "b", "w"]


def test_who_comes_late_stands_with_the_walk_ins() -> None:
    found = queueing.line([booked("late", 0, 16), booked("b", 10)], 0, at(20))
    assert [(one.id, one.why) for one in found] == [("b", "booked"), ("late", "late")]
    assert order(booked("in time", 0, 15), booked("b", 10), now=20) == ["in time", "b"]


def test_a_recalled_one_returns_after_so_many_calls() -> None:
    waiting = [booked("r", 0, after=3), *(booked(one, 10) for one in "abc")]
    assert order(*waiting, calls=1) == ["a", "b", "r", "c"]
    assert order(*waiting, calls=2) == ["a", "r", "b", "c"]
    assert order(*waiting, calls=7) == ["r", "a", "b", "c"]


_SOMEBODY = st.builds(
    lambda kind, since, start: Waiting("", kind, at(since), at(start) if kind == "booked" else None),
    st.sampled_from(["booked", "walk-in", "referred"]),
    st.integers(-60, 180),
    st.integers(0, 180),
)


@given(st.lists(_SOMEBODY, max_size=12), st.integers(0, 200))
def test_everybody_stands_once_and_who_is_called_moves_nobody_back(waiting: list[Waiting], now: int) -> None:
    people = [Waiting(str(n), one.kind, one.since, one.start) for n, one in enumerate(waiting)]
    found = queueing.line(people, 0, at(now))
    assert sorted(one.id for one in found) == sorted(one.id for one in people)
    assert [one.place for one in found] == list(range(1, len(people) + 1))
    if found:
        rest = [one for one in people if one.id != found[0].id]
        after = queueing.line(rest, 1, at(now), last=found[0].why)
        before = {one.id: one.place for one in found}
        assert all(one.place <= before[one.id] for one in after)


def test_how_long_a_visit_takes_follows_the_last_ones() -> None:
    assert queueing.minutes_each([], 10) == 10
    assert queueing.minutes_each([4, 4, 4, 4, 4], 10) == 4
    assert queueing.estimate(2, [4] * 8, planned=10, inside=1, begins=0) == 11
    assert queueing.estimate(0, [], planned=10, inside=None, begins=25) == 25
    assert queueing.estimate(0, [], planned=10, inside=45, begins=0) == 1


def test_the_error_of_estimates_is_measured() -> None:
    assert queueing.error([]) is None
    assert queueing.error([(10, 14), (20, 18)]) == queueing.Error(2, 3, 1)
