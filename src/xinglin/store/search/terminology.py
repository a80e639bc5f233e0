"""Value sets and code hierarchies for ``:in``, ``:not-in``, ``:above`` and ``:below``.

`Expander` is what search asks; `StoredTerminology` answers from the ValueSet and CodeSystem resources in the store, and
from the value sets that R4 binds as required. Definitions are public knowledge, so no reach applies to them here.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from xinglin.fhir.r4.valuesets import CODES, CODINGS
from xinglin.fhir.search import catalog, keys
from xinglin.store.executor import ROW_COLUMNS, Executor

Codes = list[tuple[str, str]]
MOST_NESTED = 5


class Expander(Protocol):
    """What search has to know of terminology; every answer is None when the value set or code system is not known."""

    async def expand(self, url: str) -> Codes | None:
        """Give the (system, code) pairs of a value set, by its address with or without a version."""

    async def descendants(self, system: str, code: str) -> Codes | None:
        """Give a code and everything below it."""

    async def ancestors(self, system: str, code: str) -> Codes | None:
        """Give a code and everything above it."""


class StoredTerminology:
    """Terminology from the resources in the store."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def expand(self, url: str) -> Codes | None:
        """Give the codes of a value set."""
        return await self._expand(url, 0)

    async def descendants(self, system: str, code: str) -> Codes | None:
        """Give a code and everything below it in its code system."""
        parents = await self._parents(system)
        return None if parents is None else [(system, found) for found in below(parents, code)]

    async def ancestors(self, system: str, code: str) -> Codes | None:
        """Give a code and everything above it in its code system."""
        parents = await self._parents(system)
        return None if parents is None else [(system, found) for found in above(parents, code)]

    async def _expand(self, url: str, nested: int) -> Codes | None:
        document = await self._find("ValueSet", url)
        if document is None:
            return _bound(url.split("|", 1)[0])
        compose = document.get("compose")
        if compose is None:
            return _contained(document.get("expansion", {}).get("contains", []))
        found: dict[tuple[str, str], None] = {}
        for part in compose.get("include", []):
            codes = await self._part(part, nested)
            if codes is None:
                return None
            found.update(dict.fromkeys(codes))
        for part in compose.get("exclude", []):
            codes = await self._part(part, nested)
            if codes is None:
                return None
            for code in codes:
                found.pop(code, None)
        return list(found)

    async def _part(self, part: Mapping[str, Any], nested: int) -> Codes | None:
        """Give the codes of one include or exclude: the intersection of its system and its value sets."""
        sets: list[Codes] = []
        if "system" in part:
            codes = await self._of_system(part)
            if codes is None:
                return None
            sets.append(codes)
        for url in part.get("valueSet", []):
            codes = await self._expand(url, nested + 1) if nested < MOST_NESTED else None
            if codes is None:
                return None
            sets.append(codes)
        if not sets:
            return []
        first, *others = sets
        return [code for code in first if all(code in other for other in map(frozenset, others))]

    async def _of_system(self, part: Mapping[str, Any]) -> Codes | None:
        system = part["system"]
        if "concept" in part:
            return [(system, concept["code"]) for concept in part["concept"]]
        parents = await self._parents(system)
        if parents is None:
            return None
        found = set(parents)
        for rule in part.get("filter", []):
            if rule.get("property") not in {"concept", "code"}:
                return None
            match rule.get("op"):
                case "is-a":
                    found &= set(below(parents, rule["value"]))
                case "descendent-of":
                    found &= set(below(parents, rule["value"])) - {rule["value"]}
                case "is-not-a":
                    found -= set(below(parents, rule["value"]))
                case "in":
                    found &= set(rule["value"].split(","))
                case "=":
                    found &= {rule["value"]}
                case _:
                    return None
        return [(system, code) for code in sorted(found)]

    async def _parents(self, system: str) -> dict[str, set[str]] | None:
        """Give each code of a code system with its direct parents; None when the store does not have all its codes."""
        document = await self._find("CodeSystem", system)
        if document is None or document.get("content") not in {"complete", "fragment"}:
            return None
        parents: dict[str, set[str]] = {}
        _gather(document.get("concept", []), None, parents)
        return parents

    async def _find(self, resource_type: str, url: str) -> dict[str, Any] | None:
        """Find a canonical resource by its address; the newest of several versions."""
        address, _, version = url.partition("|")
        records = await self._executor.fetch(
            f"SELECT {ROW_COLUMNS} FROM res r WHERE r.rid IN (SELECT x.rid FROM ix x WHERE x.key = $1::int8)"
            " AND NOT r.deleted ORDER BY r.ts DESC, r.rid LIMIT 100",
            keys.key_of(resource_type, "url", address),
        )
        for row in await self._executor.rows(records):
            document: dict[str, Any] = msgspec.json.decode(row.body())
            if not version or document.get("version") == version:
                return document
        return None


def _bound(url: str) -> Codes | None:
    """Give the codes of a value set that R4 binds as required."""
    if url in CODINGS:
        return sorted(CODINGS[url])
    if url in CODES:
        return [(system, code) for system in sorted(catalog.systems_of(url)) for code in sorted(CODES[url])]
    return None


def _gather(concepts: list[dict[str, Any]], parent: str | None, parents: dict[str, set[str]]) -> None:
    """Enter concepts by nesting and by the properties that name parents and children."""
    stack: list[tuple[dict[str, Any], str | None]] = [(concept, parent) for concept in concepts]
    while stack:
        concept, above_it = stack.pop()
        code = concept["code"]
        own = parents.setdefault(code, set())
        if above_it is not None:
            own.add(above_it)
        for property_ in concept.get("property", []):
            other = property_.get("valueCode") or property_.get("valueString")
            if property_.get("code") in {"parent", "subsumedBy"} and other:
                own.add(other)
            elif property_.get("code") == "child" and other:
                parents.setdefault(other, set()).add(code)
        stack += [(inner, code) for inner in concept.get("concept", [])]


def _contained(contains: list[dict[str, Any]]) -> Codes:
    found: Codes = []
    stack = list(contains)
    while stack:
        one = stack.pop()
        if "code" in one and not one.get("abstract", False):
            found.append((one.get("system", ""), one["code"]))
        stack += one.get("contains", [])
    return found


def above(parents: Mapping[str, set[str]], code: str) -> list[str]:
    """Give a code and its ancestors; of an unknown code only itself."""
    found: dict[str, None] = {}
    stack = [code]
    while stack:
        one = stack.pop()
        if one not in found:
            found[one] = None
            stack += sorted(parents.get(one, ()))
    return list(found)


def below(parents: Mapping[str, set[str]], code: str) -> list[str]:
    """Give a code and its descendants; of an unknown code only itself."""
    children: dict[str, list[str]] = {}
    for child, its in parents.items():
        for parent in its:
            children.setdefault(parent, []).append(child)
    found: dict[str, None] = {}
    stack = [code]
    while stack:
        one = stack.pop()
        if one not in found:
            found[one] = None
            stack += children.get(one, ())
    return list(found)
