"""The generated tables against what the standard says in words."""

import subprocess
import sys

import pytest

from xinglin.fhir import r4
from xinglin.fhir.fhirpath import parse
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.invariants import INVARIANTS
from xinglin.fhir.r4.parameters import PARAMETERS

SHARED = {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_content", "_list", "_has", "_type"}


def test_every_resource_type_has_a_struct_and_parameters() -> None:
    assert len(r4.RESOURCES) == 146
    assert PARAMETERS.keys() == r4.RESOURCES.keys()
    assert {name for name, cls in r4.RESOURCES.items() if cls.__struct_config__.tag != name} == set()


def test_every_complex_type_has_a_struct_with_its_name() -> None:
    complex_types = {name for name, info in TYPES.items() if info.kind != "primitive"}
    assert complex_types == r4.CLASSES.keys()


def test_every_element_is_an_attribute() -> None:
    for name, info in TYPES.items():
        if info.kind == "primitive":
            continue
        fields = set(r4.CLASSES[name].__struct_fields__)
        for element in info.elements:
            attributes = {element.member(t) if element.choice else element.attr for t in element.types}
            assert attributes <= fields, f"{name}.{element.name}"


def test_keywords_get_an_underscore() -> None:
    assert r4.Encounter(class_=r4.Coding(code="AMB")).class_ == r4.Coding(code="AMB")
    assert "class_" in r4.Encounter.__struct_fields__
    assert (
        dict(zip(r4.Encounter.__struct_fields__, r4.Encounter.__struct_encode_fields__, strict=True))["class_"]
        == "class"
    )


def test_backbones_are_named_by_their_path() -> None:
    contact = next(e for e in TYPES["Patient"].elements if e.name == "contact")
    assert contact.types == ("Patient.contact",)
    assert r4.PatientContact.fhir_type == "Patient.contact"
    assert TYPES["Patient.contact"].base == "BackboneElement"


def test_a_content_reference_is_the_same_type() -> None:
    ranges = next(e for e in TYPES["Observation.component"].elements if e.name == "referenceRange")
    assert ranges.types == ("Observation.referenceRange",)


def test_choices_list_their_types() -> None:
    deceased = next(e for e in TYPES["Patient"].elements if e.name == "deceased")
    assert (deceased.choice, deceased.types, deceased.modifier) == (True, ("boolean", "dateTime"), True)
    assert [member for member, _ in deceased.members()] == ["deceasedBoolean", "deceasedDateTime"]


def test_every_type_is_searched_by_what_all_share() -> None:
    for name, found in PARAMETERS.items():
        assert found.keys() >= SHARED, name
        assert ("_text" in found) == (TYPES[name].base == "DomainResource"), name


def test_parameters_keep_only_the_paths_of_their_type() -> None:
    address = PARAMETERS["Patient"]["address"]
    assert (address.kind, address.expression) == ("string", "Patient.address")
    assert address.base == ("Patient", "Person", "Practitioner", "RelatedPerson")
    assert PARAMETERS["Observation"]["code-value-quantity"].components == (
        ("code", "code"),
        ("value-quantity", "value.as(Quantity)"),
    )
    assert PARAMETERS["Observation"]["subject"].targets == ("Device", "Group", "Location", "Patient")


def test_every_parameter_can_be_read_and_its_parts_exist() -> None:
    for name, found in PARAMETERS.items():
        for parameter in found.values():
            assert parameter.expression or parameter.kind == "special", f"{name}.{parameter.code}"
            if parameter.expression:
                parse(parameter.expression)
            for code, expression in parameter.components:
                assert code in found, f"{name}.{parameter.code}: {code}"
                parse(expression)


def test_parameters_are_as_many_as_in_the_registry() -> None:
    own = {(p.url, p.code) for found in PARAMETERS.values() for p in found.values() if p.url}
    # 1400 definitions, less 3 examples and 12 that extensions define without a path.
    assert len(own) == 1400 - 3 - 12


def test_every_invariant_can_be_read() -> None:
    for place, found in INVARIANTS.items():
        owner, _, element = place.rpartition(".")
        assert place in TYPES or element in {e.name for e in TYPES[owner].elements}, place
        for invariant in found:
            parse(invariant.expression)


@pytest.mark.parametrize(
    ("compartment", "members"),
    [("Patient", 66), ("Encounter", 25), ("RelatedPerson", 32), ("Device", 32), ("Practitioner", 59)],
)
def test_compartments_name_parameters_that_exist(compartment: str, members: int) -> None:
    found = COMPARTMENTS[compartment]
    assert len(found) == members
    for name, codes in found.items():
        for code in codes:
            assert code == "{def}" or PARAMETERS[name][code].kind == "reference", f"{name}.{code}"


def test_only_subject_and_performer_place_an_observation_with_a_patient() -> None:
    assert COMPARTMENTS["Patient"]["Observation"] == ("subject", "performer")


def test_the_definitions_load_quickly() -> None:
    code = (
        "import time; t = time.perf_counter(); import xinglin.fhir.r4, xinglin.fhir.r4.elements,"
        "xinglin.fhir.r4.parameters, xinglin.fhir.r4.checks; print(time.perf_counter() - t)"
    )
    taken = min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) for _ in range(3)
    )
    assert taken < 2.0  # 0.5 s on a quiet machine; the tests share theirs
