"""Invariants: every one can be asked, and the quick looks never accept what the expression refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from xinglin.fhir import r4, rules
from xinglin.fhir.codec import decode
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.invariants import INVARIANTS
from xinglin.fhir.wire import decoder

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
EXAMPLES = sorted((SHARED / "fhir-r4-examples").glob("*.json"))

ALL = [(place, invariant) for place, found in INVARIANTS.items() for invariant in found]


def structs(value: object) -> Iterator[Any]:
    """Every struct in *value*, itself included."""
    if isinstance(value, Struct):
        yield value
        for name in value.__struct_fields__:
            yield from structs(getattr(value, name))
    elif isinstance(value, list):
        for one in value:
            yield from structs(one)


@pytest.mark.parametrize(("place", "invariant"), ALL, ids=[f"{place}-{i.key}" for place, i in ALL])
def test_every_invariant_can_be_asked_of_an_empty_value(place: str, invariant: Any) -> None:
    asked = {rule.key: rule for rule in (*rules.rules(place), *rules.advice(place))}
    if invariant.key in {"ele-1", "ext-1"}:
        assert invariant.key in rules.BY_HAND
        return
    if place not in r4.CLASSES:
        assert asked[invariant.key].holds is not None
        return
    value = r4.CLASSES[place]()
    try:
        owner = r4.RESOURCES.get(place.partition(".")[0], r4.Patient)()
        resource = value if place in r4.RESOURCES else owner
        assert asked[invariant.key].holds(value, resource, resource) in {True, False}
    except FhirPathError as cannot:
        pytest.fail(f"{invariant.expression}: {cannot}")


def test_corrections_name_invariants_that_exist() -> None:
    known = {(place, i.key) for place, found in INVARIANTS.items() for i in found}
    assert rules.CORRECTED.keys() <= known
    assert rules.BY_HAND.keys() == {"ele-1", "ext-1"} | {key for _, key in rules._HAND}
    assert rules._HAND.keys() <= known
    assert rules._QUICK.keys() <= {key for _, key in known}


@pytest.mark.skipif(not EXAMPLES, reason="../shared/data/fhir-r4-examples is not there")
def test_quick_looks_accept_only_what_the_expression_accepts() -> None:
    seen = set()
    for path in EXAMPLES:
        raw = path.read_bytes()
        resource = decoder(json.loads(raw)["resourceType"]).decode(raw)
        for value in structs(resource):
            for place in _places(value.fhir_type):
                for rule in rules.rules(place):
                    quick = rules._QUICK.get(rule.key)
                    if quick is not None and place in TYPES and quick(value):
                        seen.add(rule.key)
                        assert rules._compiled(rule.expression, (place,))(value, resource, resource), rule
    assert seen >= {"att-1", "cpt-2", "obs-3", "obs-6", "obs-7", "org-1", "pat-1", "per-1", "qty-3"}


def _places(name: str | None) -> Iterator[str]:
    while name is not None:
        yield name
        name = TYPES[name].base


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        ("2020", "2020-05", True),
        ("2020-05", "2020", True),
        ("2021", "2020-05", False),
        ("2020-01-01T10:00:00+08:00", "2020-01-01T03:00:00Z", True),
        ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00+08:00", False),
        ("2020-01-01T10:00:00.123Z", "2020-01-01T10:00:00.124Z", True),
        ("2020-01-01T10:00:00Z", "2020-01-01T09:59:59Z", False),
        ("2020-01-01", "2020-01-01T09:59:59Z", True),
    ],
)
def test_a_period_ends_after_it_starts(start: str, end: str, holds: bool) -> None:  # noqa: FBT001
    raw = json.dumps(
        {"resourceType": "Patient", "identifier": [{"value": "1", "period": {"start": start, "end": end}}]}
    )
    if holds:
        assert decode(raw.encode()).fhir_type == "Patient"
    else:
        with pytest.raises(OutcomeError) as caught:
            decode(raw.encode())
        assert [i.key for i in caught.value.issues] == ["per-1"]


@pytest.mark.parametrize(
    ("key", "document"),
    [
        ("app-4", {"resourceType": "Appointment", "status": "booked", "cancelationReason": {"text": "a"},
                   "start": "2020-01-01T10:00:00Z", "end": "2020-01-01T11:00:00Z",
                   "participant": [{"status": "accepted", "type": [{"text": "a"}]}]}),
        ("app-3", {"resourceType": "Appointment", "status": "booked",
                   "participant": [{"status": "accepted", "type": [{"text": "a"}]}]}),
        ("bdl-7", {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "http://a/Patient/1", "resource": {"resourceType": "Patient"}},
            {"fullUrl": "http://a/Patient/1", "resource": {"resourceType": "Patient"}}]}),
        ("bdl-8", {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "http://a/Patient/1/_history/1", "resource": {"resourceType": "Patient"}}]}),
        ("bdl-3", {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {"resourceType": "Patient"}}]}),
        ("obs-7", {"resourceType": "Observation", "status": "final", "valueString": "a",
                   "code": {"coding": [{"system": "http://a", "code": "b"}]},
                   "component": [{"code": {"coding": [{"system": "http://a", "code": "b"}]}, "valueString": "c"}]}),
        ("org-1", {"resourceType": "Organization", "active": True}),
        ("org-2", {"resourceType": "Organization", "name": "a", "address": [{"use": "home", "text": "b"}]}),
        ("que-2", {"resourceType": "Questionnaire", "status": "draft", "item": [
            {"linkId": "1", "type": "string"}, {"linkId": "1", "type": "string"}]}),
        ("que-7", {"resourceType": "Questionnaire", "status": "draft", "item": [{"linkId": "1", "type": "string",
            "enableWhen": [{"question": "2", "operator": "exists", "answerString": "a"}]}]}),
        ("inv-1", {"resourceType": "Task", "status": "draft", "intent": "order",
                   "authoredOn": "2020-01-02T00:00:00Z", "lastModified": "2020-01-01T00:00:00Z"}),
        ("inv-1", {"resourceType": "Parameters", "parameter": [{"name": "a"}]}),
        ("tim-1", {"resourceType": "ServiceRequest", "status": "draft", "intent": "order",
                   "subject": {"reference": "Patient/1"},
                   "occurrenceTiming": {"repeat": {"duration": 1}}}),
        ("rat-1", {"resourceType": "Observation", "status": "final", "code": {"text": "a"},
                   "valueRatio": {"numerator": {"value": 1}}}),
        ("rng-2", {"resourceType": "Observation", "status": "final", "code": {"text": "a"},
                   "valueRange": {"low": {"value": 2}, "high": {"value": 1}}}),
        ("drt-1", {"resourceType": "Encounter", "status": "planned", "class": {"code": "AMB"},
                   "length": {"value": 1, "code": "min"}}),
        ("vsd-1", {"resourceType": "ValueSet", "status": "draft", "compose": {"include": [{"version": "1"}]}}),
        ("con-4", {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "abatementString": "a"}),
        ("ras-2", {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": "Patient/1"},
                   "prediction": [{"probabilityDecimal": 101}]}),
    ],
)  # fmt: skip
def test_an_invariant_of_the_standard_is_kept(key: str, document: dict[str, Any]) -> None:
    with pytest.raises(OutcomeError) as caught:
        decode(json.dumps(document).encode())
    assert key in {issue.key for issue in caught.value.issues}
    assert {issue.code for issue in caught.value.issues} == {"invariant"}


def test_a_bundle_without_addresses_is_sound() -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}
    assert decode(json.dumps(bundle).encode()).fhir_type == "Bundle"


def test_a_risk_without_probability_is_sound() -> None:
    risk = {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": "Patient/1"},
            "prediction": [{"rationale": "a"}]}  # fmt: skip
    assert decode(json.dumps(risk).encode()).fhir_type == "RiskAssessment"


def test_a_question_that_asks_whether_another_is_answered_is_sound() -> None:
    condition = {"question": "1", "operator": "exists", "answerBoolean": True}
    document = {"resourceType": "Questionnaire", "status": "draft", "item": [
        {"linkId": "1", "type": "boolean"}, {"linkId": "2", "type": "string", "enableWhen": [condition]}]}  # fmt: skip
    assert decode(json.dumps(document).encode()).fhir_type == "Questionnaire"


def test_a_range_without_comparable_units_is_sound() -> None:
    given = {"low": {"value": 2, "unit": "mg"}, "high": {"value": 1}}
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, "valueRange": given}
    assert decode(json.dumps(observation).encode()).fhir_type == "Observation"
