"""What `_summary` and `_elements` leave of a resource (http://hl7.org/fhir/R4/search.html#summary)."""

from collections.abc import Callable, Collection
from functools import cache
from typing import Any, Final

from xinglin.fhir.definitions import Element
from xinglin.fhir.model import is_primitive, members
from xinglin.fhir.r4.elements import TYPES

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
# Said of the resource as a whole, or changing what the rest means: never left out.
ALWAYS: Final = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})
SUMMARIES: Final = frozenset({"true", "text", "data"})  # count is the search's affair, false means all


def subset(document: dict[str, Any], *, summary: str | None = None, elements: Collection[str] = ()) -> dict[str, Any]:
    """Give a copy of *document* with the elements asked for, tagged SUBSETTED; the same when nothing is left out.

    summary: the value of `_summary`. elements: names of `_elements`, bare or led by the type (`Patient.name`); those
    of other types do not count. Mandatory elements stay at every level.
    """
    name = document["resourceType"]
    if elements:
        wanted = _wanted(name, elements)
        made = _filtered(document, name, lambda element: element.name in wanted or element.min > 0)
    elif summary == "true":
        made = _summarised(document, name)
    elif summary == "text":
        made = _filtered(document, name, lambda element: element.name == "text" or element.min > 0)
    elif summary == "data":
        made = {member: value for member, value in document.items() if member != "text"}
    else:
        return document
    return _tagged(made)


def _wanted(name: str, elements: Collection[str]) -> frozenset[str]:
    """Names of top-level elements; a path deeper down asks for the element it begins with."""
    found = set()
    for path in elements:
        steps = path.split(".")
        if steps[0] == name:
            steps = steps[1:]
        elif steps[0] in TYPES:
            continue
        found.update(steps[:1])
    return frozenset(found)


def _filtered(document: dict[str, Any], name: str, keep: Callable[[Element], bool]) -> dict[str, Any]:
    known = members(name)
    return {
        member: value
        for member, value in document.items()
        if member in ALWAYS or ((found := known.get(member.removeprefix("_"))) is not None and keep(found[0]))
    }


@cache
def _kept(name: str) -> frozenset[str]:
    """Members of a type that belong to its summary, or must stand."""
    return frozenset(member for member, (element, _) in members(name).items() if element.summary or element.min)


def _summarised(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Keep what the definition marks as summary, in what is kept as well."""
    kept, known = _kept(name), members(name)
    made: dict[str, Any] = {}
    for member, held in value.items():
        bare = member.removeprefix("_")
        if member in ALWAYS or (name == "Meta" and bare in known):
            made[member] = held
        elif bare in kept:
            kind = known[bare][1]
            smaller = held if member != bare or is_primitive(kind) else _summary_of(held, kind)
            made[member] = smaller or held  # an element of no summary of its own stays whole
    return made


def _summary_of(held: Any, kind: str) -> Any:
    if isinstance(held, list):
        return [_summary_of(one, kind) or one for one in held]
    return _summarised(held, held["resourceType"] if kind == "Resource" else kind)


def _tagged(document: dict[str, Any]) -> dict[str, Any]:
    meta = document.get("meta", {})
    tags = meta.get("tag", [])
    if any((tag.get("system"), tag.get("code")) == (SUBSETTED["system"], SUBSETTED["code"]) for tag in tags):
        return document
    tagged = {**meta, "tag": [*tags, dict(SUBSETTED)]}
    if "meta" in document:
        return {**document, "meta": tagged}
    head: dict[str, Any] = {member: document[member] for member in ("resourceType", "id") if member in document}
    return {**head, "meta": tagged, **{k: v for k, v in document.items() if k not in head}}
