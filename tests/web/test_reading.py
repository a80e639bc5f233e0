"""How values, trees and differences read."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import ROOT
from xinglin.fhir.document import document_of
from xinglin.web import format as show
from xinglin.web.brief import brief, title
from xinglin.web.diff import changes
from xinglin.web.tree import Node, references, tree


def _address(reference: str) -> str | None:
    return f"/records/{reference}" if reference[:1].isupper() else None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"family": "张", "given": ["小梅"]}, "张小梅"),
        ({"family": "Chalmers", "given": ["Peter", "James"]}, "Peter James Chalmers"),
        ({"coding": [{"code": "I10", "display": "原发性高血压"}]}, "原发性高血压"),
        ({"coding": [{"code": "I10"}], "text": "高血压"}, "高血压"),
        ({"value": Decimal("6.30"), "unit": "mmol/L", "comparator": "<="}, "≤ 6.30 mmol/L"),
        ({"start": "2026-10-02T08:00:00+08:00", "end": "2026-10-02T08:40:00+08:00"}, "2026-10-02 08:00 – 08:40"),
        ({"low": {"value": 3, "unit": "g"}}, "≥ 3 g"),
        ({"numerator": {"value": 1, "unit": "mg"}, "denominator": {"value": 5, "unit": "ml"}}, "1 mg / 5 ml"),
        ({"reference": "Patient/1"}, "Patient/1"),
        ({"state": "河南省", "city": "焦作市", "line": ["人民路 1 号"]}, "河南省焦作市人民路 1 号"),
        ([True, False], "是；否"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_value_is_said_in_few_words(value: Any, said: str) -> None:
    assert brief(value, "zh") == said


def test_a_resource_is_named_by_what_tells_it_best() -> None:
    assert title({"resourceType": "Patient", "id": "1", "name": [{"family": "张"}]}, "zh") == "张"
    assert title({"resourceType": "Observation", "id": "1", "code": {"text": "血糖"}}, "zh") == "血糖"
    assert title({"resourceType": "Encounter", "id": "1", "status": "planned"}, "zh") == "就诊 1"


def _flat(nodes: tuple[Node, ...]) -> dict[str, Node]:
    return {node.label: node for top in nodes for node in (top, *_flat(top.children).values())}


def test_a_tree_says_labels_codes_and_references() -> None:
    document = {
        "resourceType": "Observation",
        "id": "1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0", "display": "Glucose"}]},
        "subject": {"reference": "Patient/1"},
        "valueQuantity": {"value": Decimal("6.10"), "unit": "mmol/L"},
        "component": [{"code": {"text": "a"}, "valueString": "x"}, {"code": {"text": "b"}, "valueString": "y"}],
    }
    nodes = _flat(tree(document, "zh", {"Patient/1": "张小梅"}, _address))
    assert nodes["状态"].values[0].text == "最终"
    assert nodes["状态"].values[0].origin == "final"
    assert nodes["观察项目"].values[0].origin == "2339-0 · loinc.org"
    assert nodes["患者"].values[0].text == "张小梅"
    assert nodes["患者"].values[0].href == "/records/Patient/1"
    assert nodes["数值"].values[0].text == "6.10 mmol/L"
    assert nodes["组成项 2"].children[1].values[0].text == "y"


def test_nothing_of_an_example_is_lost_in_its_tree() -> None:
    """Every primitive of the official examples stands somewhere in the tree."""
    folder = ROOT.parent / "shared/data/fhir-r4-examples"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/fhir-r4-examples, which lies beside a full checkout")
    for file in sorted(folder.glob("*.json"))[:40]:
        document = document_of(file.read_bytes())
        nodes = tree(document, "en", {}, _address)
        assert nodes, file.name
        shown = "\n".join(_texts(nodes))
        for member, value in document.items():
            if isinstance(value, str) and member not in {"resourceType", "id"} and "T" not in value and len(value) < 80:
                assert value in shown, f"{file.name}: {member}"


def _texts(nodes: tuple[Node, ...]) -> list[str]:
    found = []
    for node in nodes:
        found += [f"{value.text} {value.origin}" for value in node.values]
        found += _texts(node.children)
    return found


def test_references_without_a_display_are_found() -> None:
    document = {"a": [{"reference": "Patient/1"}, {"reference": "Patient/2", "display": "x"}, {"reference": "#c"}]}
    assert list(references(document)) == ["Patient/1"]


def test_an_inserted_item_is_one_change() -> None:
    old = {"resourceType": "Patient", "telecom": [{"value": "1"}, {"value": "2"}], "gender": "male"}
    new = {"resourceType": "Patient", "telecom": [{"value": "0"}, {"value": "1"}, {"value": "2"}], "gender": "male"}
    found = changes(old, new, "en")
    assert [(one.path, one.before, one.after) for one in found] == [("Patient.telecom[0]", "", "0")]


def test_changed_added_and_removed_are_told_apart() -> None:
    old = {"resourceType": "Patient", "gender": "male", "birthDate": "1999", "meta": {"versionId": "1"}}
    new = {"resourceType": "Patient", "gender": "female", "active": True, "meta": {"versionId": "2"}}
    found = {one.path: (one.before, one.after) for one in changes(old, new, "en")}
    assert found == {
        "Patient.gender": ("male", "female"),
        "Patient.birthDate": ("1999", ""),
        "Patient.active": ("", "yes"),
    }


def test_digits_count_in_a_comparison() -> None:
    found = changes({"value": Decimal("1.0")}, {"value": Decimal("1.00")}, "en")
    assert [(one.before, one.after) for one in found] == [("1.0", "1.00")]


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ("2026-11-20", "2 天"),
        ("2026-09-22", "2 个月"),
        ("2024-11-23", "23 个月"),
        ("1999-03-08", "27 岁"),
        ("2025-11-23", "11 个月"),
        ("1999", "27 岁"),
        ("2027-01-01", ""),
        ("x", ""),
    ],
)
def test_an_age_is_said_as_clinics_do(born: str, said: str) -> None:
    assert show.age(born, date(2026, 11, 22), "zh") == said


def test_moments_keep_their_precision_and_move_to_the_region() -> None:
    assert show.moment("2026-11") == "2026-11"
    assert show.moment("2026-11-21T22:05:00Z") == "2026-11-22 06:05"
    assert show.weekday("2026-11-21", "zh") == "周六"
    assert show.weekday("2026-11", "zh") == ""


def test_names_and_numbers_are_masked() -> None:
    assert show.masked_name("张小梅") == "张*梅"
    assert show.masked_number("410802199903081239") == "410802********1239"
    assert show.money(1230) == "¥12.30"
