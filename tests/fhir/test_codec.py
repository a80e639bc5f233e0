"""Decoding: what is sound comes through, what is not is refused with every place."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from xinglin.fhir import r4
from xinglin.fhir.codec import decode, encode, to_dict
from xinglin.fhir.fast import sound, type_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.validate import faults, thorough, warnings

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
EXAMPLES = sorted((SHARED / "fhir-r4-examples").glob("*.json"))
SYNTHEA = sorted(p for p in (SHARED / "synthea-10").glob("*.ndjson.gz") if not p.name.startswith("log"))

# Official examples that break the standard they illustrate: file -> (key, place) of each kind of fault.
UNSOUND = {
    # Items without the required linkId.
    "bundle-questionnaire.json": {("required", "Questionnaire.item[0].item[0].linkId")},
    # The code chol-mass stands twice.
    "codesystem-example.json": {("csd-1", "CodeSystem")},
    # A parent of type DeviceDefinition, where Device is required.
    "devicemetric-example.json": {("wrong-target", "DeviceMetric.parent")},
    # A Procedure as the reason, which is not among the types.
    "deviceusestatement-example.json": {("wrong-target", "DeviceUseStatement.reasonReference[0]")},
    # A Practitioner dispenses, where only an Organization may.
    "medicationrequest0301.json": {("wrong-target", "MedicationRequest.dispenseRequest.performer")},
}

needs_examples = pytest.mark.skipif(not EXAMPLES, reason="../shared/data/fhir-r4-examples is not there")
needs_synthea = pytest.mark.skipif(not SYNTHEA, reason="../shared/data/synthea-10 is not there")

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "a"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "pulse"}}


def refused(given: object, expected: str | None = None) -> tuple[Issue, ...]:
    raw = given if isinstance(given, bytes) else json.dumps(given, ensure_ascii=False).encode()
    with pytest.raises(OutcomeError) as caught:
        decode(raw, expected)
    assert 400 <= caught.value.status < 500
    return caught.value.issues


def places(given: object) -> list[tuple[str, str]]:
    return [(issue.key, issue.where) for issue in refused(given)]


@needs_examples
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_official_examples_are_sound(path: Path) -> None:
    found = {(i.key, i.where) for i in thorough(json.loads(path.read_bytes(), parse_float=Decimal))}
    if path.name in UNSOUND:
        assert found >= UNSOUND[path.name]
        assert {key for key, _ in found} == {key for key, _ in UNSOUND[path.name]}
    else:
        assert found == set()
        assert decode(path.read_bytes()).fhir_type == json.loads(path.read_bytes())["resourceType"]


@needs_synthea
@pytest.mark.parametrize("path", SYNTHEA, ids=lambda p: p.name.partition(".")[0])
def test_synthetic_records_are_sound(path: Path) -> None:
    with gzip.open(path) as lines:
        for line in lines:
            assert decode(line).fhir_type == path.name.partition(".")[0]


@needs_synthea
def test_synthetic_records_take_the_fast_way() -> None:
    for path in SYNTHEA:
        name = path.name.partition(".")[0]
        with gzip.open(path) as lines:
            assert all(sound(line, name) is not None for line, _ in zip(lines, range(50), strict=False))


@needs_examples
@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.name not in UNSOUND], ids=lambda p: p.stem)
def test_documents_come_back_as_they_went_in(path: Path) -> None:
    document = json.loads(path.read_bytes(), parse_float=Decimal)
    assert to_dict(decode(path.read_bytes())) == document


def test_digits_of_decimals_survive() -> None:
    raw = b'{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":1.00}}'
    assert encode(decode(raw)) == raw
    value = decode(raw.replace(b"1.00", b"1.2E+2")).valueQuantity.value  # type: ignore[attr-defined]
    assert str(value) == "1.2E+2"
    thirty = b"0.123456789012345678901234567890"
    assert thirty in encode(decode(raw.replace(b"1.00", thirty)))


@pytest.mark.parametrize(
    ("change", "key", "where"),
    [
        ({"nam": []}, "unknown-element", "Patient.nam"),
        ({"_name": []}, "unknown-element", "Patient._name"),
        ({"_id": {"id": "x"}}, "unknown-element", "Patient._id"),
        ({"active": "true"}, "wrong-type", "Patient.active"),
        ({"active": 1}, "wrong-type", "Patient.active"),
        ({"birthDate": 1990}, "wrong-type", "Patient.birthDate"),
        ({"name": {"family": "a"}}, "wrong-type", "Patient.name"),
        ({"maritalStatus": [{"text": "a"}]}, "wrong-type", "Patient.maritalStatus"),
        ({"contact": ["a"]}, "wrong-type", "Patient.contact[0]"),
        ({"multipleBirthInteger": 1.5}, "wrong-type", "Patient.multipleBirth"),
        ({"multipleBirthInteger": True}, "wrong-type", "Patient.multipleBirth"),
        ({"multipleBirthInteger": 2147483648}, "out-of-range", "Patient.multipleBirth"),
        ({"active": None}, "null", "Patient.active"),
        ({"name": [{"given": ["a", None]}]}, "null", "Patient.name[0].given[1]"),
        ({"name": []}, "empty-array", "Patient.name"),
        ({"name": [{}]}, "ele-1", "Patient.name[0]"),
        ({"name": [{"id": "x"}]}, "ele-1", "Patient.name[0]"),
        ({"name": [{"family": ""}]}, "empty-string", "Patient.name[0].family"),
        ({"name": [{"family": "a\0b"}]}, "bad-character", "Patient.name[0].family"),
        ({"id": "a b"}, "bad-format", "Patient.id"),
        ({"id": "a" * 65}, "bad-format", "Patient.id"),
        ({"id": "a\n"}, "bad-format", "Patient.id"),
        ({"birthDate": "2023-02-30"}, "bad-format", "Patient.birthDate"),
        ({"birthDate": "1900-02-29"}, "bad-format", "Patient.birthDate"),
        ({"birthDate": "0000-01-01"}, "bad-format", "Patient.birthDate"),
        ({"birthDate": "2023-1-1"}, "bad-format", "Patient.birthDate"),
        ({"birthDate": "2023-01-01T00:00:00Z"}, "bad-format", "Patient.birthDate"),
        ({"deceasedDateTime": "2023-01-01T10:00:00"}, "bad-format", "Patient.deceased"),
        ({"deceasedDateTime": "2023-01-01T24:00:00Z"}, "bad-format", "Patient.deceased"),
        ({"meta": {"lastUpdated": "2023-01-01"}}, "bad-format", "Patient.meta.lastUpdated"),
        ({"meta": {"profile": ["a b"]}}, "bad-format", "Patient.meta.profile[0]"),
        ({"implicitRules": "a b"}, "bad-format", "Patient.implicitRules"),
        ({"language": " zh"}, "bad-format", "Patient.language"),
        ({"gender": "m"}, "not-in-value-set", "Patient.gender"),
        ({"gender": "Male"}, "not-in-value-set", "Patient.gender"),
        ({"photo": [{"contentType": "image", "url": "a"}]}, "not-in-value-set", "Patient.photo[0].contentType"),
        ({"photo": [{"contentType": "image/png", "data": "a"}]}, "bad-format", "Patient.photo[0].data"),
        ({"managingOrganization": {"reference": "Patient/1"}}, "wrong-target", "Patient.managingOrganization"),
        (
            {"generalPractitioner": [{"reference": "http://example.org/fhir/Device/1/_history/2"}]},
            "wrong-target",
            "Patient.generalPractitioner[0]",
        ),
        ({"managingOrganization": {"type": "Patient"}}, "wrong-target", "Patient.managingOrganization"),
        ({"managingOrganization": {"reference": "#x"}}, "ref-1", "Patient.managingOrganization"),
        ({"deceasedBoolean": True, "deceasedDateTime": "2020"}, "several-types", "Patient.deceased"),
        ({"communication": [{"preferred": True}]}, "required", "Patient.communication[0].language"),
        ({"contact": [{"gender": "male"}]}, "pat-1", "Patient.contact[0]"),
        ({"extension": [{"url": "http://a"}]}, "ext-1", "Patient.extension[0]"),
        ({"extension": [{"valueString": "a"}]}, "required", "Patient.extension[0].url"),
        (
            {"extension": [{"url": "http://a", "valueString": "a", "valueCode": "b"}]},
            "several-types",
            "Patient.extension[0].value",
        ),
        (
            {"extension": [{"url": "http://a", "valueString": "a", "extension": [{"url": "b", "valueString": "c"}]}]},
            "ext-1",
            "Patient.extension[0]",
        ),
        ({"text": {"status": "generated"}}, "required", "Patient.text.div"),
        ({"text": {"status": "generated", "div": "<div>a</div>"}}, "txt-1", "Patient.text.div"),
        ({"contained": [{"resourceType": "Foo"}]}, "unknown-type", "Patient.contained[0]"),
        ({"contained": [{"id": "x"}]}, "unknown-type", "Patient.contained[0]"),
        ({"contained": [{"resourceType": "Organization", "id": "x", "name": "a"}]}, "dom-3", "Patient"),
        ({"contained": [{"resourceType": "Basic", "id": "x"}]}, "required", "Patient.contained[0].code"),
        ({"_birthDate": {}}, "ele-1", "Patient.birthDate"),
        ({"_birthDate": {"id": "x"}}, "ele-1", "Patient.birthDate"),
        ({"_birthDate": {"extension": [{"url": "http://a"}]}}, "ext-1", "Patient.birthDate.extension[0]"),
        ({"name": [{"_given": [None]}]}, "null", "Patient.name[0].given[0]"),
        ({"name": [{"given": ["a"], "_given": [None, {"id": "x"}]}]}, "unequal-arrays", "Patient.name[0].given"),
        (
            {"identifier": [{"value": "1", "period": {"start": "2020", "end": "2019"}}]},
            "per-1",
            "Patient.identifier[0].period",
        ),
        ({"telecom": [{"value": "1"}]}, "cpt-2", "Patient.telecom[0]"),
    ],
)
def test_one_fault_is_refused_at_its_place(change: dict[str, Any], key: str, where: str) -> None:
    assert places({**PATIENT, **change}) == [(key, where)]


@pytest.mark.parametrize(
    ("change", "key", "where"),
    [
        ({"status": None}, "null", "Observation.status"),
        ({"status": "done"}, "not-in-value-set", "Observation.status"),
        ({"valueQuantity": {"value": "1.0"}}, "wrong-type", "Observation.value.value"),
        ({"valueQuantity": {"value": True}}, "wrong-type", "Observation.value.value"),
        ({"valueQuantity": {"value": 1, "code": "kg"}}, "qty-3", "Observation.value"),
        ({"valueQuantity": {"value": 1}, "dataAbsentReason": {"text": "a"}}, "obs-6", "Observation"),
        ({"referenceRange": [{"appliesTo": [{"text": "a"}]}]}, "obs-3", "Observation.referenceRange[0]"),
        (
            {"referenceRange": [{"low": {"value": 1, "comparator": "<"}}]},
            "sqty-1",
            "Observation.referenceRange[0].low",
        ),
        ({"valueTime": "25:00:00"}, "bad-format", "Observation.value"),
        ({"issued": "2020-01-01T00:00:00"}, "bad-format", "Observation.issued"),
    ],
)
def test_one_fault_of_an_observation_is_refused(change: dict[str, Any], key: str, where: str) -> None:
    assert places({**OBSERVATION, **change}) == [(key, where)]


def test_required_elements_are_missed() -> None:
    assert places({"resourceType": "Observation"}) == [
        ("required", "Observation.status"),
        ("required", "Observation.code"),
    ]


def test_a_concept_of_a_required_binding_needs_one_of_its_codings() -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}}
    right = {**condition, "clinicalStatus": {"coding": [{"code": "x"}, {"system": system, "code": "active"}]}}
    assert decode(json.dumps(right).encode()).fhir_type == "Condition"
    wrong = {**condition, "clinicalStatus": {"coding": [{"system": system, "code": "x"}]}}
    assert places(wrong) == [("not-in-value-set", "Condition.clinicalStatus")]
    assert places({**condition, "clinicalStatus": {"text": "active"}}) == [
        ("not-in-value-set", "Condition.clinicalStatus")
    ]


def test_an_extension_stands_in_for_a_required_primitive() -> None:
    unknown = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    given = {"resourceType": "Observation", "_status": unknown, "code": {"text": "a"}}
    resource = decode(json.dumps(given).encode(), "Observation")
    assert isinstance(resource, r4.Observation)
    assert resource._status is not None
    assert resource._status.extension is not None


def test_nulls_align_parallel_arrays() -> None:
    extension = {"extension": [{"url": "http://a", "valueString": "b"}]}
    given = {**PATIENT, "name": [{"given": ["a", None, "c"], "_given": [None, extension, {"id": "x"}]}]}
    raw = json.dumps(given).encode()
    assert sound(raw, "Patient") is not None
    assert to_dict(decode(raw)) == given


def test_a_contained_resource_may_refer_to_its_container() -> None:
    held = {"resourceType": "Basic", "id": "x", "code": {"text": "a"}, "subject": {"reference": "#"}}
    assert decode(json.dumps({**PATIENT, "contained": [held]}).encode()).fhir_type == "Patient"


def test_contained_resources_are_not_nested_and_have_no_versions() -> None:
    inner = {"resourceType": "Organization", "id": "y", "name": "b"}
    held = {"resourceType": "Organization", "id": "x", "name": "a", "contained": [inner], "partOf": {"reference": "#y"}}
    given = {**PATIENT, "contained": [held], "managingOrganization": {"reference": "#x"}}
    assert ("dom-2", "Patient") in places(given)
    held = {"resourceType": "Organization", "id": "x", "name": "a", "meta": {"versionId": "1"}}
    assert places({**given, "contained": [held]}) == [("dom-4", "Patient")]


def test_faults_come_together_with_their_places() -> None:
    given = {
        "resourceType": "Patient",
        "gender": "m",
        "foo": 1,
        "birthDate": "2020-13-01",
        "contact": [{"name": {"given": ["a", ""]}}, {"gender": "male"}],
        "identifier": [{"system": "a b", "value": "1"}],
        "telecom": [{"value": "1"}],
    }
    assert sorted(places(given)) == [
        ("bad-format", "Patient.birthDate"),
        ("bad-format", "Patient.identifier[0].system"),
        ("cpt-2", "Patient.telecom[0]"),
        ("empty-string", "Patient.contact[0].name.given[1]"),
        ("not-in-value-set", "Patient.gender"),
        ("pat-1", "Patient.contact[1]"),
        ("unknown-element", "Patient.foo"),
    ]


def test_an_invariant_of_the_whole_is_reported_beside_other_faults() -> None:
    given = {**OBSERVATION, "foo": 1, "valueString": "a", "dataAbsentReason": {"text": "b"}}
    assert places(given) == [("unknown-element", "Observation.foo"), ("obs-6", "Observation")]


def test_faults_in_resources_of_a_bundle_are_placed() -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {**PATIENT, "gender": "m"}}]}
    assert places(bundle) == [("not-in-value-set", "Bundle.entry[0].resource.gender")]


def test_a_million_faults_are_not_all_told() -> None:
    found = refused({**PATIENT, **{f"x{n}": n for n in range(5000)}})
    assert len(found) == 201
    assert found[-1].key == "more-faults"


def test_another_type_than_expected_is_refused() -> None:
    assert [i.key for i in refused(PATIENT, "Observation")] == ["wrong-resource-type"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"resourceType":"Patient",\n "id":}', "line 2, column 7 (byte 33)"),
        ('{"resourceType":"Patient","language":"中",}'.encode(), "(byte"),
        (b"", "line 1, column 1"),
        (b"[1,", "line 1, column 4"),
        (b'{"resourceType":"Patient"} x', "line 1, column 28"),
        (b'\xef\xbb\xbf{"resourceType":"Patient"}', "line 1, column 1"),
    ],
)
def test_malformed_json_names_the_position(raw: bytes, text: str) -> None:
    (issue,) = refused(raw)
    assert (issue.code, issue.key) == ("structure", "malformed-json")
    assert text in issue.text


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b'{"resourceType":"Patient","id":"\xff"}', "not-utf-8"),
        (b"[]", "not-an-object"),
        (b'"a"', "not-an-object"),
        (b"null", "not-an-object"),
        (b"{}", "unknown-type"),
        (b'{"resourceType":1}', "unknown-type"),
        (b'{"resourceType":"Foo"}', "unknown-type"),
        (b'{"resourceType":"DomainResource"}', "unknown-type"),
        (b"[" * 100_000, "too-deep"),
        (b'{"resourceType":"Patient","a":' * 5000, "too-deep"),
        (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', "malformed-json"),
        (b'{"resourceType":"Patient","multipleBirthInteger":1e400}', "wrong-type"),
        (b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 5000 + b"}", "malformed-json"),
        (b'{"resourceType":"Patient","language":"\\ud800"}', "bad-character"),
        (b'{"resourceType":"Patient","language":"a\\u0000"}', "bad-character"),
        (b'{"resourceType":"Patient","id":"a","id":"b"}', "doubled-member"),
        (b'{"resourceType":"Patient","resourceType":"Patient"}', "doubled-member"),
        (b'{"resourceType":"Patient", "name":[{"family":"a", "family":"b"}]}', "doubled-member"),
        (b'{"resourceType":"Patient","id":"a","\\u0069d":"b"}', "doubled-member"),
    ],
)
def test_hostile_json_is_refused(raw: bytes, key: str) -> None:
    assert key in {issue.key for issue in refused(raw)}


def test_a_doubled_member_cannot_hide_behind_an_exponent() -> None:
    raw = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"a"},'
        b'"valueQuantity":{"value":%s,"unit":"a","unit":"b"}}'
    )
    for number in (b"1e9", b"1e-6", b"5E-3", b"1e1000", b"0e0"):
        assert ("doubled-member", "Observation.value.unit") in places(raw % number)


def test_huge_exponents_are_refused() -> None:
    raw = b'{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":1e999999999}}'
    assert places(raw) == [("out-of-range", "Observation.value.value")]


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"url": "http://a", "valueString": "b"}
    for _ in range(depth):
        made = {"url": "http://a", "extension": [made]}
    return {**PATIENT, "extension": [made]}


def test_nesting_has_a_limit() -> None:
    assert decode(json.dumps(nested(48)).encode()).fhir_type == "Patient"
    assert [i.key for i in refused(nested(49))] == ["too-deep"]
    assert [i.key for i in refused(nested(300))] == ["too-deep"]


def test_structs_made_in_python_are_looked_at_too() -> None:
    assert faults(r4.Patient(gender="male")) == ()
    wrong = r4.Patient(gender="m", name=[r4.HumanName()])  # type: ignore[arg-type]
    assert {(i.key, i.where) for i in faults(wrong)} == {
        ("not-in-value-set", "Patient.gender"),
        ("ele-1", "Patient.name[0]"),
    }


def test_advice_is_given_apart_from_faults() -> None:
    patient = r4.Patient(id="a")
    assert faults(patient) == ()
    assert [(i.key, i.severity) for i in warnings(patient)] == [("dom-6", "warning")]


def test_the_type_may_stand_anywhere() -> None:
    held = {"resourceType": "Organization", "id": "o", "name": "a"}
    given = {"managingOrganization": {"reference": "#o"}, "contained": [held], "resourceType": "Patient"}
    assert type_of(json.dumps(given).encode()) == "Patient"
    assert decode(json.dumps(given).encode(), "Patient").fhir_type == "Patient"
