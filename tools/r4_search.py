"""Search parameters and compartments of the R4 package, one list for each type."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.r4_package import TypeModel
from tools.r4_write import HEADER, row, tuple_of

Json = Mapping[str, Any]

# Parameters that http://hl7.org/fhir/R4/search.html describes and the package leaves out.
WITHOUT_DEFINITION: Final = ("_has", "_list", "_type")
# Examples in the package, not part of the registry of parameters.
EXAMPLES: Final = frozenset(
    {
        "http://hl7.org/fhir/SearchParameter/example",
        "http://hl7.org/fhir/SearchParameter/example-extension",
        "http://hl7.org/fhir/SearchParameter/example-reference",
    }
)
# What the package spells wrong, and why the right-hand side means the same.
CORRECTIONS: Final[Mapping[str, str]] = {
    # The type is named dateTime.
    "value.as(DateTime)": "value.as(dateTime)",
    # Paths begin with the type everywhere else.
    "name | alias": "InsurancePlan.name | InsurancePlan.alias",
    # Not a function of FHIRPath; extension().exists() is what it means.
    "hasExtension('http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject')": (
        "extension('http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject').exists()"
    ),
    # The extension's address in the package; what is searched is its value.
    "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-extensions-Patient-mothersMaidenName')": (
        "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName').value"
    ),
}
# These select a whole extension; what is searched is its value.
EXTENSION: Final = re.compile(r"[A-Za-z]+\.extension\('[^']+'\)")


@dataclass(frozen=True, slots=True)
class ParameterModel:
    """One search parameter of one type."""

    code: str
    kind: str
    expression: str
    url: str
    base: tuple[str, ...]
    targets: tuple[str, ...]
    components: tuple[tuple[str, str], ...]


def parameters(definitions: list[Json], models: Mapping[str, TypeModel]) -> dict[str, dict[str, ParameterModel]]:
    """All parameters by type and code; what stands under Resource and DomainResource is given there only."""
    by_url = {d["url"]: d for d in definitions}
    found: dict[str, dict[str, ParameterModel]] = {}
    for definition in definitions:
        if definition["url"] in EXAMPLES or not _usable(definition):
            continue
        for base in definition["base"]:
            model = _parameter(definition, base, by_url)
            clash = found.setdefault(base, {}).get(model.code)
            if clash is not None and clash.expression != model.expression:
                raise ValueError(f"{base}.{model.code} is defined twice: {clash.url} and {model.url}")
            found[base][model.code] = model
    for code in WITHOUT_DEFINITION:
        found["Resource"][code] = ParameterModel(code, "special", "", "", ("Resource",), (), ())
    unknown = found.keys() - models.keys()
    if unknown:
        raise ValueError(f"search parameters of unknown types: {unknown}")
    return found


def _usable(definition: Json) -> bool:
    """Leave out what an extension defines without a path: nothing could be found by it."""
    if "base" not in definition:
        return False
    return "expression" in definition or definition["base"][0] in {"Resource", "DomainResource"}


def _parameter(definition: Json, base: str, by_url: Mapping[str, Json]) -> ParameterModel:
    expression = _corrected(definition.get("expression", ""))
    chosen = " | ".join(b for b in branches(expression) if _root(b) in {base, "Resource", "DomainResource"})
    if expression and not chosen:
        raise ValueError(f"{definition['url']} has no path for {base}: {expression}")
    return ParameterModel(
        code=definition["code"],
        kind=definition["type"] if chosen else "special",
        expression=chosen,
        url=definition["url"],
        base=tuple(sorted(definition["base"])),
        targets=tuple(sorted(set(definition.get("target", ())))),
        components=tuple(
            (by_url[c["definition"]]["code"], _corrected(c["expression"])) for c in definition.get("component", ())
        ),
    )


def _corrected(expression: str) -> str:
    for wrong, right in CORRECTIONS.items():
        expression = expression.replace(wrong, right)
    return f"{expression}.value" if EXTENSION.fullmatch(expression) else expression


def branches(expression: str) -> Iterator[str]:
    """Split a union at its outermost bars."""
    depth = start = 0
    for place, sign in enumerate(expression):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            yield expression[start:place].strip()
            start = place + 1
    if expression[start:].strip():
        yield expression[start:].strip()


def _root(branch: str) -> str:
    match = re.match(r"\(*([A-Za-z]+)", branch)
    return match.group(1) if match else ""


def write_parameters(found: Mapping[str, Mapping[str, ParameterModel]]) -> str:
    """Write PARAMETERS from what each type has of its own; the table is JSON in a string, which loads fast."""
    lines = [
        f'"""Search parameters of the R4 types; {HEADER}."""',
        "",
        "from collections.abc import Mapping",
        "from typing import Final",
        "",
        "import msgspec",
        "",
        "from xinglin.fhir.definitions import SearchParameter, inherited",
        "from xinglin.fhir.r4.elements import TYPES",
        "",
        '__all__ = ["PARAMETERS", "SearchParameter"]',
        "",
        '_OWN = r"""{',
        ",\n".join(
            f'"{name}":[\n' + ",\n".join(row(_fields(own[code])) for code in sorted(own)) + "]"
            for name, own in sorted(found.items())
        ),
        '}"""',
        "",
        "PARAMETERS: Final[Mapping[str, Mapping[str, SearchParameter]]] = inherited(",
        "    msgspec.json.decode(_OWN, type=dict[str, tuple[SearchParameter, ...]]), TYPES",
        ")",
        "",
    ]
    return "\n".join(lines)


def _fields(model: ParameterModel) -> dict[str, object]:
    made: dict[str, object] = {
        "code": model.code,
        "kind": model.kind,
        "expression": model.expression,
        "url": model.url,
        "base": model.base,
    }
    if model.targets:
        made["targets"] = model.targets
    if model.components:
        made["components"] = model.components
    return made


def write_compartments(definitions: Iterable[Json]) -> str:
    """Write COMPARTMENTS: by kind of compartment, then by type, the parameters that place a resource in it."""
    lines = [
        f'"""Compartments of R4; {HEADER}.',
        "",
        "`{def}` says that the resource itself is the compartment.",
        '"""',
        "",
        "from collections.abc import Mapping",
        "from typing import Final",
        "",
        "COMPARTMENTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {",
    ]
    official = {d["code"]: d for d in definitions if d["id"] != "example"}
    for code in sorted(official):
        lines.append(f'    "{code}": {{')
        members = {r["code"]: r["param"] for r in official[code]["resource"] if r.get("param")}
        lines += [f'        "{name}": {tuple_of(members[name])},' for name in sorted(members)]
        lines.append("    },")
    return "\n".join([*lines, "}", ""])
