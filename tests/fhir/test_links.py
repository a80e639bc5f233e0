"""Links between entries of a Bundle: replaced everywhere they may stand, in bytes that otherwise stay."""

import json

import pytest

from xinglin.fhir.links import is_conditional, references, relinked
from xinglin.fhir.r4.elements import TYPES

TARGETS = {"urn:uuid:p": "Patient/9", "urn:oid:1.2.3": "Organization/7", "Patient?identifier=s|1": "Patient/8"}


def test_a_reference_is_replaced_and_every_other_byte_stays() -> None:
    raw = (
        b'{ "resourceType":"Observation", "subject" : {"reference" : "urn:uuid:p"}, "valueQuantity":{"value":1.200e1} }'
    )
    made = relinked(raw, TARGETS)
    assert made == raw.replace(b'"reference" : "urn:uuid:p"', b'"reference":"Patient/9"')


@pytest.mark.parametrize(
    ("reference", "becomes"),
    [
        ("urn:oid:1.2.3", "Organization/7"),
        ("Patient?identifier=s|1", "Patient/8"),
        ("urn:uuid:q", "urn:uuid:q"),
        ("Patient/1", "Patient/1"),
        ("#x", "#x"),
    ],
)
def test_references_become_what_the_targets_say(reference: str, becomes: str) -> None:
    raw = json.dumps({"resourceType": "Basic", "subject": {"reference": reference}}).encode()
    assert references(relinked(raw, TARGETS)) == [becomes]


def test_escaped_references_are_understood() -> None:
    raw = rb'{"resourceType":"Basic","subject":{"reference":"http:\/\/x\/fhir\/Patient\/1"}}'
    assert references(raw) == ["http://x/fhir/Patient/1"]
    assert references(relinked(raw, {"http://x/fhir/Patient/1": "Patient/9"})) == ["Patient/9"]


def test_text_that_quotes_a_reference_stays() -> None:
    raw = json.dumps({"resourceType": "Basic", "id": '"reference":"urn:uuid:p"'}).encode()
    assert json.loads(relinked(raw, TARGETS)) == json.loads(raw)


def test_a_relative_reference_is_relative_to_the_entry() -> None:
    raw = b'{"resourceType":"Basic","subject":{"reference":"Patient/1"}}'
    targets = {"http://a/fhir/Patient/1": "Patient/9"}
    assert references(relinked(raw, targets, base="http://a/fhir")) == ["Patient/9"]
    assert references(relinked(raw, targets, base="http://b/fhir")) == ["Patient/1"]


def test_narrative_links_and_uris_are_replaced_and_digits_stay() -> None:
    raw = (
        b'{"resourceType":"DocumentReference","text":{"status":"generated","div":"<div xmlns=\\"x\\">'
        b'<a href=\\"urn:uuid:p\\">p</a><img src=\'urn:oid:1.2.3\'/>urn:uuid:p</div>"},'
        b'"content":[{"attachment":{"url":"urn:uuid:p"}}],"masterIdentifier":{"value":"urn:uuid:p"},'
        b'"extension":[{"url":"e","valueUri":"urn:uuid:p"},{"url":"f","valueDecimal":1.00},'
        b'{"url":"g","valueCanonical":"urn:uuid:p"}]}'
    )
    made = json.loads(relinked(raw, TARGETS))
    assert '<a href="Patient/9">' in made["text"]["div"]
    assert "<img src='Organization/7'/>urn:uuid:p</div>" in made["text"]["div"]
    assert made["content"][0]["attachment"]["url"] == "Patient/9"
    assert made["extension"][0]["valueUri"] == "Patient/9"
    assert b'"valueDecimal":1.00' in relinked(raw, TARGETS)
    assert made["masterIdentifier"]["value"] == "urn:uuid:p", "an identifier's value is a string, not a link"
    assert made["extension"][2]["valueCanonical"] == "urn:uuid:p", "the standard leaves canonicals alone"


def test_nested_bundles_and_contained_resources_are_replaced() -> None:
    inner = {
        "resourceType": "Basic",
        "subject": {"reference": "urn:uuid:p"},
        "extension": [{"url": "e", "valueUrl": "urn:uuid:p"}],
    }
    raw = json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:uuid:p", "resource": inner}]}
    ).encode()
    made = json.loads(relinked(raw, TARGETS, base_url="http://h/fhir"))
    assert made["entry"][0]["fullUrl"] == "http://h/fhir/Patient/9"
    assert made["entry"][0]["resource"]["subject"]["reference"] == "Patient/9"
    assert made["entry"][0]["resource"]["extension"][0]["valueUrl"] == "Patient/9"


def test_conditional_references_are_told_from_addresses() -> None:
    assert is_conditional("Patient?identifier=1")
    assert not any(
        map(is_conditional, ("Patient/1", "http://x/Patient?identifier=1", "#a?b", "urn:uuid:1", "Patient?"))
    )


def test_every_string_element_named_reference_is_a_link() -> None:
    kinds = {
        kind
        for info in TYPES.values()
        for element in info.elements
        for member, kind in element.members()
        if member == "reference" and TYPES[kind].kind == "primitive"
    }
    assert kinds <= {"string", "uri"}
    assert [
        info.name for info in TYPES.values() for e in info.elements if e.json == "reference" and "string" in e.types
    ] == ["Reference"]
