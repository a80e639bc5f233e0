"""Decisions about settlements: covers, institutions, bills, and the words of an explanation."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from tests.capabilities.insurance import places
from xinglin.capabilities.insurance.rules import claims, explaining, messages, results
from xinglin.capabilities.insurance.rules.messages import Misunderstood
from xinglin.fhir.declarations import canonical
from xinglin.security.identifiers import INSURANCE_INSTITUTION

DAY = date(2026, 11, 20)


def cover(kind: str, start: str, end: str = "", status: str = "active") -> dict[str, Any]:
    period = {"start": start} | ({"end": end} if end else {})
    return places.world(kind)[3] | {"period": period, "status": status}


def test_the_cover_that_holds_on_the_day_counts_that_of_employees_first() -> None:
    resident, employee = cover("resident", "2026-01-01", "2026-12-31"), cover("employee", "2026-11-20")
    assert claims.cover_of([resident, employee], DAY) == employee
    assert claims.cover_of([resident, employee], date(2026, 11, 19)) == resident
    assert claims.cover_of([cover("resident", "2025-01-01", "2025-12-31")], DAY) is None
    assert claims.cover_of([cover("resident", "2026-01-01", status="cancelled")], DAY) is None


def organization(code: str = "", grade: str = "", division: str = "", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "Organization", "name": "x"} | more
    if code:
        made["identifier"] = [{"system": INSURANCE_INSTITUTION, "value": code}]
    if grade:
        made["extension"] = [{"url": canonical("level"), "valueCoding": {"code": grade}}]
    if division:
        made["address"] = [{"extension": [{"url": canonical("division"), "valueCode": division}]}]
    return made


@pytest.mark.rule("R4-041", "R4-054")
def test_an_internet_hospital_settles_through_its_physical_institution() -> None:
    physical = organization("H41080200001", "3A", "410802")
    found = claims.site_of(organization(), physical)
    assert found is not None
    assert (found.code, found.level, found.seat) == ("H41080200001", "01", "2")
    assert claims.site_of(organization("X1"), None) is None


@pytest.mark.parametrize(
    ("grade", "division", "level", "seat"),
    [("2A", "410821", "02", "3"), ("2A", "410802", "02", "2"), ("", "410821", "03", "4"), ("1A", "", "03", "4")],
)
def test_where_an_institution_stands_follows_from_level_and_division(
    grade: str, division: str, level: str, seat: str
) -> None:
    found = claims.site_of(organization("H41080200001", grade, division), None)
    assert found is not None
    assert (found.level, found.seat) == (level, seat)


def test_a_bill_that_cannot_be_settled_says_why() -> None:
    charges = {"ChargeItem/e-c1": places.charge(1, places.LINES[0], "e")}
    bill = places.invoice("b", "e", places.LINES)
    assert [issue.key for issue in claims.bill_faults(bill, charges)] == ["insurance-line"]
    for wrong in ("1.234", "-1"):
        bill["lineItem"][0]["priceComponent"][0]["amount"]["value"] = wrong
        assert [issue.key for issue in claims.bill_faults(bill, charges)] == ["insurance-amount", "insurance-line"]
    del bill["lineItem"][0]["priceComponent"]
    assert [issue.key for issue in claims.bill_faults(bill, charges)] == ["insurance-amount", "insurance-line"]
    assert [issue.key for issue in claims.bill_faults({}, {})] == ["insurance-empty"]


@pytest.mark.rule("R4-001")
def test_each_stage_is_explained_with_its_figures() -> None:
    _, answer = places.settlement()
    made = explaining.explanation("settled", results.shown(answer))
    assert (made.total, made.funds, made.account, made.cash) == (12_300, 2_000, 2_000, 8_300)
    assert made.agrees
    assert made.own_lines == (3,)
    assert [step.title.zh for step in made.steps] == [
        *("目录外自费", "医保范围内", "职工基本医疗保险统筹基金", "个人账户", "个人支付"),
    ]
    told = made.steps[2]
    assert "115.00 元" in told.text.zh
    assert "50.00 元属起付线以内" in told.text.zh
    assert "65.00 元按 50 % 支付 32.50 元" in told.text.zh
    assert "只支付剩余额度 20.00 元" in told.text.zh
    assert sum(step.fen for step in made.steps if step.paid) == made.total


@pytest.mark.rule("R4-025")
def test_an_answer_that_we_cannot_follow_is_told_as_the_insurers() -> None:
    _, answer = places.settlement()
    other = deepcopy(answer)
    next(one for one in other["total"] if one["category"]["coding"][0]["code"] == "funds")["amount"]["value"] += 1
    made = explaining.explanation("settled", results.shown(other))
    assert not made.agrees
    assert "复算" in made.steps[2].text.zh
    bare = answer | {"extension": [ext for ext in answer["extension"] if ext["url"] != results.BASIS]}
    assert results.agrees(results.shown(bare)) is None


@pytest.mark.rule("R4-047")
def test_consent_is_asked_for_line_by_line_and_not_in_an_emergency() -> None:
    assert claims.agreement_issues((2, 3), (3,), emergency=False)[0].text.endswith(": 2.")
    assert claims.agreement_issues((2, 3), (2, 3), emergency=False) == ()
    assert claims.agreement_issues((2, 3), (), emergency=True) == ()


@pytest.mark.parametrize(
    "output",
    [
        {"setlinfo": {"medfee_sumamt": "1.00"}, "setldetail": []},
        {"setlinfo": {"medfee_sumamt": "x"}, "setldetail": [{}]},
    ],
)
def test_a_result_that_cannot_be_true_is_not_taken(output: dict[str, Any]) -> None:
    with pytest.raises(Misunderstood):
        messages.result(output)


def test_who_is_insured_elsewhere_is_not_insured_here() -> None:
    with pytest.raises(Misunderstood):
        messages.insured({"insuinfo": [], "baseinfo": {}}, "310")
    with pytest.raises(Misunderstood):
        messages.insured({}, "310")
    for read in (messages.uploaded, messages.registered, lambda given: messages.used(given, 2026)):
        with pytest.raises(Misunderstood):
            read({})
