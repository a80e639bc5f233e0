"""Places in a resource's document, and the values that a FHIRPath Patch puts there.

A primitive has two halves in JSON: the value in ``birthDate`` and its id and extensions in ``_birthDate``; in a list
both are arrays of one length, filled with nulls. A place keeps the halves together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xinglin.fhir.definitions import Element
from xinglin.fhir.model import is_primitive, members
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.elements import TYPES

# A value and, for a primitive, its id and extensions.
Halves = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A member of *container*, or the item *index* of that member's list; the root has no member.

    type: FHIR type of what stands there. owner: FHIR type of the container. element: the definition, when it has one.
    """

    container: dict[str, Any]
    member: str
    index: int | None
    type: str
    owner: str = ""
    element: Element | None = None

    def get(self) -> Halves:
        """Give both halves."""
        return self._half(self.member), self._half("_" + self.member)

    def _half(self, member: str) -> Any:
        found = self.container.get(member)
        if self.index is None or found is None:
            return found
        return found[self.index] if self.index < len(found) else None

    def put(self, halves: Halves) -> None:
        """Set both halves."""
        for member, value in zip((self.member, "_" + self.member), halves, strict=True):
            if self.index is None:
                _set(self.container, member, value)
            elif value is not None or member in self.container:
                items = self.container.setdefault(member, [])
                items.extend([None] * (self.index + 1 - len(items)))
                items[self.index] = value
        self._tidy()

    def insert(self, halves: Halves) -> None:
        """Insert both halves before *index* of the list."""
        assert self.index is not None  # noqa: S101  callers insert into lists only
        for member, value in zip((self.member, "_" + self.member), halves, strict=True):
            items = self.container.get(member)
            if items is None:
                if value is None:
                    continue
                other = self.container.get("_" + self.member if member == self.member else self.member) or []
                # The other half may have been inserted already; this list gets the length it had before.
                items = self.container[member] = [None] * max(len(other) - (member != self.member), 0)
            items.extend([None] * (self.index - len(items)))
            items.insert(self.index, value)
        self._tidy()

    def remove(self) -> list[Any]:
        """Remove both halves; gives the containers that may have become empty."""
        touched: list[Any] = [self.container]
        for member in (self.member, "_" + self.member):
            found = self.container.get(member)
            if found is None:
                continue
            if self.index is None:
                del self.container[member]
            elif self.index < len(found):
                del found[self.index]
                touched.append(found)
        self._tidy()
        return touched

    def object(self, where: str) -> tuple[dict[str, Any], str]:
        """Give the object that stands here and its FHIR type; of a primitive, the object of its id and extensions."""
        if not self.member:
            return self.container, self.type
        if not is_primitive(self.type):
            found = self._half(self.member)
            if isinstance(found, dict):
                return found, self.type
            raise OutcomeError(Issue("processing", "patch-impossible", where, f"{self.member} holds no object."))
        value, more = self.get()
        if more is None:
            more = {}
            self.put((value, more))
        return more, "Element"

    def _tidy(self) -> None:
        """Make both halves of a list one length, and drop a half that says nothing any more."""
        lists = [(name, self.container.get(name)) for name in (self.member, "_" + self.member)]
        found = [(name, items) for name, items in lists if isinstance(items, list)]
        longest = max((len(items) for _, items in found), default=0)
        for name, items in found:
            items.extend([None] * (longest - len(items)))
            if items and all(item is None for item in items):
                del self.container[name]


def place_of(document: dict[str, Any], path: Sequence[str | int]) -> Place:
    """Follow a JSON path (members and indexes) from the root of *document*."""
    type_name: str = document["resourceType"]
    if not path:
        return Place(document, "", None, type_name)
    container, owner = document, type_name
    at = 0
    while True:
        member = str(path[at])
        index = path[at + 1] if at + 1 < len(path) and isinstance(path[at + 1], int) else None
        at += 1 if index is None else 2
        stem = member.removeprefix("_")
        element, kind = members(owner)[stem]
        item: Any = container.get(member)
        if index is not None and item is not None:
            item = item[index]
        if member.startswith("_") and at < len(path):
            container, owner = item, "Element"
            continue
        if isinstance(item, dict) and "resourceType" in item and kind == "Resource":
            kind = item["resourceType"]
        if at >= len(path):
            return Place(container, stem, int(index) if index is not None else None, kind, owner, element)
        if is_primitive(kind):
            item = container.get("_" + member)
            item = item[index] if index is not None and item is not None else item
            kind = "Element"
        container, owner = item, kind


@dataclass(frozen=True, slots=True)
class Value:
    """What a patch brings: a value[x] with its type, a resource, or the parts of an element that has no type name."""

    type: str | None
    value: Any = None
    more: Any = None
    parts: tuple[Mapping[str, Any], ...] = ()

    def built(self, kind: str, where: str) -> Halves:
        """Give the JSON of the value for an element of type *kind*."""
        if not self.parts:
            return self.value, self.more
        made: dict[str, Any] = {}
        for part in self.parts:
            inner = value_of(part, where)
            element, member, inner_kind = element_of(kind, str(part.get("name")), inner, where)
            halves = inner.built(inner_kind, where)
            if element.max == 1:
                Place(made, member, None, inner_kind).put(halves)
            else:
                at = max(len(made.get(member, ())), len(made.get("_" + member, ())))
                Place(made, member, at, inner_kind).insert(halves)
        return made, None


def value_of(part: Mapping[str, Any], where: str) -> Value:
    """Read the value of a Parameters part."""
    if isinstance(part.get("part"), list) and all(isinstance(one, dict) for one in part["part"]) and part["part"]:
        return Value(None, parts=tuple(part["part"]))
    if isinstance(part.get("resource"), dict):
        return Value(part["resource"].get("resourceType"), part["resource"])
    names = {member.removeprefix("_") for member in part if member.removeprefix("_").startswith("value")}
    if len(names) != 1:
        raise OutcomeError(Issue("structure", "patch-form", where, "A value is one value[x], a resource, or parts."))
    member = names.pop()
    kind = member.removeprefix("value")
    kind = kind if kind in TYPES else kind[:1].lower() + kind[1:]
    if kind not in TYPES:
        raise OutcomeError(Issue("structure", "patch-form", where, f"{member} names no FHIR type."))
    return Value(kind, part.get(member), part.get("_" + member))


def element_of(owner: str, name: str, value: Value, where: str) -> tuple[Element, str, str]:
    """Find the element *name* of type *owner*: its definition, its JSON member and its type.

    The name of a choice may be written as ``value``, ``value[x]`` or ``valueQuantity``.
    """
    known = members(owner)
    if name in known:
        element, kind = known[name]
        return element, name, kind
    stem = name.removesuffix("[x]")
    for element, _ in known.values():
        if element.name == stem and element.choice:
            if value.type in element.types:
                return element, element.member(value.type), value.type
            text = f"{stem} of {owner} takes {', '.join(element.types)}."
            raise OutcomeError(Issue("processing", "patch-impossible", where, text))
    raise OutcomeError(Issue("processing", "patch-impossible", where, f"{owner} has no element {name}."))


def _set(container: dict[str, Any], member: str, value: Any) -> None:
    if value is None:
        container.pop(member, None)
    else:
        container[member] = value
