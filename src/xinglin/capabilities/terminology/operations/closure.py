"""$closure: a table of "stands above" that a client maintains for the codes it uses."""

from typing import Any

from xinglin.capabilities.terminology.contract import Close
from xinglin.capabilities.terminology.operations.given import made
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import ConceptMap
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology import closures


async def closure(work: UnitOfWork, given: Close) -> ConceptMap:
    """Begin, extend or replay a closure of the caller; the map holds what is new in it."""
    if not given.name.strip():
        raise OutcomeError(Issue("required", "name-missing", "name", "Name the closure."))
    owner = work.principal.id
    if given.concept and given.version:
        raise OutcomeError(Issue("invalid", "concept-and-version", "version", "Send concepts or a version, not both."))
    if given.version:
        if not given.version.isdecimal() or len(given.version) > 9:
            raise OutcomeError(Issue("value", "version", "version", "A version is the number that an answer gave."))
        now = await closures.version_of(work.executor, owner, given.name)
        return _map(
            work, given.name, now, await closures.relations(work.executor, owner, given.name, int(given.version))
        )
    if not given.concept:
        await closures.begin(work.executor, owner, given.name)
        return _map(work, given.name, 0, [])
    pairs = [(one.system or "", one.code or "") for one in given.concept]
    if any(not system or not code for system, code in pairs):
        raise OutcomeError(Issue("required", "coding", "concept", "A concept has a system and a code."))
    version = await closures.add(work.executor, owner, given.name, pairs)
    return _map(work, given.name, version, await closures.relations(work.executor, owner, given.name, version - 1))


def _map(work: UnitOfWork, name: str, version: int, relations: list[tuple[str, str, str]]) -> ConceptMap:
    groups: dict[str, dict[str, list[dict[str, str]]]] = {}
    for system, code, above in relations:
        targets = groups.setdefault(system, {}).setdefault(code, [])
        # The target stands above the source, so the source specializes it (R4: subsumes is of the target).
        targets.append({"code": above, "equivalence": "subsumes"})
    document: dict[str, Any] = {
        "resourceType": "ConceptMap",
        "version": str(version),
        "name": name,
        "status": "active",
        "experimental": True,
        "date": work.now.isoformat(timespec="seconds"),
    }
    if groups:
        document["group"] = [
            {
                "source": system,
                "target": system,
                "element": [{"code": code, "target": targets} for code, targets in elements.items()],
            }
            for system, elements in groups.items()
        ]
    return made(document, ConceptMap)
