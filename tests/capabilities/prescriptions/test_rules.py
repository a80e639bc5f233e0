"""Decisions about prescriptions that need no store."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capabilities.prescriptions.clinic import drug_code
from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import Reviewing
from xinglin.capabilities.prescriptions.operations.signing import answer
from xinglin.capabilities.prescriptions.pages import shown
from xinglin.capabilities.prescriptions.rules import reading, reviewing, states, writing
from xinglin.capabilities.prescriptions.rules.writing import About
from xinglin.care import dispensing
from xinglin.care.findings import Finding
from xinglin.care.prescribing import forms
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import bytes_of
from xinglin.security.credentials import Credential, Site, Standing
from xinglin.tables.catalogues import drugs, slices
from xinglin.web.sheet import texts_of

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DRUG = forms.DrugLine(drug_code("苯磺酸氨氯地平片"), Decimal(5), "mg", "qd", "口服", 7, 1)


def one(*lines: forms.Line, **more: Any) -> forms.Prescription:
    return forms.Prescription("ordinary", DAY, lines or (DRUG,), **more)


def read(given: forms.Prescription) -> forms.Prescription:
    """Write a prescription and read it back."""
    about = About("Patient/p", "Encounter/e")
    header = codec.decode(bytes_of(writing.header(given, about, "draft")), "RequestGroup")
    lines = [codec.decode(bytes_of(line), "MedicationRequest") for line in writing.lines(given, about, "draft")]
    found, issues = reading.prescription_of(
        header, lines, (), issued=given.issued, born=date(1961, 3, 8), place="outpatient"
    )
    assert issues == ()
    return found


@given(
    drug=st.sampled_from(drugs()),
    dose=st.decimals("0.01", 900, places=2),
    days=st.integers(1, 90),
    packs=st.integers(1, 50),
    frequency=st.sampled_from(sorted(writing.FREQUENCIES)),
    source=st.sampled_from(sorted(contract.SOURCES.codes)),
    extra=st.integers(0, 2),
    reason=st.sampled_from(("", *forms.REASONS)),
    second=st.lists(st.tuples(st.sampled_from(("A3", "A5")), st.text("理由", min_size=1)), max_size=2),
)
def test_what_is_written_is_read_back(drug: Any, dose: Decimal, days: int, packs: int, frequency: str, source: Any,
                                      extra: int, reason: Any, second: list[tuple[str, str]]) -> None:  # fmt: skip
    line = forms.DrugLine(drug.code, dose, drug.dose_unit, frequency, drug.route, days, packs, source)
    signatures = tuple(forms.SecondSignature(code, why, (1,)) for code, why in second)
    made = one(line, extra_days=extra, extension_reason=reason, signatures=signatures)
    assert replace(read(made), kind="ordinary") == made


@given(grams=st.decimals("0.1", 60, places=1), herb=st.sampled_from(slices()), doses=st.integers(1, 30))
def test_slices_are_read_back(grams: Decimal, herb: Any, doses: int) -> None:
    made = one(forms.SliceLine(herb.code, grams, "先煎"), doses=doses, usage="水煎服，分2次温服")
    found = read(made)
    assert (found.lines, found.doses, found.usage) == (made.lines, doses, made.usage)
    assert found.kind in {"tcm", "narcotic"}


@pytest.mark.rule("R3-002")
def test_the_kind_follows_from_what_where_and_whom() -> None:
    second = next(one for one in drugs() if one.control == "精二")
    line = replace(DRUG, drug=second.code)
    assert reading.kind_of((line,), "emergency", 40) == "psychotropic-2"
    assert reading.kind_of((DRUG,), "emergency", 3) == "emergency"
    assert reading.kind_of((DRUG,), "outpatient", 13) == "paediatric"
    assert reading.kind_of((DRUG,), "outpatient", 14) == "ordinary"
    assert reading.kind_of((forms.SliceLine(slices()[0].code, Decimal(9)),), "outpatient", 40) == "tcm"
    strong = next((one for one in drugs() if one.control in {"麻", "精一"}), None)
    assert strong is None or reading.kind_of((replace(DRUG, drug=strong.code),), "outpatient", 40) == "narcotic"


@pytest.mark.rule("R3-006", "R3-090")
def test_what_needs_a_second_signature_is_signed_with_a_reason_or_not_at_all() -> None:
    finding = Finding("A3", "R3-006", "sign", Text("超剂量", "overdose"), (1,))
    assert not answer(one(), (finding,)).signable
    assert not answer(one(signatures=(forms.SecondSignature("A3", " "),)), (finding,)).signable
    assert answer(one(signatures=(forms.SecondSignature("A3", "耐受良好"),)), (finding,)).signable
    blocked = replace(finding, weight="block")
    assert not answer(one(signatures=(forms.SecondSignature("A3", "耐受良好"),)), (blocked,)).signable


@pytest.mark.rule("R3-080")
def test_every_state_has_its_moves_or_is_an_end() -> None:
    known = set(contract.STATES.codes)
    assert set(states.MOVES) - {""} <= known
    assert {to for moves in states.MOVES.values() for to in moves} <= known
    assert set(states.STATUS) <= known
    assert [issue.key for issue in states.refusals("cancelled", "released")] == ["prescription-state"]
    # nothing becomes effective but from the review, or when a pharmacy lets it go unused
    freed = {old for old, moves in states.MOVES.items() if "released" in moves}
    assert freed == {"review-pending", *dispensing.LOCKED, "refunded"}


REVIEWER = Standing(
    "Practitioner/f1",
    person="1",
    credentials=(Credential("pharmacist-title", "x", since=date(2010, 1, 1)),),
    title="主管药师",
    dispensing_since=date(2023, 11, 20),
)
AUTHOR = Standing("Practitioner/d1", person="2")
HERE = (Site("r", "Organization/h1"),)


@pytest.mark.rule("R3-051")
@pytest.mark.parametrize(
    ("reviewer", "author", "duty", "said"),
    [
        (REVIEWER, AUTHOR, True, set()),
        (replace(REVIEWER, dispensing_since=date(2023, 11, 21)), AUTHOR, True, {"review-experience"}),
        (replace(REVIEWER, dispensing_since=None), AUTHOR, True, {"review-experience"}),
        (replace(REVIEWER, title="药士"), AUTHOR, True, {"review-title"}),
        (REVIEWER, replace(AUTHOR, person="1"), True, {"review-own"}),
        (REVIEWER, replace(AUTHOR, reference="Practitioner/f1"), True, {"review-own"}),
        (REVIEWER, AUTHOR, False, {"review-duty"}),
        (replace(REVIEWER, credentials=()), AUTHOR, True, {"pharmacist-missing", "review-title"}),
    ],
)
def test_who_may_review(reviewer: Standing, author: Standing, duty: bool, said: set[str]) -> None:  # noqa: FBT001
    found = reviewing.reviewer_faults(reviewer, HERE, author, "Organization/h1", NOON, duty=duty)
    assert {issue.key for issue in found} == said
    elsewhere = reviewing.reviewer_faults(reviewer, HERE, author, "Organization/h2", NOON, duty=duty)
    assert {issue.key for issue in elsewhere} == said | {"review-place"}


@pytest.mark.rule("R3-053", "R3-055")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Reviewing("x", "pass", checked=tuple(contract.CHECKS.codes)), set()),
        (Reviewing("x", "pass"), {"review-checks"}),
        (Reviewing("x", "pass", ("2-5",), tuple(contract.CHECKS.codes)), {"review-pass-reason"}),
        (Reviewing("x", "return"), {"review-reason"}),
        (Reviewing("x", "return", ("2-5",)), set()),
        (Reviewing("x", "return", ("2-9",)), {"decision-note"}),
        (Reviewing("x", "refuse", ("3-1",)), {"decision-note"}),
        (Reviewing("x", "refuse", ("9-9",), note="x"), {"review-code"}),
        (Reviewing("x", "later", ("2-5",)), {"decision-outcome"}),
    ],
)
def test_what_a_decision_needs(given: Reviewing, said: set[str]) -> None:
    assert {issue.key for issue in reviewing.decision_faults(given)} == said


@pytest.mark.rule("R3-053")
def test_the_gravest_group_of_reasons_is_the_result() -> None:
    assert reviewing.result_of(()) == "reasonable"
    assert reviewing.result_of(("1-10",)) == "non-standard"
    assert reviewing.result_of(("1-10", "2-5")) == "unsuitable"
    assert reviewing.result_of(("3-1", "1-10", "2-5")) == "abnormal"


def test_the_queue_is_ordered_by_risk() -> None:
    warn = Finding("A1", "R3-052", "warn", Text("x", "x"))
    sign = replace(warn, weight="sign")
    assert writing.priority(one(), "emergency", ()) == "stat"
    assert writing.priority(one(), "outpatient", (warn, sign)) == "asap"
    assert writing.priority(one(), "outpatient", (warn,)) == "urgent"
    assert writing.priority(one(), "outpatient", ()) == "routine"
    assert sorted(writing.PRIORITIES, key=writing.PRIORITIES.index) == ["stat", "asap", "urgent", "routine"]


@pytest.mark.rule("R3-001", "R3-002")
def test_the_paper_has_front_body_and_back_and_its_tag() -> None:
    line = shown.Line(
        "苯磺酸氨氯地平片 5mg 片剂", "7片（7片×1）", "口服，一次5mg，每日1次，共7天", "目录选取", tcm=False
    )
    paper = shown.Shown(
        id="x", header=None, state="released", kind="emergency", tag="急诊", colour="yellow", number="CF1",
        patient="p1", name="李秀兰", sex="female", age="65 岁", department="心血管内科", institution="修武县人民医院",
        diagnoses=("高血压",), doctor="王杏", author="Practitioner/d1", at="2026-11-20 12:00", until="2026-11-20 23:59",
        lines=(line,), doses=None, usage="", extension_reason="chronic", second=(("A3", "耐受良好"),), insisted="",
        encounter="v1", review=None,
    )  # fmt: skip
    said = texts_of(shown.sheet(paper, "zh", "2026-11-20 12:01"))
    for part in (
        "修武县人民医院",
        "李秀兰",
        "65 岁",
        "高血压",
        "Rp",
        "一次5mg",
        "王杏",
        "处方笺（急诊）",
        "慢性病",
        "耐受良好",
    ):
        assert any(part in one for one in said), part
    assert {kind: colour for kind, (_, colour) in shown.TAGS.items() if colour != "white"} == {
        "emergency": "yellow",
        "paediatric": "green",
        "narcotic": "red",
    }
