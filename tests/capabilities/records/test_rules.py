"""What the record browser decides."""

import pytest

from xinglin.capabilities.records import contract
from xinglin.capabilities.records.rules import columns, criteria
from xinglin.capabilities.records.rules.moments import when
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.parameters import PARAMETERS


@pytest.mark.parametrize("on", sorted(RESOURCES))
def test_every_type_has_a_form_and_at_most_five_columns(on: str) -> None:
    usual, rest = criteria.fields(on)
    codes = [field.code for field in (*usual, *rest)]
    assert len(codes) == len(set(codes))
    assert set(codes) <= PARAMETERS[on].keys()
    assert len(columns.columns(on)) <= 5


def test_codes_of_a_required_binding_can_be_chosen() -> None:
    usual, _ = criteria.fields("Patient")
    gender = next(field for field in usual if field.code == "gender")
    assert set(gender.known) == {"male", "female", "other", "unknown"}


def test_a_filled_form_becomes_a_fhir_search() -> None:
    sent = [
        ("name", " 张 "),
        ("birthdate.since", "1999-01-01"),
        ("birthdate.until", ""),
        ("length.sign", "ge"),
        ("length", "3"),
    ]
    assert criteria.search_of(sent) == [("name", "张"), ("birthdate", "ge1999-01-01"), ("length", "ge3")]


def test_a_cell_takes_whichever_type_a_choice_has() -> None:
    value = next(element for element in columns.columns("Observation") if element.name == "value")
    assert columns.cell({"valueString": "x"}, value) == "x"
    assert columns.cell({}, value) is None


@pytest.mark.parametrize(
    ("document", "at"),
    [
        ({"resourceType": "Observation", "effectiveDateTime": "2026-10-01"}, "2026-10-01"),
        ({"resourceType": "Encounter", "period": {"start": "2026-10-02"}}, "2026-10-02"),
        ({"resourceType": "Encounter", "period": {"end": "2026-10-03"}}, "2026-10-03"),
        ({"resourceType": "Specimen", "collection": {"collectedDateTime": "2026-10-04"}}, "2026-10-04"),
        ({"resourceType": "Patient", "birthDate": "1999"}, ""),
    ],
)
def test_a_moment_is_when_it_happened(document: dict[str, object], at: str) -> None:
    assert when(document) == at


def test_references_lead_to_pages() -> None:
    assert contract.address("Patient/1") == "/records/Patient/1"
    assert contract.address("Patient/1/_history/2") == "/records/Patient/1?version=2"
    assert contract.address("#contained") is None
    assert contract.address("http://elsewhere.example/Patient/1") is None
