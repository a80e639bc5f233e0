"""Prices of the day, and what may be charged at all."""

from datetime import date
from decimal import Decimal

import pytest

from xinglin.care import prices, refunds
from xinglin.care.prices import Wanted

DAY = date(2026, 11, 22)


def keys(*lines: Wanted, internet: bool = False) -> list[str]:
    return [issue.key for issue in prices.issues(lines, "3", DAY, internet=internet)]


@pytest.mark.rule("R5-010")
@pytest.mark.parametrize(
    ("code", "level", "day", "fen"),
    [
        ("F0006", "3", DAY, 1500),
        ("F0011", "1", DAY, 1000),
        ("F0011", "3", DAY, 2000),
        ("F0022", "3", date(2025, 12, 31), 4000),
        ("F0022", "3", date(2026, 1, 1), 5000),
    ],
)
def test_the_price_is_that_of_the_day_and_level(code: str, level: str, day: date, fen: int) -> None:
    found = prices.price_on("service-item", code, level, day)
    assert found is not None
    assert found.fen == fen


@pytest.mark.rule("R5-011")
def test_what_was_priced_stays_as_it_was() -> None:
    [before] = prices.priced((Wanted("F0022", "service-item", Decimal(1)),), "3", date(2025, 12, 31))
    [after] = prices.priced((Wanted("F0022", "service-item", Decimal(1)),), "3", DAY)
    assert (before.fen, after.fen) == (4000, 5000)


@pytest.mark.rule("R5-001", "R5-002", "R5-003")
def test_only_price_items_are_charged_and_none_above_the_price() -> None:
    assert keys(Wanted("HEALTH-TALK", "service-item", Decimal(1))) == ["charge-no-price"]
    assert keys(Wanted("F0006", "service-item", Decimal(1)), internet=True) == ["charge-internet"]
    assert keys(Wanted("F0023", "service-item", Decimal(1)), internet=True) == []
    assert keys(Wanted("F0023", "service-item", Decimal(1), unit_fen=961)) == ["charge-above-price"]
    assert keys(Wanted("F0023", "service-item", Decimal(0))) == ["charge-quantity"]
    assert keys(Wanted("D0001", "drug", Decimal(2), unit_fen=9999)) == []


def test_a_line_comes_to_whole_fen() -> None:
    [line] = prices.priced((Wanted("Z0001", "tcm-slice", Decimal("7.5")),), "3", DAY)
    assert line.fen == 90


@pytest.mark.rule("R5-015")
@pytest.mark.parametrize(
    ("reason", "percent", "person", "issue"),
    [
        ("not-accepted", None, False, []),
        ("not-accepted", 50, False, ["refund-percent"]),
        ("condition-changed", 50, False, []),
        ("quality", None, False, ["refund-person"]),
        ("quality", None, True, []),
        ("dispensed", None, True, ["refund-dispensed", "refund-person"]),
        ("decoction-started", None, True, ["refund-decoction-started"]),
        ("whim", None, True, ["refund-reason"]),
    ],
)
def test_a_refund_has_a_reason_of_the_table(
    reason: str, percent: int | None, *, person: bool, issue: list[str]
) -> None:
    found = [one.key for one in refunds.issues(reason, percent, DAY, by_person=person)]
    assert found == [key for key in issue if not (person and key == "refund-person")]


@pytest.mark.rule("R5-015")
def test_a_refund_is_a_share_and_never_more_than_was_paid() -> None:
    assert refunds.amount(1001, "condition-changed", 50, DAY) == 501
    assert refunds.amount(1000, "not-accepted", None, DAY) == 1000
    assert refunds.amount(1000, "dispensed", None, DAY) == 0
