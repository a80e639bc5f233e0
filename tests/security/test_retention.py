"""The retention table: an operator keeps longer, never shorter than the law."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.retention import TABLE, chosen, kept_until, may_be_deleted
from xinglin.settings import SettingsError, read

LAST = date(2026, 2, 28)


@pytest.mark.rule(
    "A9-01", "A9-02", "A9-03", "A9-04", "A9-05", "A9-07", "A9-08", "A9-09", "A9-10", "A9-11", "A9-12", "A9-13"
)
@pytest.mark.parametrize(
    ("kind", "years"),
    [
        ("internet-outpatient-record", 15),
        ("inpatient-record", 30),
        ("conversation", 3),
        ("ordinary-prescription", 1),
        ("toxic-or-second-psychotropic-prescription", 2),
        ("narcotic-or-first-psychotropic-prescription", 3),
        ("online-drug-sale", 5),
        ("impact-assessment", 3),
        ("provision-or-entrusting", 3),
        ("sealed-dispute-record", 3),
        ("certificate-information", 5),
        ("complaint", 5),
        ("voucher", 30),
        ("insurance-document", 15),
    ],
)
def test_each_kind_is_kept_as_long_as_the_book_says(kind: str, years: int) -> None:
    until = date(LAST.year + years, 2, 28)
    assert kept_until(kind, LAST, {}) == until
    assert [issue.key for issue in may_be_deleted(kind, LAST, until, {})] == ["retention"]
    assert may_be_deleted(kind, LAST, until + timedelta(days=1), {}) == ()


@pytest.mark.rule("A9-05")
def test_a_drug_sale_is_kept_a_year_beyond_the_drugs_expiry() -> None:
    assert kept_until("online-drug-sale", LAST, {}, expiry=date(2031, 6, 1)) == date(2032, 6, 1)
    assert kept_until("online-drug-sale", LAST, {}, expiry=date(2027, 6, 1)) == date(2031, 2, 28)


@pytest.mark.rule("A9-09")
def test_a_sealed_record_of_an_open_dispute_stays() -> None:
    found = may_be_deleted("sealed-dispute-record", LAST, date(2090, 1, 1), {}, unsolved=True)
    assert [issue.key for issue in found] == ["dispute-open"]


@pytest.mark.rule("R7-008")
def test_a_record_under_retention_is_restricted_and_says_until_when() -> None:
    (issue,) = may_be_deleted("internet-outpatient-record", LAST, date(2030, 1, 1), {})
    assert "2041-02-28" in issue.text
    assert "restricted" in issue.text


@given(st.sampled_from(sorted(TABLE)), st.integers(1, 100))
def test_no_choice_goes_below_the_law(kind: str, years: int) -> None:
    allowed = not TABLE[kind].legal or years >= TABLE[kind].years
    if allowed:
        assert chosen(f"{kind}={years}") == {kind: years}
    else:
        with pytest.raises(ValueError, match="at least"):
            chosen(f"{kind}={years}")


@pytest.mark.parametrize(
    "text", ["nothing=3", "complaint", "complaint=", "complaint=0", "complaint=101", "complaint=-1"]
)
def test_a_choice_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"knows no|1 to 100"):
        chosen(text)


@pytest.mark.rule("A9-06", "R7-015", "A11-16")
def test_the_settings_hold_the_legal_minimum() -> None:
    assert read({"XINGLIN_AUDIT_DAYS": "184"}).audit_days == 184
    assert read({"XINGLIN_RETENTION": "complaint=2, conversation=4"}).retention == "complaint=2, conversation=4"
    with pytest.raises(SettingsError) as refused:
        read({"XINGLIN_AUDIT_DAYS": "183", "XINGLIN_RETENTION": "conversation=2"})
    assert len(refused.value.faults) == 2


@pytest.mark.rule("A11-15")
def test_idle_sessions_end_within_the_half_hour_of_level_3() -> None:
    assert read({"XINGLIN_SESSION_IDLE_MINUTES": "15"}).session_idle_minutes == 15
    with pytest.raises(SettingsError):
        read({"XINGLIN_SESSION_IDLE_MINUTES": "31"})
