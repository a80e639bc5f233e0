"""Forms of the record: what excludes what, and goals that are numbers; the state of a record."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capabilities.health_records.person import person
from xinglin.capabilities.health_records.rules import forms
from xinglin.capabilities.health_records.rules.state import groups, is_dynamic, state
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of

TODAY = date(2026, 11, 22)
PATIENT = next(one for one in person() if one["resourceType"] == "Patient" and one["id"] == "guilan")
EPISODES = [one for one in person() if one["resourceType"] == "EpisodeOfCare"]


def form(link: str, *answers: dict[str, Any], deep: bool = False) -> Any:
    item: dict[str, Any] = {"linkId": link, "answer": list(answers)}
    if deep:
        item = {"linkId": "group", "item": [item]}
    made = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]}
    return codec.decode(bytes_of(made), "QuestionnaireResponse")


def coded(*codes: str) -> list[dict[str, Any]]:
    return [{"valueCoding": {"code": code}} for code in codes]


@pytest.mark.rule("HR-10")
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("link", sorted(forms.EXCLUSIVE))
def test_none_beside_anything_else_is_refused(link: str, deep: bool) -> None:  # noqa: FBT001
    def issues(*codes: str) -> list[str]:
        found = forms.none_excludes_others(None, form(link, *coded(*codes), deep=deep))
        return [one.key for one in found]

    assert issues("1", "3") == ["none-excludes"]
    assert issues("1") == issues("2", "3") == issues("3", "2") == []
    assert forms.none_excludes_others(None, None) == ()


@pytest.mark.rule("HR-10")
@given(st.lists(st.sampled_from([str(code) for code in range(1, 14)]), max_size=6))
def test_a_field_that_says_none_says_nothing_else(codes: list[str]) -> None:
    refused = bool(forms.none_excludes_others(None, form("allergy", *coded(*codes)))) if codes else False
    assert refused == ("1" in codes and any(code != "1" for code in codes))
    # what others say does not make a field worse, nor does saying it twice
    assert forms.consistent(codes) == forms.consistent([*codes, *codes]) == (not refused)
    if "1" not in codes:
        assert forms.consistent(codes)


def test_codes_written_as_text_or_number_count_too() -> None:
    assert forms.none_excludes_others(None, form("allergy", {"valueString": "1"}, {"valueInteger": 2}))


def test_other_fields_are_free() -> None:
    assert forms.none_excludes_others(None, form("symptom", *coded("1", "2"))) == ()


@pytest.mark.rule("HR-11")
def test_a_goal_is_a_number() -> None:
    assert [one.key for one in forms.goals_are_numbers(None, form("weight-target", {"valueString": "少吃"}))] == [
        "goal-number"
    ]
    for answer in ({"valueDecimal": 62.5}, {"valueInteger": 62}, {"valueQuantity": {"value": 62, "unit": "kg"}}):
        assert forms.goals_are_numbers(None, form("weight-target", answer)) == ()
    said = ({"valueString": "少吃"}, {"valueDecimal": 62.5})
    assert forms.goals_are_numbers(None, form("weight-target", *said)) == ()
    assert forms.goals_are_numbers(None, form("diet", {"valueString": "少盐"})) == ()


@pytest.mark.rule("HR-03", "HR-07")
def test_a_record_says_how_it_stands() -> None:
    open_ = state(PATIENT, "2026-10-14", [], EPISODES, TODAY)
    assert (open_.number, open_.opened, open_.closed) == ("41080200100100123", "2019-03-12", "")
    assert open_.citizen.startswith("410802")
    shape = "https://xinglin.health/fhir/StructureDefinition/record-closed"
    told = [{"url": "date", "valueDate": "2026-05-01"}, {"url": "reason", "valueCode": "moved"}]
    moved = PATIENT | {"extension": [{"url": shape, "extension": [*told, {"url": "to", "valueString": "郑州市"}]}]}
    closed = state(moved, "", [], [], TODAY)
    assert (closed.closed, closed.reason, closed.moved_to) == ("2026-05-01", "moved", "郑州市")
    dead = state(PATIENT | {"deceasedDateTime": "2026-03-01"}, "", [], [], TODAY)
    assert (dead.closed, dead.reason) == ("2026-03-01", "death")
    assert "elder" not in dead.groups


@pytest.mark.rule("HR-09")
@pytest.mark.parametrize(
    ("latest", "dynamic"), [("2026-11-22", True), ("2025-11-22", True), ("2025-11-21", False), ("2026-12-01", False)]
)
def test_a_record_is_in_use_by_a_service_within_a_year(latest: str, dynamic: bool) -> None:  # noqa: FBT001
    assert is_dynamic(latest, TODAY) is dynamic
    assert is_dynamic("", TODAY) is False


@pytest.mark.rule("HR-05")
@pytest.mark.parametrize(
    ("born", "code", "found"),
    [
        ("2020-11-22", "", ("child",)),
        ("2019-11-22", "", ()),
        ("1961-11-22", "", ("elder",)),
        ("1961-11-23", "", ()),
        ("1980-01-01", "I10.x00", ("hypertension",)),
        ("1980-01-01", "E11.900", ("diabetes",)),
        ("1980-01-01", "E10.900", ()),
        ("1980-01-01", "F20.900", ("mental",)),
        ("1980-01-01", "A15.000", ("tuberculosis",)),
    ],
)
def test_priority_groups_follow_age_and_disease(born: str, code: str, found: tuple[str, ...]) -> None:
    condition = {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cn", "code": code}]}}
    assert groups({"birthDate": born}, [condition] if code else [], [], TODAY) == found
    over = condition | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    assert not set(groups({"birthDate": born}, [over], [], TODAY)) - {"child", "elder"}


def test_requests_and_answers_say_something() -> None:
    assert [one.key for one in forms.correction_faults("  错了  ")] == ["say-what"]
    assert [one.key for one in forms.correction_faults("错" * 1001)] == ["too-much"]
    assert forms.correction_faults("过敏药物写错了，是青霉素") == ()
    assert [one.key for one in forms.decision_faults("completed", "perhaps", "")] == [
        "already-answered",
        "unknown-outcome",
        "say-why",
    ]
    assert forms.decision_faults("requested", "kept", "核对过原始病历") == ()
