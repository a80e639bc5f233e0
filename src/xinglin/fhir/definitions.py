"""The form of what the R4 definitions say: types, elements, invariants, search parameters.

The values stand in the generated modules of `xinglin.fhir.r4`.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

TypeKind = Literal["primitive", "datatype", "backbone", "resource"]
ParameterKind = Literal["number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"]


class Element(Struct, frozen=True, gc=False):
    """One element of a type.

    name: FHIR name, without [x]. attr: attribute of the Struct (a keyword gets an underscore); for a choice the stem.
    json: member in JSON; for a choice the stem, followed by the type with a capital (`Element.member`).
    types: FHIR type names; a backbone is named by its path ("Patient.contact"); "Resource" means any.
    targets: types a Reference may point to; empty when any. max: None when unbounded.
    binding: address of the value set when the binding is required.
    """

    name: str
    attr: str
    json: str
    types: tuple[str, ...]
    targets: tuple[str, ...] = ()
    min: int = 0
    max: int | None = 1
    choice: bool = False
    binding: str | None = None
    summary: bool = False
    modifier: bool = False

    def member(self, type_name: str) -> str:
        """Name the JSON member (and attribute) that holds a value of *type_name*."""
        return self.json + type_name[0].upper() + type_name[1:] if self.choice else self.json

    def members(self) -> Iterable[tuple[str, str]]:
        """Give every (JSON member, type) of the element."""
        return ((self.member(name), name) for name in self.types)


class TypeInfo(Struct, frozen=True, gc=False):
    """One FHIR type; `elements` are all, those of the bases first, in the order of the standard."""

    name: str
    base: str | None
    kind: TypeKind
    abstract: bool = False
    elements: tuple[Element, ...] = ()


class Invariant(Struct, frozen=True, gc=False):
    """One FHIRPath invariant, evaluated on each value of the type or element it stands under."""

    key: str
    severity: Literal["error", "warning"]
    expression: str


class SearchParameter(Struct, frozen=True, gc=False):
    """One search parameter of one type.

    expression: FHIRPath, only the branches of that type; "" when the standard gives none (kind special).
    targets: types a reference may point to. components: (code of the part, expression on the composite's element).
    base: all types that share the definition.
    """

    code: str
    kind: ParameterKind
    expression: str
    url: str
    base: tuple[str, ...]
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = ()


def complete(own: Iterable[TypeInfo]) -> dict[str, TypeInfo]:
    """Join each type's own elements to those of its base; bases come first in *own*."""
    found: dict[str, TypeInfo] = {}
    for info in own:
        inherited = found[info.base].elements if info.base in found else ()
        found[info.name] = TypeInfo(info.name, info.base, info.kind, info.abstract, inherited + info.elements)
    return found


def inherited(
    own: Mapping[str, tuple[SearchParameter, ...]], types: Mapping[str, TypeInfo]
) -> dict[str, dict[str, SearchParameter]]:
    """Give each resource type the parameters of its bases and its own, by code."""
    found: dict[str, dict[str, SearchParameter]] = {}
    for name, info in types.items():
        if info.kind == "resource" and not info.abstract:
            line = [name]
            while (base := types[line[-1]].base) is not None:
                line.append(base)
            found[name] = {p.code: p for step in reversed(line) for p in own.get(step, ())}
    return found


def is_a(types: Mapping[str, TypeInfo], name: str, ancestor: str) -> bool:
    """Tell whether type *name* is *ancestor* or derives from it."""
    step: str | None = name
    while step is not None and step != ancestor:
        step = types[step].base if step in types else None
    return step is not None
