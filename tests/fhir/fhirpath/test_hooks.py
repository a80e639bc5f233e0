"""What an evaluation is given from outside."""

from collections.abc import Sequence

import msgspec
import pytest
from msgspec import Struct

from tests.fhir.fhirpath.patients import NOW, OBSERVATION, PATIENT, results
from xinglin.fhir.fhirpath import Environment, FhirPathError, Node, evaluate
from xinglin.fhir.fhirpath.nodes import root
from xinglin.fhir.r4 import Bundle, CodeableConcept, Coding, Organization, Patient


def plain(nodes: Sequence[Node]) -> list[object]:
    return [node.value for node in nodes]


def test_a_reference_is_resolved_by_the_hook() -> None:
    def find(reference: str) -> Struct | None:
        return Organization(id="9", name="卫健委") if reference == "Organization/9" else None

    found = results("generalPractitioner.resolve()", resolve=find)
    assert [(node.type, node.location) for node in found] == [("FHIR.Organization", "Organization")]
    assert plain(results("generalPractitioner.reference.resolve().name", resolve=find)) == ["卫健委"]
    assert results("name.resolve()", resolve=find) == []


BUNDLE = msgspec.convert(
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:oid:1.2.3", "resource": {"resourceType": "Organization", "id": "a", "name": "A"}},
            {
                "resource": {
                    "resourceType": "Patient",
                    "id": "p",
                    "managingOrganization": {"reference": "urn:oid:1.2.3"},
                    "generalPractitioner": [{"reference": "Organization/a"}, {"reference": "#c"}, {"reference": "#"}],
                    "contained": [{"resourceType": "Practitioner", "id": "c"}],
                }
            },
        ],
    },
    Bundle,
)


def test_a_reference_is_resolved_within_its_bundle() -> None:
    assert plain(results("entry.resource.managingOrganization.resolve().name", BUNDLE)) == ["A"]
    found = results("entry.resource.generalPractitioner.resolve()", BUNDLE)
    assert [node.location for node in found] == [
        "Bundle.entry[0].resource",
        "Bundle.entry[1].resource.contained[0]",
        "Bundle.entry[1].resource",
    ]
    assert plain(results("entry[1].resource.generalPractitioner[2].resolve().id", BUNDLE)) == ["p"]
    assert results("'urn:oid:9.9'.resolve() | 'Patient/none'.resolve()", BUNDLE) == []


def test_a_contained_resource_knows_its_container() -> None:
    organization = getattr(PATIENT, "contained", [])[0]
    found = evaluate("%rootResource.gender", organization, environment=Environment(root_resource=PATIENT))
    assert plain(found) == ["male"]
    assert plain(evaluate("'#org'.resolve().name", organization, environment=Environment(root_resource=PATIENT))) == [
        "焦作市人民医院"
    ]


def test_membership_is_asked_of_the_hook() -> None:
    asked: list[tuple[object, str]] = []

    def member_of(code: object, url: str) -> bool | None:
        asked.append((code, url))
        return {"http://example.org/yes": True, "http://example.org/no": False}.get(url)

    for url, expected in (("yes", [True]), ("no", [False]), ("unknown", [])):
        assert plain(results(f"gender.memberOf('http://example.org/{url}')", member_of=member_of)) == expected
    assert plain(results("code.memberOf('http://example.org/yes')", OBSERVATION, member_of=member_of)) == [True]
    assert isinstance(asked[-1][0], CodeableConcept)
    assert results("photo.memberOf('http://example.org/yes')", member_of=member_of) == []


def test_subsumption_is_asked_of_the_hook() -> None:
    def subsumes(wider: object, narrower: object) -> bool | None:
        return (wider, narrower) == ("a", "b")

    assert plain(results("'a'.subsumes('b')", subsumes=subsumes)) == [True]
    assert plain(results("'b'.subsumedBy('a')", subsumes=subsumes)) == [True]
    assert plain(results("'b'.subsumes('a')", subsumes=subsumes)) == [False]
    assert results("{}.subsumes('a')", subsumes=subsumes) == []
    with pytest.raises(FhirPathError):
        results("'a'.subsumes('b')")


def test_conformance_is_asked_of_the_hook() -> None:
    def conforms(resource: Struct, profile: str) -> bool | None:
        return isinstance(resource, Patient) if profile == "http://example.org/p" else None

    assert plain(results("conformsTo('http://example.org/p')", conforms_to=conforms)) == [True]
    assert results("photo.conformsTo('http://example.org/p')", conforms_to=conforms) == []
    with pytest.raises(FhirPathError):
        results("conformsTo('http://example.org/q')", conforms_to=conforms)


def test_a_trace_is_shown_and_changes_nothing() -> None:
    shown: list[tuple[str, list[object]]] = []

    def trace(name: str, nodes: Sequence[Node]) -> None:
        shown.append((name, plain(nodes)))

    assert plain(results("name.given.trace('all').trace('length', length()).first()", trace=trace)) == ["明"]
    assert shown == [("all", ["明", "小明", "Ming"]), ("length", [1, 2, 4])]


def test_variables_are_given() -> None:
    coding = Coding(code="a")
    variables = {"one": 1, "some": ["a", "b"], "coding": coding, "none": None, "node": root(PATIENT)}
    assert plain(results("%one + 1", variables=variables)) == [2]
    assert plain(results("%some | %coding.code | %none", variables=variables)) == ["a", "b"]
    assert plain(results("%node.gender", variables=variables)) == ["male"]
    with pytest.raises(FhirPathError):
        results("defineVariable('one', 2)", variables=variables)


def test_modifier_extensions_must_be_known() -> None:
    document = {"resourceType": "Patient", "modifierExtension": [{"url": "http://example.org/m", "valueCode": "a"}]}
    patient = msgspec.convert(document, Patient)
    assert plain(results("checkModifiers('http://example.org/m').exists()", patient)) == [True]
    with pytest.raises(FhirPathError):
        results("checkModifiers('http://example.org/other')", patient)


def test_a_narrative_is_checked() -> None:
    def narrative(div: str) -> Patient:
        return msgspec.convert({"resourceType": "Patient", "text": {"status": "generated", "div": div}}, Patient)

    good = narrative('<div xmlns="http://www.w3.org/1999/xhtml">李明</div>')
    bad = narrative('<div xmlns="http://www.w3.org/1999/xhtml"><script>alert()</script></div>')
    assert plain(results("text.`div`.htmlChecks()", good)) == [True]
    assert plain(results("text.`div`.htmlChecks()", bad)) == [False]
    assert results("photo.htmlChecks()") == []


def test_a_node_within_the_resource_is_the_context() -> None:
    name = results("name[1]")[0]
    found = evaluate("given | %resource.id | %context.use", PATIENT, context=name, environment=Environment(now=NOW))
    assert [(node.value, node.location) for node in found] == [
        ("Ming", "Patient.name[1].given[0]"),
        ("li", "Patient.id"),
        ("nickname", "Patient.name[1].use"),
    ]
