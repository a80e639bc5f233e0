"""Shared documents as CDA: their form, what is wrong with one, and the way there and back."""

from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest

from tests.capabilities.health_records.papers import EVERY, document, foci
from xinglin.capabilities.health_records.rules.cda import header
from xinglin.capabilities.health_records.rules.cda.checking import faults
from xinglin.capabilities.health_records.rules.cda.paths import kind_at, put, steps
from xinglin.capabilities.health_records.rules.cda.reading import read
from xinglin.capabilities.health_records.rules.cda.sources import expression
from xinglin.capabilities.health_records.rules.cda.templates import (
    CATALOGUE,
    KINDS,
    LOINC_OID,
    Template,
    domains,
    template,
)
from xinglin.capabilities.health_records.rules.cda.tree import parse
from xinglin.capabilities.health_records.rules.cda.values import TIME, TYPE, date_of, time_of
from xinglin.capabilities.health_records.rules.cda.writing import write
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.tables.codes import concepts, tables

MOST = 12
BODY = "component/structuredBody/component/section"
TEXTS = {
    "10154-3": "头晕三天",
    "10164-2": "三天前起头晕，\n无恶心 <呕吐> & 无耳鸣",
    "8648-8": "入院后扩冠、抗血小板",
    "10184-0": "好转",
}


def of(id: str) -> Template:
    found = template(id)
    assert found is not None
    return found


@cache
def written(id: str, version: int = 1) -> bytes:
    one = of(id)
    return write(one, document(one, next(foci(one, 1)), TEXTS, version))


def changed(id: str, change: Any) -> list[str]:
    """Write a document, change its tree, and give the keys of what is wrong with it then."""
    tree = parse(written(id))
    change(tree)
    tree.set("xmlns", header.SPACE)
    tree.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    return [one.key for one in faults(of(id), tostring(tree, encoding="UTF-8"))]


def at(tree: Element, path: str) -> Element:
    found = tree.find(path)
    assert found is not None, path
    return found


@pytest.mark.rule("ST-01")
@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_the_header_says_what_the_document_is(one: Template) -> None:
    tree = parse(written(one.id))
    assert [child.tag for child in tree][:11] == [
        *("realmCode", "typeId", "templateId", "id", "code", "title", "effectiveTime"),
        *("confidentialityCode", "languageCode", "setId", "versionNumber"),
    ]
    assert at(tree, "realmCode").get("code") == "CN"
    assert at(tree, "typeId").attrib == {"root": "2.16.840.1.113883.1.3", "extension": "POCD_MT000040"}
    assert at(tree, "templateId").get("root") == one.root
    assert at(tree, "id").get("root") == "2.16.156.10011.1.1"
    assert (at(tree, "code").get("code"), at(tree, "code").get("codeSystem")) == (one.code, "2.16.156.10011.2.4")
    level = at(tree, "confidentialityCode")
    assert (level.get("code"), level.get("codeSystem")) == ("N", "2.16.840.1.113883.5.25")
    assert at(tree, "languageCode").get("code") == "zh-CN"


@pytest.mark.rule("ST-02")
def test_the_header_names_patient_author_keeper_and_visit() -> None:
    tree = parse(written("wst500-53"))
    roots = {one.get("root") for one in tree.iterfind("recordTarget/patientRole/id")}
    assert {header.RECORD, header.CARD, "2.16.156.10011.1.12"} <= roots
    assert at(tree, "recordTarget/patientRole/patient/id").get("root") == "2.16.156.10011.1.3"
    assert at(tree, "author/assignedAuthor/id").get("root") == "2.16.156.10011.1.7"
    assert at(tree, "author/assignedAuthor/assignedPerson/name").text
    keeper = at(tree, "custodian/assignedCustodian/representedCustodianOrganization")
    assert (at(keeper, "id").get("root"), bool(at(keeper, "name").text)) == ("2.16.156.10011.1.5", True)
    visit = at(tree, "componentOf/encompassingEncounter")
    assert TIME.fullmatch(str(at(visit, "effectiveTime/high").get("value")))
    place = at(visit, "location/healthCareFacility/serviceProviderOrganization")
    assert at(place, "id").get("root") == header.DEPARTMENT
    assert at(place, "asOrganizationPartOf/wholeOrganization/name").text


def test_nobody_of_the_staff_is_named_by_the_identity_number() -> None:
    for one in EVERY:
        tree = parse(written(one.id))
        people = [*tree.iterfind("author/assignedAuthor/id"), *tree.iterfind("legalAuthenticator//id")]
        assert all(len(str(each.get("extension"))) != 18 for each in people)


@pytest.mark.rule("ST-03")
@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_sections_have_codes_of_loinc_and_entries_data_elements(one: Template) -> None:
    tree = parse(written(one.id))
    sections = tree.findall(BODY)
    assert {at(each, "code").get("codeSystem") for each in sections} == {LOINC_OID}
    required = {each.code for each in one.sections if each.required}
    assert required <= {at(each, "code").get("code") for each in sections}
    for each in tree.iterfind(f"{BODY}/entry/organizer/component/observation"):
        assert at(each, "code").get("codeSystem") == CATALOGUE
        assert str(at(each, "code").get("code")).startswith("DE")
        assert at(each, "value").get(TYPE) in {"ST", "CD", "PQ", "TS"}


@pytest.mark.rule("ST-04")
def test_times_have_no_separators_and_numbers_have_units() -> None:
    assert time_of("2026-11-22") == "20261122"
    assert time_of("2026-11-22T08:30:05.120+08:00") == "20261122083005"
    assert time_of("2026-11-22T00:30:05Z") == "20261122003005+0000"
    assert time_of("2026") == "2026"
    for text in ("2026-11-22", "2026-11-22T08:30:05+08:00", "2026-11-22T00:30:05-05:00", "2026-11", ""):
        assert date_of(time_of(text)) == text
    assert date_of("202611220830") == "2026-11-22T08:30:00+08:00"
    quantities = parse(written("wst500-7")).findall(f"{BODY}/entry/organizer/component/observation/value[@unit]")
    assert quantities
    assert all(one.get(TYPE) == "PQ" and one.get("value") for one in quantities)


@pytest.mark.rule("ST-05")
def test_what_is_required_and_not_known_is_said_to_be_unknown() -> None:
    one = of("wst500-2")
    tree = parse(write(one, document(one, next(foci(one, 1)))))
    codes = {at(each, "code").get("code"): at(each, "value") for each in tree.iter("observation")}
    assert codes["DE04.01.119.00"].get("nullFlavor") == "NI"
    route = next(each for each in parse(written("wst500-4")).iter("observation") if _de(each) == "DE06.00.134.00")
    # a route without a code of the table keeps its words
    assert at(route, "value").get("nullFlavor") == "OTH"
    assert at(route, "value/originalText").text


def _de(observation: Element) -> str | None:
    return at(observation, "code").get("code")


@pytest.mark.rule("ST-06")
def test_a_new_version_replaces_the_one_before_in_the_same_set() -> None:
    first, second = parse(written("wst500-4")), parse(written("wst500-4", 2))
    assert first.find("relatedDocument") is None
    assert at(second, "setId").attrib == at(first, "setId").attrib
    assert at(second, "id").attrib != at(first, "id").attrib
    assert at(second, "versionNumber").get("value") == "2"
    parent = at(second, "relatedDocument[@typeCode='RPLC']/parentDocument")
    assert at(parent, "id").attrib == at(first, "id").attrib
    assert at(parent, "versionNumber").get("value") == "1"
    assert read(written("wst500-4", 2))["entry"][0]["resource"]["relatesTo"][0]["code"] == "replaces"


@pytest.mark.rule("ST-07")
def test_templates_bear_the_codes_of_the_tables() -> None:
    known = {one.code: one for one in concepts("wst500_documents")}
    for one in EVERY:
        if one.standard.startswith("WS/T 500"):
            row = known[one.code]
            assert (row.properties["part"], row.properties["template"], row.name) == (one.standard, one.root, one.title)
            assert one.root == f"2.16.156.10011.2.1.1.{20 + int(one.code[1:])}"
        else:
            assert one.type[1] in {each.code for each in concepts("wst483_documents")}
    oids = {one.name: one.oid for one in tables() if one.oid}
    for domain in domains().values():
        if domain.table in oids:
            assert domain.oid == oids[domain.table]
    assert oids["wst500_documents"] == KINDS


@pytest.mark.rule("ST-07")
@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_a_template_can_be_read_both_ways(one: Template) -> None:
    for section in one.sections:
        elements = [each for group in section.groups for each in group.elements]
        assert len({each.de for each in elements}) == len(elements), section.code
        for group in section.groups:
            assert set(group.any) <= {each.de for each in group.elements}
            for each in group.elements:
                assert bool(each.path) != bool(each.text_of)
                if each.path:
                    expression(each.path)
                    made: dict[str, Any] = {}
                    put(made, group.on, each.path, "x" if kind_at(group.on, each.path)[0].islower() else {}, each.make)
                    assert made
    with pytest.raises(ValueError, match="no inverse"):
        steps("a | b")


@pytest.mark.rule("ST-08")
@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_documents_of_a_generated_city_have_no_faults(one: Template) -> None:
    found = [(focus["id"], faults(one, write(one, document(one, focus)))) for focus in foci(one, MOST)]
    assert len(found) == MOST
    assert [each for each in found if each[1]] == []


@pytest.mark.rule("ST-08")
@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_fhir_to_cda_to_fhir_to_cda_keeps_everything(one: Template) -> None:
    for focus in foci(one, MOST):
        there = write(one, document(one, focus, TEXTS, 3))
        bundle = codec.decode(bytes_of(read(there)), "Bundle")  # valid, or it is refused here
        assert write(one, bundle) == there


def _add_section(tree: Element) -> None:
    made = SubElement(SubElement(at(tree, ".//structuredBody"), "component"), "section")
    SubElement(made, "code", {"code": "99999-9", "codeSystem": LOINC_OID})


@pytest.mark.rule("ST-08")
@pytest.mark.parametrize(
    ("id", "change", "key"),
    [
        ("wst500-2", lambda tree: tree.remove(at(tree, "realmCode")), "cda-header"),
        ("wst500-2", lambda tree: at(tree, "templateId").set("root", "1.2.3"), "cda-header"),
        ("wst500-2", lambda tree: at(tree, "effectiveTime").set("value", "2026-11-22"), "cda-time"),
        ("wst500-2", lambda tree: at(tree, "versionNumber").set("value", "2"), "cda-version"),
        ("wst500-2", lambda tree: at(tree, "versionNumber").set("value", "zero"), "cda-version"),
        ("wst500-2", lambda tree: tree.remove(at(tree, "recordTarget")), "cda-patient"),
        ("wst500-2", lambda tree: tree.remove(at(tree, "componentOf")), "cda-visit"),
        ("wst500-2", lambda tree: tree.remove(at(tree, "custodian")), "cda-participant"),
        ("wst500-2", lambda tree: at(tree, ".//administrativeGenderCode").set("code", "7"), "cda-code"),
        (
            "wst500-2",
            lambda tree: at(tree, ".//value[@codeSystem='2.16.156.10011.2.3.3.11']").set("code", "hypertension"),
            "cda-code",
        ),
        ("wst500-2", lambda tree: at(tree, ".//value[@code]").set("codeSystem", "1.2.3"), "cda-code"),
        ("wst500-2", lambda tree: at(tree, ".//observation").remove(at(tree, ".//observation/value")), "cda-value"),
        ("wst500-2", lambda tree: at(tree, ".//observation/code").set("code", "DE99.99.999.99"), "cda-element"),
        ("wst500-2", lambda tree: at(tree, ".//structuredBody").remove(at(tree, ".//structuredBody/*")), "cda-section"),
        ("wst500-4", lambda tree: at(tree, ".//value[@unit]").set("value", "one"), "cda-value"),
        ("wst500-4", lambda tree: at(tree, ".//value[@unit]").set(TYPE, "ST"), "cda-value"),
        ("wst500-7", lambda tree: at(tree, ".//value").set("nullFlavor", "XX"), "cda-value"),
        (
            "wst500-7",
            _add_section,
            "cda-section",
        ),
    ],
)
def test_the_checker_names_what_is_wrong(id: str, change: Any, key: str) -> None:
    assert changed(id, Element.itertext) == []
    assert key in changed(id, change)


def test_xml_is_read_defensively() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ClinicalDocument xmlns="urn:hl7-org:v3">&a;</ClinicalDocument>'
    deep = b"<a>" * 100 + b"</a>" * 100
    for broken in (bomb, deep, b"", b"<a>", b"\xff\xfe", b"<a/><b/>", b"x" * 5_000_001):
        assert [one.key for one in faults(EVERY[0], broken)] == ["cda-malformed"]
        with pytest.raises(OutcomeError):
            read(broken)
    assert [one.key for one in faults(EVERY[0], b"<Patient/>")] == ["cda-root"]
    with pytest.raises(OutcomeError, match="template"):
        read(b'<ClinicalDocument xmlns="urn:hl7-org:v3"><templateId root="1.2.3"/></ClinicalDocument>')


def test_a_document_with_prefixes_is_the_same_document() -> None:
    prefixed = written("wst500-4").replace(b"xmlns=", b"xmlns:v3=").replace(b"</", b"</v3:")
    prefixed = prefixed.replace(b"<v3:", b"\0").replace(b"</v3:", b"\1")
    prefixed = b"".join(
        b"<v3:" + part if at and part[:1] not in {b"?", b"/", b"!"} else (b"<" + part if at else part)
        for at, part in enumerate(prefixed.split(b"<"))
    ).replace(b"\1", b"</v3:")
    assert faults(of("wst500-4"), prefixed) == ()


def test_a_document_of_what_is_labelled_is_restricted() -> None:
    one = of("wst500-4")
    focus = dict(next(foci(one, 1)))
    assert b'confidentialityCode code="N"' in write(one, document(one, focus))
    focus["meta"] = {"security": [{"system": "https://xinglin.health/fhir/CodeSystem/sensitive-class", "code": "hiv"}]}
    restricted = write(one, document(one, focus))
    assert b'confidentialityCode code="R"' in restricted
    assert faults(one, restricted) == ()
