"""What credentials allow, as the rules on staff and identity say."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.outcome import Issue
from xinglin.security.credentials import (
    Credential,
    Site,
    Standing,
    category_faults,
    credential_state,
    independent_enough,
    last_day,
    may_practise_online,
    may_prescribe,
    may_work,
    years_after,
)

TODAY = date(2026, 11, 22)
HERE = "Organization/1"
PRACTISING = Credential("practising", "110410802000123", "physician", "clinical", ("03",), date(2015, 1, 1))
PHYSICIAN = Standing(
    "Practitioner/1",
    credentials=(Credential("qualification", "201541110410802199003071239"), PRACTISING),
    independent_since=date(2018, 7, 1),
    policy="P1",
    insured_until=TODAY,
)
SITE = Site(
    "PractitionerRole/1",
    HERE,
    main=True,
    registration="R1",
    consent_since=date(2026, 1, 1),
    consent_until=TODAY,
    consent_scope=("03",),
    departments=("03.04", "03.07"),
    rights=frozenset({"western", "slices"}),
)


def keys(issues: tuple[Issue, ...]) -> list[str]:
    return [issue.key for issue in issues]


def against(standing: Standing, *sites: Site, department: str | None = "03.04") -> list[str]:
    return keys(may_practise_online(standing, sites or (SITE,), HERE, TODAY, department=department))


def certified(**changes: object) -> Standing:
    return replace(PHYSICIAN, credentials=(PHYSICIAN.credentials[0], replace(PRACTISING, **changes)))  # type: ignore[arg-type]


def test_a_physician_with_everything_in_order_may_practise_online() -> None:
    assert against(PHYSICIAN) == []


@pytest.mark.rule("R1-031", "R1-032")
@pytest.mark.parametrize(
    ("since", "faults"),
    [
        (date(2023, 11, 22), []),
        (date(2023, 11, 23), ["independence-short"]),
        (None, ["independence-unknown"]),
    ],
)
def test_three_years_of_independent_work_are_needed(since: date | None, faults: list[str]) -> None:
    assert keys(independent_enough(since, TODAY)) == faults
    assert against(replace(PHYSICIAN, independent_since=since)) == faults


def test_three_years_after_a_leap_day_are_the_first_of_march() -> None:
    assert years_after(date(2024, 2, 29), 3) == date(2027, 3, 1)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


@pytest.mark.rule("R1-034")
@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"consent_since": None}, ["consent-missing"]),
        ({"consent_since": TODAY + timedelta(days=1)}, ["consent-missing"]),
        ({"consent_until": TODAY - timedelta(days=1)}, ["consent-ended"]),
        ({"consent_scope": ("04",)}, ["consent-scope"]),
        ({"consent_until": None, "consent_scope": ()}, []),
        ({"departments": ("03.01",)}, ["department-elsewhere"]),
    ],
)
def test_the_institution_agrees_to_online_work_for_a_time_and_a_scope(
    changes: dict[str, object], faults: list[str]
) -> None:
    assert against(PHYSICIAN, replace(SITE, **changes)) == faults  # type: ignore[arg-type]


@pytest.mark.rule("R1-034")
@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"until": TODAY - timedelta(days=1)}, ["practising-expired"]),
        ({"since": TODAY + timedelta(days=1)}, ["practising-not-yet"]),
        ({"scope": ("04",)}, ["practice-scope"]),
        ({"scope": ("03.04",)}, []),
        ({"category": "stomatology"}, ["category-department"]),
    ],
)
def test_place_category_and_scope_of_the_certificate_bind(changes: dict[str, object], faults: list[str]) -> None:
    assert against(certified(**changes)) == faults


@pytest.mark.rule("R1-036")
def test_an_assistant_physician_does_not_receive_online() -> None:
    assert against(certified(level="assistant-physician")) == ["assistant-physician"]


@pytest.mark.rule("R1-037")
@pytest.mark.parametrize("until", [None, TODAY - timedelta(days=1)])
def test_without_liability_insurance_nobody_goes_online(until: date | None) -> None:
    assert against(replace(PHYSICIAN, insured_until=until)) == ["insurance-missing"]


@pytest.mark.rule("R2-011", "R6-035")
@pytest.mark.parametrize(
    ("sites", "faults"),
    [
        ((replace(SITE, organization="Organization/2"),), ["site-missing"]),
        ((replace(SITE, active=False),), ["site-missing"]),
        ((replace(SITE, until=TODAY - timedelta(days=1)),), ["site-missing"]),
        ((replace(SITE, since=TODAY + timedelta(days=1)),), ["site-missing"]),
        ((replace(SITE, main=False),), ["main-site-missing"]),
        ((replace(SITE, registration=""),), ["registration-missing"]),
        ((replace(SITE, main=False), replace(SITE, organization="Organization/2")), []),
    ],
)
def test_work_at_another_institution_is_registered_or_filed(sites: tuple[Site, ...], faults: list[str]) -> None:
    assert against(PHYSICIAN, *sites) == faults


def test_all_reasons_are_given_at_once() -> None:
    bare = Standing("Practitioner/2", active=False)
    assert keys(may_practise_online(bare, (), HERE, TODAY)) == [
        "practitioner-inactive",
        "qualification-missing",
        "practising-missing",
        "independence-unknown",
        "insurance-missing",
        "site-missing",
    ]


@pytest.mark.rule("R6-032")
@pytest.mark.parametrize(
    ("category", "department", "fits"),
    [
        ("clinical", "03.04", True),
        ("clinical", "12", False),
        ("stomatology", "12.01", True),
        ("stomatology", "04", False),
        ("tcm", "50.01", True),
        ("tcm", "03", True),
        ("clinical", "50", False),
        ("ethnic", "51", True),
        ("tcm", "51", False),
        ("public-health", "01", True),
        ("public-health", "03", False),
        ("", "12", True),
    ],
)
def test_the_category_fits_the_department(category: str, department: str, *, fits: bool) -> None:
    assert (category_faults(category, department) == ()) == fits


@pytest.mark.rule("R6-032", "R6-035")
def test_herbal_slices_need_a_chinese_medicine_category_or_a_training() -> None:
    assert keys(may_prescribe(PHYSICIAN, SITE, "western")) == []
    assert keys(may_prescribe(PHYSICIAN, SITE, "slices")) == ["slices-training"]
    assert keys(may_prescribe(certified(category="tcm"), SITE, "slices")) == []
    trained = replace(PHYSICIAN, credentials=(*PHYSICIAN.credentials, Credential("tcm-training", "T1")))
    assert keys(may_prescribe(trained, SITE, "slices")) == []
    assert keys(may_prescribe(PHYSICIAN, SITE, "patent")) == ["prescribing-right"]


@pytest.mark.rule("R6-033", "R6-034")
@pytest.mark.parametrize("kind", ["nurse", "licensed-pharmacist"])
def test_registrations_of_nurses_and_pharmacists_last_five_years(kind: str) -> None:
    registered = Credential(kind, "1", since=date(2021, 11, 23))  # type: ignore[arg-type]
    assert last_day(registered) == TODAY
    assert credential_state(registered, TODAY) == "expiring-30"
    assert credential_state(registered, TODAY + timedelta(days=1)) == "expired"
    holder = Standing("Practitioner/3", credentials=(registered,))
    occupation = "nurse" if kind == "nurse" else "pharmacist"
    assert keys(may_work(holder, occupation, TODAY)) == []  # type: ignore[arg-type]
    assert keys(may_work(holder, occupation, TODAY + timedelta(days=1))) == [f"{occupation}-expired"]  # type: ignore[arg-type]


def test_who_has_no_credential_or_is_inactive_may_not_work() -> None:
    assert keys(may_work(Standing("Practitioner/4", active=False), "nurse", TODAY)) == [
        "practitioner-inactive",
        "nurse-missing",
    ]


@pytest.mark.rule("R6-033")
@pytest.mark.parametrize(
    ("left", "state"),
    [(-1, "expired"), (0, "expiring-30"), (30, "expiring-30"), (31, "expiring-60"), (60, "expiring-60"), (61, "valid")],
)
def test_a_credential_is_told_before_it_ends(left: int, state: str) -> None:
    assert credential_state(Credential("practising", "1", until=TODAY + timedelta(days=left)), TODAY) == state


def test_a_credential_without_an_end_holds() -> None:
    assert credential_state(Credential("practising", "1"), TODAY) == "valid"
    assert credential_state(Credential("practising", "1", since=TODAY + timedelta(days=1)), TODAY) == "not-yet"


@given(st.dates(date(2000, 1, 1), date(2026, 11, 22)), st.integers(0, 4000))
def test_who_may_practise_on_a_day_may_also_a_day_later_as_far_as_independence_goes(since: date, days: int) -> None:
    day = since + timedelta(days=days)
    if not independent_enough(since, day):
        assert not independent_enough(since, day + timedelta(days=1))
