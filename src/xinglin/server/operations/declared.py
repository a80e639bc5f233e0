"""Operations that capabilities declare: typed in and out, through the door."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final, get_type_hints

from xinglin.fhir.declarations import BASE, Level, Operation
from xinglin.fhir.parameters import kind_of, name_of, read, write
from xinglin.server.call import Call, Handler
from xinglin.server.http import Response
from xinglin.server.negotiate import GENERAL
from xinglin.server.operations.given import parts_of
from xinglin.server.respond import of_document
from xinglin.server.router import OperationRoute

_MEMBERS: Final[Mapping[type, tuple[str, Callable[[str], Any]]]] = {
    bool: ("valueBoolean", lambda text: {"true": True, "false": False}.get(text)),
    int: ("valueInteger", lambda text: int(text) if text.lstrip("-").isdecimal() else None),
    Decimal: ("valueString", str),
    str: ("valueString", str),
}


def route_of(operation: Operation[Any, Any]) -> OperationRoute:
    """Make the route of a declared operation.

    At the level of an instance the id of the address is the parameter ``id``. An operation that affects no state may
    be called by GET too.
    """
    return OperationRoute(
        operation.code,
        _levels(operation),
        _handler(operation),
        operation.definition or f"{BASE}/OperationDefinition/{operation.on}-{operation.code}".replace("*-", ""),
        types=frozenset() if operation.on == "*" else frozenset({operation.on}),
        query=not operation.affects_state,
    )


def _levels(operation: Operation[Any, Any]) -> frozenset[Level]:
    if operation.on == "*":
        return frozenset({"system"})
    return frozenset({operation.level, "instance"} if operation.of_one else {operation.level})


def _handler(operation: Operation[Any, Any]) -> Handler:
    async def call_it(call: Call) -> Response:
        parts = await parts_of(call)
        parts += _of_query(call, operation.takes)
        if call.id:
            parts.append({"name": "id", "valueId": call.id})
        given = read({"resourceType": "Parameters", "parameter": parts}, operation.takes)
        return of_document(write(await call.fhir.operate(operation, given)))

    return call_it


def _of_query(call: Call, takes: type) -> list[dict[str, Any]]:
    """Turn the parameters of the address into parts, as the fields of *takes* want them."""
    hints = get_type_hints(takes) if is_dataclass(takes) else {}
    names = {name_of(field).lower(): field.name for field in fields(takes)} if is_dataclass(takes) else {}
    parts = []
    for name, value in call.pairs:
        if name in GENERAL:
            continue
        hint = kind_of(hints.get(names.get(name.lower(), ""), str))
        member, convert = next((made for kind, made in _MEMBERS.items() if kind is hint), ("valueString", str))
        made = convert(value)
        parts.append({"name": name, member: value if made is None else made})
    return parts
