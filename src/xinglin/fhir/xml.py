"""FHIR XML (http://hl7.org/fhir/R4/xml.html): read into the JSON form of the same resource, and written from it.

Document type declarations are refused, so that there are no entities to expand or to fetch.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from xinglin.fhir.model import extensible, is_primitive, is_resource, members
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.elements import TYPES

Json = dict[str, object]

FHIR: Final = "http://hl7.org/fhir"
XHTML: Final = "http://www.w3.org/1999/xhtml"
MAX_DEPTH: Final = 100  # elements within each other; XML nests a little deeper than JSON
_SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SIGN: Final = "\x01"  # parts namespace and name; cannot stand in XML


@dataclass(slots=True)
class _Node:
    """One element while reading; `text` is the source of a narrative's div."""

    name: str
    attributes: dict[str, str]
    children: list["_Node"] = field(default_factory=list)
    text: str = ""


class _Refused(Exception):
    """Carries an issue out of expat's handlers."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.issue = Issue("structure", key, "", text)


def read(xml: bytes) -> Json:
    """Read one resource; decimals become Decimal with their digits, a narrative's div its XML text.

    Raises OutcomeError when the XML is malformed or names elements that the type does not have.
    """
    root = _tree(xml)
    if not is_resource(root.name) or TYPES[root.name].abstract:
        raise OutcomeError(Issue("structure", "unknown-type", "", f"{root.name} is not a FHIR R4 resource type"))
    faults: list[Issue] = []
    document = _resource(root, root.name, faults)
    if faults:
        raise OutcomeError(*faults)
    return document


def _tree(xml: bytes) -> _Node:
    """Parse into nodes of the FHIR namespace."""
    parser = expat.ParserCreate("UTF-8", _SIGN)  # the one encoding of FHIR
    top = _Node("", {})
    reader = _Reader(parser, xml, [top])
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(xml, True)  # noqa: FBT003 - expat takes no keyword
    except _Refused as refused:
        raise OutcomeError(refused.issue) from None
    except (expat.ExpatError, ValueError, LookupError) as fault:
        place = f"line {parser.ErrorLineNumber}, column {parser.ErrorColumnNumber + 1}"
        text = f"the XML is malformed at {place}: {fault}"
        raise OutcomeError(Issue("structure", "malformed-xml", "", text)) from None
    return top.children[0]


class _Reader:
    """Handlers of expat: builds nodes, and takes the source of each div as it stands."""

    def __init__(self, parser: expat.XMLParserType, source: bytes, stack: list[_Node]) -> None:
        self.parser = parser
        self.source = source
        self.stack = stack
        self.div: list[int] = []  # start of the div and of everything open inside

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(_SIGN)
        if len(self.stack) + len(self.div) > MAX_DEPTH:
            raise _Refused("too-deep", f"elements are nested deeper than {MAX_DEPTH}")
        if self.div:
            self.div.append(self.parser.CurrentByteIndex)
            return
        if space == XHTML and name == "div":
            self.div.append(self.parser.CurrentByteIndex)
        elif space != FHIR:
            raise _Refused("wrong-namespace", f"the element {name} is not in the namespace {FHIR}")
        node = _Node(name, attributes)
        self.stack[-1].children.append(node)
        self.stack.append(node)

    def end(self, _tag: str) -> None:
        if self.div:
            begin = self.div.pop()
            if self.div:
                return
            finish = self.source.index(b">", self.parser.CurrentByteIndex) + 1
            self.stack[-1].text = self.source[begin:finish].decode("utf-8")
        self.stack.pop()

    def characters(self, text: str) -> None:
        if not self.div and text.strip():
            raise _Refused("text-content", "FHIR elements have no text; values stand in the attribute value")

    def doctype(self, *_declared: object) -> None:
        raise _Refused("doctype", "a document type declaration is not allowed")


def _resource(node: _Node, where: str, faults: list[Issue]) -> Json:
    if not is_resource(node.name) or TYPES[node.name].abstract:
        faults.append(Issue("structure", "unknown-type", where, f"{node.name} is not a FHIR R4 resource type"))
        return {}
    return {"resourceType": node.name, **_members(node, node.name, where, faults)}


def _members(node: _Node, type_name: str, where: str, faults: list[Issue]) -> Json:
    """Turn attributes and children of a complex value into JSON members."""
    known = members(type_name)
    made: Json = {}
    for name, text in node.attributes.items():
        if name.startswith(_SCHEMA_INSTANCE):
            continue  # says where a schema lies; the standard allows it
        if name in known and not extensible(type_name, name):
            made[name] = text
        else:
            faults.append(Issue("structure", "unknown-element", where, f"the attribute {name} is not known here"))
    grouped: dict[str, list[_Node]] = {}
    for child in node.children:
        grouped.setdefault(child.name, []).append(child)
    for name, nodes in grouped.items():
        if name not in known:
            faults.append(Issue("structure", "unknown-element", f"{where}.{name}", f"{name} is not an element here"))
            continue
        element, kind = known[name]
        _put(made, name, nodes, kind, many=element.max != 1, where=f"{where}.{name}", faults=faults)
    return made


def _put(made: Json, name: str, nodes: list[_Node], kind: str, *, many: bool, where: str, faults: list[Issue]) -> None:
    if not many and len(nodes) > 1:
        faults.append(Issue("structure", "cardinality", where, f"{name} may stand only once"))
    places = [f"{where}[{place}]" if many else where for place in range(len(nodes))]
    if kind == "xhtml":
        made[name] = nodes[0].text
    elif is_primitive(kind):
        values = [_value(node, kind) for node in nodes]
        siblings = [_sibling(node, place, faults) for node, place in zip(nodes, places, strict=True)]
        if any(value is not None for value in values):
            made[name] = values if many else values[0]
        if any(sibling is not None for sibling in siblings):
            made[f"_{name}"] = siblings if many else siblings[0]
    elif kind == "Resource":
        found = [_held(node, place, faults) for node, place in zip(nodes, places, strict=True)]
        made[name] = found if many else found[0]
    else:
        complex_values = [_members(node, kind, place, faults) for node, place in zip(nodes, places, strict=True)]
        made[name] = complex_values if many else complex_values[0]


def _held(node: _Node, where: str, faults: list[Issue]) -> Json:
    if len(node.children) != 1:
        faults.append(Issue("structure", "cardinality", where, "exactly one resource must stand here"))
        return {}
    return _resource(node.children[0], where, faults)


def _value(node: _Node, kind: str) -> object:
    """Give the JSON value; what does not fit the type stays text, which validation then refuses."""
    text = node.attributes.get("value")
    if text is None:
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in {"integer", "unsignedInt", "positiveInt"}:
        return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else text
    if kind == "decimal":
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text


def _sibling(node: _Node, where: str, faults: list[Issue]) -> Json | None:
    rest = _Node(node.name, {k: v for k, v in node.attributes.items() if k != "value"}, node.children)
    return _members(rest, "Element", where, faults) or None


# Writing ---------------------------------------------------------------------------------------------------------

# What an attribute needs besides the usual three, so that a reader gets the same text back.
_ESCAPES: Final = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_NOT_XML: Final = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")


def write(document: Mapping[str, object]) -> bytes:
    """Write a sound resource as FHIR XML, its elements in the order of the standard.

    Raises OutcomeError when a text has characters that XML cannot carry.
    """
    text = "".join(_write_resource(document, f' xmlns="{FHIR}"'))
    if _NOT_XML.search(text):
        raise OutcomeError(
            Issue("not-supported", "not-xml", "", "a text has control characters, which XML cannot carry")
        )
    return b'<?xml version="1.0" encoding="UTF-8"?>' + text.encode()


def _write_resource(document: Any, namespace: str = "") -> Iterator[str]:
    name = document["resourceType"]
    yield f"<{name}{namespace}>"
    yield from _children(document, name)
    yield f"</{name}>"


def _children(value: Any, type_name: str) -> Iterator[str]:
    for member, (element, kind) in members(type_name).items():
        if _is_attribute(type_name, member):
            continue
        held, extra = value.get(member), value.get(f"_{member}")
        if held is None and extra is None:
            continue
        if element.max == 1:
            yield from _write_one(member, kind, held, extra)
            continue
        count = len(held if held is not None else extra)
        for one, other in zip(held or [None] * count, extra or [None] * count, strict=True):
            yield from _write_one(member, kind, one, other)


def _write_one(name: str, kind: str, value: Any, extra: Any) -> Iterator[str]:
    """Write one value: a resource, a narrative's div, a primitive with its sibling, or a complex value."""
    if kind == "xhtml":
        yield value
    elif kind == "Resource":
        yield f"<{name}>"
        yield from _write_resource(value)
        yield f"</{name}>"
    elif is_primitive(kind):
        given = "" if value is None else f' value="{_escaped(value)}"'
        yield from _tagged(name, given, extra or {}, "Element")
    else:
        yield from _tagged(name, "", value, kind)


def _tagged(name: str, given: str, value: Any, type_name: str) -> Iterator[str]:
    attributes = "".join(
        f' {member}="{_escaped(value[member])}"'
        for member in members(type_name)
        if member in value and _is_attribute(type_name, member)
    )
    inner = "".join(_children(value, type_name))
    yield f"<{name}{attributes}{given}>{inner}</{name}>" if inner else f"<{name}{attributes}{given}/>"


def _is_attribute(type_name: str, member: str) -> bool:
    """Tell whether XML carries the member as an attribute: ids of elements, addresses of extensions."""
    kind = members(type_name)[member][1]
    return is_primitive(kind) and kind != "xhtml" and not is_resource(type_name) and not extensible(type_name, member)


def _escaped(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value), _ESCAPES)
