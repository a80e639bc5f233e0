"""Whether a document is what its template asks: every fault at once. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final
from xml.etree.ElementTree import Element as Tag

from xinglin.capabilities.health_records.rules.cda import header
from xinglin.capabilities.health_records.rules.cda.templates import (
    CATALOGUE,
    KINDS,
    LOINC_OID,
    Domain,
    Element,
    Group,
    Section,
    Template,
    domains,
)
from xinglin.capabilities.health_records.rules.cda.tree import parse
from xinglin.capabilities.health_records.rules.cda.values import OTHER, TIME, TYPE
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.tables.codes import concepts
from xinglin.tables.shapes import is_disease_code, is_operation_code

# Why a value is missing (http://terminology.hl7.org/CodeSystem/v3-NullFlavor).
FLAVORS: Final = frozenset(
    {"NI", "UNK", "ASKU", "NAV", "NASK", "NA", "MSK", "OTH", "NINF", "PINF", "QS", "TRC", "INV", "DER", "UNC", "NP"}
)
_LEVELS: Final = frozenset({"N", "R", "V"})
_BODY: Final = "component/structuredBody/component/section"
_CODES: Final = (
    ("administrativeGenderCode", "sex"),
    ("maritalStatusCode", "marital"),
    ("ethnicGroupCode", "ethnic"),
    ("educationLevelCode", "education"),
    ("occupationCode", "occupation"),
)
_NUMBER: Final = re.compile(r"[1-9]\d{0,8}")
_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")


@cites("ST-08")
def faults(template: Template, xml: bytes) -> tuple[Issue, ...]:
    """Give what is wrong with a document of *template*; empty when it is sound.

    Well-formed; the header of WS/T 482; every required section and data element there, known or said to be unknown;
    codes in their tables; numbers and times as they are written.
    """
    try:
        document = parse(xml)
    except OutcomeError as refused:
        return refused.issues
    if document.tag != "ClinicalDocument":
        return (_fault("cda-root", "ClinicalDocument", f"The document begins with {document.tag}."),)
    return (*_header(template, document), *_people(template, document), *_body(template, document))


@cites("ST-01")
def _header(template: Template, document: Tag) -> Iterator[Issue]:
    wanted = (
        ("realmCode", "code", "CN"),
        ("typeId", "root", header.TYPE_ID[0]),
        ("typeId", "extension", header.TYPE_ID[1]),
        ("templateId", "root", template.root),
        ("id", "root", header.DOCUMENT),
        ("code", "code", template.code),
        ("code", "codeSystem", KINDS),
        ("confidentialityCode", "codeSystem", header.CONFIDENTIALITY),
        ("languageCode", "code", "zh-CN"),
        ("setId", "root", header.DOCUMENT),
    )
    for tag, name, value in wanted:
        found = document.find(tag)
        given = None if found is None else found.get(name)
        if given != value:
            yield _fault("cda-header", tag, f"{tag}/@{name} is {given or 'missing'}, not {value}.")
    for tag in ("id", "setId"):
        if not _attribute(document, tag, "extension"):
            yield _fault("cda-header", tag, f"{tag} has no extension.")
    if not (document.findtext("title") or "").strip():
        yield _fault("cda-header", "title", "The title is missing.")
    if _attribute(document, "confidentialityCode", "code") not in _LEVELS:
        yield _fault("cda-header", "confidentialityCode", "The confidentiality is N, R or V.")
    yield from _time(document.find("effectiveTime"), "effectiveTime")
    yield from _version(document)


@cites("ST-06")
def _version(document: Tag) -> Iterator[Issue]:
    """Check that a later version names what it replaces: the same set, a number less, another id."""
    given = _attribute(document, "versionNumber", "value")
    if _NUMBER.fullmatch(given) is None:
        yield _fault("cda-version", "versionNumber", f"versionNumber is {given or 'missing'}, not a number from 1.")
        return
    parent = document.find("relatedDocument[@typeCode='RPLC']/parentDocument")
    if parent is None:
        if int(given) > 1:
            yield _fault("cda-version", "relatedDocument", f"Version {given} does not name the version it replaces.")
        return
    if _attribute(parent, "id", "extension") == _attribute(document, "id", "extension"):
        yield _fault("cda-version", "relatedDocument", "A new version needs a new id.")
    if _attribute(parent, "setId", "extension") != _attribute(document, "setId", "extension"):
        yield _fault("cda-version", "relatedDocument", "A version replaces one of the same set.")
    before = _attribute(parent, "versionNumber", "value")
    if before != str(int(given) - 1):
        yield _fault(
            "cda-version", "relatedDocument", f"Version {given} replaces {before or 'none'}, not the one before."
        )


@cites("ST-02")
def _people(template: Template, document: Tag) -> Iterator[Issue]:
    role = document.find("recordTarget/patientRole")
    patient = None if role is None else role.find("patient")
    if role is None or patient is None:
        yield _fault("cda-patient", "recordTarget", "The patient is missing.")
    else:
        yield from _patient(template, role, patient)
    for tag, path, root in (
        ("author", "author/assignedAuthor", header.AUTHOR),
        ("custodian", "custodian/assignedCustodian/representedCustodianOrganization", header.INSTITUTION),
    ):
        found = document.find(path)
        if found is None:
            yield _fault("cda-participant", tag, f"The {tag} is missing.")
            continue
        yield from _id(found, root, path)
        yield from _told(found.find("assignedPerson/name") if tag == "author" else found.find("name"), f"{path}/name")
    yield from _time(document.find("author/time"), "author/time")
    if template.numbers and document.find("componentOf/encompassingEncounter") is None:
        yield _fault("cda-visit", "componentOf", "The visit is missing.")
    for one in document.iterfind("componentOf/encompassingEncounter/effectiveTime/*"):
        yield from _time(one, f"componentOf/encompassingEncounter/effectiveTime/{one.tag}")


def _patient(template: Template, role: Tag, patient: Tag) -> Iterator[Issue]:
    if not template.numbers:
        yield from _id(role, header.RECORD, "recordTarget/patientRole")
    if template.numbers and not any(_ids(role, one) for one in template.numbers):
        yield _fault("cda-patient", "recordTarget/patientRole/id", "The number of the visit is missing.")
    yield from _id(patient, header.IDENTITY, "recordTarget/patientRole/patient")
    yield from _told(patient.find("name"), "recordTarget/patientRole/patient/name")
    yield from _time(patient.find("birthTime"), "recordTarget/patientRole/patient/birthTime")
    for tag, domain in _CODES:
        found = patient.find(tag)
        where = f"recordTarget/patientRole/patient/{tag}"
        if found is not None and not _null(found):
            yield from _code(found, domains()[domain], where)
        elif found is None and tag == "administrativeGenderCode":
            yield _fault("cda-patient", where, "The sex is missing.")


@cites("ST-03")
def _body(template: Template, document: Tag) -> Iterator[Issue]:
    found: dict[str, Tag] = {}
    for one in document.iterfind(_BODY):
        code = _attribute(one, "code", "code")
        where = f"section[{code or '?'}]"
        ours = any(section.code == code for section in template.sections)
        if ours and _attribute(one, "code", "codeSystem") != LOINC_OID:
            yield _fault("cda-section", where, "The code of a section is one of LOINC.")
        if code in found:
            yield _fault("cda-section", where, f"The section {code} stands twice.")
        found[code] = one
    for section in template.sections:
        if section.code in found:
            yield from _section(section, found[section.code])
        elif section.required:
            yield _fault("cda-section", f"section[{section.code}]", f"The section {section.title} is missing.")
    for code in found.keys() - {one.code for one in template.sections}:
        yield _foreign("cda-section", f"section[{code}]", f"The template has no section {code}.")


def _section(section: Section, tag: Tag) -> Iterator[Issue]:
    where = f"section[{section.code}]"
    if tag.find("text") is None:
        yield _fault("cda-section", where, "The section has no text to read.")
    seen: set[int] = set()
    for organizer in tag.iterfind("entry/organizer"):
        observations = {_attribute(one, "code", "code"): one for one in organizer.iterfind("component/observation")}
        group = next((found for de in observations if (found := section.group_of(de)) is not None), None)
        if group is None:
            yield _foreign("cda-element", where, f"No data element of {section.title} is known here.")
            continue
        seen.add(section.groups.index(group))
        yield from _group(group, observations, where)
        when = organizer.find("effectiveTime")
        if when is not None:
            yield from _time(when, f"{where}/effectiveTime")
    for at, group in enumerate(section.groups):
        if group.required and at not in seen:
            names = "、".join(one.name for one in group.elements if one.required)
            yield _fault("cda-element", where, f"{names} is missing.")


@cites("ST-05")
def _group(group: Group, observations: dict[str, Tag], where: str) -> Iterator[Issue]:
    for element in group.elements:
        if element.de not in observations:
            if element.required:
                yield _fault("cda-element", where, f"{element.de} {element.name} is missing.")
            continue
        yield from _element(element, observations[element.de], f"{where}/{element.de}")
    if group.any and not observations.keys() & set(group.any):
        yield _fault("cda-element", where, f"One of {', '.join(group.any)} is missing.")
    for de in observations.keys() - {one.de for one in group.elements}:
        yield _foreign("cda-element", f"{where}/{de}", f"The data element {de} does not belong here.")


def _element(element: Element, observation: Tag, where: str) -> Iterator[Issue]:
    if _attribute(observation, "code", "codeSystem") != CATALOGUE:
        yield _fault("cda-element", where, f"A data element is coded in {CATALOGUE}.")
    value = observation.find("value")
    if value is None:
        yield _fault("cda-value", where, f"{element.name} has no value.")
        return
    if value.get(TYPE) != element.type:
        yield _fault(
            "cda-value", where, f"The value is a {value.get(TYPE) or 'thing without type'}, not {element.type}."
        )
        return
    if value.get("nullFlavor") is not None:
        if value.get("nullFlavor") not in FLAVORS:
            yield _fault("cda-value", where, f"{value.get('nullFlavor')} is no nullFlavor.")
        elif value.get("nullFlavor") == OTHER and not value.findtext("originalText"):
            yield _fault("cda-value", where, "What is outside of the table is told in originalText.")
        return
    yield from _value(element, value, where)


def _value(element: Element, value: Tag, where: str) -> Iterator[Issue]:
    match element.type:
        case "CD":
            if element.domain is not None:
                yield from _code(value, element.domain, where)
        case "PQ":
            yield from _quantity(value, where)
        case "TS":
            yield from _time(value, where)
        case _:
            if not (value.text or "").strip():
                yield _fault("cda-value", where, f"{element.name} is empty.")


@cites("ST-08")
def _code(value: Tag, domain: Domain, where: str) -> Iterator[Issue]:
    code, oid = value.get("code") or "", value.get("codeSystem") or ""
    if oid != domain.oid:
        shown = oid if _OID.fullmatch(oid) else "no OID"
        yield _fault("cda-code", where, f"The code is of {shown}, not of {domain.oid} {domain.title}.")
    elif not _known(code, domain):
        yield _fault("cda-code", where, f"{code[:40] or 'Nothing'} is no code of {domain.title}.")


def _known(code: str, domain: Domain) -> bool:
    if domain.shape:
        return is_disease_code(code) if domain.shape == "disease" else is_operation_code(code)
    if domain.table:
        return code in _codes(domain.table)
    if domain.timings:
        return any(one["code"] == code for one in domain.timings)
    return bool(code)


@cache
def _codes(table: str) -> frozenset[str]:
    return frozenset(one.code for one in concepts(table))


@cites("ST-04")
def _quantity(value: Tag, where: str) -> Iterator[Issue]:
    try:
        sound = Decimal(value.get("value") or "").is_finite()
    except InvalidOperation:
        sound = False
    if not sound:
        yield _fault("cda-value", where, f"{(value.get('value') or 'Nothing')[:40]} is no number.")
    if value.get("unit") == "":
        yield _fault("cda-value", where, "The unit is empty.")


@cites("ST-04")
def _time(tag: Tag | None, where: str) -> Iterator[Issue]:
    if tag is None:
        yield _fault("cda-time", where, f"{where} is missing.")
    elif not _null(tag):
        given = tag.get("value") or ""
        if TIME.fullmatch(given) is None:
            yield _fault("cda-time", where, f"{given[:40] or 'Nothing'} is no time like 20261122 or 20261122083000.")


def _told(tag: Tag | None, where: str) -> Iterator[Issue]:
    if tag is None or not (_null(tag) or "".join(tag.itertext()).strip()):
        yield _fault("cda-participant", where, f"{where} is missing.")


def _id(parent: Tag, root: str, where: str) -> Iterator[Issue]:
    found = _ids(parent, root)
    if not found:
        yield _fault("cda-participant", f"{where}/id", f"There is no id of {root}.")
    elif not any(one.get("extension") or _null(one) for one in found):
        yield _fault("cda-participant", f"{where}/id", f"The id of {root} is empty.")


def _ids(parent: Tag, root: str) -> list[Tag]:
    return [one for one in parent.iterfind("id") if one.get("root") == root]


def _null(tag: Tag) -> bool:
    return tag.get("nullFlavor") in FLAVORS


def _attribute(parent: Tag, tag: str, name: str) -> str:
    found = parent.find(tag)
    return "" if found is None else found.get(name) or ""


def _foreign(key: str, where: str, text: str) -> Issue:
    """Tell of what is beside the template: a fault of what we write, no reason to refuse what others send."""
    return Issue("invalid", key, where, text, severity="warning")


def _fault(key: str, where: str, text: str) -> Issue:
    return Issue("structure" if key in {"cda-root", "cda-header"} else "invalid", key, where, text)
