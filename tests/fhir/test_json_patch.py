"""JSON Patch over resources: RFC 6902, with decimals and halves of primitives kept."""

from decimal import Decimal
from typing import Any

import pytest

from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.patch import json_patch

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "active": True,
    "birthDate": "2000-01-01",
    "_birthDate": {"extension": [{"url": "u", "valueDateTime": "2000-01-01T08:00:00+08:00"}]},
    "name": [{"family": "王", "given": ["小", None], "_given": [None, {"id": "g"}]}],
    "extension": [{"url": "d", "valueDecimal": Decimal("1.00")}],
}


def patched(*operations: dict[str, Any]) -> dict[str, Any]:
    return json_patch(PATIENT, list(operations))


def refused(*operations: object) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        json_patch(PATIENT, list(operations))
    return error.value


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ({"op": "add", "path": "/gender", "value": "male"}, ("gender",), "male"),
        ({"op": "add", "path": "/name/-", "value": {"text": "x"}}, ("name", 1, "text"), "x"),
        ({"op": "add", "path": "/name/0", "value": {"text": "x"}}, ("name", 1, "family"), "王"),
        ({"op": "replace", "path": "/name/0/family", "value": "李"}, ("name", 0, "family"), "李"),
        ({"op": "copy", "from": "/name/0/family", "path": "/name/0/text"}, ("name", 0, "text"), "王"),
        ({"op": "move", "from": "/name/0/family", "path": "/name/0/text"}, ("name", 0, "text"), "王"),
        (
            {"op": "replace", "path": "/_birthDate/extension/0/url", "value": "v"},
            ("_birthDate", "extension", 0, "url"),
            "v",
        ),
        ({"op": "test", "path": "/extension/0/valueDecimal", "value": 1}, ("active",), True),
    ],
)
def test_an_operation_does_what_rfc_6902_says(
    operation: dict[str, Any], path: tuple[Any, ...], expected: object
) -> None:
    found: Any = patched(operation)
    for step in path:
        found = found[step]
    assert found == expected


def test_pointers_unescape() -> None:
    assert json_patch({"a/b": {"c~d": 1}}, [{"op": "replace", "path": "/a~1b/c~0d", "value": 2}]) == {"a/b": {"c~d": 2}}


def test_the_given_document_stays_as_it_is() -> None:
    before = bytes_of(PATIENT)
    patched({"op": "remove", "path": "/name"})
    assert bytes_of(PATIENT) == before


def test_decimals_nulls_and_offsets_survive() -> None:
    made = bytes_of(patched({"op": "remove", "path": "/active"}))
    assert b'"valueDecimal":1.00' in made
    assert b'["\xe5\xb0\x8f",null]' in made
    assert b"2000-01-01T08:00:00+08:00" in made


def test_a_failing_test_is_refused_and_named() -> None:
    error = refused({"op": "test", "path": "/active", "value": True}, {"op": "test", "path": "/active", "value": False})
    assert (error.status, error.issues[0].key, error.issues[0].where) == (422, "patch-test", "[1]")


@pytest.mark.parametrize("value", [1, "true", [True], None])
def test_true_is_true_alone(value: object) -> None:
    assert refused({"op": "test", "path": "/active", "value": value}).issues[0].key == "patch-test"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nothing"},
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "remove", "path": "/name/1"},
        {"op": "remove", "path": "/name/-"},
        {"op": "remove", "path": "/name/00"},
        {"op": "add", "path": "/name/2", "value": {}},
        {"op": "add", "path": "/active/x", "value": 1},
        {"op": "replace", "path": "", "value": {}},
        {"op": "test", "path": "/nothing", "value": 1},
        {"op": "move", "from": "/name", "path": "/name/0/x"},
        {"op": "copy", "from": "/nothing", "path": "/x"},
    ],
)
def test_what_cannot_be_done_is_unprocessable(operation: dict[str, Any]) -> None:
    assert refused(operation).status == 422


@pytest.mark.parametrize(
    "operations",
    [
        {"op": "remove"},
        [1],
        [{"op": "fly", "path": "/x"}],
        [{"op": "add", "path": "/x"}],
        [{"op": "remove", "path": "x"}],
        [{"op": "move", "path": "/x"}],
        [{"op": [], "path": "/x"}],
    ],
)
def test_what_is_no_patch_is_malformed(operations: object) -> None:
    with pytest.raises(OutcomeError) as error:
        json_patch(PATIENT, operations)
    assert error.value.status == 400


@pytest.mark.parametrize("path", ["/id", "/resourceType"])
@pytest.mark.parametrize("how", ["remove", "replace", "move"])
def test_id_and_type_are_immutable(path: str, how: str) -> None:
    operation = {"op": how, "path": path, "value": "2"}
    if how == "move":
        operation = {"op": "move", "from": path, "path": "/text"}
    assert refused(operation).issues[0].key == "patch-immutable"


def test_an_array_that_a_removal_empties_goes_too() -> None:
    assert "extension" not in patched({"op": "remove", "path": "/extension/0"})
    made = patched({"op": "remove", "path": "/_birthDate/extension/0"})
    assert "_birthDate" not in made


def test_an_empty_value_that_the_client_writes_stays_for_the_validator() -> None:
    assert patched({"op": "add", "path": "/telecom", "value": []})["telecom"] == []


def test_malformed_json_is_told_with_line_and_column() -> None:
    with pytest.raises(OutcomeError) as error:
        document_of(b'{"a":\n 1,}')
    assert "line 2, column 4" in error.value.issues[0].text
