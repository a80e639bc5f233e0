from datetime import UTC, datetime, timedelta

import pytest
from pyotp import TOTP

from xinglin.security.totp import address, step_of

# RFC 6238 appendix B, SHA-1: its six last digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(("second", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_the_codes_of_the_standard_are_understood(second: int, code: str) -> None:
    at = datetime.fromtimestamp(second, UTC)
    assert step_of(code, SECRET, at, 0) == second // 30


def test_a_code_counts_near_its_time_and_once() -> None:
    now = datetime(2026, 11, 22, 8, 0, 10, tzinfo=UTC)
    code = TOTP(SECRET).at(now)
    step = step_of(code, SECRET, now, 0)
    assert step is not None
    assert step_of(f"{code[:3]} {code[3:]}", SECRET, now, 0) == step
    assert step_of(code, SECRET, now + timedelta(seconds=30), 0) == step
    assert step_of(code, SECRET, now - timedelta(seconds=30), 0) == step
    assert step_of(code, SECRET, now + timedelta(seconds=90), 0) is None
    assert step_of(code, SECRET, now, step) is None
    assert step_of(code, SECRET, now, step + 5) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12345\n"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(code, SECRET, datetime(2026, 11, 22, tzinfo=UTC), 0) is None


def test_the_app_is_told_whose_key_it_is() -> None:
    told = address(SECRET, "wang.jg", "Xinglin")
    assert told.startswith("otpauth://totp/Xinglin:wang.jg?")
    assert f"secret={SECRET}" in told
