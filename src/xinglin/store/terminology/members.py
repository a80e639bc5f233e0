"""What a value set holds, as a condition over the table of concepts, so that no expansion stands in memory.

`members` reads ValueSet.compose (http://hl7.org/fhir/R4/valueset.html#compositions): includes and excludes, of a whole
system, of codes, by filters, of other value sets, or of all of these at once. Codes of systems that have no concepts
here are `loose`: they are as the value set lists them, or as R4 binds them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.valuesets import CODES, CODINGS
from xinglin.fhir.search import catalog, keys
from xinglin.store.executor import ROW_COLUMNS, Executor
from xinglin.store.terminology.concepts import Add
from xinglin.store.terminology.systems import System, system_of

MOST_NESTED: Final = 8
LONGEST_PATTERN: Final = 200
IMPLICIT: Final = "?fhir_vs"

Codings = dict[tuple[str, str], str]  # (system, code) → display


@dataclass(slots=True)
class Members:
    """What a value set holds: concepts ``c`` that meet *condition* with the arguments of *add*, and *loose* codes."""

    add: Add = field(default_factory=Add)
    condition: str = "false"
    loose: Codings = field(default_factory=dict)
    systems: dict[int, System] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which versions count: those of a day, or those that are named (address → version)."""

    on: date | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    condition: str
    loose: Codings


_NOTHING: Final = _Part("false", {})


async def members(executor: Executor, value_set: Mapping[str, Any], choice: Choice | None = None) -> Members:
    """Read a value set; OutcomeError 404 when it names a system or value set that is not known here."""
    reader = _Reader(executor, choice or Choice())
    part = await reader.value_set(value_set, 0)
    return Members(reader.add, part.condition, part.loose, reader.systems)


async def value_set(executor: Executor, url: str, version: str | None = None) -> dict[str, Any]:
    """Find a value set by its address (``url|version`` too): a resource, one that R4 binds, or a whole system.

    ``SYSTEM?fhir_vs`` holds all of a code system, ``SYSTEM?fhir_vs=isa/CODE`` a code and what is below it. OutcomeError
    404 when nothing here has the address.
    """
    address, _, said = url.partition("|")
    found = await resource(executor, "ValueSet", address, version or said)
    if found is not None:
        return found
    system, mark, rest = address.partition(IMPLICIT)
    if mark and await system_of(executor, system) is not None:
        include: dict[str, Any] = {"system": system}
        if rest.startswith("=isa/"):
            include["filter"] = [{"property": "concept", "op": "is-a", "value": rest.removeprefix("=isa/")}]
        return {"resourceType": "ValueSet", "url": address, "status": "active", "compose": {"include": [include]}}
    listed = bound(address)
    if listed is None:
        text = f"The value set {url[:200]} is not known here."
        raise OutcomeError(Issue("not-found", "value-set-unknown", "url", text))
    include_ = [
        {"system": one, "concept": [{"code": code} for s, code in listed if s == one]}
        for one in dict.fromkeys(s for s, _ in listed)
    ]
    return {"resourceType": "ValueSet", "url": address, "status": "active", "compose": {"include": include_}}


async def resource(executor: Executor, type: str, url: str, version: str = "") -> dict[str, Any] | None:
    """Find a canonical resource by its address; the newest of several, or the one of a version."""
    records = await executor.fetch(
        f"SELECT {ROW_COLUMNS} FROM res r WHERE r.rid IN (SELECT x.rid FROM ix x WHERE x.key = $1::int8)"
        " AND NOT r.deleted ORDER BY r.ts DESC, r.rid LIMIT 100",
        keys.key_of(type, "url", url),
    )
    for row in await executor.rows(records):
        document: dict[str, Any] = msgspec.json.decode(row.body())
        if not version or document.get("version") == version:
            return document
    return None


def bound(url: str) -> list[tuple[str, str]] | None:
    """Give the codes of a value set that R4 binds as required; None when it binds none of that address."""
    if url in CODINGS:
        return sorted(CODINGS[url])
    if url in CODES:
        return [(system, code) for system in sorted(catalog.systems_of(url)) for code in sorted(CODES[url])]
    return None


@cache
def bound_systems() -> Mapping[str, frozenset[str]]:
    """Give the codes of R4's own systems, as far as required bindings name them."""
    found: dict[str, set[str]] = {}
    for url in (*CODES, *CODINGS):
        for system, code in bound(url) or ():
            found.setdefault(system, set()).add(code)
    return {system: frozenset(codes) for system, codes in found.items()}


class _Reader:
    def __init__(self, executor: Executor, choice: Choice) -> None:
        self.add = Add()
        self.systems: dict[int, System] = {}
        self._executor = executor
        self._choice = choice

    async def value_set(self, document: Mapping[str, Any], nested: int) -> _Part:
        if nested > MOST_NESTED:
            text = f"Value sets stand in each other more than {MOST_NESTED} deep, or in a circle."
            raise OutcomeError(Issue("too-costly", "nested-too-deep", "ValueSet.compose", text))
        compose = document.get("compose")
        if compose is None:
            return await self._listed(_contained(document.get("expansion", {}).get("contains", ())))
        parts = [await self._include(part, nested) for part in compose.get("include", ())]
        without = [await self._include(part, nested) for part in compose.get("exclude", ())]
        loose = {key: name for part in parts for key, name in part.loose.items()}
        for part in without:
            for key in part.loose:
                loose.pop(key, None)
        condition = _any(part.condition for part in parts)
        if without and condition != "false":
            condition = f"({condition} AND NOT {_any(part.condition for part in without)})"
        return _Part(condition, loose)

    async def _include(self, part: Mapping[str, Any], nested: int) -> _Part:
        """Read one include or exclude: what its system and all its value sets have in common."""
        each: list[_Part] = []
        if "system" in part:
            each.append(await self._of_system(part))
        nested_sets = [await value_set(self._executor, url) for url in part.get("valueSet", ())]
        each += [await self.value_set(one, nested + 1) for one in nested_sets]
        if not each:
            return _NOTHING
        first, *others = each
        loose = {key: name for key, name in first.loose.items() if all(key in other.loose for other in others)}
        conditions = [one.condition for one in each]
        return _Part("false" if "false" in conditions else f"({' AND '.join(conditions)})", loose)

    async def _of_system(self, part: Mapping[str, Any]) -> _Part:
        url = part["system"]
        version = self._choice.versions.get(url) or part.get("version")
        system = await system_of(self._executor, url, version, on=self._choice.on)
        listed = {(url, one["code"]): one.get("display", "") for one in part.get("concept", ())}
        if system is None or (not system.concepts and not system.complete):
            if listed:
                return _Part("false", listed)
            if url in bound_systems() and not part.get("filter"):
                return _Part("false", {(url, code): "" for code in sorted(bound_systems()[url])})
            text = f"The code system {url[:200]}{'|' + version if version else ''} is not known here."
            raise OutcomeError(Issue("not-found", "system-unknown", "ValueSet.compose.include.system", text))
        self.systems[system.sid] = system
        sid = self.add(system.sid)
        conditions = [f"c.sid = {sid}::int8"]
        if listed:
            conditions.append(f"c.code = ANY ({self.add([code for _, code in listed])}::text[])")
        conditions += [self._filter(sid, rule) for rule in part.get("filter", ())]
        return _Part(f"({' AND '.join(conditions)})", {})

    async def _listed(self, codings: Codings) -> _Part:
        """Take the codes of an expansion: of systems that stand here from the table, the others as they are."""
        each: dict[str, Codings] = {}
        for (system, code), name in codings.items():
            each.setdefault(system, {})[system, code] = name
        parts = [
            await self._of_system(
                {"system": url, "concept": [{"code": code, "display": name} for (_, code), name in one.items()]}
            )
            for url, one in each.items()
        ]
        return _Part(_any(p.condition for p in parts), {k: n for p in parts for k, n in p.loose.items()})

    def _filter(self, sid: str, rule: Mapping[str, Any]) -> str:
        """Read one filter (http://hl7.org/fhir/R4/valueset-filter-operator.html)."""
        name, op, value = rule.get("property", ""), rule.get("op", ""), str(rule.get("value", ""))
        match op:
            case "is-a" | "descendent-of" | "is-not-a" | "generalizes":
                return self._family(sid, op, self.add(value))
            case "=":
                return self._equal(name, [value])
            case "in" | "not-in":
                within = self._equal(name, [one.strip() for one in value.split(",")])
                return within if op == "in" else f"NOT {within}"
            case "regex":
                return self._pattern(name, value)
            case "exists":
                there = self._has(name, "true")
                return there if value == "true" else f"NOT {there}"
            case _:
                text = f"There is no filter {op[:40]!r}."
                raise OutcomeError(Issue("not-supported", "filter-unknown", "ValueSet.compose.include.filter.op", text))

    @staticmethod
    def _family(sid: str, op: str, code: str) -> str:
        below = f"c.code IN (SELECT b.code FROM concept_below b WHERE b.sid = {sid}::int8 AND b.ancestor = {code})"
        above = f"c.code IN (SELECT b.ancestor FROM concept_below b WHERE b.sid = {sid}::int8 AND b.code = {code})"
        return {
            "is-a": f"(c.code = {code} OR {below})",
            "descendent-of": below,
            "is-not-a": f"NOT (c.code = {code} OR {below})",
            "generalizes": f"(c.code = {code} OR {above})",
        }[op]

    def _equal(self, name: str, values: Sequence[str]) -> str:
        given = f"{self.add(list(values))}::text[]"
        match name:
            case "concept" | "code":
                return f"c.code = ANY ({given})"
            case "display":
                return f"c.display = ANY ({given})"
            case "parent":
                return f"c.parents && {given}"
            case "child":
                above = f"SELECT unnest(p.parents) FROM concept p WHERE p.sid = c.sid AND p.code = ANY ({given})"
                return f"c.code IN ({above})"
            case _:
                return self._has(name, f"{_VALUE} = ANY ({given})")

    def _pattern(self, name: str, value: str) -> str:
        try:
            re.compile(value)
        except re.error as fault:
            text = f"The pattern {value[:80]!r} cannot be read: {fault}."
            raise OutcomeError(Issue("value", "pattern", "ValueSet.compose.include.filter.value", text)) from None
        if len(value) > LONGEST_PATTERN:
            text = f"A pattern has at most {LONGEST_PATTERN} characters."
            raise OutcomeError(Issue("too-costly", "pattern-long", "ValueSet.compose.include.filter.value", text))
        given = self.add(f"^(?:{value})$")
        match name:
            case "concept" | "code":
                return f"c.code ~ {given}"
            case "display":
                return f"c.display ~ {given}"
            case _:
                return self._has(name, f"{_VALUE} ~ {given}")

    def _has(self, name: str, condition: str) -> str:
        return (
            f"EXISTS (SELECT FROM jsonb_array_elements(c.properties) AS p WHERE p ->> 'code' = {self.add(name)}"
            f" AND {condition})"
        )


_VALUE: Final = (
    "coalesce(p ->> 'valueCode', p ->> 'valueString', p ->> 'valueBoolean', p ->> 'valueInteger', p ->> 'valueDecimal',"
    " p ->> 'valueDateTime', p -> 'valueCoding' ->> 'code')"
)


def _any(conditions: Any) -> str:
    some = [one for one in conditions if one != "false"]
    return f"({' OR '.join(some)})" if some else "false"


def _contained(contains: Sequence[Mapping[str, Any]]) -> Codings:
    found: Codings = {}
    stack = list(contains)
    while stack:
        one = stack.pop(0)
        if "code" in one and not one.get("abstract", False):
            found[one.get("system", ""), one["code"]] = one.get("display", "")
        stack[:0] = one.get("contains", ())
    return found
