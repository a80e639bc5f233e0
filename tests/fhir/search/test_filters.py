"""``_filter`` means what the parameters mean that it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.names import criteria
from xinglin.fhir.search.query import And, Condition, Not, Or


def of(on: str, text: str) -> Condition:
    found = parse(on, [("_filter", text)], strict=True).condition
    assert isinstance(found, And)
    return found.of[0]


def same(on: str, search: str) -> Condition:
    found = criteria(on, search)
    assert isinstance(found, And)
    return found.of[0]


@pytest.mark.parametrize(
    ("on", "text", "search"),
    [
        ("Patient", "family sw li", "family=li"),
        ("Patient", 'family eq "Li"', "family:exact=Li"),
        ("Patient", 'family co "a,b"', "family:contains=a\\,b"),
        ("Patient", "birthdate ge 1980-01-01", "birthdate=ge1980-01-01"),
        ("Patient", "gender pr true", "gender:missing=false"),
        ("Patient", "gender pr false", "gender:missing=true"),
        ("Observation", "code eq http://loinc.org|8867-4", "code=http://loinc.org|8867-4"),
        ("Observation", "code in http://vs", "code:in=http://vs"),
        ("Observation", "subject re Patient/1", "subject=Patient/1"),
        ("Observation", "patient.family sw li", "patient.family=li"),
        ("Observation", "value-quantity gt 5", "value-quantity=gt5"),
    ],
)
def test_a_comparison_is_its_parameter(on: str, text: str, search: str) -> None:
    assert of(on, text) == same(on, search)


def test_and_binds_closer_than_or() -> None:
    a, b, c = (same("Patient", f"family={name}") for name in "abc")
    assert of("Patient", "family sw a or family sw b and family sw c") == Or((a, And((b, c))))
    assert of("Patient", "(family sw a or family sw b) and family sw c") == And((Or((a, b)), c))
    assert of("Patient", "not (family sw a)") == Not(a)
    assert of("Patient", "gender ne male") == Not(same("Patient", "gender=male"))


@pytest.mark.parametrize(
    "text",
    [
        "family", "family sw", "family sw a b", "(family sw a", "family sw a)", "family xx a", 'family sw "a',
        "gender gt a",
        "colour eq blue", "family ew a", "patient[type eq x].name eq y", "(" * 100 + "family sw a" + ")" * 100,
        "family sw a or", "gender pr maybe", "family sw a or " * 400 + "family sw a",
    ],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(OutcomeError) as refused:
        parse("Patient", [("_filter", text)])
    assert refused.value.status == 400


@given(st.text(alphabet='ab ()"\\eqornt|.[]', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse("Patient", [("_filter", text)])
    except OutcomeError as error:
        found = None
        status = error.status
    else:
        status = 200
    assert status in {200, 400}
    assert found is None or found.type == "Patient"
