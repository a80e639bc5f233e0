"""FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html): add, insert, delete, replace and move over a document."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from xinglin.fhir.document import pruned
from xinglin.fhir.fhirpath import FhirPathError, Node, evaluate
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.patch.place import Place, Value, element_of, place_of, value_of
from xinglin.fhir.r4 import RESOURCES

MAX_OPERATIONS: Final = 1000

_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "add": ("name", "value"),
    "insert": ("index", "value"),
    "delete": (),
    "replace": ("value",),
    "move": ("source", "destination"),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, read from its parts. where: FHIRPath of the parameter, for refusals."""

    type: str
    path: str
    where: str
    parts: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Give the string of part *name*."""
        return str(_primitive(self.parts[name], str, f"{self.where}.part.where(name = '{name}')"))

    def number(self, name: str) -> int:
        """Give the integer of part *name*."""
        return int(_primitive(self.parts[name], int, f"{self.where}.part.where(name = '{name}')"))


def fhirpath_patch(document: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Apply the operations of *parameters* (a Parameters document) and return the new document.

    OutcomeError 400 when *parameters* is no FHIRPath Patch, 422 when an operation cannot be done.
    """
    if parameters.get("resourceType") != "Parameters":
        raise OutcomeError(Issue("structure", "patch-form", text="A FHIRPath Patch is a Parameters resource."))
    operations = [_read(part, f"Parameters.parameter[{at}]") for at, part in enumerate(_list(parameters, "parameter"))]
    if len(operations) > MAX_OPERATIONS:
        raise OutcomeError(Issue("too-costly", "patch-size", text=f"A patch has at most {MAX_OPERATIONS} operations."))
    made = copy.deepcopy(document)
    emptied: list[Any] = []
    for operation in operations:
        _DO[operation.type](made, operation, emptied)
    for name in ("resourceType", "id"):
        if made.get(name) != document.get(name):
            raise OutcomeError(Issue("processing", "patch-immutable", name, f"A patch must not change {name}."))
    return pruned(made, emptied)


def _read(part: object, where: str) -> Operation:
    if not isinstance(part, dict) or part.get("name") != "operation":
        raise _malformed(where, "Every parameter of a FHIRPath Patch is named operation.")
    parts: dict[str, Any] = {}
    for inner in _list(part, "part"):
        name = inner.get("name") if isinstance(inner, dict) else None
        if not isinstance(name, str) or name in parts:
            raise _malformed(where, "Every part of an operation has a name of its own.")
        parts[name] = inner
    for needed in ("type", "path"):
        if needed not in parts:
            raise _malformed(where, f"An operation needs the part {needed}.")
    kind = _primitive(parts["type"], str, where)
    if kind not in _NEEDS:
        raise _malformed(where, f"The type of an operation is one of {', '.join(_NEEDS)}.")
    for needed in _NEEDS[kind]:
        if needed not in parts:
            raise _malformed(where, f"{kind} needs the part {needed}.")
    return Operation(kind, _primitive(parts["path"], str, where), where, parts)


def _add(document: dict[str, Any], operation: Operation, emptied: list[Any]) -> None:
    place = _one(document, operation)
    value = _value(operation)
    container, type_name = place.object(operation.where)
    element, member, kind = element_of(type_name, operation.text("name"), value, operation.where)
    built = value.built(kind, operation.where)
    if element.max == 1:
        if any(taken in container or "_" + taken in container for taken, _ in element.members()):
            raise _impossible(operation.where, f"{operation.path}.{element.name} is there already: replace it.")
        Place(container, member, None, kind).put(built)
    else:
        at = max(len(container.get(member, ())), len(container.get("_" + member, ())))
        Place(container, member, at, kind).insert(built)


def _insert(document: dict[str, Any], operation: Operation, emptied: list[Any]) -> None:
    places = _together(document, operation)
    index = operation.number("index")
    if not 0 <= index <= len(places):
        raise _impossible(operation.where, f"{operation.path} has {len(places)} elements: index {index} lies outside.")
    first = places[0]
    built = _value(operation).built(first.type, operation.where)
    Place(first.container, first.member, index, first.type).insert(built)


def _delete(document: dict[str, Any], operation: Operation, emptied: list[Any]) -> None:
    places = _places(document, operation)
    if len(places) > 1:
        raise _impossible(operation.where, f"{operation.path} finds {len(places)} elements; delete takes one.")
    if places:
        emptied += places[0].remove()


def _replace(document: dict[str, Any], operation: Operation, emptied: list[Any]) -> None:
    place = _one(document, operation)
    value = _value(operation)
    kind, member = place.type, place.member
    if place.element is not None and place.element.choice:
        _, member, kind = element_of(place.owner, place.element.name, value, operation.where)
    built = value.built(kind, operation.where)
    if member != place.member:
        place.remove()
    Place(place.container, member, place.index, kind).put(built)


def _move(document: dict[str, Any], operation: Operation, emptied: list[Any]) -> None:
    places = _together(document, operation)
    source, destination = operation.number("source"), operation.number("destination")
    for index in (source, destination):
        if not 0 <= index < len(places):
            text = f"{operation.path} has {len(places)} elements: index {index} lies outside."
            raise _impossible(operation.where, text)
    moved = Place(places[0].container, places[0].member, source, places[0].type)
    taken = moved.get()
    moved.remove()
    Place(moved.container, moved.member, destination, moved.type).insert(taken)


_DO: Final[Mapping[str, Callable[[dict[str, Any], Operation, list[Any]], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}


def _places(document: dict[str, Any], operation: Operation) -> list[Place]:
    """Find what the operation's path selects, in document order."""
    where = f"{operation.where}.part.where(name = 'path')"
    try:
        resource = msgspec.convert(document, RESOURCES[document["resourceType"]])
        nodes = evaluate(operation.path, resource)
    except FhirPathError as fault:
        raise OutcomeError(Issue("invalid", "fhirpath", where, f"The path cannot be followed: {fault}")) from fault
    except (msgspec.ValidationError, RecursionError) as fault:
        raise _impossible(where, f"The operations before leave no valid resource: {fault}.") from fault
    if any(not _belongs(node, resource) for node in nodes):
        raise _impossible(where, f"{operation.path} gives computed values, not elements of the resource.")
    if operation.type != "add" and any(not node.path for node in nodes):
        raise _impossible(where, "The resource itself cannot be replaced, deleted or moved by a patch.")
    return [place_of(document, node.path) for node in nodes]


def _belongs(node: Node, resource: msgspec.Struct) -> bool:
    """Tell whether the node is *resource* or stands in it, rather than being computed or resolved."""
    while node.parent is not None:
        node = node.parent
    return node.value is resource


def _one(document: dict[str, Any], operation: Operation) -> Place:
    places = _places(document, operation)
    if len(places) != 1:
        text = f"{operation.path} finds {len(places)} elements; {operation.type} takes one."
        raise _impossible(operation.where, text)
    return places[0]


def _together(document: dict[str, Any], operation: Operation) -> list[Place]:
    """Find the elements of one list."""
    places = _places(document, operation)
    if not places:
        raise _impossible(operation.where, f"{operation.path} finds no list; add begins one.")
    first = places[0]
    if any(one.index is None or one.container is not first.container or one.member != first.member for one in places):
        raise _impossible(operation.where, f"{operation.path} does not find the elements of one list.")
    return places


def _value(operation: Operation) -> Value:
    return value_of(operation.parts["value"], f"{operation.where}.part.where(name = 'value')")


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name, [])
    if not isinstance(found, list):
        raise _malformed(f"Parameters.{name}", f"{name} is a list.")
    return found


def _primitive(part: Any, kind: type, where: str) -> Any:
    values = [value for member, value in part.items() if member.startswith("value")] if isinstance(part, dict) else []
    if len(values) != 1 or not isinstance(values[0], kind) or isinstance(values[0], bool):
        raise _malformed(where, f"This part has one value, a {'text' if kind is str else 'whole number'}.")
    return values[0]


def _malformed(where: str, text: str) -> OutcomeError:
    return OutcomeError(Issue("structure", "patch-form", where, text))


def _impossible(where: str, text: str) -> OutcomeError:
    return OutcomeError(Issue("processing", "patch-impossible", where, text))
