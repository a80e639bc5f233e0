"""What holds of every prescription: order does not matter, more lines never free, findings name lines that exist."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.care.prescribing.cases import ADULT, CHIEF, CLINIC, DAY, ONLINE, codes, found, line, rx
from xinglin.care.findings import WEIGHTS
from xinglin.care.prescribing.forms import BOOK, Current, DrugLine, Patient, Policy, Prescription, SliceLine
from xinglin.tables.catalogues import drugs, slices

NAMES = [one.name for one in drugs()]
HERBS = [one.name for one in slices()]
DIAGNOSES = ["I10.x00x002", "E11.900", "J06.900", "J45.900", "K25.400", "N18.900", "A15.000", "F32.900"]


@st.composite
def drug_lines(draw: st.DrawFn) -> DrugLine:
    given: dict[str, Any] = {"days": draw(st.integers(1, 40))}
    if draw(st.booleans()):
        given |= {"dose": Decimal(draw(st.integers(1, 4000))), "quantity": draw(st.integers(1, 12))}
    return line(draw(st.sampled_from(NAMES)), **given)


slice_lines = st.builds(SliceLine, st.sampled_from(HERBS), st.decimals("0.1", "120", places=1), st.just("先煎"))


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    return replace(
        ADULT,
        born=DAY - timedelta(days=draw(st.integers(0, 36_000))),
        sex=draw(st.sampled_from(["male", "female", "unknown"])),
        weight_kg=draw(st.none() | st.decimals("2", "120", places=1)),
        pregnant=draw(st.sampled_from(["yes", "no", "unknown"])),
        allergies=tuple(draw(st.lists(st.sampled_from(["青霉素", "磺胺类", "头孢菌素类", "花粉", ""]), max_size=2))),
        conditions=tuple(draw(st.lists(st.sampled_from(DIAGNOSES), max_size=3))),
        current=tuple(
            Current(code=one)
            for one in draw(st.lists(st.sampled_from([one.code for one in drugs()]), max_size=6, unique=True))
        ),
    )


@st.composite
def prescriptions(draw: st.DrawFn) -> Prescription:
    if draw(st.booleans()):
        lines = draw(st.lists(drug_lines(), min_size=1, max_size=6, unique_by=lambda one: one.drug))
        return rx(*lines, diagnoses=tuple(draw(st.lists(st.sampled_from(DIAGNOSES), max_size=2))))
    herbs = draw(st.lists(slice_lines, min_size=1, max_size=8, unique_by=lambda one: one.slice))
    return rx(*herbs, kind="tcm", doses=draw(st.integers(1, 14)), usage="水煎服", tcm_disease="x", tcm_syndrome="y")


@settings(max_examples=60, deadline=None)
@given(prescriptions(), patients(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(one: Prescription, patient: Patient, chance: Any) -> None:
    order = list(range(len(one.lines)))
    chance.shuffle(order)
    turned = replace(one, lines=tuple(one.lines[at] for at in order))
    back = dict(enumerate((at + 1 for at in order), 1))

    def seen(prescription: Prescription, numbers: dict[int, int]) -> set[tuple[str, str, str, tuple[int, ...]]]:
        return {
            (finding.code, finding.rule, finding.weight, tuple(sorted(numbers[number] for number in finding.lines)))
            for finding in found(prescription, patient, setting=ONLINE)
        }

    assert seen(turned, back) == seen(one, {number: number for number in back})


@settings(max_examples=60, deadline=None)
@given(prescriptions(), patients(), drug_lines() | slice_lines)
def test_another_line_never_removes_a_block(one: Prescription, patient: Patient, more: DrugLine | SliceLine) -> None:
    # A slice that is alone is judged for being alone: another beside it mends that, and that only.
    before = {
        (finding.code, finding.rule, finding.lines)
        for finding in found(one, patient)
        if finding.weight == "block" and finding.rule != "R1-052"
    }
    after = {
        (finding.code, finding.rule, finding.lines)
        for finding in found(replace(one, lines=(*one.lines, more)), patient)
        if finding.weight == "block"
    }
    assert before <= after


@settings(max_examples=60, deadline=None)
@given(prescriptions(), patients())
def test_findings_name_lines_that_exist_and_are_read_gravest_first(one: Prescription, patient: Patient) -> None:
    findings = found(one, patient, setting=ONLINE)
    assert all(1 <= number <= len(one.lines) for finding in findings for number in finding.lines)
    weights = [WEIGHTS.index(finding.weight) for finding in findings]
    assert weights == sorted(weights)
    assert len(set(findings)) == len(findings)
    assert all(finding.text.zh and finding.text.en and finding.source for finding in findings)


@pytest.mark.rule("R4-064")
@settings(max_examples=40, deadline=None)
@given(prescriptions(), patients())
def test_whoever_asks_is_told_the_same(one: Prescription, patient: Patient) -> None:
    """The insurer and the pharmacy, who do not judge the prescriber, find the rest as the screen did."""
    on_screen = found(one, patient)
    assert found(one, patient) == on_screen
    later = found(one, patient, prescriber=None)
    assert set(on_screen) - set(later) == set()
    assert set(found(one, patient, prescriber=replace(CHIEF, physician=False))) >= set(later)


def test_what_passes_online_passes_on_site() -> None:
    for one in drugs():
        prescription = rx(line(one.name))
        assert codes(found(prescription, setting=CLINIC), "block") <= codes(
            found(prescription, setting=ONLINE), "block"
        )


def test_a_patient_born_after_the_day_is_refused() -> None:
    with pytest.raises(ValueError, match="born after"):
        found(rx(line("氯雷他定片")), replace(ADULT, born=date(2027, 1, 1)))


@pytest.mark.parametrize("number", ["NaN", "-NaN", "Infinity", "-1", "0", "1E+400", "1E-400", "1E+12"])
def test_a_number_that_is_no_amount_is_said_to_be_missing(number: str) -> None:
    amount = Decimal(number)
    child = replace(ADULT, born=date(2022, 1, 1), weight_kg=amount)
    drug = line("布洛芬混悬液", dose=amount, quantity=1)
    assert "S7" in codes(found(rx(drug, diagnoses=("R50.900",)), child), "block")
    herbs = rx(SliceLine("细辛", amount), kind="tcm", doses=7, usage="水煎服", tcm_disease="x", tcm_syndrome="y")
    assert "S7" in codes(found(herbs), "block")


@settings(max_examples=40, deadline=None)
@given(prescriptions(), patients())
def test_a_looser_policy_blocks_no_more(one: Prescription, patient: Patient) -> None:
    loose = replace(
        BOOK,
        most_kinds=9,
        ordinary_days=14,
        emergency_days=5,
        extended_days=60,
        child_online_years=3,
        most_slices=60,
        stored_cold_in_long=True,
    )

    def blocks(policy: Policy) -> set[tuple[str, str, tuple[int, ...]]]:
        findings = found(one, patient, setting=ONLINE, policy=policy)
        return {(finding.code, finding.rule, finding.lines) for finding in findings if finding.weight == "block"}

    assert blocks(loose) <= blocks(BOOK)
