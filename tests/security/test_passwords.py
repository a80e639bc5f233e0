from datetime import UTC, datetime, timedelta

import pytest

from xinglin.security.passwords import MOST, PasswordPolicy, password_expired, password_faults

POLICY = PasswordPolicy(least=10, classes=3, history=5, age=timedelta(days=90))


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("Luo-Ye-7-Gui-Gen", set()),
        ("落叶归根 Gui-7x", set()),
        ("Ab-4567x", {"password-short"}),
        ("Ab-1" + "xyzw" * MOST, {"password-long"}),
        ("abcdefghijkl", {"password-classes"}),
        ("abcdefghij12", {"password-classes"}),
        ("Wang.jg-7788", {"password-easy"}),
        ("My-Passw0rd-x", {"password-easy"}),
        ("Aa1-Aa1-Aa1-", {"password-easy"}),
        ("aaa", {"password-short", "password-classes", "password-easy"}),
    ],
)
def test_all_that_is_wrong_with_a_password_is_told(password: str, found: set[str]) -> None:
    assert {issue.key for issue in password_faults(password, POLICY, login="wang.jg")} == found


def test_a_password_is_changed_after_its_days() -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    assert not password_expired(made, made + timedelta(days=90), POLICY)
    assert password_expired(made, made + timedelta(days=90, seconds=1), POLICY)
