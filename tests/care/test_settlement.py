"""Settlements: the worked examples of the book, then what holds of every bill."""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.care.bills import DAY, bill, line, stay
from xinglin.care import benefits, settlement
from xinglin.care.benefits import Level, Seat
from xinglin.care.portions import BillLine, Kind, classify, own, pre_self
from xinglin.care.settlement import Certificate, Group, Person, by_line, reverse, settle
from xinglin.care.used import Used

POLICY = benefits.on(DAY)
YEAR = Used(2026)
EMPLOYEE = Person("310")
RESIDENT = Person("390")
POOR = Person("390", groups=(Group("allowance", date(2026, 1, 1)),))
LINES = (line(1, 1000), line(2, 9720, "B"), line(3, 3000, "C"), line(4, 1200))


@pytest.mark.rule("R4-001", "R4-010", "R4-012", "R4-020")
def test_tv1_an_employee_at_a_hospital_of_level_3() -> None:
    made = settle(bill(*LINES), EMPLOYEE, YEAR, POLICY)
    assert (made.total, made.full_self, made.pre_self, made.in_scope) == (14920, 3000, 972, 10948)
    assert made.deductible == 5000
    assert made.stages[0].parts[0].base == 5948
    assert made.funds == {"310100": 2974}
    assert made.person == 11946


def test_tv2_a_retired_person_with_a_contract_comes_to_the_cap() -> None:
    person = Person("310", status="12", age=68, contract="H1")
    made = settle(bill(*LINES, level="primary", institution="H1"), person, replace(YEAR, outpatient=179000), POLICY)
    assert made.stages[0].parts[0].rate == Decimal("0.75")
    assert made.funds == {"310100": 1000}
    assert made.person == 13920


@pytest.mark.parametrize(
    ("level", "seat", "fen", "parts", "person"),
    [
        pytest.param("primary", "township", 300000, [42000, 198000], 60000, id="TV3"),
        pytest.param("second", "county", 2000000, [69300, 1535500], 395200, id="TV4"),
        pytest.param("third", "city", 6000000, [164300, 4032000], 1803700, id="TV5"),
    ],
)
def test_tv3_to_tv5_stays_of_residents(level: Level, seat: Seat, fen: int, parts: list[int], person: int) -> None:
    made = settle(stay(fen, level, seat), RESIDENT, YEAR, POLICY)
    assert [part.paid for part in made.stages[0].parts] == parts
    # Serious illness insurance begins above 11,000 yuan, which only the last reaches.
    assert made.total - made.stages[0].paid == person


@pytest.mark.rule("R4-002", "R4-024")
def test_tv6_a_poor_resident_is_paid_by_three_funds() -> None:
    made = settle(stay(15_000_000, "third", "city"), POOR, YEAR, POLICY)
    assert made.funds == {"390100": 10_676_300, "390200": 2_452_905, "610100": 1_309_557}
    assert made.cash == 561_238


def test_tv7_an_ordinary_resident_is_paid_by_two() -> None:
    made = settle(stay(15_000_000, "third", "city"), RESIDENT, YEAR, POLICY)
    assert made.funds == {"390100": 10_676_300, "390200": 1_934_220}
    assert made.cash == 2_389_480


def test_tv8_above_the_cap_of_basic_insurance() -> None:
    made = settle(stay(40_000_000, "third", "province"), RESIDENT, YEAR, POLICY)
    assert made.funds == {"390100": 15_000_000, "390200": 15_840_000}
    assert made.cash == 9_160_000


@pytest.mark.rule("R4-024")
def test_a_group_counts_on_the_days_it_holds() -> None:
    ended = Person("390", groups=(Group("allowance", date(2026, 1, 1), date(2026, 11, 19)),))
    assert settle(stay(15_000_000, "third", "city"), ended, YEAR, POLICY).cash == 2_389_480


def test_a_second_stay_and_a_child_bear_half_the_deductible_once() -> None:
    later = replace(YEAR, stays=1)
    assert settle(stay(100_000, "second", "county"), RESIDENT, later, POLICY).deductible == 20_000
    assert settle(stay(100_000, "primary", "township"), RESIDENT, later, POLICY).deductible == 20_000
    child = Person("390", age=14)
    assert settle(stay(100_000, "second", "county"), child, later, POLICY).deductible == 20_000
    assert settle(stay(100_000, "second", "county"), replace(child, age=15), YEAR, POLICY).deductible == 40_000


def test_an_employee_beyond_the_pooled_cap_has_the_large_amount_fund() -> None:
    made = settle(stay(20_000_000, "third", "city"), EMPLOYEE, YEAR, POLICY)
    # 600 deductible; 150,000 / 90 % = 166,666.67 in scope use up the cap; 90 % of the 32,733.33 above it
    assert made.funds == {"310100": 15_000_000, "330100": 2_946_000}


def test_two_diseases_come_before_ordinary_care_and_their_rest_goes_there() -> None:
    person = Person("390", filed=frozenset({"hypertension"}))
    pills = line(1, 60_000, atc="C08CA01")
    asked = bill(pills, level="primary", diagnoses=("I10.x00",))
    made = settle(asked, person, YEAR, POLICY)
    # 300 are paid of the first 500; 60 % of the 100 that are left
    assert [(stage.rule_id, stage.paid) for stage in made.stages] == [
        ("resident-two-diseases", 30_000),
        ("resident-outpatient", 6_000),
    ]
    assert [stage.rule_id for stage in settle(asked, RESIDENT, YEAR, POLICY).stages] == ["resident-outpatient"]


def test_a_special_disease_pays_its_own_list_within_its_limit() -> None:
    certificate = Certificate(
        *("M03900", "chronic", date(2026, 1, 1), date(2026, 12, 31)),
        institutions=frozenset({"H1"}),
        items=frozenset({"D0001"}),
        limit_fen=10_000,
        period="month",
    )
    person = Person("390", certificates=(certificate,))
    lines = (line(1, 20_000, code="D0001"), line(2, 10_000, code="D0002"))
    made = settle(bill(*lines, category="14", disease="M03900", institution="H1"), person, YEAR, POLICY)
    assert [(stage.rule_id, stage.base, stage.paid) for stage in made.stages] == [
        ("special-disease", 20_000, 10_000),
        ("resident-outpatient", 10_000, 1_600),
        ("resident-serious-illness", 18_400, 0),
    ]
    assert made.used.special == {"M03900/2026-11": 10_000}
    elsewhere = settle(bill(*lines, category="14", disease="M03900", institution="H2"), person, YEAR, POLICY)
    assert "special-disease" not in [stage.rule_id for stage in elsewhere.stages]


def test_the_personal_account_pays_before_cash_and_the_family_after_it() -> None:
    person = Person("310", account_fen=5000, family_fen=2000)
    made = settle(bill(*LINES), person, YEAR, POLICY)
    assert (made.account, made.family, made.cash) == (5000, 2000, 4946)
    unwilling = settle(replace(bill(*LINES), use_account=False), person, YEAR, POLICY)
    assert (unwilling.account, unwilling.family, unwilling.cash) == (0, 0, 11946)


@pytest.mark.rule("R4-011")
def test_what_a_price_exceeds_the_standard_by_is_the_patients() -> None:
    found = classify(line(1, 10_000, "B", cap=3000, quantity=3))
    assert (found.full_self, found.over_limit, found.pre_self, found.in_scope) == (0, 1000, 900, 8100)
    assert own([found]) == (1,)


@pytest.mark.rule("R4-041", "R4-043")
def test_online_only_consultation_and_drugs_are_paid_and_delivery_never() -> None:
    asked = (
        line(1, 1000, kind="consultation"),
        line(2, 5000),
        line(3, 800, kind="delivery"),
        line(4, 2000, kind="service"),
    )
    assert [classify(one, internet=True).reason for one in asked] == ["", "", "delivery", "online"]
    assert [classify(one).reason for one in asked] == ["", "", "delivery", ""]


@pytest.mark.rule("R4-044", "R4-045")
def test_online_and_offline_share_their_accumulators() -> None:
    online = settle(bill(*LINES, internet=True), EMPLOYEE, YEAR, POLICY)
    offline = settle(bill(*LINES), EMPLOYEE, YEAR, POLICY)
    assert online.internet
    assert online.used == offline.used


@pytest.mark.rule("R4-013")
def test_what_is_paid_first_depends_on_item_and_day() -> None:
    assert pre_self("drug", "B", insurance="310", day=DAY) == Decimal("0.10")
    assert pre_self("service-item", "B", price_type="影像", insurance="310", day=DAY) == Decimal("0.20")
    assert pre_self("drug", "A", insurance="310", day=DAY) == 0
    with pytest.raises(LookupError):
        pre_self("drug", "B", insurance="310", day=date(2020, 1, 1))


@pytest.mark.rule("R4-025")
def test_rules_are_found_again_by_their_name_and_a_changed_rule_has_another() -> None:
    assert benefits.named(POLICY.id) == POLICY
    whole = benefits.book()
    [first, *rest] = whole.outpatient
    changed = msgspec.structs.replace(whole, outpatient=(msgspec.structs.replace(first, cap=first.cap + 1), *rest))
    assert benefits.on(DAY, changed).id != POLICY.id
    with pytest.raises(LookupError):
        benefits.named(POLICY.id, changed)


def test_rules_change_on_their_day_and_not_before() -> None:
    before = benefits.on(date(2024, 12, 31))
    assert before.outpatient("390") is None
    assert before.id != POLICY.id
    with pytest.raises(LookupError):
        benefits.on(date(2000, 1, 1))


def test_every_rule_says_where_it_comes_from() -> None:
    assert all(one.source and one.tag and set(one.tag.split()) <= {"V", "P", "CFG"} for one in POLICY.entries())


@pytest.mark.rule("R4-026")
def test_only_who_settled_reverses_and_only_once() -> None:
    def asked(state: str, by: str = "H1") -> list[str]:
        found = settlement.reversal_refusals(state=state, settled_by="H1", asked_by=by)
        return [issue.key for issue in found]

    assert asked("settled") == []
    assert asked("reversed") == ["settlement-reversed"]
    assert asked("presettled", "H2") == ["settlement-not-settled", "settlement-of-another"]


@pytest.mark.rule("R4-052")
def test_a_fen_is_a_difference() -> None:
    assert settlement.differs({"cash": 1, "fund": 2}, {"cash": 1, "fund": 2}) == ()
    assert settlement.differs({"cash": 1}, {"cash": 2, "fund": 0}) == ("cash", "fund")


KINDS: st.SearchStrategy[Kind] = st.sampled_from(["consultation", "drug", "slice", "service", "material", "delivery"])


@st.composite
def bill_lines(draw: st.DrawFn) -> tuple[BillLine, ...]:
    count = draw(st.integers(1, 8))
    return tuple(
        line(
            number,
            draw(st.integers(0, 9_000_000)),
            draw(st.sampled_from(["A", "B", "C"])),
            first=draw(st.sampled_from(["0", "0.1", "0.15", "0.3"])),
            kind=draw(KINDS),
            cap=draw(st.none() | st.integers(0, 500_000)),
            quantity=draw(st.integers(1, 30)),
        )
        for number in range(1, count + 1)
    )


PEOPLE = st.builds(
    Person,
    insurance=st.sampled_from(["310", "390"]),
    status=st.sampled_from(["11", "12"]),
    age=st.integers(0, 99),
    groups=st.sampled_from([(), POOR.groups, (Group("margin", date(2026, 1, 1)),)]),
    account_fen=st.integers(0, 500_000),
    family_fen=st.integers(0, 10_000),
)
USED = st.builds(
    Used,
    year=st.just(2026),
    outpatient=st.integers(0, 200_000),
    inpatient=st.integers(0, 15_000_000),
    stays=st.integers(0, 4),
    large=st.integers(0, 40_000_000),
    serious_burden=st.integers(0, 20_000_000),
    assistance_burden=st.integers(0, 5_000_000),
    assistance=st.integers(0, 3_000_000),
)
BILLS = st.builds(
    lambda lines, level, seat, category, internet: bill(
        *lines, level=level, seat=seat, category=category, internet=internet
    ),
    bill_lines(),
    st.sampled_from(["primary", "second", "third"]),
    st.sampled_from(["township", "county", "city", "province", "outside"]),
    st.sampled_from(["11", "13", "14", "21"]),
    st.booleans(),
)


@pytest.mark.rule("R4-012", "R4-021", "R4-022")
@given(asked=BILLS, person=PEOPLE, used=USED)
def test_the_identities_hold_of_every_bill(asked: settlement.Bill, person: Person, used: Used) -> None:
    made = settle(asked, person, used, POLICY)
    assert [part.amount for part in made.lines] == [one.amount_fen for one in asked.lines]
    assert made.total == sum(one.amount_fen for one in asked.lines)
    assert made.total == made.full_self + made.over_limit + made.pre_self + made.in_scope
    assert made.person == made.total - made.paid_by_funds == made.account + made.family + made.cash
    assert 0 <= made.paid_by_funds <= made.in_scope
    assert min(made.account, made.family, made.cash) >= 0
    assert sum(by_line(made)) == made.paid_by_funds
    assert all(0 <= paid <= part.in_scope for paid, part in zip(by_line(made), made.lines, strict=True))


@pytest.mark.rule("R4-026")
@given(asked=BILLS, person=PEOPLE, used=USED)
def test_reversing_restores_the_accumulators_exactly(asked: settlement.Bill, person: Person, used: Used) -> None:
    made = settle(asked, person, used, POLICY)
    assert reverse(made, made.used) == used


@pytest.mark.rule("R4-026")
@given(first=BILLS, second=BILLS, person=PEOPLE)
def test_reversing_in_any_order_ends_where_it_began(
    first: settlement.Bill, second: settlement.Bill, person: Person
) -> None:
    one = settle(first, person, YEAR, POLICY)
    two = settle(second, person, one.used, POLICY)
    assert reverse(two, reverse(one, two.used)) == YEAR


@pytest.mark.rule("R4-023")
@given(burdens=st.lists(st.integers(0, 5_000_000), min_size=1, max_size=12), person=st.sampled_from([RESIDENT, POOR]))
def test_many_small_burdens_are_paid_like_one_large(burdens: list[int], person: Person) -> None:
    from xinglin.care import stages

    serious = POLICY.serious("390", person.groups_on(DAY))
    assert serious is not None
    used, paid = YEAR, 0
    for burden in burdens:
        stage, used = stages.serious(serious, burden, used, years=0)
        paid += stage.paid
    whole, after = stages.serious(serious, sum(burdens), YEAR, years=0)
    assert (paid, used) == (whole.paid, after)


@given(burdens=st.lists(st.integers(0, 2_000_000), min_size=2, max_size=8))
def test_serious_illness_never_pays_more_than_the_burden(burdens: list[int]) -> None:
    from xinglin.care import stages

    serious = POLICY.serious("390", frozenset())
    assert serious is not None
    for before, burden in zip(accumulate(burdens), burdens[1:], strict=False):
        stage, _ = stages.serious(serious, burden, replace(YEAR, serious_burden=before), years=0)
        assert 0 <= stage.paid <= burden


def test_fifty_lines_are_settled_within_five_milliseconds() -> None:
    asked = bill(*(line(number, 1000 + number, "B") for number in range(1, 51)))
    settle(asked, EMPLOYEE, YEAR, POLICY)
    best = min(_seconds(asked) for _ in range(20))
    assert best < 0.005


def _seconds(asked: settlement.Bill) -> float:
    begun = time.perf_counter()
    settle(asked, EMPLOYEE, YEAR, POLICY)
    return time.perf_counter() - begun


def test_a_bill_of_nothing_and_another_year_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        settle(bill(), EMPLOYEE, YEAR, POLICY)
    with pytest.raises(ValueError, match="another year"):
        settle(bill(*LINES), EMPLOYEE, Used(2025), POLICY)
    with pytest.raises(ValueError, match="not negative"):
        classify(line(1, -1))
