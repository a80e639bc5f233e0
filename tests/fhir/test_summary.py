import json
from pathlib import Path
from typing import Any

import pytest

from xinglin.fhir.codec import decode
from xinglin.fhir.summary import SUBSETTED, subset

EXAMPLES = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "data" / "fhir-r4-examples").glob("*.json"))

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "meta": {"versionId": "1", "tag": [{"code": "t"}]},
    "text": {"status": "generated", "div": "<div>a</div>"},
    "active": True,
    "_active": {"id": "x"},
    "name": [{"family": "b", "extension": [{"url": "http://a"}]}],
    "photo": [{"title": "c"}],
    "communication": [{"language": {"text": "d"}, "preferred": True}],
    "link": [{"other": {"reference": "Patient/2", "extension": [{"url": "http://a"}]}, "type": "seealso"}],
}


def test_the_summary_keeps_what_the_definition_marks() -> None:
    found = subset(PATIENT, summary="true")
    assert found.keys() == {"resourceType", "id", "meta", "active", "_active", "name", "link"}
    assert found["name"] == [{"family": "b"}]
    assert found["link"] == [{"other": {"reference": "Patient/2"}, "type": "seealso"}]


def test_text_keeps_the_narrative_and_what_must_stand() -> None:
    assert subset(PATIENT, summary="text").keys() == {"resourceType", "id", "meta", "text"}
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, "valueString": "b"}
    assert subset(observation, summary="text").keys() == {"resourceType", "meta", "status", "code"}


def test_data_leaves_out_the_narrative_only() -> None:
    assert subset(PATIENT, summary="data").keys() == PATIENT.keys() - {"text"}


def test_elements_keep_what_is_asked_for_and_what_must_stand() -> None:
    observation = {
        "resourceType": "Observation", "id": "a", "status": "final", "code": {"text": "a"}, "valueString": "b",
        "_valueString": {"id": "x"}, "issued": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    found = subset(observation, elements=["Observation.value", "Patient.issued", "nonsense"])
    assert found.keys() == {"resourceType", "id", "meta", "status", "code", "valueString", "_valueString"}


def test_the_tag_says_that_something_is_missing() -> None:
    found = subset(PATIENT, summary="true")
    assert found["meta"] == {"versionId": "1", "tag": [{"code": "t"}, SUBSETTED]}
    assert subset(found, summary="true")["meta"] == found["meta"]
    assert list(subset({"resourceType": "Patient", "id": "a", "active": True}, elements=["active"])) == [
        "resourceType", "id", "meta", "active",
    ]  # fmt: skip


def test_nothing_asked_for_changes_nothing() -> None:
    assert subset(PATIENT) is PATIENT
    assert subset(PATIENT, summary="false") is PATIENT


def test_the_given_document_is_not_changed() -> None:
    before = json.dumps(PATIENT)
    subset(PATIENT, summary="true")
    assert json.dumps(PATIENT) == before


@pytest.mark.skipif(not EXAMPLES, reason="../shared/data/fhir-r4-examples is not there")
@pytest.mark.parametrize("summary", ["true", "text", "data"])
def test_subsets_of_examples_have_the_structure_of_their_type(summary: str) -> None:
    from xinglin.fhir.validate import thorough

    for path in EXAMPLES:
        document = json.loads(path.read_bytes())
        before = {(i.key, i.where) for i in thorough(document)}
        found = {(i.key, i.where) for i in thorough(subset(document, summary=summary)) if i.code != "invariant"}
        assert found <= before, path.name


def test_a_summary_can_be_decoded() -> None:
    assert decode(json.dumps(subset(PATIENT, summary="true")).encode()).fhir_type == "Patient"
