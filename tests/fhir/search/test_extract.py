"""Index rows of a resource, and the same conditions decided in Python."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import keys
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.match import matches


def of(document: dict[str, Any], now_us: int = 7) -> Entry:
    return entry(codec.decode(json.dumps(document).encode()), now_us=now_us, base_url="http://here")


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "1", "status": "final", "code": {"text": "x"}, **more}


def holds(made: Entry, search: str) -> bool | None:
    return matches(parse(made.rt, parse_qsl(search), base_url="http://here").condition, made, updated_us=7)


def test_a_resource_of_one_patient_carries_it_and_its_reference_has_no_row() -> None:
    made = of(observation(subject={"reference": "Patient/7"}))
    patient = keys.rid_of("Patient", "7")
    key = keys.reference_key("Observation", "subject", patient)
    assert (made.pat, made.pats) == (patient, (patient,))
    assert key in made.keys
    assert key not in {k for k, _ in made.ix}


def test_a_resource_of_several_patients_carries_none_and_keeps_the_rows() -> None:
    made = of(observation(subject={"reference": "Patient/7"}, performer=[{"reference": "Patient/8"}]))
    assert made.pat is None
    assert len(made.pats) == 2
    assert keys.reference_key("Observation", "subject", keys.rid_of("Patient", "7")) in {k for k, _ in made.ix}


def test_a_patient_who_only_performs_is_not_whose_record_it_is() -> None:
    made = of(observation(subject={"reference": "Group/1"}, performer=[{"reference": "Patient/8"}]))
    assert made.pat is None
    assert made.pats == (keys.rid_of("Patient", "8"),)


def test_a_patient_is_its_own() -> None:
    made = of({"resourceType": "Patient", "id": "7"})
    assert made.pat == keys.rid_of("Patient", "7")


def test_dated_resources_sort_by_date_and_others_behind_them() -> None:
    at = of(observation(effectiveDateTime="1970-01-01T00:00:01Z"))
    assert (at.ord, at.dx) == (1_000_000, [])
    assert of(observation()).ord == keys.UNDATED + 7
    ranged = of(observation(effectivePeriod={"start": "1970-01-01T00:00:01Z"}))
    assert (ranged.ord, len(ranged.dx)) == (1_000_000, 1)
    assert of(observation(effectivePeriod={"end": "2020"})).ord == keys.DATED


def test_keys_are_distinct_and_begin_with_the_coded_ones() -> None:
    made = of(observation(code={"coding": [{"system": "s", "code": "c"}]}, subject={"reference": "Patient/7"}))
    assert len(made.keys) == len(set(made.keys))
    assert made.keys[: len(made.ix)] == [key for key, _ in made.ix]
    flags = [flag for _, flag in made.ix]
    assert flags == sorted(flags, reverse=True)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("code:text=x", True), ("code:text=y", False), ("status=final", True), ("status:not=final", False),
        ("subject=Patient/7", True), ("subject=http://here/Patient/7", True), ("subject=Patient/77", False),
        ("date=2020-01-01", True), ("date=gt2020-01-01", False), ("value-quantity=gt5", True),
        ("value-quantity=6||mg", True), ("_id=1", True), ("_id=2", False), ("patient.family=x", None),
        ("patient.family=x&status=amended", False), ("_lastUpdated=lt2020", True), ("_content=x", True),
        ("_text=x", False), ("combo-value-quantity=6", True), ("combo-code:missing=true", False),
        ("code:in=http://vs", None), ("device:missing=true", True),
    ],
)  # fmt: skip
def test_conditions_are_decided_over_an_entry(search: str, *, expected: bool | None) -> None:
    made = of(observation(
        subject={"reference": "Patient/7"}, effectiveDateTime="2020-01-01T10:00:00+08:00",
        valueQuantity={"value": 6, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
    ))  # fmt: skip
    assert holds(made, search) is expected


def test_every_parameter_of_every_type_can_be_asked_for() -> None:
    values = {
        "token": "a", "string": "a", "uri": "http://a", "reference": "x1", "date": "2020", "number": "1",
        "quantity": "1",
    }  # fmt: skip
    asked = 0
    for on, known in PARAMETERS.items():
        for code, parameter in known.items():
            if parameter.kind == "special" and code not in {"_text", "_content", "_list", "near"}:
                continue
            if parameter.kind == "composite":
                kinds = [known[part].kind if part in known else "token" for part, _ in parameter.components]
                value = "$".join(values[kind] for kind in kinds)
            else:
                value = {"near": "1|1"}.get(code, values.get(parameter.kind, "a"))
            query = parse(on, [(code, value), (f"{code}:missing", "true")], strict=True)
            assert len(query.applied) == 2
            asked += 1
    assert asked > 2_500


def test_every_example_is_indexed(shared: Path) -> None:
    indexed = 0
    for path in sorted((shared / "data" / "fhir-r4-examples").glob("*.json")):
        try:
            resource = codec.decode(path.read_bytes())
        except OutcomeError:
            continue  # the codec's tests say which examples are not valid, and why
        made = entry(resource, now_us=7, id="1")
        assert len(made.keys) == len(set(made.keys))
        assert {key for key, _ in made.ix} <= set(made.keys)
        indexed += 1
    assert indexed > 60
