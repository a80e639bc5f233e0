"""Nodes: what a FHIRPath expression works on, each with its type and its place.

A node holds a struct of `xinglin.fhir.r4`, the raw value of a FHIR primitive (with the Element that carries its id and
extensions), or a System value. Structs and raw values are never copied.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from xinglin.fhir.fhirpath import temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.quantity import Quantity
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.tree import TypeName
from xinglin.fhir.fhirpath.values import Long
from xinglin.fhir.r4 import CLASSES
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.ucum import SYSTEM as UCUM

SYSTEM_TYPES: Final = frozenset(
    {"Any", "Boolean", "String", "Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity"}
)
_INTEGERS: Final = frozenset({"integer", "positiveInt", "unsignedInt"})
_DATETIMES: Final = frozenset({"dateTime", "instant"})


class Access(Struct, frozen=True, gc=False):
    """How one member of a type is reached.

    json: member in JSON; attr: attribute of the struct; sibling: attribute of the Element beside a primitive, or "".
    type: declared FHIR type; many: whether it is a list.
    """

    json: str
    attr: str
    sibling: str
    type: str
    many: bool


class Node:
    """One item of a collection.

    value: struct, raw primitive (None when it has only extensions) or System value.
    type: "FHIR.HumanName", "FHIR.date", "System.Integer".
    element: the id and extensions of a primitive. parent, name, index: the place, as members of the JSON.
    """

    __slots__ = ("element", "index", "name", "parent", "type", "value")

    def __init__(
        self,
        value: object,
        type_: str,
        *,
        element: Struct | None = None,
        parent: "Node | None" = None,
        name: str = "",
        index: int | None = None,
    ) -> None:
        self.value = value
        self.type = type_
        self.element = element
        self.parent = parent
        self.name = name
        self.index = index

    def __repr__(self) -> str:
        return f"Node({self.value!r}, {self.type!r}, {self.location!r})"

    @property
    def path(self) -> tuple[str | int, ...]:
        """The place as members and indexes of the JSON document: ``("name", 0, "given", 1)``."""
        steps: list[str | int] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            if node.index is not None:
                steps.append(node.index)
            steps.append(node.name)
            node = node.parent
        return tuple(reversed(steps))

    @property
    def location(self) -> str:
        """The place as FHIRPath: ``Patient.name[0].given[1]``; "" for a value that stands nowhere."""
        steps: list[str] = []
        node: Node = self
        while node.parent is not None:
            steps.append(node.name if node.index is None else f"{node.name}[{node.index}]")
            node = node.parent
        if node.type.startswith("System."):
            return ""
        steps.append(node.type.removeprefix("FHIR."))
        return ".".join(reversed(steps))

    @property
    def root(self) -> "Node":
        """The node at the top."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    @property
    def resource(self) -> "Node | None":
        """The nearest resource at or above this node."""
        node: Node | None = self
        while node is not None and not (isinstance(node.value, Struct) and is_fhir(node.type, "Resource")):
            node = node.parent
        return node


Collection = list[Node]


def root(resource: Struct) -> Node:
    """Make the node of a whole resource (or of a datatype that stands alone)."""
    return Node(resource, f"FHIR.{type_name(resource)}")


def type_name(struct: Struct) -> str:
    """Return the FHIR type name of a struct of `xinglin.fhir.r4`: "Patient", "Patient.contact"."""
    name = getattr(type(struct), "fhir_type", None)
    if not isinstance(name, str):
        raise TypeError(f"{type(struct).__name__} is no FHIR type")
    return name


_SYSTEM_OF: Final[Mapping[type, str]] = {
    bool: "System.Boolean",
    str: "System.String",
    int: "System.Integer",
    Long: "System.Long",
    Decimal: "System.Decimal",
    Date: "System.Date",
    DateTime: "System.DateTime",
    Time: "System.Time",
    Quantity: "System.Quantity",
}


def system(value: object) -> Node:
    """Make the node of a System value."""
    return Node(value, _SYSTEM_OF[type(value)])


# Navigation ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def members(fhir_type: str) -> Mapping[str, tuple[Access, ...]]:
    """Return how the elements of a FHIR type are reached: element name → one access, or several for a choice."""
    info = TYPES.get(fhir_type)
    if info is None:
        return {}
    # An id of an element has no Element beside it.
    fields = frozenset(CLASSES[fhir_type].__struct_fields__) if fhir_type in CLASSES else frozenset()
    found: dict[str, tuple[Access, ...]] = {}
    for element in info.elements:
        stem = element.attr.removesuffix("_")
        found[element.name] = tuple(
            Access(
                json=(json := element.member(kind)),
                attr=stem + json[len(element.json) :] if element.choice else element.attr,
                sibling=f"_{json}" if f"_{json}" in fields else "",
                type=kind,
                many=element.max is None or element.max > 1,
            )
            for kind in (element.types if element.choice else element.types[:1])
        )
    return found


def is_primitive(fhir_type: str) -> bool:
    """Say whether a FHIR type is a primitive."""
    info = TYPES.get(fhir_type)
    return info is not None and info.kind == "primitive"


def child(node: Node, name: str) -> Collection:
    """Return the children of *node* with element name *name*; for a choice without the type (``value``)."""
    value = node.value
    if isinstance(value, Struct):
        found: Collection = []
        for access in members(node.type[5:]).get(name, ()):
            _read(node, value, access, found)
        return found
    if node.type.startswith("FHIR."):
        return _child_of_primitive(node, name)
    return _child_of_system(node, name)


def children(node: Node) -> Collection:
    """Return all children of *node*, in the order of the definition."""
    value = node.value
    found: Collection = []
    if isinstance(value, Struct):
        for accesses in members(node.type[5:]).values():
            for access in accesses:
                _read(node, value, access, found)
    elif node.element is not None:
        for name in ("id", "extension"):
            found += _child_of_primitive(node, name)
    return found


def _read(node: Node, struct: Struct, access: Access, found: Collection) -> None:
    value = getattr(struct, access.attr, None)
    beside = getattr(struct, access.sibling, None) if access.sibling else None
    if value is None and beside is None:
        return
    if not access.many:
        found.append(_node(node, access, value, beside, None))
        return
    values: list[object] = value if isinstance(value, list) else []
    elements: list[Struct | None] = beside if isinstance(beside, list) else []
    for index in range(max(len(values), len(elements))):
        one = values[index] if index < len(values) else None
        element = elements[index] if index < len(elements) else None
        if one is not None or element is not None:
            found.append(_node(node, access, one, element, index))


def _node(parent: Node, access: Access, value: object, element: Struct | None, index: int | None) -> Node:
    kind = type_name(value) if isinstance(value, Struct) else access.type
    return Node(value, f"FHIR.{kind}", element=element, parent=parent, name=access.json, index=index)


def _child_of_primitive(node: Node, name: str) -> Collection:
    if name == "value":
        held = to_system(node)
        return (
            [] if held is None else [Node(held.value, held.type, parent=node.parent, name=node.name, index=node.index)]
        )
    element = node.element
    if element is None or name not in {"id", "extension"}:
        return []
    # In JSON the Element stands beside the value, under a name with an underscore.
    place = Node(element, "FHIR.Element", parent=node.parent, name=f"_{node.name}", index=node.index)
    return child(place, name)


def _child_of_system(node: Node, name: str) -> Collection:
    value = node.value
    if isinstance(value, TypeInfoValue):
        held = getattr(value, name, None) if name in {"name", "namespace", "baseType"} else None
        return [] if held is None else [system(held)]
    if isinstance(value, Quantity) and name in {"value", "unit"}:
        return [system(getattr(value, name))]
    return []


@dataclass(frozen=True, slots=True)
class TypeInfoValue:
    """What ``type()`` returns: SimpleTypeInfo or ClassInfo."""

    namespace: str
    name: str
    baseType: str  # noqa: N815 -- the element's name in FHIRPath


def descend(node: Node) -> Iterator[Node]:
    """Yield everything below *node*, parents before their children, level by level."""
    level = children(node)
    while level:
        yield from level
        level = [below for one in level for below in children(one)]


# Values ----------------------------------------------------------------------------------------------------------


def to_system(node: Node) -> Node | None:
    """Return *node* as a System value: itself, or the converted primitive or Quantity; None when it has none."""
    if node.type.startswith("System."):
        return None if isinstance(node.value, TypeInfoValue) else node
    value = node.value
    if isinstance(value, Struct):
        quantity = quantity_of(node)
        return None if quantity is None else system(quantity)
    return None if value is None else system(_converted(value, node.type[5:]))


def _converted(value: object, kind: str) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return int(value) if kind in _INTEGERS else Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    text = str(value)
    made: object | None = None
    if kind == "date":
        made = temporal.date_of(text)
    elif kind in _DATETIMES:
        made = temporal.datetime_of(text)
    elif kind == "time":
        made = temporal.time_of(text)
    return text if made is None else made


def quantity_of(node: Node) -> Quantity | None:
    """Return a System or FHIR Quantity as a Quantity; None for other nodes, and for a FHIR one with a comparator."""
    value = node.value
    if isinstance(value, Quantity):
        return value
    if not isinstance(value, Struct) or not is_fhir(node.type, "Quantity"):
        return None
    amount = getattr(value, "value", None)
    if amount is None or getattr(value, "comparator", None) is not None:
        return None
    code = getattr(value, "code", None)
    unit = code if code and getattr(value, "system", None) == UCUM else getattr(value, "unit", None) or code
    return Quantity(Decimal(amount), unit or "1")


# Types -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def is_fhir(node_type: str, ancestor: str) -> bool:
    """Say whether a node's type is the FHIR type *ancestor* or derived from it."""
    if not node_type.startswith("FHIR."):
        return False
    name: str | None = node_type[5:]
    while name is not None and name != ancestor:
        info = TYPES.get(name)
        name = None if info is None else info.base
    return name is not None


def check_known(wanted: TypeName, at: int | None = None) -> None:
    """Raise FhirPathError when *wanted* names no type. Any name is let pass in System, where it is never the type."""
    known = (
        wanted.namespace == "System"
        or (wanted.namespace in {None, "FHIR"} and wanted.name in TYPES)
        or (wanted.namespace is None and wanted.name in SYSTEM_TYPES)
        or str(wanted) in TYPES
    )
    if not known:
        raise FhirPathError("execution", f"{wanted} is not a known type", at)


def is_type(node_type: str, wanted: TypeName, *, exact_primitives: bool = False) -> bool:
    """Say whether a node of *node_type* is of type *wanted* or a type derived from it.

    exact_primitives: as ``as`` and ``ofType`` ask, where a code is no string: in a choice, valueCode and valueString
    are different elements.
    """
    if wanted.name == "Any" and wanted.namespace in {None, "System"}:
        return True
    if wanted.namespace != "FHIR" and node_type == f"System.{wanted.name}":
        return True
    if wanted.namespace == "System":
        return False
    name = wanted.name if wanted.namespace in {None, "FHIR"} else str(wanted)
    if exact_primitives and is_primitive(name):
        return node_type == f"FHIR.{name}"
    return is_fhir(node_type, name)


def type_info(node: Node) -> Node:
    """Return what ``type()`` says of *node*."""
    namespace, _, name = node.type.partition(".")
    if namespace == "System":
        return Node(TypeInfoValue(namespace, name, "System.Any"), "System.TypeInfo")
    info = TYPES.get(name)
    base = info.base if info is not None else None
    return Node(TypeInfoValue(namespace, name, f"FHIR.{base}" if base else "System.Any"), "System.TypeInfo")
