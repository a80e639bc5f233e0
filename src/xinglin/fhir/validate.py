"""The thorough look at a resource: every fault with its place, all together."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir import fast
from xinglin.fhir.definitions import Element
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.model import attribute, extensible, members
from xinglin.fhir.outcome import Issue, Severity
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.rules import Rule, advice, rules
from xinglin.fhir.structure import MAX_ISSUES, EnoughError, Structure
from xinglin.fhir.wire import encode, plain

_MORE: Final = Issue("informational", "more-faults", "", f"only {MAX_ISSUES} faults are told", "information")


def thorough(document: dict[str, Any]) -> tuple[Issue, ...]:
    """All faults of a plain document (decimals as Decimal or int); empty when it is a sound R4 resource."""
    return look(document)[0]


def faults(resource: Struct) -> tuple[Issue, ...]:
    """All faults of a struct, however it was made."""
    raw = encode(resource)
    name = fast.type_of(raw)
    return () if name is not None and fast.sound(raw, name) is not None else thorough(plain(raw))


def warnings(resource: Struct) -> tuple[Issue, ...]:
    """What R4 advises and the resource does not follow (invariants of severity warning)."""
    return tuple(_Rules(severity="warning").of(resource))


def look(document: dict[str, Any], expected: str | None = None) -> tuple[tuple[Issue, ...], Any]:
    """All faults, and the struct as far as it could be read (None when not even the type is known)."""
    walk = Structure()
    try:
        resource = walk.resource(document, "", 1, expected)
    except EnoughError:
        return (*walk.issues, _MORE), None
    issues = list(walk.issues)
    if resource is not None:
        asked = _Rules(severity="error", walk=walk).of(resource)
        issues += islice(asked, MAX_ISSUES + 1 - len(issues))
    if len(issues) > MAX_ISSUES:
        return (*issues[:MAX_ISSUES], _MORE), resource
    return tuple(issues), resource


class _Rules:
    """Asks the invariants of every value in a struct."""

    def __init__(self, *, severity: Severity, walk: Structure | None = None) -> None:
        self.asked = rules if severity == "error" else advice
        self.severity: Severity = severity
        self.spoiled = walk.spoiled if walk else set()
        self.sound = walk.sound if walk else set()
        self.faulty = bool(walk and walk.issues)

    def of(self, resource: Any, where: str = "", root: Any = None) -> Iterator[Issue]:
        """Give an issue for every rule that does not hold in *resource* and what it holds."""
        if id(resource) in self.sound:
            return
        name = resource.fhir_type
        where = where or name
        top = root or resource
        for base in _resource_bases(name):
            yield from self._ask(base, resource, where, resource, top)
        yield from self._complex(resource, where, resource, top, ask=False)

    def _complex(self, value: Any, where: str, resource: Any, root: Any, *, ask: bool = True) -> Iterator[Issue]:
        name = value.fhir_type
        if ask:
            yield from self._ask(name, value, where, resource, root)
        for attr, element, places, kind in _attributes(name):
            found = getattr(value, attr)
            if found is None:
                continue
            place = f"{where}.{element.name}"
            if isinstance(found, list):
                for n, one in enumerate(found):
                    if one is not None:
                        yield from self._held(one, f"{place}[{n}]", resource, root, element, kind, places)
            else:
                yield from self._held(found, place, resource, root, element, kind, places)

    def _held(
        self, value: Any, where: str, resource: Any, root: Any, element: Element, kind: str, places: tuple[str, ...]
    ) -> Iterator[Issue]:
        for place in places:
            yield from self._ask(place, value, where, resource, root)
        if kind == "Resource":
            yield from self.of(value, where, root if element.name == "contained" else None)
        elif isinstance(value, Struct):
            yield from self._complex(value, where, resource, root)

    def _ask(self, place: str, value: Any, where: str, resource: Any, root: Any) -> Iterator[Issue]:
        if self.spoiled and any(spot == where or spot.startswith((f"{where}.", f"{where}[")) for spot in self.spoiled):
            return
        for rule in self.asked(place):
            if rule.key not in {"txt-1", "txt-2"} and not self._holds(rule, value, resource, root):
                yield Issue("invariant", rule.key, where, f"{rule.key}: {rule.expression}", self.severity)

    def _holds(self, rule: Rule, value: Any, resource: Any, root: Any) -> bool:
        """Ask one rule; one that cannot be carried out does not hold, unless faults found before may be the cause."""
        try:
            return rule.holds(value, resource, root)
        except FhirPathError:
            return self.faulty


@cache
def _resource_bases(name: str) -> tuple[str, ...]:
    base = TYPES[name].base
    return (*(_resource_bases(base) if base else ()), name)


@cache
def _attributes(name: str) -> tuple[tuple[str, Element, tuple[str, ...], str], ...]:
    """Of each attribute: name, element, places of rules on the element, type; siblings of primitives included."""
    owners: list[str] = []
    step: str | None = name
    while step:
        owners.append(step)
        step = TYPES[step].base
    found = []
    for member, (element, kind) in members(name).items():
        named = (f"{owner}.{element.name}" for owner in owners)
        places = tuple(place for place in named if place not in TYPES and (rules(place) or advice(place)))
        found.append((attribute(element, member), element, places, kind))
        if extensible(name, member):
            found.append((f"_{member}", element, (), "Element"))
    return tuple(found)
