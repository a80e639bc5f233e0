"""What stands in the cells of a list: small readers of FHIR JSON, for `web.listing.Column`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xinglin.fhir.declarations import Text
from xinglin.web import brief
from xinglin.web.format import moment, said
from xinglin.web.listing import Cell, Found

Say = Callable[[Found], Cell | str]


def at(document: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path of members, taking the first of each array; None where it ends early."""
    value: Any = document
    for member in path.split("."):
        value = value[0] if isinstance(value, Sequence) and not isinstance(value, str) and value else value
        value = value.get(member) if isinstance(value, Mapping) else None
    return value


def words(path: str) -> Say:
    """Say what stands at *path*, of any data type."""
    return lambda found: brief.brief(at(found.document, path), found.language)


def coded(path: str) -> Say:
    """Say a CodeableConcept or Coding at *path*."""
    return words(path)


def when(path: str) -> Say:
    """Say the date or instant at *path*, in the region's time."""
    return lambda found: moment(str(at(found.document, path) or ""))


def name() -> Say:
    """Name the person or place that a row is."""
    return lambda found: named(found.document)


def person(member: str) -> Say:
    """Name whom the reference in *member* points to: as brought along, else by its display."""

    def say(found: Found) -> str:
        return named(found.follow(member)) or str(at(found.document, f"{member}.display") or "")

    return say


def state(path: str, words: Mapping[str, tuple[Text, str]]) -> Say:
    """Say a code at *path* as a state: code → (text, tone); a code without words is said as it is."""

    def say(found: Found) -> Cell:
        code = str(at(found.document, path) or "")
        if code not in words:
            return Cell(code, "neutral")
        text, tone = words[code]
        return Cell(said(text, found.language), tone)

    return say


def named(resource: Mapping[str, Any]) -> str:
    """Name a person (HumanName) or a place (text); empty for nobody."""
    given = resource.get("name")
    if isinstance(given, str):
        return given
    names = [one for one in given or () if isinstance(one, Mapping)]
    usual = next((one for one in names if one.get("use") in {"official", "usual"}), names[0] if names else None)
    return brief.name(usual) if usual else ""
