"""The token bucket: a minute's worth at once, then evenly."""

from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.throttle import take


def test_a_minutes_worth_may_be_asked_at_once_and_then_evenly() -> None:
    bucket = None
    for _ in range(60):
        bucket, wait = take(bucket, 10.0, 60)
        assert wait == 0
    bucket, wait = take(bucket, 10.0, 60)
    assert wait == 1
    bucket, wait = take(bucket, 10.5, 60)
    assert wait == 0.5
    bucket, wait = take(bucket, 11.0, 60)
    assert wait == 0
    bucket, wait = take(bucket, 1000.0, 60)
    assert (bucket.left, wait) == (59, 0)


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 100))
def test_in_any_minute_at_most_two_minutes_worth_pass(pauses: list[float], per_minute: int) -> None:
    now, bucket, passed = 0.0, None, []
    for pause in pauses:
        now += pause
        bucket, wait = take(bucket, now, per_minute)
        if not wait:
            passed.append(now)
    for start in passed:
        assert sum(start <= one < start + 60 for one in passed) <= 2 * per_minute


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket, _ = take(None, 10.0, 2)
    bucket, _ = take(bucket, 5.0, 2)
    _, wait = take(bucket, 5.0, 2)
    assert wait > 0
