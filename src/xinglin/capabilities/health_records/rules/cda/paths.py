"""Puts a value where a FHIRPath finds it: the paths of the templates, read backwards.

Of FHIRPath only what has an inverse: members, ``ofType``, ``where`` (one item of several), ``first()``.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from xinglin.fhir.model import members

_STEP: Final = re.compile(
    r"(?P<call>ofType|where|first)\((?P<inside>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)|(?P<name>\w+)"
)


def steps(path: str) -> tuple[tuple[str, str], ...]:
    """Give the steps of a path as (member, what ``where`` asks or ""); ValueError for one without an inverse."""
    made: list[tuple[str, str]] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise ValueError(f"{path} has no inverse")
        if found["call"] == "ofType":
            made[-1] = (made[-1][0] + found["inside"][:1].upper() + found["inside"][1:], made[-1][1])
        elif found["call"] == "where":
            made[-1] = (made[-1][0], found["inside"])
        elif found["name"]:
            made.append((found["name"], ""))
        at = found.end() + 1
    return tuple(made)


def kind_at(type: str, path: str) -> str:
    """Give the FHIR type of what a path below *type* finds."""
    kind = type
    for name, _ in steps(path):
        kind = members(kind)[name][1]
    return kind


def put(document: dict[str, Any], type: str, path: str, value: Any, make: Mapping[str, Any]) -> None:
    """Put *value* into *document*, of the FHIR type *type*, where *path* finds it; concepts and objects are joined."""
    at, kind = document, type
    walk = steps(path)
    for name, where in walk[:-1]:
        element, kind = members(kind)[name]
        only = element.max == 1
        at = at.setdefault(name, {}) if only else _item(at.setdefault(name, []), make if where else {})
    name = walk[-1][0]
    element, _ = members(kind)[name]
    if element.max == 1:
        _join(at, name, value)
    elif isinstance(value, dict):
        _item(at.setdefault(name, []), {}).update(value)
    else:
        at.setdefault(name, []).append(value)


def _join(at: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, dict) and isinstance(at.get(name), dict):
        at[name].update(value)
    else:
        at[name] = value


def _item(items: list[dict[str, Any]], make: Mapping[str, Any]) -> dict[str, Any]:
    """Give the item that begins like *make*, a new one when there is none."""
    for one in items:
        if make.items() <= one.items():
            return one
    made = dict(make)
    items.append(made)
    return made
