"""Reads FHIR XML (http://hl7.org/fhir/R4/xml.html) into the JSON form of the same resource.

Document type declarations are refused, so that there are no entities to expand or to fetch.
"""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.parsers import expat

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
