"""Writes `src/xinglin/fhir/r4` from the official R4 package: `python -m tools.generate_r4 [DIRECTORY]`."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tools import r4_checks, r4_search, r4_write
from tools.r4_package import TypeModel, package_path, read_package, types
from tools.r4_terminology import BY_RULE, expand

TARGET: Final = Path(__file__).parent.parent / "src" / "xinglin" / "fhir" / "r4"


def generate(package: Path) -> dict[str, str]:
    """Make every generated module of the package at *package*: file name to text."""
    content = read_package(package)
    models = types(content["StructureDefinition"])
    bound = dict(_bindings(models))
    value_sets = {v["url"]: v for v in content["ValueSet"]}
    systems = {s["url"]: s for s in content["CodeSystem"]}
    expansions = {url: expand(url, value_sets, systems) for url in bound if url not in BY_RULE}
    coded = frozenset(url for url, kinds in bound.items() if "code" in kinds and url not in BY_RULE)
    resources = [m.name for m in models.values() if m.kind == "resource" and not m.abstract]
    low, high = _split(models)
    return {
        "__init__.py": r4_write.package_init(resources),
        "datatypes.py": _structs(low, models, ""),
        "resources.py": _structs(high, models, _imports(low)) + r4_write.any_resource(resources),
        "elements.py": r4_write.elements(models.values()),
        "valuesets.py": r4_write.value_sets(expansions, coded),
        **{f"checks/{name}": text for name, text in r4_checks.checks(models).items()},
        "invariants.py": r4_write.invariants(models.values()),
        "parameters.py": r4_search.write_parameters(r4_search.parameters(content["SearchParameter"], models)),
        "compartments.py": r4_search.write_compartments(content["CompartmentDefinition"]),
    }


def _bindings(models: Mapping[str, TypeModel]) -> Iterator[tuple[str, set[str]]]:
    found: dict[str, set[str]] = {}
    for model in models.values():
        for element in model.elements:
            if element.binding:
                found.setdefault(element.binding, set()).update(element.types)
    yield from sorted(found.items())


def _split(models: Mapping[str, TypeModel]) -> tuple[list[TypeModel], list[TypeModel]]:
    """Part datatypes from resources, each with its backbones; primitives have no class."""
    low: list[TypeModel] = []
    high: list[TypeModel] = []
    for model in models.values():
        if model.kind != "primitive":
            (high if models[model.name.partition(".")[0]].kind == "resource" else low).append(model)
    return low, high


def _structs(chosen: list[TypeModel], models: Mapping[str, TypeModel], imports: str) -> str:
    codes = [
        r4_write.alias(element.binding)
        for model in chosen
        for element in model.elements
        if element.binding and "code" in element.types and element.binding not in BY_RULE
    ]
    return r4_write.structs(chosen, codes=codes, known=models, imports=imports)


def _imports(models: list[TypeModel]) -> str:
    names = sorted(r4_write.class_name(m.name) for m in models if m.kind == "datatype")
    return "\n".join(["from xinglin.fhir.r4.datatypes import (", *(f"    {name}," for name in names), ")"])


def main(target: Path) -> None:
    """Write all modules into *target*."""
    for name, text in generate(package_path()).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, encoding="utf-8")
        print(f"{target / name}: {text.count(chr(10))} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
