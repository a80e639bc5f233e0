"""A resource as a readable tree: labels in the reader's language, codes explained, references as links. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from xinglin.fhir.definitions import Element
from xinglin.fhir.r4.elements import TYPES
from xinglin.web.brief import brief, short_system
from xinglin.web.format import moment
from xinglin.web.names import code_name, element_name, type_name, words
from xinglin.web.view import Language

REFERENCE: Final = re.compile(r"^(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<vid>\d+))?$")
MOMENTS: Final = frozenset({"date", "dateTime", "instant"})
# Data types that fit on one line when they hold no other members than these.
ON_A_LINE: Final[Mapping[str, frozenset[str]]] = {
    "HumanName": frozenset({"text", "family", "given", "prefix", "suffix", "use"}),
    "Identifier": frozenset({"value", "system", "use", "type"}),
    "ContactPoint": frozenset({"value", "system", "use", "rank"}),
    "Address": frozenset({"text", "line", "city", "district", "state", "postalCode", "country", "use", "type"}),
    "Period": frozenset({"start", "end"}),
    "Range": frozenset({"low", "high"}),
    "Ratio": frozenset({"numerator", "denominator"}),
    "Quantity": frozenset({"value", "unit", "system", "code", "comparator"}),
    "Money": frozenset({"value", "currency"}),
    "Annotation": frozenset({"text"}),
    "Coding": frozenset({"system", "code", "display", "version", "userSelected"}),
    "Reference": frozenset({"reference", "display", "type"}),
}
QUANTITIES: Final = frozenset({"Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"})
MOST_BINARY: Final = 80

# "Patient/1" → what people call it
Labels = Mapping[str, str]
# "Patient/1" → its page; None when it has none
Address = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its text, the page it leads to, and where it comes from (code, system, original spelling)."""

    text: str
    href: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One element: values, or children with a gist of them."""

    label: str
    path: str
    values: tuple[Value, ...] = ()
    children: tuple["Node", ...] = ()
    gist: str = ""


def tree(resource: Mapping[str, Any], language: Language, labels: Labels, address: Address) -> tuple[Node, ...]:
    """Make the tree of a resource; the narrative is left out, as it is shown by itself."""
    shown = {key: value for key, value in resource.items() if key not in {"resourceType", "id", "text", "meta"}}
    if "resourceType" not in resource or resource["resourceType"] not in TYPES:
        return ()
    kind = str(resource["resourceType"])
    if not _has_narrative(kind) and "text" in resource:
        shown["text"] = resource["text"]
    return tuple(_Reader(language, labels, address).nodes(shown, kind, kind))


def references(resource: Any) -> Iterator[str]:
    """Give every local reference in a document that says no display, so that its label can be looked up."""
    if isinstance(resource, dict):
        given = resource.get("reference")
        if isinstance(given, str) and not resource.get("display") and REFERENCE.match(given):
            yield given
        for value in resource.values():
            yield from references(value)
    elif isinstance(resource, list):
        for value in resource:
            yield from references(value)


def _has_narrative(kind: str) -> bool:
    return any(element.name == "text" and element.types == ("Narrative",) for element in TYPES[kind].elements)


class _Reader:
    """Reads one resource for one reader."""

    def __init__(self, language: Language, labels: Labels, address: Address) -> None:
        self.language = language
        self.labels = labels
        self.address = address

    def nodes(self, value: Mapping[str, Any], kind: str, path: str) -> Iterator[Node]:
        """Give a node for each member of a complex value, in the order of the standard, extensions last."""
        left = dict(value)
        elements = TYPES[kind].elements if kind in TYPES else ()
        for element in sorted(elements, key=lambda one: one.types == ("Extension",)):
            for member, of_type in element.members():
                if member in left:
                    yield from self._element(element, of_type, left.pop(member), f"{path}.{member}")
                if "_" + member in left:
                    yield from self._extensions_of(left.pop("_" + member), element, f"{path}.{member}")

    def _element(self, element: Element, kind: str, given: Any, path: str) -> Iterator[Node]:
        label = element_name(path if element.json in path else element.name, self.language)
        if label == words(path.rsplit(".", 1)[-1]):
            label = element_name(element.name, self.language)
        items = [one for one in (given if isinstance(given, list) else [given]) if one is not None]
        line: list[Value] = []
        for place, item in enumerate(items):
            here = f"{path}[{place}]" if element.max != 1 else path
            shown = self._values(item, kind, element)
            if shown is None:
                yield self._group(item, kind, here, f"{label} {place + 1}" if len(items) > 1 else label)
            else:
                line += shown
        if line:
            yield Node(label, path, tuple(line))

    def _group(self, item: Any, kind: str, path: str, label: str) -> Node:
        if kind == "Extension":
            return self._extension(item, path)
        if kind == "Resource":
            kind = str(item.get("resourceType", "Resource"))
            label = f"{label} · {type_name(kind, self.language)}"
            item = {key: value for key, value in item.items() if key not in {"resourceType", "text"}}
        children = tuple(self.nodes(item, kind, path))
        return Node(label, path, children=children, gist=brief(item, self.language)[:160])

    def _values(self, item: Any, kind: str, element: Element) -> list[Value] | None:
        """Say a value on a line, or None when it needs lines of its own."""
        if not isinstance(item, dict):
            return [self._primitive(item, kind, element)]
        if kind == "CodeableConcept":
            return self._concept(item)
        if "Quantity" in kind or kind in QUANTITIES:
            kind = "Quantity"
        if kind not in ON_A_LINE or item.keys() - ON_A_LINE[kind] or not (said := brief(item, self.language)):
            return None
        if kind == "Reference":
            return [self._reference(item)]
        return [Value(said, origin=self._origin(item, kind))]

    def _primitive(self, item: Any, kind: str, element: Element) -> Value:
        said = brief(item, self.language)
        if kind in MOMENTS:
            shown = moment(said)
            return Value(shown, origin=said if len(shown) > 10 and shown != said[:16].replace("T", " ") else "")
        if kind == "base64Binary" and len(said) > MOST_BINARY:
            return Value(said[:MOST_BINARY] + "…", origin=f"{len(said) * 3 // 4:,} B")
        if kind == "code" and element.binding:
            named = code_name(said, self.language)
            return Value(named, origin=said if named != said else "")
        if kind in {"canonical", "uri"}:
            return Value(said, href=self.address(said) or "")
        return Value(said)

    def _concept(self, item: Mapping[str, Any]) -> list[Value] | None:
        if item.keys() - {"coding", "text"} or any("extension" in one for one in item.get("coding", ())):
            return None
        codings = item.get("coding", ())
        values = [Value(brief(one, self.language), origin=self._origin(one, "Coding")) for one in codings]
        text = str(item.get("text") or "")
        if text and not any(value.text == text for value in values):
            values.insert(0, Value(text))
        return values

    def _reference(self, item: Mapping[str, Any]) -> Value:
        given = str(item.get("reference", ""))
        display = str(item.get("display") or self.labels.get(given, ""))
        return Value(display or given, self.address(given) or "", given if display else "")

    def _origin(self, item: Mapping[str, Any], kind: str) -> str:
        """Say where a value comes from: code and system, use of a name, unit code."""
        if kind in {"Coding", "Identifier"}:
            first = str(item.get("code", "")) if kind == "Coding" and item.get("display") else ""
            use = code_name(str(item["use"]), self.language) if item.get("use") else ""
            what = brief(item["type"], self.language) if kind == "Identifier" and item.get("type") else ""
            return " · ".join(part for part in (first, what, use, short_system(str(item.get("system", "")))) if part)
        said = [item.get("system", ""), item.get("use", "")] if kind == "ContactPoint" else [item.get("use", "")]
        return " · ".join(code_name(str(one), self.language) for one in said if one)

    def _extension(self, item: Mapping[str, Any], path: str) -> Node:
        url = str(item.get("url", ""))
        label = words(short_system(url)) or url
        member = next((key for key in item if key.startswith("value")), None)
        if member is not None:
            element = next(one for one in TYPES["Extension"].elements if one.json == "value")
            kind = next((of_type for key, of_type in element.members() if key == member), "")
            shown = self._values(item[member], kind, element)
            if shown is not None:
                return Node(label, f"{path} {url}", tuple(shown))
            return self._group(item[member], kind, f"{path} {url}", label)
        inner = tuple(self._extension(one, path) for one in item.get("extension", ()))
        return Node(label, f"{path} {url}", children=inner, gist=" · ".join(_said(one) for one in inner if _said(one)))

    def _extensions_of(self, given: Any, element: Element, path: str) -> Iterator[Node]:
        """Show the extensions of primitive values."""
        for item in given if isinstance(given, list) else [given]:
            for one in (item or {}).get("extension", ()):
                made = self._extension(one, path)
                yield replace(made, label=f"{element_name(element.name, self.language)} · {made.label}")


def _said(node: Node) -> str:
    return ", ".join(value.text for value in node.values)
