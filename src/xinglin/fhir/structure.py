"""The thorough look at the structure of a document: names, types, cardinality, formats, codes and targets."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from xinglin.fhir import checking, fast, narrative
from xinglin.fhir.checking import MAX_DEPTH
from xinglin.fhir.definitions import Element
from xinglin.fhir.model import attribute, extensible, is_primitive, members
from xinglin.fhir.outcome import Issue
from xinglin.fhir.primitives import INTEGER_RANGE, MAX_STRING, formed, is_number
from xinglin.fhir.r4 import CLASSES, RESOURCES
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.valuesets import CODES, CODINGS
from xinglin.fhir.wire import Doubled, doubled, encode

MAX_ISSUES: Final = 200
_RULED: Final = {
    "http://hl7.org/fhir/ValueSet/currencies": "currency",
    "http://hl7.org/fhir/ValueSet/mimetypes": "mimetype",
}
_UNLIMITED: Final = frozenset({"base64Binary", "url", "xhtml"})
_SHOWN: Final = 80  # characters of a faulty value that an issue repeats
_ABSENT: Final = object()


class EnoughError(Exception):
    """Ends the look at a document with very many faults."""


class Structure:
    """Looks at names, types, cardinality, formats, codes and targets, and builds the struct meanwhile.

    issues: what was found. spoiled: places whose content could not be kept; rules that would miss it are not asked.
    sound: identities of structs that need no further look.
    """

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.spoiled: set[str] = set()
        self.sound: set[int] = set()

    def _fault(self, code: str, key: str, where: str, text: str, *, lost: bool = False) -> None:
        if len(self.issues) == MAX_ISSUES:
            raise EnoughError
        self.issues.append(Issue(code, key, where, text))
        if lost:
            self.spoiled.add(where)

    def resource(self, given: object, where: str, depth: int, expected: str | None = None) -> Any:
        """Look at one resource, the outermost or one that another holds."""
        if not isinstance(given, dict):
            self._fault("structure", "wrong-type", where, f"a resource is an object, not {_kind(given)}", lost=True)
            return None
        name = given.get("resourceType")
        if not isinstance(name, str) or name not in RESOURCES:
            text = "resourceType is missing" if name is None else f"{_show(name)} is not a FHIR R4 resource type"
            self._fault("structure", "unknown-type", where, text, lost=True)
            return None
        if expected is not None and name != expected:
            self._fault("structure", "wrong-resource-type", where, f"{expected} is expected here, not {name}")
        return self._sound(name, given, depth) or self.complex(name, given, where or name, depth)

    def _sound(self, name: str, given: dict[str, Any], depth: int) -> Any:
        """Give the struct of a resource in a Bundle when the fast look accepts it: of many, few have faults."""
        if depth == 1 or doubled(given):
            return None
        try:
            found = fast.sound(encode(given), name, depth)
        except UnicodeEncodeError:  # a lone surrogate
            return None
        if found is not None:
            self.sound.add(id(found))
        return found

    def complex(self, name: str, given: object, where: str, depth: int) -> Any:
        """Look at one object of the complex type *name*; None when nothing of it can be kept."""
        if not isinstance(given, dict):
            self._fault("structure", "wrong-type", where, f"{name} is an object, not {_kind(given)}", lost=True)
            return None
        if depth > MAX_DEPTH:
            self._fault("structure", "too-deep", where, f"objects are nested deeper than {MAX_DEPTH}", lost=True)
            return None
        if isinstance(given, Doubled):
            for twice in given.names:
                self._fault("structure", "doubled-member", f"{where}.{_show(twice)}", "the member stands twice")
        kept = self._members(name, given, where, depth)
        self._presence(name, given, where)
        made = CLASSES[name](**kept)
        if name == "Extension" and "url" in given:
            self._extension(given, where)
        return made

    def _members(self, name: str, given: Mapping[str, object], where: str, depth: int) -> dict[str, Any]:
        known = members(name)
        kept: dict[str, Any] = {}
        resource = TYPES[name].kind == "resource"
        for member, value in given.items():
            plain_name = member.removeprefix("_")
            if member == "resourceType" and resource:
                continue
            if plain_name not in known or (member != plain_name and not extensible(name, plain_name)):
                self._fault("structure", "unknown-element", f"{where}.{_show(member)}", f"{name} has no such element")
                continue
            element, kind = known[plain_name]
            if member != plain_name:
                if plain_name not in given:
                    kept |= self._primitive(element, kind, None, value, where, depth, plain_name)
            elif is_primitive(kind):
                sibling = given.get(f"_{member}", _ABSENT) if extensible(name, member) else _ABSENT
                kept |= self._primitive(element, kind, value, sibling, where, depth, member)
            else:
                found = self._complex_member(element, kind, value, f"{where}.{element.name}", depth + 1)
                if found is not None:
                    kept[attribute(element, member)] = found
        return kept

    def _array(self, value: object, element: Element, where: str) -> list[object] | None:
        """Give the items of an element that repeats; None (and a fault) when it is no array or an empty one."""
        if not isinstance(value, list):
            self._fault("structure", "wrong-type", where, f"an array is expected, not {_kind(value)}", lost=True)
            return None
        if not value:
            self._fault("structure", "empty-array", where, "an array must not be empty", lost=True)
            return None
        if element.max is not None and len(value) > element.max:
            self._fault("structure", "cardinality", where, f"at most {element.max} may stand here")
        return value

    def _complex_member(self, element: Element, kind: str, value: object, where: str, depth: int) -> Any:
        if element.max == 1:
            return self._one(element, kind, value, where, depth)
        items = self._array(value, element, where)
        if items is None:
            return None
        found = [self._one(element, kind, item, f"{where}[{n}]", depth) for n, item in enumerate(items)]
        return None if any(item is None for item in found) else found

    def _one(self, element: Element, kind: str, value: object, where: str, depth: int) -> Any:
        if kind == "Resource":
            return self.resource(value, where, depth)
        made = self.complex(kind, value, where, depth)
        if made is None:
            return None
        if kind == "Reference" and element.targets and not checking.points_to(made, element.targets):
            text = f"{checking.target_type(made)} is not one of {', '.join(element.targets)}"
            self._fault("value", "wrong-target", where, text)
        if element.binding and kind in {"CodeableConcept", "Coding"} and not _bound(made, element.binding):
            self._fault("code-invalid", "not-in-value-set", where, f"no coding is of the value set {element.binding}")
        return made

    def _primitive(
        self,
        element: Element,
        kind: str,
        value: object,
        sibling: object,
        where: str,
        depth: int,
        member: str,
    ) -> dict[str, Any]:
        """Look at a primitive element with its sibling; give the attributes to keep."""
        place = f"{where}.{element.name}"
        kept: dict[str, Any] = {}
        if element.max == 1:
            found, extra = self._pair(element, kind, value, sibling, place, depth)
        else:
            found, extra = self._pairs(element, kind, value, sibling, place, depth)
        if found is not None:
            kept[attribute(element, member)] = found
        if extra is not None:
            kept[f"_{member}"] = extra
        return kept

    def _pair(
        self, element: Element, kind: str, value: object, sibling: object, where: str, depth: int
    ) -> tuple[Any, Any]:
        if value is None and sibling is _ABSENT:
            self._fault("structure", "null", where, "null may stand only in arrays beside extensions", lost=True)
            return None, None
        found = None if value is None else self.value(element, kind, value, where)
        if sibling is _ABSENT:
            return found, None
        if sibling is None:
            self._fault("structure", "null", where, "null may stand only in arrays beside extensions", lost=True)
            return found, None
        return found, self._sibling(value, sibling, where, depth)

    def _sibling(self, value: object, sibling: object, where: str, depth: int) -> Any:
        made = self.complex("Element", sibling, where, depth + 1)
        if value is None and isinstance(sibling, dict) and sibling and "extension" not in sibling:
            self._fault("invariant", "ele-1", where, "an element has a value or extensions, not an id alone")
        return made

    def _pairs(
        self, element: Element, kind: str, value: object, sibling: object, where: str, depth: int
    ) -> tuple[Any, Any]:
        values = None if value is None else self._array(value, element, where)
        extras = None if sibling is _ABSENT else self._array(sibling, element, where)
        if value is None and sibling is _ABSENT:
            self._array(value, element, where)
        if values is not None and extras is not None and len(values) != len(extras):
            self._fault("structure", "unequal-arrays", where, "values and their extensions must be of one length")
            extras = None
        count = len(values or extras or ())
        found: list[Any] = []
        added: list[Any] = []
        for n in range(count):
            one = values[n] if values is not None else None
            other = extras[n] if extras is not None else None
            place = f"{where}[{n}]"
            if one is None and other is None:
                self._fault("structure", "null", place, "null needs an extension beside it", lost=True)
            found.append(None if one is None else self.value(element, kind, one, place))
            added.append(None if other is None else self._sibling(one, other, place, depth))
        return (found if values is not None else None), (added if extras is not None else None)

    def value(self, element: Element, kind: str, value: object, where: str) -> Any:
        """Look at one primitive value; None when it cannot be kept."""
        if kind == "boolean":
            return self._typed(isinstance(value, bool), kind, value, where)
        if kind in INTEGER_RANGE:
            low, high = INTEGER_RANGE[kind]
            found = self._typed(isinstance(value, int) and not isinstance(value, bool), kind, value, where)
            if found is not None and not low <= found <= high:
                self._fault("value", "out-of-range", where, f"{kind} lies between {low} and {high}", lost=True)
                return None
            return found
        if kind == "decimal":
            right = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
            found = self._typed(right, kind, value, where)
            if found is not None and not is_number(found):
                self._fault("value", "out-of-range", where, "the number is too long or too large", lost=True)
                return None
            return found
        found = self._typed(isinstance(value, str), kind, value, where)
        return None if found is None else self._string(element, kind, found, where)

    def _typed(self, right: bool, kind: str, value: Any, where: str) -> Any:  # noqa: FBT001 - one line above it is made
        if right:
            return value
        self._fault("structure", "wrong-type", where, f"{_expected(kind)} is expected, not {_kind(value)}", lost=True)
        return None

    def _string(self, element: Element, kind: str, value: str, where: str) -> str | None:
        if not value:
            self._fault("structure", "empty-string", where, "a string must not be empty", lost=True)
            return None
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            self._fault("value", "bad-character", where, "NUL and lone surrogates are not allowed", lost=True)
            return None
        if len(value) > MAX_STRING and kind not in _UNLIMITED:
            self._fault("value", "too-long", where, f"{kind} has at most {MAX_STRING} characters")
            return value
        if kind == "code" and element.binding:
            self._code(element.binding, value, where)
        elif kind == "xhtml":
            wrong = narrative.fault(value)
            if wrong:
                self._fault("invariant", "txt-1", where, wrong)
        elif not formed(kind, value):
            self._fault("value", "bad-format", where, f"{_show(value)} is not a {kind}")
        return value

    def _code(self, url: str, value: str, where: str) -> None:
        if url in _RULED:
            if not formed(_RULED[url], value):
                self._fault("code-invalid", "not-in-value-set", where, f"{_show(value)} is not of {url}")
        elif value not in CODES[url]:
            self._fault("code-invalid", "not-in-value-set", where, f"{_show(value)} is not of the value set {url}")

    def _presence(self, name: str, given: Mapping[str, object], where: str) -> None:
        """Look for required elements, second types of a choice, and content at all."""
        for element in TYPES[name].elements:
            types = [kind for member, kind in element.members() if member in given or f"_{member}" in given]
            if element.choice and len(types) > 1:
                place = f"{where}.{element.name}"
                self._fault("structure", "several-types", place, f"only one of {', '.join(types)} may stand here")
            if element.min and not types:
                self._fault("required", "required", f"{where}.{element.name}", f"{name}.{element.name} is required")
                self.spoiled.add(where)
        if TYPES[name].kind != "resource" and not given.keys() - ({"id"} if name != "Element" else set()):
            text = "an object must not be empty" if not given else "an element has content, not an id alone"
            self._fault("invariant", "ele-1", where, text)

    def _extension(self, given: Mapping[str, object], where: str) -> None:
        """ext-1: a value or extensions, never both."""
        value = any(member.startswith(("value", "_value")) for member in given)
        if value == ("extension" in given):
            text = "an extension has a value or extensions" + (", not both" if value else "")
            self._fault("invariant", "ext-1", where, text)


def _bound(concept: Any, url: str) -> bool:
    return checking.in_value_set(concept, url) if url in CODINGS else checking.in_system(concept, url)


def _expected(kind: str) -> str:
    if kind == "boolean":
        return "true or false"
    return "a number" if kind in INTEGER_RANGE or kind == "decimal" else f"a string ({kind})"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, Decimal)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _show(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
