"""Questions about the R4 types that several parts ask: which member is which element, what derives from what."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from xinglin.fhir.definitions import Element, is_a
from xinglin.fhir.r4.elements import TYPES

# The standard writes these as XML attributes (or XHTML): they cannot be extended, so JSON has no `_` sibling.
BARE: Final = frozenset({("Element", "id"), ("Resource", "id"), ("Extension", "url"), ("Narrative", "div")})


@cache
def members(type_name: str) -> Mapping[str, tuple[Element, str]]:
    """By JSON member of *type_name*: the element and the FHIR type of the value."""
    return {member: (element, kind) for element in TYPES[type_name].elements for member, kind in element.members()}


def attribute(element: Element, member: str) -> str:
    """Name the attribute of a Struct that holds the JSON member *member* of *element*."""
    return member if element.choice else element.attr


@cache
def is_primitive(type_name: str) -> bool:
    """Tell whether values of *type_name* are JSON values rather than objects."""
    return TYPES[type_name].kind == "primitive"


@cache
def is_resource(type_name: str) -> bool:
    """Tell whether *type_name* is a resource type, abstract ones included."""
    return type_name in TYPES and TYPES[type_name].kind == "resource"


@cache
def extensible(type_name: str, member: str) -> bool:
    """Tell whether the primitive *member* may have a sibling `_member` with id and extensions."""
    element, kind = members(type_name)[member]
    bare = any(element.name == name and is_a(TYPES, type_name, owner) for owner, name in BARE)
    return is_primitive(kind) and not bare
