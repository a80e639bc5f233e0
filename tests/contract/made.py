"""The least resource that meets a profile, made of what the profile asks and what R4 requires."""

from collections.abc import Mapping
from typing import Any

from xinglin.fhir import model
from xinglin.fhir.declarations import CodeSet, Profile
from xinglin.fhir.definitions import Element
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.valuesets import CODES

PRIMITIVES: Mapping[str, Any] = {
    "boolean": True,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "decimal": 1,
    "date": "2026-11-22",
    "dateTime": "2026-11-22T09:00:00+08:00",
    "instant": "2026-11-22T09:00:00+08:00",
    "time": "09:00:00",
    "uri": "https://xinglin.health/x",
    "url": "https://xinglin.health/x",
    "canonical": "https://xinglin.health/x",
    "base64Binary": "eA==",
    "id": "x",
}
# Types of which the standard requires no member, though an empty one is none.
DATATYPES: Mapping[str, Mapping[str, Any]] = {
    "CodeableConcept": {"text": "x"},
    "Coding": {"system": "https://xinglin.health/x", "code": "x"},
    "Identifier": {"system": "https://xinglin.health/x", "value": "x"},
    "Period": {"start": "2026-11-22T09:00:00+08:00"},
    "HumanName": {"text": "x"},
    "Quantity": {"value": 1},
    "Annotation": {"text": "x"},
    "ContactPoint": {"system": "phone", "value": "1"},
    "Address": {"text": "x"},
    "Attachment": {"url": "https://xinglin.health/x"},
    "Money": {"value": 1, "currency": "CNY"},
}

# What an invariant of the standard asks besides.
BESIDES: Mapping[str, Mapping[str, Any]] = {"Consent": {"policyRule": {"text": "x"}}}


def example(profile: Profile, code_sets: Mapping[str, CodeSet]) -> dict[str, Any]:
    """Make the least resource that claims *profile* and meets it."""
    made = {"resourceType": profile.on, "meta": {"profile": [profile.url]}} | _least(profile.on, {})
    made |= BESIDES.get(profile.on, {})
    for path in (*profile.required, *profile.bindings):
        _fill(made, profile.on, path.split("."))
    for path, url in profile.bindings.items():
        codes = code_sets[url]
        _put(made, profile.on, path.split("."), codes.system, next(iter(codes.codes)))
    return made


def without(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Give the resource without what stands at *path*, choices of any type included."""
    first, _, rest = path.partition(".")
    made = dict(document)
    for member in [name for name in made if _is(name, first)]:
        inner = made[member]
        if not rest:
            del made[member]
            continue
        left = [without(one, rest) for one in (inner if isinstance(inner, list) else [inner])]
        if not any(left):
            del made[member]  # an empty object is none
        else:
            made[member] = left if isinstance(inner, list) else left[0]
    return made


def coded(document: Mapping[str, Any], on: str, path: str, code: str) -> dict[str, Any]:
    """Give the resource with another code at *path*."""
    made = without(document, path)
    _fill(made, on, path.split("."))
    _put(made, on, path.split("."), "https://xinglin.health/elsewhere", code)
    return made


def required_by_r4(on: str) -> set[str]:
    """Name the elements that R4 itself requires of a type: what lacks them is no resource at all."""
    return {element.name for element in TYPES[on].elements if element.min}


def _is(member: str, name: str) -> bool:
    return member == name or (member.startswith(name) and member[len(name) : len(name) + 1].isupper())


def _element(on: str, name: str) -> tuple[str, Element, str]:
    for member, (element, kind) in model.members(on).items():
        if element.name == name:
            return member, element, kind
    raise LookupError(f"{on} has no {name}")


def _least(on: str, seen: Mapping[str, int]) -> dict[str, Any]:
    """Give the members that the standard requires of a type."""
    found: dict[str, Any] = {}
    for element in TYPES[on].elements:
        if element.min and on not in seen:
            kind = element.types[0]
            value = _value(element, kind, {**seen, on: 1})
            found[element.member(kind)] = value if element.max == 1 else [value]
    return found


def _value(element: Element, kind: str, seen: Mapping[str, int]) -> Any:
    if kind == "code":
        return min(CODES[element.binding]) if element.binding is not None and element.binding in CODES else "x"
    if kind in PRIMITIVES:
        return PRIMITIVES[kind]
    if kind == "Reference":
        return {"reference": f"{element.targets[0] if element.targets else 'Patient'}/x"}
    if kind in DATATYPES:
        return dict(DATATYPES[kind])
    return _least(kind, seen) if TYPES[kind].kind in {"backbone", "datatype"} else "x"


def _fill(document: dict[str, Any], on: str, path: list[str]) -> None:
    """Put a value at *path*, unless there is one."""
    member, element, kind = _element(on, path[0])
    member = next((one for one in document if _is(one, element.name)), member)
    if member not in document:
        value = _value(element, kind, {})
        document[member] = value if element.max == 1 else [value]
    if len(path) > 1:
        inner = document[member][0] if isinstance(document[member], list) else document[member]
        _fill(inner, kind, path[1:])


def _put(document: dict[str, Any], on: str, path: list[str], system: str, code: str) -> None:
    """Write a code at *path*."""
    member, element, kind = _element(on, path[0])
    if len(path) > 1:
        inner = document[member][0] if isinstance(document[member], list) else document[member]
        _put(inner, kind, path[1:], system, code)
        return
    coding = {"system": system, "code": code}
    value: Any = {"CodeableConcept": {"coding": [coding]}, "Coding": coding}.get(kind, code)
    document[member] = value if element.max == 1 else [value]
