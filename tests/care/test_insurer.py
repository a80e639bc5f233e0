"""The national interface as data, and what a result must hold."""

from decimal import Decimal

import pytest

from tests.care.bills import DAY, bill, line
from xinglin.care import benefits
from xinglin.care.insurable import Item, lines
from xinglin.care.insurer import codes, figures, funds_and_account, institution_fault, numbers, unsound
from xinglin.care.settlement import Person, settle
from xinglin.care.used import Used

MADE = settle(bill(line(1, 100_000)), Person("310", account_fen=500), Used(2026), benefits.on(DAY))


@pytest.mark.rule("R4-003", "R4-004", "R4-005", "R4-006")
def test_codes_are_the_national_ones() -> None:
    assert codes("fund")["390200"].name == "城乡居民大病保险基金"
    assert codes("insurance")["310"].en == "Employee basic"
    assert set(codes("status")) == {"11", "12"}
    assert codes("category")["14"].name == "门诊慢特病"
    assert set(funds_and_account(MADE)) <= set(codes("fund"))


def test_each_transaction_has_one_number() -> None:
    found = [named.code for named in numbers().values()]
    assert len(found) == len(set(found))
    assert numbers()["settle"].code == "2207"


@pytest.mark.rule("R4-054")
def test_an_insurance_code_has_twelve_places() -> None:
    assert institution_fault("H41080200001") == ""
    assert institution_fault("P41080200001") == ""
    assert institution_fault("X41080200001")
    assert institution_fault("H4108020001")


@pytest.mark.rule("R4-022")
def test_a_result_whose_sums_do_not_agree_is_found() -> None:
    good = figures(MADE)
    assert unsound(good) == ()
    assert unsound(good | {"psn_cash_pay": good["psn_cash_pay"] + 1}) == ("psn_cash_pay",)
    assert unsound(good | {"hifp_pay": good["hifp_pay"] - 1}) == ("fund_pay_sumamt",)
    assert unsound({name: fen for name, fen in good.items() if name != "maf_pay"}) == ("maf_pay",)


@pytest.mark.rule("R4-010")
def test_items_of_the_catalogues_have_their_terms() -> None:
    given = (
        Item(1, "drug", "D0001", "苯磺酸氨氯地平片", Decimal(1), 100),
        Item(2, "service-item", "F0023", "互联网复诊诊查费", Decimal(1), 960),
        Item(3, "service-item", "F0295", "药品配送费", Decimal(1), 1000),
        Item(4, "fee", "delivery", "配送", Decimal(1), 1000),
        Item(5, "drug", "unknown", "?", Decimal(1), 100),
    )
    found = lines(given, insurance="310", day=DAY)
    assert [one.kind for one in found] == ["drug", "consultation", "delivery", "delivery", "other"]
    assert [one.terms.grade for one in found] == ["A", "A", "C", "C", "C"]
    assert found[0].atc == "C08CA01"


def test_slices_that_are_not_paid_alone_are_paid_among_others() -> None:
    alone = Item(1, "tcm-slice", "黄芪", "黄芪", Decimal(30), 300)
    other = Item(2, "tcm-slice", "Z0001", "麻黄", Decimal(6), 60)
    assert [one.terms.grade for one in lines((alone,), insurance="310", day=DAY)] == ["C"]
    assert [one.terms.grade for one in lines((alone, other), insurance="310", day=DAY)] == ["A", "A"]
