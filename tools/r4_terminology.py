"""Expands the value sets of required bindings from the code systems of the R4 package."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]
Code = tuple[str, str]  # system, code

# Bindings to systems that are not in the package: a rule in xinglin.fhir.primitives decides instead.
BY_RULE: Final = frozenset(
    {
        "http://hl7.org/fhir/ValueSet/currencies",  # ISO 4217
        "http://hl7.org/fhir/ValueSet/mimetypes",  # BCP 13
        "http://hl7.org/fhir/ValueSet/ucum-units",  # UCUM
        "http://loinc.org/vs/LL379-9",  # LOINC answer list, not in the package; only the system can be checked
    }
)


def expand(url: str, value_sets: Mapping[str, Json], systems: Mapping[str, Json]) -> frozenset[Code]:
    """All codes of the value set at *url*; raises ValueError when the package cannot say."""
    compose = value_sets[url]["compose"]
    found: set[Code] = set()
    for part in compose["include"]:
        found |= _part(part, value_sets, systems)
    for part in compose.get("exclude", ()):
        found -= _part(part, value_sets, systems)
    return frozenset(found)


def _part(part: Json, value_sets: Mapping[str, Json], systems: Mapping[str, Json]) -> set[Code]:
    sets = [set(expand(url.partition("|")[0], value_sets, systems)) for url in part.get("valueSet", ())]
    if "system" in part:
        sets.append({(part["system"], code) for code in _codes(part, systems)})
    return set.intersection(*sets)


def _codes(part: Json, systems: Mapping[str, Json]) -> set[str]:
    if "concept" in part:
        return {concept["code"] for concept in part["concept"]}
    system = systems.get(part["system"])
    if system is None or system["content"] != "complete":
        raise ValueError(f"the package does not list the codes of {part['system']}")
    chosen = {code for code, _ in _concepts(system["concept"], ())}
    for rule in part.get("filter", ()):
        chosen &= set(_filtered(system, rule))
    return chosen


def _concepts(concepts: list[Json], above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every code with itself and its ancestors."""
    for concept in concepts:
        line = (*above, concept["code"])
        yield concept["code"], line
        yield from _concepts(concept.get("concept", []), line)


def _filtered(system: Json, rule: Json) -> Iterator[str]:
    if (rule["property"], rule["op"]) != ("concept", "is-a"):
        raise ValueError(f"{system['url']}: a filter that is not known: {rule}")
    for code, line in _concepts(system["concept"], ()):
        if rule["value"] in line:
            yield code
