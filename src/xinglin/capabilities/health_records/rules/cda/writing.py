"""FHIR into CDA R2: one writer for every template."""

from typing import Any, Final
from xml.etree.ElementTree import Element as Tag
from xml.etree.ElementTree import SubElement, indent, tostring

from msgspec import Struct

from xinglin.capabilities.health_records.rules.cda.header import (
    SPACE,
    by_whom,
    identify,
    of_visit,
    of_whom,
    replaced,
)
from xinglin.capabilities.health_records.rules.cda.sources import Source
from xinglin.capabilities.health_records.rules.cda.templates import (
    CATALOGUE,
    LOINC_OID,
    Element,
    Group,
    Section,
    Template,
)
from xinglin.capabilities.health_records.rules.cda.values import TYPE, UNKNOWN, number, put, time_of
from xinglin.fhir.fhirpath import Node
from xinglin.fhir.sources import cites

_SCHEMA: Final = "http://www.w3.org/2001/XMLSchema-instance"
_INTERPRETATION: Final = "2.16.840.1.113883.5.83"
_UNTOLD: Final = "未记录"


def write(template: Template, bundle: Struct) -> bytes:
    """Write a document Bundle as CDA R2 of a template (UTF-8).

    bundle: its first entry is the Composition, whose meta.versionId is the number of the version and whose identifier
    is the set (ST-06); what the Composition names stands in it.
    """
    source = Source(bundle)
    document = Tag("ClinicalDocument", {"xmlns": SPACE, "xmlns:xsi": _SCHEMA})
    identify(document, source, template)
    of_whom(document, source, template)
    by_whom(document, source)
    replaced(document, source)
    of_visit(document, source)
    _body(document, source, template)
    indent(document)
    written: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return written


@cites("ST-03")
def _body(document: Tag, source: Source, template: Template) -> None:
    body = SubElement(SubElement(document, "component"), "structuredBody", {"classCode": "DOCBODY", "moodCode": "EVN"})
    for section in template.sections:
        entries = [(group, focus) for group in section.groups for focus in _foci(source, group)]
        if entries or section.required:
            _section(SubElement(body, "component"), source, section, entries)


@cites("ST-05")
def _foci(source: Source, group: Group) -> list[Node | None]:
    """Give what the group holds; None stands for what is required and not known, so that it isn't dropped."""
    found: list[Node | None] = []
    if group.elements and group.elements[0].text_of:
        if group.required or source.written(group.elements[0].text_of):
            found.append(source.one("Bundle.entry.resource.ofType(Composition)"))
    else:
        found += source.foci(group)
    return found or ([None] if group.required else [])


def _section(parent: Tag, source: Source, section: Section, entries: list[tuple[Group, Node | None]]) -> None:
    made = SubElement(parent, "section", {"classCode": "DOCSECT", "moodCode": "EVN"})
    code = {"code": section.code, "displayName": section.display, "codeSystem": LOINC_OID, "codeSystemName": "LOINC"}
    SubElement(made, "code", code)
    SubElement(made, "title").text = section.title
    text = SubElement(made, "text")
    lines = []
    for group, focus in entries:
        organizer = SubElement(SubElement(made, "entry"), "organizer", {"classCode": "CLUSTER", "moodCode": "EVN"})
        SubElement(organizer, "statusCode", {"code": "completed"})
        when = time_of(source.text(group.time, focus)) if group.time and focus is not None else ""
        if when:
            SubElement(organizer, "effectiveTime", {"value": when})
        said = [line for one in group.elements if (line := _element(organizer, source, group, one, focus))]
        lines += ["；".join(said)] if said else []
    if not lines:
        text.text = _UNTOLD
        return
    listed = SubElement(text, "list")
    for line in lines:
        SubElement(listed, "item").text = line


def _element(organizer: Tag, source: Source, group: Group, element: Element, focus: Node | None) -> str:
    """Add one data element, and give its line for the narrative; an optional one that isn't known is left out."""
    found = source.values(element, focus) if focus is not None and not element.text_of else []
    text = source.written(element.text_of) if element.text_of and focus is not None else ""
    if not found and not text and not _needed(source, group, element, focus):
        return ""
    component = SubElement(organizer, "component", {"typeCode": "COMP"})
    observation = SubElement(component, "observation", {"classCode": "OBS", "moodCode": "EVN"})
    code = {"code": element.de, "codeSystem": CATALOGUE, "codeSystemName": "卫生信息数据元目录"}
    SubElement(observation, "code", code | {"displayName": element.name})
    put(observation, element, found, text)
    if group.on == "Observation" and element.path.startswith("value") and focus is not None:
        _judged(observation, focus)
    value = observation.find("value")
    shown = "" if value is None else _shown(value)
    return f"{element.name}：{shown}" if shown else ""


def _needed(source: Source, group: Group, element: Element, focus: Node | None) -> bool:
    if element.required:
        return True
    others = [one for one in group.elements if one.de in group.any]
    known = focus is not None and any(source.values(one, focus) for one in others)
    return bool(group.any) and element.de == group.any[0] and not known


def _shown(value: Tag) -> str:
    if value.get(TYPE) == "PQ":
        return " ".join(part for part in (value.get("value"), value.get("unit")) if part)
    return value.findtext("originalText") or value.get("displayName") or value.text or value.get("value") or ""


def _judged(observation: Tag, focus: Node) -> None:
    """Say how a result is judged, and between which values it is usual."""
    result: Any = focus.value
    for concept in result.interpretation or ():
        for coding in concept.coding or ():
            if coding.code:
                judged = {"code": coding.code, "codeSystem": _INTERPRETATION}
                SubElement(observation, "interpretationCode", judged)
    for usual in (result.referenceRange or ())[:1]:
        if usual.low is None and usual.high is None and not usual.text:
            continue
        told = SubElement(SubElement(observation, "referenceRange"), "observationRange")
        if usual.text:
            SubElement(told, "text").text = usual.text
        if usual.low is None and usual.high is None:
            continue
        value = SubElement(told, "value", {TYPE: "IVL_PQ"})
        for tag, limit in (("low", usual.low), ("high", usual.high)):
            if limit is not None and limit.value is not None:
                unit = {"unit": limit.unit} if limit.unit else {}
                SubElement(value, tag, {"value": number(limit.value), **unit})
            else:
                SubElement(value, tag, {"nullFlavor": UNKNOWN})
