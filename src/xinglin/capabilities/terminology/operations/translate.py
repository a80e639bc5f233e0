"""ConceptMap/$translate: what a code is in another system."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.terminology.contract import Translate
from xinglin.capabilities.terminology.operations.given import codings, definition, parameters
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Parameters
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.checking import Coded

# What makes a match no translation.
UNMATCHED: Final = frozenset({"unmatched", "disjoint"})
# An equivalence told from the other side.
REVERSED: Final = {"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}
MOST_MAPS: Final = 100


@cites("CD-22")
async def translate(work: UnitOfWork, given: Translate) -> Parameters:
    """Give every match of every map that fits; ``result`` is true when one of them is a translation."""
    asked = codings(given.code, given.system, "", given.version, given.coding, given.codeable_concept)
    document = await definition(
        work,
        "ConceptMap",
        id=given.id,
        url=given.url,
        version=given.concept_map_version,
        value=given.concept_map,
    )
    maps = [document] if document is not None else await _fitting(work, given, asked)
    parts = [part for one in asked for each in maps for part in _matches(each, one, given)]
    matched = any(part["part"][0]["valueCode"] not in UNMATCHED for part in parts)
    answer: list[dict[str, Any]] = [{"name": "result", "valueBoolean": matched}]
    if not matched:
        codes = ", ".join(f"{one.system}|{one.code}"[:200] for one in asked)
        answer.append({"name": "message", "valueString": f"No map translates {codes}."})
    return parameters([*answer, *parts])


async def _fitting(work: UnitOfWork, given: Translate, asked: Sequence[Coded]) -> list[dict[str, Any]]:
    """Find the maps of the source's system; OutcomeError 400 when nothing says where to."""
    systems = sorted({one.system for one in asked if one.system})
    if not systems:
        raise OutcomeError(Issue("required", "system-missing", "system", "Say the system of the code, or the map."))
    side = "target-system" if given.reverse else "source-system"
    page = await work.fhir.find("ConceptMap", **{side: ",".join(map(_escaped, systems)), "_count": str(MOST_MAPS)})
    found = [document_of(row.body()) for row in page.matches]
    wanted = (given.source, given.target)
    return [one for one in found if all(_is_side(one, name, url) for name, url in zip(_SIDES, wanted, strict=True))]


_SIDES: Final = (("sourceUri", "sourceCanonical"), ("targetUri", "targetCanonical"))


def _is_side(document: Mapping[str, Any], names: tuple[str, str], url: str) -> bool:
    return not url or url in {document.get(name) for name in names}


def _matches(document: Mapping[str, Any], asked: Coded, given: Translate) -> Iterator[dict[str, Any]]:
    for group in document.get("group", ()):
        near, far = (group.get("source", ""), group.get("target", ""))
        if given.reverse:
            near, far = far, near
        if (asked.system and asked.system != near) or (given.targetsystem and given.targetsystem != far):
            continue
        if given.reverse:
            yield from _backwards(document, group, asked.code)
        else:
            yield from _forwards(document, group, asked.code)


def _forwards(document: Mapping[str, Any], group: Mapping[str, Any], code: str) -> Iterator[dict[str, Any]]:
    found = False
    for element in group.get("element", ()):
        if element.get("code") == code:
            found = True
            for target in element.get("target", ()):
                yield _match(document, group.get("target", ""), target, target.get("equivalence", "equivalent"))
    unmapped = group.get("unmapped")
    if not found and unmapped:
        if unmapped.get("mode") == "provided":
            yield _match(document, group.get("target", ""), {"code": code}, "equivalent")
        elif unmapped.get("mode") == "fixed":
            yield _match(document, group.get("target", ""), unmapped, "inexact")


def _backwards(document: Mapping[str, Any], group: Mapping[str, Any], code: str) -> Iterator[dict[str, Any]]:
    for element in group.get("element", ()):
        for target in element.get("target", ()):
            if target.get("code") == code:
                equivalence = target.get("equivalence", "equivalent")
                yield _match(document, group.get("source", ""), element, REVERSED.get(equivalence, equivalence))


def _match(document: Mapping[str, Any], system: str, said: Mapping[str, Any], equivalence: str) -> dict[str, Any]:
    concept = {"system": system} if system else {}
    concept |= {name: said[name] for name in ("code", "display") if name in said}
    parts: list[dict[str, Any]] = [{"name": "equivalence", "valueCode": equivalence}]
    if "code" in said:
        parts.append({"name": "concept", "valueCoding": concept})
    if document.get("url"):
        parts.append({"name": "source", "valueUri": document["url"]})
    return {"name": "match", "part": parts}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")
