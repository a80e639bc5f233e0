"""Random searches, as text and as a slow function over documents."""

import random  # noqa: TID251  seeded: every run asks the same
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from tests.oracle.values import COMPARTMENT, REFERENCES, STRINGS, TARGETS, TOKENS, TYPES, Document, person, pointing

# the documents of a type that somebody may find
Seen = Callable[[str], Iterable[Document]]
Holds = Callable[[Document, Seen], bool]


@dataclass(frozen=True)
class Condition:
    """One parameter: its name and value, and what it means; touches: the (type, parameter) pairs it looks at."""

    name: str
    value: str
    holds: Holds
    touches: frozenset[tuple[str, str]]

    @property
    def text(self) -> str:
        return f"{quote(self.name, safe=':.-_')}={quote(self.value, safe='/:|,-_.')}"


@dataclass(frozen=True)
class Search:
    """A search: what it asks, what it includes (forwards, backwards, repeated), and how it is read."""

    type: str
    conditions: tuple[Condition, ...]
    includes: tuple[tuple[str, str, str, str], ...] = ()  # (_include | _revinclude, source, parameter, modifier)
    sorted: str = ""
    count: int | None = None
    summary: bool = False
    total: bool = False
    compartment: str = ""
    touches: frozenset[tuple[str, str]] = field(default=frozenset())

    @property
    def parameters(self) -> str:
        parts = [one.text for one in self.conditions]
        parts += [f"{way}{more}={source}:{code}" for way, source, code, more in self.includes]
        parts += [f"_sort={self.sorted}"] if self.sorted else []
        parts += [f"_count={self.count}"] if self.count is not None else []
        parts += ["_summary=count"] if self.summary else []
        parts += ["_total=accurate"] if self.total else []
        return "&".join(parts)

    @property
    def path(self) -> str:
        return f"{self.compartment}/{self.type}" if self.compartment else self.type

    @property
    def text(self) -> str:
        return self.path + (f"?{self.parameters}" if self.parameters else "")

    def matches(self, seen: Seen) -> list[Document]:
        """Every document that is found, in order of ids when sorted by them."""
        found = [
            one for one in seen(self.type) if self._within(one) and all(c.holds(one, seen) for c in self.conditions)
        ]
        found.sort(key=lambda one: str(one["id"]), reverse=self.sorted.startswith("-"))
        return found

    def _within(self, document: Document) -> bool:
        return not self.compartment or person(self.compartment) in members(document)

    def included(self, matches: Iterable[Document], seen: Seen) -> set[str]:
        """References of what a page of matches brings along, without the matches themselves."""
        page = {name_of(one): one for one in matches}
        known = dict(page)
        fresh = list(page.values())
        first = True
        while fresh:
            found: dict[str, Document] = {}
            for way, source, code, more in self.includes:
                if first or more:
                    found |= _joined(way, source, code, fresh, seen)
            first = False
            fresh = [one for name, one in found.items() if name not in known]
            known |= found
        return set(known) - set(page)


def members(document: Document) -> set[str]:
    """The patients whose compartments a document belongs to: every place that R4 names."""
    found = pointing(*COMPARTMENT.get(document["resourceType"], ()), to=("Patient",))(document)
    return {person(str(one)) for one in found}


def name_of(document: Document) -> str:
    return f"{document['resourceType']}/{document['id']}"


def _joined(way: str, source: str, code: str, around: Iterable[Document], seen: Seen) -> dict[str, Document]:
    refers = REFERENCES[source][code]
    if way == "_include":
        wanted = {ref for one in around if one["resourceType"] == source for ref in refers(one)}
        types = {str(ref).split("/")[0] for ref in wanted}
        return {name_of(one): one for type in types if type in TYPES for one in seen(type) if name_of(one) in wanted}
    names = {person(name_of(one)) for one in around}
    return {name_of(one): one for one in seen(source) if names & {person(str(ref)) for ref in refers(one)}}


def condition(chance: random.Random, type: str, every: "Everything", depth: int = 0) -> Condition:
    """A random condition on a type; chains and _has go at most two links deep."""
    ways: list[Callable[[], Condition]] = [lambda: _by_id(chance, type, every)]
    if TOKENS.get(type):
        ways += [lambda: _token(chance, type, every)] * 3
    if STRINGS.get(type):
        ways.append(lambda: _string(chance, type))
    if REFERENCES[type]:
        ways += [lambda: _reference(chance, type, every)] * 2
        if depth < 2:
            ways += [lambda: _chain(chance, type, every, depth)] * 2
    if depth < 2 and POINTING[type]:
        ways += [lambda: _has(chance, type, every, depth)] * 2
    return chance.choice(ways)()


class Everything:
    """What there is to ask for: ids and values that occur."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.ids: dict[str, list[str]] = {type: [] for type in TYPES}
        self.tokens: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.references: dict[tuple[str, str], list[str]] = {}
        for one in documents:
            type = one["resourceType"]
            self.ids[type].append(one["id"])
            for code, find in TOKENS.get(type, {}).items():
                self.tokens.setdefault((type, code), []).extend(v for v in find(one) if isinstance(v, tuple))
            for code, refers in REFERENCES[type].items():
                self.references.setdefault((type, code), []).extend(str(v) for v in refers(one))


def _by_id(chance: random.Random, type: str, every: Everything) -> Condition:
    wanted = {chance.choice(every.ids[type] or ["nobody"]) for _ in range(chance.randint(1, 3))} | {"nowhere"}
    return Condition("_id", ",".join(sorted(wanted)), lambda one, _: one["id"] in wanted, frozenset({(type, "_id")}))


def _token(chance: random.Random, type: str, every: Everything) -> Condition:
    code = chance.choice(list(TOKENS[type]))
    find = TOKENS[type][code]
    system, value = chance.choice(every.tokens.get((type, code)) or [("", "none")])
    touches = frozenset({(type, code)})
    kind = chance.randrange(4)
    if kind == 0:
        return Condition(f"{code}:not", value, lambda one, _: all(v[1] != value for v in find(one)), touches)
    if kind == 1:
        told = chance.choice(["true", "false"])
        return Condition(f"{code}:missing", told, lambda one, _: bool(find(one)) == (told == "false"), touches)
    if kind == 2 and system:
        return Condition(code, f"{system}|{value}", lambda one, _: (system, value) in find(one), touches)
    return Condition(code, value, lambda one, _: any(v[1] == value for v in find(one)), touches)


def _string(chance: random.Random, type: str) -> Condition:
    code, find = next(iter(STRINGS[type].items()))
    value = chance.choice(["li", "wa", "zh", "q"])
    return Condition(
        code, value, lambda one, _: any(str(v).startswith(value) for v in find(one)), frozenset({(type, code)})
    )


def _reference(chance: random.Random, type: str, every: Everything) -> Condition:
    code = chance.choice(list(REFERENCES[type]))
    find = REFERENCES[type][code]
    value = chance.choice(every.references.get((type, code)) or ["Patient/nobody"])
    touches = frozenset({(type, code)})
    if chance.random() < 0.15:
        return Condition(f"{code}:missing", "true", lambda one, _: not find(one), touches)
    return Condition(code, value, lambda one, _: person(value) in {person(str(ref)) for ref in find(one)}, touches)


def _chain(chance: random.Random, type: str, every: Everything, depth: int) -> Condition:
    code = chance.choice(list(REFERENCES[type]))
    find = REFERENCES[type][code]
    target = chance.choice(TARGETS[type, code])
    inner = condition(chance, target, every, depth + 1)

    def holds(one: Document, seen: Seen) -> bool:
        wanted = {person(str(ref)) for ref in find(one)}
        return any(person(name_of(other)) in wanted and inner.holds(other, seen) for other in seen(target))

    touches = inner.touches | {(type, code)}
    return Condition(f"{code}:{target}.{inner.name}", inner.value, holds, touches)


def _has(chance: random.Random, type: str, every: Everything, depth: int) -> Condition:
    source, code = chance.choice(POINTING[type])
    find = REFERENCES[source][code]
    inner = condition(chance, source, every, depth + 1)

    def holds(one: Document, seen: Seen) -> bool:
        name = person(name_of(one))
        return any(
            name in {person(str(ref)) for ref in find(other)} and inner.holds(other, seen) for other in seen(source)
        )

    touches = inner.touches | {(source, code)}
    return Condition(f"_has:{source}:{code}:{inner.name}", inner.value, holds, touches)


# type → the (source, parameter) pairs that may point to it
POINTING: Final[dict[str, list[tuple[str, str]]]] = {
    type: [place for place, targets in TARGETS.items() if type in targets] for type in TYPES
}


def search(chance: random.Random, every: Everything) -> Search:
    """A random search."""
    type = chance.choice([*TYPES, "Observation", "Observation", "Condition", "Patient", "Patient"])
    conditions = tuple(condition(chance, type, every) for _ in range(chance.choice([0, 1, 1, 2])))
    includes = []
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        more = chance.choice(["", ":iterate"])
        if REFERENCES[type] and chance.random() < 0.6:
            includes.append(("_include", type, chance.choice(list(REFERENCES[type])), more))
        elif POINTING[type]:
            source, code = chance.choice(POINTING[type])
            includes.append(("_revinclude", source, code, more))
    compartment = ""
    if "patient" in REFERENCES[type] and type not in {"Task", "Appointment"} and chance.random() < 0.1:
        compartment = f"Patient/{chance.choice(every.ids['Patient'])}"
    return Search(
        type,
        conditions,
        tuple(includes),
        sorted=chance.choice(["_id", "_id", "-_id"]),
        count=chance.choice([None, None, 1, 2, 5, 100]),
        summary=not includes and chance.random() < 0.1,
        total=chance.random() < 0.2,
        compartment=compartment,
        touches=frozenset(touch for one in conditions for touch in one.touches),
    )
