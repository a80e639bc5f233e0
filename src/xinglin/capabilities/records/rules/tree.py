"""A resource as a tree of labelled values, and the differences between two versions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.records.rules.gist import gist
from xinglin.fhir.r4.elements import TYPES

_OWN: Final = frozenset({"resourceType"})


@dataclass(frozen=True, slots=True)
class Branch:
    """One element. path: with indexes, ``Patient.name[0].family``; type_path: without, and below the element's type.

    value: of a primitive, else None. number: which of several it is, from 1; 0 when it stands alone.
    """

    path: str
    type_path: str
    number: int
    value: str | None
    gist: str
    children: tuple["Branch", ...]
    reference: str = ""
    system: str = ""


def tree(document: Mapping[str, Any]) -> tuple[Branch, ...]:
    """Take a resource apart, in the order it was written."""
    on = document["resourceType"]
    return tuple(_branches(document, on, on))


def _branches(document: Mapping[str, Any], path: str, on: str) -> Iterator[Branch]:
    for member, value in document.items():
        if member in _OWN:
            continue
        type_path, below = _typed(on, member.removeprefix("_"), value)
        several = isinstance(value, list)
        for place, one in enumerate(value if several else [value]):
            here = f"{path}.{member}[{place}]" if several else f"{path}.{member}"
            number = place + 1 if several and len(value) > 1 else 0
            if one is not None:
                yield _branch(one, here, type_path, below, number)


def _branch(value: object, path: str, type_path: str, on: str, number: int) -> Branch:
    if isinstance(value, Mapping):
        inner = str(value["resourceType"]) if "resourceType" in value else on
        reference = value.get("reference")
        return Branch(
            path,
            type_path,
            number,
            None,
            gist(value),
            tuple(_branches(value, path, inner)),
            reference=reference if isinstance(reference, str) else "",
            system=str(value.get("system", "")),
        )
    return Branch(path, type_path, number, said(value), "", ())


def said(value: object) -> str:
    """Write a primitive as JSON would, without the quotes of a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        format(value, "f") if isinstance(value, Decimal) and value.as_tuple().exponent in range(-12, 1) else str(value)
    )


def _typed(on: str, member: str, _value: object) -> tuple[str, str]:
    """Give the path of an element below its type, and the type of what stands below it."""
    info = TYPES.get(on)
    while info is not None:
        for element in info.elements:
            if element.name == member:
                nested = f"{on}.{member}"
                return nested, nested if nested in TYPES else element.types[0]
            if element.choice and member.startswith(element.name):
                kind = member[len(element.name) :]
                return f"{on}.{element.name}", kind if kind in TYPES else kind[:1].lower() + kind[1:]
        info = TYPES.get(info.base) if info.base else None
    return f"{on}.{member}", ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that two versions do not share; an empty side has none."""

    path: str
    type_path: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Compare two versions element by element; version number and time of the versions themselves are left out."""
    old, new = dict(_leaves(tree(before))), dict(_leaves(tree(after)))
    paths = [*old, *(path for path in new if path not in old)]
    return tuple(
        Difference(path, (old.get(path) or new[path])[1], old.get(path, ("", ""))[0], new.get(path, ("", ""))[0])
        for path in paths
        if old.get(path) != new.get(path) and not path.endswith((".meta.versionId", ".meta.lastUpdated"))
    )


def _leaves(branches: tuple[Branch, ...]) -> Iterator[tuple[str, tuple[str, str]]]:
    for branch in branches:
        if branch.value is not None:
            yield branch.path, (branch.value, branch.type_path)
        yield from _leaves(branch.children)
