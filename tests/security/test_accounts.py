from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.accounts import (
    ADMINISTRATORS,
    DEMO_ROLES,
    EVERYBODY,
    PURPOSES,
    SIGNED_IN,
    STAFF_ROLES,
    LockPolicy,
    SessionPolicy,
    assignment_faults,
    dormant,
    extended,
    locked_until,
)

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SESSIONS = SessionPolicy(timedelta(minutes=20), timedelta(hours=12), timedelta(minutes=5))


def keys(kind: str, role: str, *held: str) -> list[str]:
    return [issue.key for issue in assignment_faults(kind, role, held)]


def test_every_role_has_a_purpose() -> None:
    assert set(PURPOSES) == SIGNED_IN
    assert set(DEMO_ROLES) == SIGNED_IN
    assert {"anonymous", "developer"} == EVERYBODY - SIGNED_IN


@pytest.mark.parametrize("first", ADMINISTRATORS)
@pytest.mark.parametrize("second", ADMINISTRATORS)
def test_one_account_administers_one_thing(first: str, second: str) -> None:
    assert keys("staff", second, first) == ["role-held" if first == second else "roles-separated"]


@given(st.sets(st.sampled_from(STAFF_ROLES)), st.sampled_from(STAFF_ROLES))
def test_what_is_held_never_holds_two_administrators(held: set[str], role: str) -> None:
    before = len(held & set(ADMINISTRATORS))
    if before <= 1 and not assignment_faults("staff", role, held):
        assert len((held | {role}) & set(ADMINISTRATORS)) <= 1


@pytest.mark.parametrize(("kind", "role"), [("resident", "physician"), ("staff", "resident"), ("staff", "partner")])
def test_a_kind_holds_its_own_roles(kind: str, role: str) -> None:
    assert keys(kind, role) == ["role-of-another-kind"]


def test_the_fifth_wrong_answer_locks() -> None:
    policy = LockPolicy(5, timedelta(minutes=30))
    assert locked_until(4, policy, NOW) is None
    assert locked_until(5, policy, NOW) == NOW + timedelta(minutes=30)


@given(st.timedeltas(timedelta(0), timedelta(days=2)))
def test_use_carries_a_session_on_but_never_beyond_its_end(after: timedelta) -> None:
    until = NOW + SESSIONS.whole
    ends = extended(NOW + after, until, SESSIONS)
    assert ends <= until
    assert ends <= NOW + after + SESSIONS.idle


def test_an_account_is_dormant_since_its_last_use_or_its_making() -> None:
    limit = timedelta(days=90)
    assert not dormant(None, NOW - limit, NOW, limit)
    assert dormant(None, NOW - limit - timedelta(seconds=1), NOW, limit)
    assert not dormant(NOW - timedelta(days=1), NOW - timedelta(days=400), NOW, limit)
