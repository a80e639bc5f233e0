"""Who may take which number, when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care import booking
from xinglin.care.booking import ANY, POLICY, Held, Number, Wish

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
START = datetime(2026, 11, 21, 0, tzinfo=UTC)
DAY = START.date()


def number(channel: str = ANY, *, left: int = 1, start: datetime = START, open: bool = True) -> Number:
    return Number(start, start + timedelta(minutes=10), channel, booking.release_of(start), left, open)


def wish(channel: str = "web", *held: Held, missed: tuple[datetime, ...] = ()) -> Wish:
    return Wish(channel, "s1", "03", held, missed)


def keys(found: tuple[object, ...]) -> list[str]:
    return [one.key for one in found]  # type: ignore[attr-defined]


def test_a_free_number_can_be_taken() -> None:
    assert booking.refusals(wish(), number(), NOW) == ()


def test_all_reasons_of_a_number_are_told_at_once() -> None:
    late = START + timedelta(minutes=10)
    assert keys(booking.number_refusals(number(left=0, open=False), "web", late)) == [
        "session-closed",
        "number-over",
        "number-taken",
    ]
    early = START - timedelta(days=9)
    assert keys(booking.number_refusals(number(), "web", early)) == ["number-too-early"]


def test_what_is_kept_for_a_channel_belongs_to_all_from_the_set_time() -> None:
    released = booking.release_of(START)
    assert released.isoformat() == "2026-11-20T18:00:00+08:00"
    assert keys(booking.number_refusals(number("desk"), "web", released - timedelta(seconds=1))) == ["number-kept"]
    assert booking.number_refusals(number("desk"), "desk", released - timedelta(seconds=1)) == ()
    assert booking.number_refusals(number("desk"), "web", released) == ()


def test_a_person_has_one_number_of_a_session_and_department_and_three_a_day() -> None:
    assert keys(booking.person_refusals(wish("web", Held("s1", "03", DAY)), START, NOW)) == ["session-booked"]
    assert keys(booking.person_refusals(wish("web", Held("s2", "03", DAY)), START, NOW)) == ["limit-department"]
    others = [Held(f"s{one}", f"1{one}", DAY) for one in range(2, 5)]
    assert keys(booking.person_refusals(wish("web", *others), START, NOW)) == ["limit-day"]
    assert booking.person_refusals(wish("web", Held("s2", "03", DAY + timedelta(days=1))), START, NOW) == ()


def test_three_numbers_left_unused_bar_for_a_month_but_not_at_the_desk() -> None:
    missed = tuple(NOW - timedelta(days=one) for one in (80, 40, 10))
    assert keys(booking.person_refusals(wish(missed=missed), START, NOW)) == ["no-shows"]
    assert booking.person_refusals(wish("desk", missed=missed), START, NOW) == ()
    assert booking.person_refusals(wish(missed=missed[:2]), START, NOW) == ()
    assert booking.barred_until(missed) == NOW + timedelta(days=20)
    spread = tuple(NOW - timedelta(days=one) for one in (200, 100, 5))
    assert booking.barred_until(spread) is None


@given(st.integers(0, 120))
def test_quotas_are_what_was_decided_and_the_rest_is_for_any(count: int) -> None:
    found = booking.channels_of(count)
    assert len(found) == count
    for channel, percent in POLICY.quotas:
        assert found.count(channel) == count * percent // 100


def test_kept_numbers_are_spread_over_the_session() -> None:
    found = booking.channels_of(40)
    places = [place for place, one in enumerate(found) if one == "desk"]
    assert places == [5, 15, 25, 35]


def test_a_channel_takes_first_what_is_kept_for_it() -> None:
    pool = [number(), number("desk", start=START + timedelta(hours=1)), number(left=0), number("operator")]
    assert booking.best(pool, "desk", NOW) == (1, 0)
    assert booking.best(pool, "web", NOW) == (0,)


def test_a_session_is_parted_into_times() -> None:
    found = booking.times(START, START + timedelta(minutes=35))
    assert [(one - START) / timedelta(minutes=1) for one, _ in found] == [0, 10, 20]


@pytest.mark.rule("R1-035")
def test_sessions_at_two_places_do_not_overlap() -> None:
    span = (START, START + timedelta(hours=3))
    assert booking.overlaps(span, [(START + timedelta(hours=2), START + timedelta(hours=4))])
    assert not booking.overlaps(span, [(START + timedelta(hours=3), START + timedelta(hours=4))])
