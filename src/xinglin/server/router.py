"""Addresses to handlers. The tables here also make the CapabilityStatement, so that it lists exactly what works."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.server.call import Handler, Target

Level = Literal["system", "type", "instance"]
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Route:
    """One interaction at one form of address.

    shape: the address with T for a type, I for an id, V for a version, N for a second type or ``*``.
    interaction: code of http://hl7.org/fhir/restful-interaction, or "capabilities"; several routes may share one.
    """

    method: str
    shape: str
    interaction: str
    handler: Handler


@dataclass(frozen=True, slots=True)
class OperationRoute:
    """One operation: where it may be called and how.

    types: FHIR types it is for; empty means every type. query: also by GET, as it changes nothing and its parameters
    are primitives. definition: canonical URL of the OperationDefinition.
    """

    code: str
    levels: frozenset[Level]
    handler: Handler
    definition: str
    types: frozenset[str] = frozenset()
    query: bool = False

    def serves(self, level: Level, type_name: str) -> bool:
        """Tell whether the operation may be called at *level* on *type_name*."""
        return level in self.levels and (level == "system" or not self.types or type_name in self.types)


class Router:
    """Finds the handler of an address without a framework and, for the frequent forms, without regular expressions."""

    def __init__(self, routes: Iterable[Route], operations: Iterable[OperationRoute]) -> None:
        self.routes = tuple(routes)
        self.operations = tuple(operations)
        self._by_shape: dict[tuple[str, str], Route] = {(route.method, route.shape): route for route in self.routes}
        self._allowed: dict[str, tuple[str, ...]] = {}
        for route in self.routes:
            self._allowed[route.shape] = (*self._allowed.get(route.shape, ()), route.method)
        self._operations: Mapping[str, tuple[OperationRoute, ...]] = {
            code: tuple(one for one in self.operations if one.code == code)
            for code in {o.code for o in self.operations}
        }

    def find(self, method: str, path: str) -> tuple[Route, Target]:
        """Find the route; OutcomeError 404 for an unknown address or type, 405 for a wrong method, 400 for no id."""
        kind, _, rest = path.partition("/")
        if kind in RESOURCES and _ID.fullmatch(rest):
            shape, target = "T/I", Target(kind, rest)
        else:
            parts = path.split("/")
            if len(parts) > 1 and parts[-1] == "":
                parts.pop()
            if parts[-1].startswith("$") and len(parts) <= 3:
                return self._operation(method, parts)
            shape, target = _shape(parts)
        route = self._by_shape.get((method, shape))
        if route is None:
            allowed = self._allowed.get(shape)
            if allowed is None:
                raise unknown(path)
            raise _not_allowed(method, allowed)
        return route, target

    def _operation(self, method: str, parts: list[str]) -> tuple[Route, Target]:
        level: Level = ("system", "type", "instance")[len(parts) - 1]
        code = parts[-1][1:]
        type_name = _type(parts[0]) if level != "system" else ""
        one = next((one for one in self._operations.get(code, ()) if one.serves(level, type_name)), None)
        if one is None:
            raise OutcomeError(
                Issue("not-supported", "unknown-operation", text=f"There is no operation ${code[:64]} here."),
                status=404,
            )
        allowed = ("GET", "POST") if one.query else ("POST",)
        if method not in allowed:
            raise _not_allowed(method, allowed)
        target = Target(type_name, _id(parts[1]) if level == "instance" else "", name=code)
        prefix = {"system": "", "type": "T/", "instance": "T/I/"}[level]
        return Route(method, f"{prefix}${code}", "operation", one.handler), target


def _shape(parts: list[str]) -> tuple[str, Target]:
    first = parts[0]
    if first == "" or first[0] in "_$" or first == "metadata":
        return "/".join(parts), Target()
    kind = _type(first)
    match parts[1:]:
        case []:
            return "T", Target(kind)
        case ["_history" | "_search" as word]:
            return f"T/{word}", Target(kind)
        case [id_]:
            return "T/I", Target(kind, _id(id_))
        case [id_, "_history"]:
            return "T/I/_history", Target(kind, _id(id_))
        case [id_, "_history", vid]:
            return "T/I/_history/V", Target(kind, _id(id_), vid)
        case [id_, other]:
            return "T/I/N", Target(kind, _id(id_), name=other if other == "*" else _type(other))
        case [id_, other, "_search"]:
            return "T/I/N/_search", Target(kind, _id(id_), name=other if other == "*" else _type(other))
        case _:
            raise unknown("/".join(parts))


def _type(name: str) -> str:
    if name not in RESOURCES:
        raise OutcomeError(
            Issue("not-supported", "unknown-type", text=f"There is no resource type {name[:64]!r}."), status=404
        )
    return name


def _id(given: str) -> str:
    if _ID.fullmatch(given) is None:
        text = f"{given[:80]!r} is no id: 1 to 64 letters, digits, dashes and dots."
        raise OutcomeError(Issue("value", "id-format", text=text))
    return given


def unknown(path: str) -> OutcomeError:
    """Say that nothing is at the address."""
    return OutcomeError(Issue("not-found", "unknown-address", text=f"There is nothing at {path[:200]!r}."), status=404)


def _not_allowed(method: str, allowed: Iterable[str]) -> OutcomeError:
    listed = ", ".join(sorted({*allowed} | ({"HEAD"} if "GET" in allowed else set())))
    return MethodNotAllowed(listed, f"{method[:20]} is not possible here; try {listed}.")


class MethodNotAllowed(OutcomeError):
    """405, with the methods that the Allow header names."""

    def __init__(self, allowed: str, text: str) -> None:
        super().__init__(Issue("not-supported", "method-not-allowed", text=text), status=405)
        self.allowed = allowed
