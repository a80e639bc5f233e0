"""The gate of online re-visits: each of its conditions at its boundary, alone and together."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care.revisit import (
    CODES,
    DEFAULT,
    KINDS,
    Case,
    Evidence,
    Gate,
    Guardian,
    Policy,
    entrance,
    gate,
    is_icd10,
    keys,
    open_diseases,
    same_as,
    termination_faults,
)

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SHEET = Evidence(
    "DocumentReference/1",
    "Organization/jz-renmin",
    physical=True,
    kind="outpatient-record",
    on=DAY - timedelta(days=30),
    diagnoses=("I10.x00",),
    origin="regional-platform",
    decision="reviewed",
    decided_at=NOON,
)
CASE = Case(
    day=DAY,
    verified=True,
    consented=True,
    evidence=(SHEET,),
    department="03.04",
    open_departments=frozenset({"03"}),
    diagnoses=("I10.x00",),
    acted_at=NOON + timedelta(minutes=5),
    age_years=62,
    specialties=("03.04",),
)
MOTHER = Guardian("李梅", "410802199003071239", "母亲", verified=True, present=True)
CHILD = replace(CASE, age_years=4, guardian=MOTHER, specialties=("07.04",))


def shut(case: Case, policy: Policy = DEFAULT) -> tuple[str, ...]:
    return keys(gate(case, policy).findings)


@pytest.mark.rule("R1-043", "R1-041")
def test_a_re_visit_for_the_same_diagnosis_with_evidence_passes() -> None:
    assert gate(CASE) == Gate(passed=True, findings=())


@pytest.mark.rule("R1-043", "R1-040", "R2-020", "R1-070")
@pytest.mark.parametrize(
    ("changes", "finding", "code"),
    [
        ({"verified": False}, "IDENTITY_DOUBT", "IDENTITY_DOUBT"),
        ({"consented": False}, "NO_CONSENT", "NO_CONSENT"),
        ({"evidence": ()}, "NO_RECORD", "FIRST_VISIT"),
        ({"evidence": (replace(SHEET, decision="", decided_at=None),)}, "EVIDENCE_UNREVIEWED", "FIRST_VISIT"),
        ({"diagnoses": ("I10.x00", "E11.900")}, "DIAGNOSIS_MISMATCH", "FIRST_VISIT"),
        ({"department": "04"}, "OUT_OF_SCOPE_DEPT", "OUT_OF_SCOPE_DEPT"),
        ({"doctor_faults": ("independence-short",)}, "OUT_OF_SCOPE_DEPT", "OUT_OF_SCOPE_DEPT"),
        ({"hospital_faults": ("verification-overdue",)}, "OUT_OF_SCOPE_DEPT", "OUT_OF_SCOPE_DEPT"),
        ({"pharmacist_on_duty": False}, "OUT_OF_SCOPE_DEPT", "OUT_OF_SCOPE_DEPT"),
    ],
)
def test_each_condition_alone_shuts_the_gate(changes: dict[str, object], finding: str, code: str) -> None:
    found = gate(replace(CASE, **changes))  # type: ignore[arg-type]  # fields of a case, by name
    assert not found.passed
    assert finding in keys(found.findings)
    assert found.code == code


@pytest.mark.rule("R1-043")
def test_a_disease_that_is_not_on_the_list_is_not_treated_online_although_it_was_diagnosed_before() -> None:
    appendix = replace(SHEET, diagnoses=("K35.900",))
    case = replace(CASE, evidence=(appendix,), diagnoses=("K35.900",))
    assert shut(case) == ("OUT_OF_SCOPE_DEPT",)
    assert shut(case, Policy(diseases=frozenset({"K35"}))) == ()


@pytest.mark.rule("R1-043")
@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("I10.x00", "I10", True),
        ("I10", "I11.900", False),
        ("E11.900", "E11.4", True),
        ("A04.01.01", "A04.01.02", False),
    ],
)
def test_two_diagnoses_are_the_same_by_category(before: str, now: str, same: bool) -> None:  # noqa: FBT001  a column
    assert (same_as(before) == same_as(now)) is same


@pytest.mark.rule("R1-043")
def test_an_institution_may_compare_more_characters() -> None:
    case = replace(CASE, diagnoses=("I10.x05",))
    assert shut(case) == ()
    assert shut(case, Policy(characters=6)) == ("DIAGNOSIS_MISMATCH",)


@pytest.mark.rule("R1-043")
def test_a_diagnosis_of_chinese_medicine_goes_with_one_by_icd_10() -> None:
    both = replace(SHEET, diagnoses=("I10.x00", "A04.01.01"))
    assert shut(replace(CASE, evidence=(both,), diagnoses=("I10.x00", "A04.01.01"))) == ()
    assert shut(replace(CASE, evidence=(both,), diagnoses=("A04.01.01",))) == ("OUT_OF_SCOPE_DEPT",)
    assert [is_icd10(code) for code in ("I10", "I10.x00", "A04.01.01", "I1", "")] == [True, True, False, False, False]


@pytest.mark.rule("R1-044")
@pytest.mark.parametrize(
    ("days", "insured", "passes"), [(180, True, True), (181, True, False), (365, False, True), (366, False, False)]
)
def test_a_diagnosis_ages(days: int, insured: bool, passes: bool) -> None:  # noqa: FBT001  columns of a table
    old = replace(SHEET, on=DAY - timedelta(days=days))
    found = gate(replace(CASE, evidence=(old,), insured=insured))
    assert found.passed is passes
    assert passes or {one.rule for one in found.findings if one.code == "NO_RECORD"} == {"R1-044"}


@pytest.mark.rule("R1-044")
def test_how_old_a_diagnosis_may_be_is_set_by_institution_and_payer() -> None:
    old = replace(CASE, evidence=(replace(SHEET, on=DAY - timedelta(days=91)),))
    assert "NO_RECORD" in shut(old, Policy(age_days=90))
    assert shut(old, Policy(age_days=91)) == ()


def test_evidence_of_tomorrow_is_none() -> None:
    assert "NO_RECORD" in shut(replace(CASE, evidence=(replace(SHEET, on=DAY + timedelta(days=1)),)))


@pytest.mark.rule("R1-042", "R1-041", "R2-021")
@pytest.mark.parametrize(
    "changes",
    [{"physical": False}, {"kind": "chat"}, {"diagnoses": ()}, {"decision": "refused"}, {"on": None}],
    ids=lambda one: next(iter(one)),
)
def test_what_shows_no_clear_diagnosis_of_a_physical_institution_is_no_evidence(changes: dict[str, object]) -> None:
    found = gate(replace(CASE, evidence=(replace(SHEET, **changes),)))  # type: ignore[arg-type]  # by name
    assert found.code == "FIRST_VISIT"
    assert "NO_RECORD" in keys(found.findings)


@pytest.mark.rule("R1-042")
@pytest.mark.parametrize("kind", KINDS)
def test_four_kinds_of_papers_are_evidence(kind: str) -> None:
    assert shut(replace(CASE, evidence=(replace(SHEET, kind=kind),))) == ()


@pytest.mark.rule("R1-042")
def test_a_picture_that_was_sent_opens_the_door_until_the_doctor_has_read_it() -> None:
    sent = replace(SHEET, origin="patient-upload", diagnoses=(), on=None, decision="", decided_at=None)
    asked = replace(CASE, evidence=(sent,), diagnoses=(), acted_at=None)
    assert entrance(asked).passed
    assert shut(asked) == ("EVIDENCE_UNREVIEWED",)
    read = replace(sent, decision="reviewed", decided_at=NOON)
    assert "NO_RECORD" in shut(replace(asked, evidence=(read,)))  # it showed no diagnosis


@pytest.mark.rule("R1-043")
def test_evidence_is_reviewed_before_the_first_diagnosis() -> None:
    assert shut(replace(CASE, acted_at=NOON)) == ()
    assert shut(replace(CASE, acted_at=NOON - timedelta(seconds=1))) == ("EVIDENCE_LATE",)


@pytest.mark.rule("R1-045")
def test_a_patient_on_site_may_be_seen_for_the_first_time() -> None:
    found = gate(replace(CASE, evidence=(), on_site=True))
    assert found.passed
    assert [(one.code, one.weight) for one in found.findings] == [("ON_SITE", "note")]


@pytest.mark.rule("R1-040")
def test_first_visits_are_a_switch_that_is_off() -> None:
    assert not DEFAULT.first_visits
    assert gate(replace(CASE, evidence=())).code == "FIRST_VISIT"
    assert gate(replace(CASE, evidence=()), Policy(first_visits=True)).passed


@pytest.mark.rule("R1-055")
@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ()),
        ({"guardian": None}, ("CHILD_NO_GUARDIAN",)),
        ({"guardian": replace(MOTHER, verified=False)}, ("CHILD_NO_GUARDIAN",)),
        ({"guardian": replace(MOTHER, present=False)}, ("CHILD_NO_GUARDIAN",)),
        ({"guardian": replace(MOTHER, relation="")}, ("CHILD_NO_GUARDIAN",)),
        ({"specialties": ("03.04",)}, ("CHILD_NO_PAEDIATRIC",)),
        ({"guardian": None, "specialties": ()}, ("CHILD_NO_GUARDIAN", "CHILD_NO_PAEDIATRIC")),
        ({"age_years": 6, "guardian": None}, ("CHILD_NO_GUARDIAN",)),
        ({"age_years": 7, "guardian": None, "specialties": ("03.04",)}, ()),
    ],
)
def test_a_child_up_to_six_needs_guardian_and_paediatrician(changes: dict[str, object], codes: tuple[str, ...]) -> None:
    assert shut(replace(CHILD, **changes)) == codes  # type: ignore[arg-type]  # fields of a case, by name


@pytest.mark.rule("R1-055")
def test_another_relevant_specialty_is_named_by_the_institution() -> None:
    case = replace(CHILD, specialties=("13.03",))
    assert shut(case) == ("CHILD_NO_PAEDIATRIC",)
    assert shut(case, Policy(relevant=("13",))) == ()


@pytest.mark.rule("R1-055")
def test_who_asks_for_a_child_need_not_be_on_the_video_yet() -> None:
    asked = replace(CHILD, guardian=replace(MOTHER, present=False), specialties=())
    assert entrance(asked).passed
    assert entrance(replace(asked, guardian=None)).code == "CHILD_NO_GUARDIAN"


@pytest.mark.rule("R1-047")
def test_codes_are_those_of_the_book() -> None:
    assert len(CODES) == 15
    assert {"FIRST_VISIT", "EMERGENCY_RED_FLAG", "SYSTEM_FAILURE"} <= CODES.keys()


@pytest.mark.rule("R1-046", "R2-022")
def test_a_termination_has_a_code_and_advice() -> None:
    assert termination_faults("CONDITION_CHANGED", "请到心内科门诊就诊") == ()
    assert termination_faults("TIRED", "") == ("termination-code", "termination-advice")


def test_the_list_of_diseases_begins_with_the_rules() -> None:
    assert {"I10", "E11", "J45"} <= open_diseases(DAY)
    assert open_diseases(date(2018, 7, 16)) == frozenset()


SOME = st.sampled_from(["I10.x00", "E11.900", "K35.900", "J45.900", "A04.01.01"])


@given(st.lists(SOME, max_size=3), st.lists(SOME, max_size=3), st.booleans(), st.integers(0, 400))
def test_more_evidence_never_shuts_the_gate_and_fewer_diagnoses_never_do(
    known: list[str],
    now: list[str],
    insured: bool,  # noqa: FBT001  drawn
    days: int,
) -> None:
    one = replace(SHEET, diagnoses=tuple(known), on=DAY - timedelta(days=days))
    case = replace(CASE, evidence=(one,), diagnoses=tuple(now), insured=insured)
    before = gate(case)
    more = gate(replace(case, evidence=(one, SHEET)))
    assert more.passed or not before.passed
    if before.passed and any(is_icd10(code) for code in now[:-1]):
        assert gate(replace(case, diagnoses=tuple(now[:-1]))).passed
