"""Fen: rounding, spelling, sharing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care import money


@pytest.mark.rule("R4-021")
@pytest.mark.parametrize(("exact", "rounded"), [("0.5", 1), ("1.5", 2), ("2.49999", 2), ("-0.5", -1), ("-0.4", 0)])
def test_halves_go_up(exact: str, rounded: int) -> None:
    assert money.half_up(Decimal(exact)) == rounded


@given(st.integers(-(10**12), 10**12))
def test_yuan_and_fen_are_one(amount: int) -> None:
    assert money.fen(money.yuan(amount)) == amount


def test_less_than_a_fen_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        money.fen("1.005")


@pytest.mark.rule("R5-021")
@given(st.integers(-(10**10), 10**10), st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=12))
def test_shares_sum_to_the_whole_and_none_is_of_the_other_sign(total: int, parts: list[Decimal]) -> None:
    if not any(parts):
        with pytest.raises(ValueError, match="must not be"):
            money.share(total, parts)
        return
    shares = money.share(total, parts)
    assert sum(shares) == total
    assert all(share * total >= 0 for share in shares)


def test_the_last_takes_the_residue() -> None:
    assert money.share(100, [Decimal(1), Decimal(1), Decimal(1)]) == [33, 33, 34]
