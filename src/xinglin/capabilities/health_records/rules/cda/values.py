"""Values of data elements: of FHIR into CDA, and back."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree.ElementTree import Element as Tag
from xml.etree.ElementTree import SubElement

from xinglin.capabilities.health_records.rules.cda.sources import members
from xinglin.capabilities.health_records.rules.cda.templates import Domain, Element, domains
from xinglin.fhir.fhirpath import Node
from xinglin.fhir.sources import cites

TYPE: Final = "xsi:type"
# What is not known (http://hl7.org/fhir/v3/NullFlavor): no information; a value outside of the domain.
UNKNOWN: Final = cites("ST-05")("NI")
OTHER: Final = "OTH"
TIME: Final = cites("ST-04")(re.compile(r"\d{4}(?:\d{2}){0,2}|\d{8}\d{4}(?:\d{2}(?:\.\d+)?)?(?:[+-]\d{4})?"))
_ISO: Final = re.compile(
    r"(?P<date>\d{4}(?:-\d{2}){0,2})(?:T(?P<time>\d{2}:\d{2}:\d{2})(?:\.\d+)?(?P<zone>Z|[+-]\d{2}:\d{2}))?"
)


@cites("ST-04")
def time_of(value: str) -> str:
    """Write a FHIR date or instant without separators; an instant in the time that it names, without the zone.

    The zone of the region is meant, so an instant told in another zone keeps its own.
    """
    found = _ISO.fullmatch(value)
    if found is None:
        return ""
    date, time, zone = found["date"].replace("-", ""), found["time"], found["zone"]
    if time is None:
        return date
    kept = "" if zone == "+08:00" else "+0000" if zone == "Z" else zone.replace(":", "")
    return date + time.replace(":", "") + kept


def date_of(value: str) -> str:
    """Read a time without separators as FHIR writes it, an instant in the region's zone unless it names another."""
    if TIME.fullmatch(value) is None:
        return ""
    body, sign, zone = re.sub(r"\.\d+", "", value).partition("+" if "+" in value else "-")
    day = "-".join(part for part in (body[:4], body[4:6], body[6:8]) if part)
    if len(body) < 12:
        return day
    tail = f"{sign}{zone[:2]}:{zone[2:]}" if zone else "+08:00"
    return f"{day}T{body[8:10]}:{body[10:12]}:{body[12:14] or '00'}{tail}"


def put(observation: Tag, element: Element, found: list[Node], text: str = "") -> None:
    """Add the value of an element; nothing that fits is said to be unknown (ST-05)."""
    value = SubElement(observation, "value", {TYPE: element.type})
    node = next(iter(found), None)
    done = bool(text) if element.text_of else node is not None and _filled(value, element, node)
    if element.text_of and text:
        value.text = text
    if not done:
        value.set("nullFlavor", UNKNOWN)


def _filled(value: Tag, element: Element, node: Node) -> bool:
    match element.type:
        case "CD":
            return _coded(value, element.domain, node)
        case "PQ":
            return _quantity(value, node)
        case "TS":
            value.set("value", time_of(str(node.value)))
            return bool(value.get("value"))
        case _:
            value.text = said(node)
            return bool(value.text)


def said(node: Node) -> str:
    """Say a value in words: a text, what a concept is called."""
    if node.type == "FHIR.CodeableConcept":
        value: Any = node.value
        return value.text or next((one.display or one.code for one in members(node) if one.display or one.code), "")
    if node.type == "FHIR.Coding":
        value = node.value
        return value.display or value.code or ""
    return str(node.value) if isinstance(node.value, (str, Decimal, int)) else ""


def _coded(value: Tag, domain: Domain | None, node: Node) -> bool:
    """Write a code of the domain, else its words with the codes of other systems as translations (ST-05)."""
    if domain is not None and node.type == "FHIR.Timing":
        return _timed(value, domain, node)
    chosen = next((one for one in members(node) if domain and one.system == domain.system and one.code), None)
    words = said(node)
    if chosen is not None and domain is not None:
        name = chosen.display or words
        value.attrib |= {"code": chosen.code, "codeSystem": domain.oid, "codeSystemName": domain.title}
        value.attrib |= {"displayName": name} if name else {}
    elif words:
        value.set("nullFlavor", OTHER)
    else:
        return False
    if words and (chosen is None or words != chosen.display):
        SubElement(value, "originalText").text = words
    for coding in members(node):
        other = next((one for one in domains().values() if one.system == coding.system), None)
        if coding is not chosen and other is not None and coding.code:
            said_so = {"displayName": coding.display} if coding.display else {}
            SubElement(value, "translation", {"code": coding.code, "codeSystem": other.oid, **said_so})
    return True


def _timed(value: Tag, domain: Domain, node: Node) -> bool:
    timing: Any = node.value
    repeat = timing.repeat
    if repeat is not None:
        given = (repeat.frequency, repeat.period, repeat.periodUnit)
        for one in domain.timings:
            if given == (one["frequency"], one["period"], one["periodUnit"]):
                value.attrib |= {"code": one["code"], "codeSystem": domain.oid, "displayName": one["display"]}
                return True
        if None not in given:
            value.set("nullFlavor", OTHER)
            SubElement(value, "originalText").text = f"{given[0]}/{given[1]}{given[2]}"
            return True
    words = timing.code.text if timing.code is not None else None
    if words:
        value.set("nullFlavor", OTHER)
        SubElement(value, "originalText").text = words
    return bool(words)


def _quantity(value: Tag, node: Node) -> bool:
    quantity: Any = node.value
    if quantity.value is None:
        return False
    value.set("value", number(quantity.value))
    unit = quantity.unit or quantity.code
    if unit:
        value.set("unit", unit)
    return True


def number(value: Decimal) -> str:
    """Write a number without an exponent, with the digits that it has."""
    return format(Decimal(value), "f")  # a whole number comes as int, which would get six places


def back(element: Element, value: Tag, kind: str) -> Any:
    """Read a value as JSON of the FHIR type *kind*; None when it is not known."""
    null = value.get("nullFlavor")
    if null is not None and null != OTHER:
        return None
    match kind:
        case "CodeableConcept":
            return _concept(element, value)
        case "Quantity" | "SimpleQuantity" | "Duration" | "Age":
            return _measure(value)
        case "dateTime" | "date" | "instant":
            return date_of(value.get("value") or value.text or "") or None
        case "Timing":
            return _timing(element, value)
        case _:
            return (value.text or "").strip() or None


def _concept(element: Element, value: Tag) -> dict[str, Any] | None:
    original = value.findtext("originalText") or value.get("displayName") or (value.text or "").strip()
    codings = list(_codings(element.domain, value))
    made = {"coding": codings} if codings else {}
    return made | ({"text": original} if original else {}) or None


def _codings(domain: Domain | None, value: Tag) -> Iterator[Mapping[str, str]]:
    for one in (value, *value.findall("translation")):
        code, oid = one.get("code"), one.get("codeSystem") or ""
        if not code:
            continue
        known = domain if domain is not None and domain.oid == oid else None
        known = known or next((each for each in domains().values() if each.oid == oid), None)
        system = known.system if known is not None else f"urn:oid:{oid}" if oid else ""
        display = one.get("displayName")
        yield ({"system": system} if system else {}) | {"code": code} | ({"display": display} if display else {})


def _measure(value: Tag) -> dict[str, Any] | None:
    try:
        amount = Decimal(value.get("value") or "")
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    unit = value.get("unit")
    return {"value": amount} | ({"unit": unit} if unit else {})


def _timing(element: Element, value: Tag) -> dict[str, Any] | None:
    for one in element.domain.timings if element.domain is not None else ():
        if one["code"] == value.get("code"):
            return {"repeat": {name: one[name] for name in ("frequency", "period", "periodUnit")}}
    words = value.findtext("originalText") or value.get("displayName")
    return {"code": {"text": words}} if words else None
