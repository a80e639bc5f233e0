import json
from decimal import Decimal
from pathlib import Path

import pytest

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.validate import thorough
from xinglin.fhir.xml import read, write

GIVEN = sorted(
    path
    for path in (Path(__file__).resolve().parents[2].parent / "shared" / "data" / "fhirpath").glob("*.xml")
    if not path.name.startswith("tests")
)


def fhir(inner: str, name: str = "Patient") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="http://hl7.org/fhir">{inner}</{name}>'.encode()


def refused(xml: bytes) -> Issue:
    with pytest.raises(OutcomeError) as caught:
        read(xml)
    assert caught.value.status == 400
    return caught.value.issues[0]


@pytest.mark.skipif(not GIVEN, reason="../shared/data/fhirpath is not there")
@pytest.mark.parametrize("path", GIVEN, ids=lambda p: p.stem)
def test_given_xml_becomes_json_of_the_right_structure(path: Path) -> None:
    document = read(path.read_bytes())
    assert {i for i in thorough(document) if i.code in {"structure", "required"}} == set()


def test_values_get_the_types_of_their_elements() -> None:
    document = read(
        fhir(
            '<id value="a"/><active value="true"/><birthDate value="2020"/><multipleBirthInteger value="2"/>'
            '<photo><size value="12"/></photo>'
        )
    )
    assert document == {
        "resourceType": "Patient",
        "id": "a",
        "active": True,
        "birthDate": "2020",
        "multipleBirthInteger": 2,
        "photo": [{"size": 12}],
    }


def test_digits_of_decimals_survive() -> None:
    document = read(fhir('<valueQuantity><value value="1.00"/></valueQuantity>', "Observation"))
    assert str(document["valueQuantity"]["value"]) == "1.00"  # type: ignore[index]
    assert document["valueQuantity"] == {"value": Decimal("1.00")}


def test_extensions_of_primitives_get_siblings() -> None:
    extension = '<extension url="http://a"><valueString value="b"/></extension>'
    document = read(
        fhir(
            f'<name id="n"><given value="x"/><given id="g">{extension}</given></name><birthDate>{extension}</birthDate>'
        )
    )
    held = [{"url": "http://a", "valueString": "b"}]
    assert document["name"] == [{"id": "n", "given": ["x", None], "_given": [None, {"id": "g", "extension": held}]}]
    assert document["_birthDate"] == {"extension": held}
    assert "birthDate" not in document


def test_contained_resources_and_bundles_are_read() -> None:
    document = read(fhir('<contained><Organization><id value="o"/></Organization></contained>'))
    assert document["contained"] == [{"resourceType": "Organization", "id": "o"}]
    bundle = read(fhir('<entry><resource><Patient><id value="a"/></Patient></resource></entry>', "Bundle"))
    assert bundle["entry"] == [{"resource": {"resourceType": "Patient", "id": "a"}}]


def test_a_narrative_keeps_its_text() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">\n <p>a &amp; b<br/></p>\n</div>'
    assert read(fhir(f'<text><status value="generated"/>{div}</text>'))["text"] == {"status": "generated", "div": div}


def test_a_value_of_the_wrong_type_is_left_to_validation() -> None:
    document = read(fhir('<active value="yes"/>'))
    assert [(i.key, i.where) for i in thorough(document)] == [("wrong-type", "Patient.active")]


@pytest.mark.parametrize(
    ("xml", "key"),
    [
        (b"", "malformed-xml"),
        (b"<Patient", "malformed-xml"),
        (b"\xff\xfe<\x00", "malformed-xml"),
        (b'<?xml version="1.0" encoding="nonsense"?><Patient xmlns="http://hl7.org/fhir"/>x', "malformed-xml"),
        (b"<Patient/>", "wrong-namespace"),
        (fhir("", "Foo"), "unknown-type"),
        (fhir("", "DomainResource"), "unknown-type"),
        (fhir('<nam value="a"/>'), "unknown-element"),
        (fhir("<name><given value='a' use='b'/></name>"), "unknown-element"),
        (fhir('<active value="true"/><active value="true"/>'), "cardinality"),
        (fhir("<contained/>"), "cardinality"),
        (fhir("text"), "text-content"),
        (fhir("<contact>" * 200), "too-deep"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + fhir("").partition(b"?>")[2], "doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + fhir("").partition(b"?>")[2], "doctype"),
    ],
)
def test_what_is_not_fhir_xml_is_refused(xml: bytes, key: str) -> None:
    assert refused(xml).key == key


def test_malformed_xml_names_the_position() -> None:
    assert "line 2" in refused(b'<Patient xmlns="http://hl7.org/fhir">\n<name></Patient>').text


EXAMPLES = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "data" / "fhir-r4-examples").glob("*.json"))


@pytest.mark.skipif(not EXAMPLES, reason="../shared/data/fhir-r4-examples is not there")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_what_is_written_reads_the_same(path: Path) -> None:
    document = json.loads(path.read_bytes(), parse_float=Decimal)
    assert read(write(document)) == document


def test_texts_keep_their_signs() -> None:
    text = "a <b> & \"c\" 'd'\n\te\r中\U0001f3e5"
    document = {"resourceType": "Patient", "name": [{"text": text, "_text": {"id": "x"}, "given": ["a", "b"]}]}
    assert read(write(document)) == document


def test_elements_are_written_in_the_order_of_the_standard() -> None:
    xml = write({"birthDate": "2020", "id": "a", "active": True, "resourceType": "Patient"})
    assert xml.decode().endswith(
        '<Patient xmlns="http://hl7.org/fhir"><id value="a"/><active value="true"/><birthDate value="2020"/></Patient>'
    )


def test_what_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(OutcomeError) as caught:
        write({"resourceType": "Patient", "name": [{"text": "a\x01b"}]})
    assert [issue.key for issue in caught.value.issues] == ["not-xml"]
