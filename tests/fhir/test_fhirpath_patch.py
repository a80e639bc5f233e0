"""FHIRPath Patch: add, insert, delete, replace, move; through extensions and value[x]."""

from decimal import Decimal
from typing import Any

import pytest

from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.patch import fhirpath_patch

PATIENT = (
    b'{"resourceType":"Patient","id":"1","active":true,"birthDate":"2000-01-01",'
    b'"_birthDate":{"extension":[{"url":"http://x/time","valueDateTime":"2000-01-01T08:00:00+08:00"}]},'
    b'"name":[{"use":"official","family":"A","given":["x","y","z"]},{"use":"nickname","text":"B"}],'
    b'"telecom":[{"system":"phone","value":"1"}],'
    b'"extension":[{"url":"http://x/d","valueDecimal":1.00}]}'
)
OBSERVATION = (
    b'{"resourceType":"Observation","id":"1","status":"final","code":{"text":"c"},'
    b'"valueQuantity":{"value":1.20,"unit":"mg"}}'
)


def operation(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    made: list[dict[str, Any]] = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    for name, value in parts.items():
        if isinstance(value, dict) and name == "value":
            made.append({"name": name, **value})
        else:
            made.append({"name": name, "valueInteger" if isinstance(value, int) else "valueString": value})
    return {"name": "operation", "part": made}


def patched(raw: bytes, *operations: dict[str, Any]) -> dict[str, Any]:
    made = fhirpath_patch(document_of(raw), {"resourceType": "Parameters", "parameter": list(operations)})
    codec.decode(bytes_of(made))
    return made


def refused(raw: bytes, *operations: object) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        fhirpath_patch(document_of(raw), {"resourceType": "Parameters", "parameter": list(operations)})
    return error.value


def test_add_sets_a_single_element() -> None:
    made = patched(PATIENT, operation("add", "Patient", name="gender", value={"valueCode": "male"}))
    assert made["gender"] == "male"


def test_add_appends_to_a_list() -> None:
    value = {"valueHumanName": {"text": "C"}}
    assert [
        name.get("text") for name in patched(PATIENT, operation("add", "Patient", name="name", value=value))["name"]
    ] == [
        None,
        "B",
        "C",
    ]


def test_add_refuses_a_single_element_that_is_there() -> None:
    assert refused(PATIENT, operation("add", "Patient", name="birthDate", value={"valueDate": "1999"})).status == 422


def test_add_builds_an_element_without_a_type_name_from_parts() -> None:
    value = {
        "part": [
            {"name": "relationship", "valueCodeableConcept": {"text": "mother"}},
            {"name": "name", "part": [{"name": "family", "valueString": "M"}, {"name": "given", "valueString": "m"}]},
        ]
    }
    made = patched(PATIENT, operation("add", "Patient", name="contact", value=value))
    assert made["contact"] == [{"relationship": [{"text": "mother"}], "name": {"family": "M", "given": ["m"]}}]


def test_add_an_extension_to_a_primitive() -> None:
    value = {"valueExtension": {"url": "http://x/e", "valueString": "s"}}
    made = patched(PATIENT, operation("add", "Patient.active", name="extension", value=value))
    assert made["_active"] == {"extension": [{"url": "http://x/e", "valueString": "s"}]}
    made = patched(PATIENT, operation("add", "Patient.name[0].given[1]", name="extension", value=value))
    assert made["name"][0]["_given"][1]["extension"][0]["url"] == "http://x/e"
    assert made["name"][0]["given"] == ["x", "y", "z"]


def test_insert_puts_before_the_index() -> None:
    made = patched(PATIENT, operation("insert", "Patient.name[0].given", index=1, value={"valueString": "n"}))
    assert made["name"][0]["given"] == ["x", "n", "y", "z"]


def test_insert_keeps_the_halves_of_primitives_together() -> None:
    raw = b'{"resourceType":"Patient","id":"1","name":[{"given":["x","y"],"_given":[null,{"id":"g"}]}]}'
    made = patched(raw, operation("insert", "Patient.name[0].given", index=0, value={"valueString": "n"}))
    assert made["name"][0] == {"given": ["n", "x", "y"], "_given": [None, None, {"id": "g"}]}
    with_extension = {"valueString": "n", "_valueString": {"id": "h"}}
    bare = b'{"resourceType":"Patient","id":"1","name":[{"given":["x","y"]}]}'
    made = patched(bare, operation("insert", "Patient.name[0].given", index=1, value=with_extension))
    assert made["name"][0] == {"given": ["x", "n", "y"], "_given": [None, {"id": "h"}, None]}


def test_delete_removes_one_element_and_what_it_empties() -> None:
    made = patched(PATIENT, operation("delete", "Patient.telecom[0]"), operation("delete", "Patient.birthDate"))
    assert not {"telecom", "birthDate", "_birthDate"} & made.keys()


def test_delete_of_nothing_changes_nothing() -> None:
    assert patched(PATIENT, operation("delete", "Patient.maritalStatus")) == document_of(PATIENT)


def test_delete_of_several_is_refused() -> None:
    assert refused(PATIENT, operation("delete", "Patient.name")).status == 422


def test_delete_by_criteria() -> None:
    made = patched(PATIENT, operation("delete", "Patient.name.where(use = 'nickname')"))
    assert [name["use"] for name in made["name"]] == ["official"]


def test_delete_one_of_a_list_of_primitives_keeps_the_others_extensions() -> None:
    raw = b'{"resourceType":"Patient","id":"1","name":[{"given":["x","y"],"_given":[null,{"id":"g"}]}]}'
    assert patched(raw, operation("delete", "Patient.name[0].given[0]"))["name"][0] == {
        "given": ["y"],
        "_given": [{"id": "g"}],
    }
    assert patched(raw, operation("delete", "Patient.name[0].given[1]"))["name"][0] == {"given": ["x"]}


def test_replace_changes_a_value() -> None:
    assert (
        patched(PATIENT, operation("replace", "Patient.birthDate", value={"valueDate": "2001-02-03"}))["birthDate"]
        == "2001-02-03"
    )


def test_replace_changes_the_type_of_a_choice() -> None:
    made = patched(OBSERVATION, operation("replace", "Observation.value", value={"valueString": "high"}))
    assert made["valueString"] == "high"
    assert "valueQuantity" not in made


def test_replace_inside_a_choice_keeps_digits() -> None:
    made = patched(OBSERVATION, operation("replace", "Observation.value.as(Quantity).unit", value={"valueString": "g"}))
    assert made["valueQuantity"] == {"value": Decimal("1.20"), "unit": "g"}
    assert b"1.20" in bytes_of(made)


def test_replace_through_an_extension() -> None:
    path = "Patient.birthDate.extension('http://x/time').value"
    value = {"valueDateTime": "2000-01-01T09:30:00+08:00"}
    made = patched(PATIENT, operation("replace", path, value=value))
    assert made["_birthDate"]["extension"][0]["valueDateTime"] == "2000-01-01T09:30:00+08:00"
    made = patched(PATIENT, operation("replace", "Patient.extension('http://x/d').value", value={"valueString": "s"}))
    assert made["extension"] == [{"url": "http://x/d", "valueString": "s"}]


def test_move_reorders_a_list() -> None:
    made = patched(PATIENT, operation("move", "Patient.name[0].given", source=2, destination=0))
    assert made["name"][0]["given"] == ["z", "x", "y"]


def test_operations_see_what_those_before_did() -> None:
    made = patched(
        PATIENT,
        operation("add", "Patient", name="name", value={"valueHumanName": {"text": "C"}}),
        operation("replace", "Patient.name[2].text", value={"valueString": "D"}),
    )
    assert made["name"][2] == {"text": "D"}


@pytest.mark.parametrize(
    "wrong",
    [
        operation("fly", "Patient"),
        operation("add", "Patient", name="gender"),
        operation("add", "Patient", value={"valueCode": "male"}),
        {"name": "other"},
        {"name": "operation", "part": [{"name": "type"}, {"name": "path", "valueString": "Patient"}]},
        {"name": "operation", "part": 3},
        7,
        operation("add", "Patient..name", name="gender", value={"valueCode": "male"}),
    ],
)
def test_what_is_no_patch_is_malformed(wrong: object) -> None:
    assert refused(PATIENT, wrong).status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        operation("add", "Patient", name="colour", value={"valueCode": "red"}),
        operation("add", "Patient.contact", name="gender", value={"valueCode": "male"}),
        operation("replace", "Patient.maritalStatus", value={"valueString": "x"}),
        operation("replace", "1 + 1", value={"valueString": "x"}),
        operation("insert", "Patient.name", index=3, value={"valueHumanName": {"text": "C"}}),
        operation("insert", "Patient.contact", index=0, value={"part": [{"name": "gender", "valueCode": "male"}]}),
        operation("move", "Patient.name", source=0, destination=2),
        operation("replace", "Patient.id", value={"valueId": "2"}),
        operation("delete", "Patient.id"),
    ],
)
def test_what_cannot_be_done_is_unprocessable(wrong: dict[str, Any]) -> None:
    assert refused(PATIENT, wrong).status == 422


def test_the_refusal_names_the_operation() -> None:
    error = refused(PATIENT, operation("delete", "Patient.telecom"), operation("delete", "Patient.name"))
    assert error.issues[0].where == "Parameters.parameter[1]"
