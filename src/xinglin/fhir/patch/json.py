"""JSON Patch (RFC 6902) over a resource's document.

The library `jsonpatch` was looked at: it takes ``true`` for ``1`` in a test, and does not say which operation failed.
"""

import copy
from typing import Any, Final

from xinglin.fhir.document import pruned, same
from xinglin.fhir.outcome import Issue, OutcomeError

MAX_OPERATIONS: Final = 1000
_NEEDS: Final = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}
IMMUTABLE: Final = frozenset({"/resourceType", "/id"})


def json_patch(document: dict[str, Any], operations: object) -> dict[str, Any]:
    """Apply *operations* in order and return the new document; *document* stays as it is.

    An array or object that a removal leaves empty goes too. OutcomeError 400 when the patch is no JSON Patch, 422
    when an operation cannot be done or its test fails; each names the operation by its place in the patch.
    """
    listed = _checked(operations)
    made = copy.deepcopy(document)
    emptied: list[Any] = []
    for at, operation in enumerate(listed):
        _apply(made, operation, f"[{at}]", emptied)
    for name in ("resourceType", "id"):
        if made.get(name) != document.get(name):
            raise OutcomeError(Issue("processing", "patch-immutable", name, f"A patch must not change {name}."))
    return pruned(made, emptied)


def _checked(operations: object) -> list[dict[str, Any]]:
    if not isinstance(operations, list):
        raise OutcomeError(Issue("structure", "patch-form", text="A JSON Patch is an array of operations."))
    if len(operations) > MAX_OPERATIONS:
        raise OutcomeError(Issue("too-costly", "patch-size", text=f"A patch has at most {MAX_OPERATIONS} operations."))
    issues = [issue for at, operation in enumerate(operations) if (issue := _form_fault(operation, f"[{at}]"))]
    if issues:
        raise OutcomeError(*issues)
    return operations


def _form_fault(operation: object, where: str) -> Issue | None:
    if not isinstance(operation, dict):
        return Issue("structure", "patch-form", where, "An operation is an object.")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _NEEDS:
        return Issue("structure", "patch-form", f"{where}.op", f"op is one of {', '.join(_NEEDS)}.")
    for pointer in ("path", *(("from",) if name in {"move", "copy"} else ())):
        given = operation.get(pointer)
        if not isinstance(given, str) or (given and not given.startswith("/")):
            return Issue(
                "structure", "patch-form", f"{where}.{pointer}", f"{pointer} is a JSON Pointer such as /name/0."
            )
    for needed in _NEEDS[name]:
        if needed not in operation:
            return Issue("required", "patch-form", f"{where}.{needed}", f"{name} needs {needed}.")
    return None


def _apply(document: dict[str, Any], operation: dict[str, Any], where: str, emptied: list[Any]) -> None:
    name, path = operation["op"], operation["path"]
    if name == "test":
        if not same(_get(document, path, where), operation["value"]):
            raise OutcomeError(Issue("processing", "patch-test", where, f"The test of {path} fails."))
        return
    if path in IMMUTABLE:
        raise OutcomeError(Issue("processing", "patch-immutable", where, f"A patch must not change {path[1:]}."))
    match name:
        case "add":
            _add(document, path, copy.deepcopy(operation["value"]), where)
        case "remove":
            emptied.append(_remove(document, path, where))
        case "replace":
            _get(document, path, where)
            _set(document, path, copy.deepcopy(operation["value"]), where)
        case "copy":
            _add(document, path, copy.deepcopy(_get(document, operation["from"], where)), where)
        case _:
            _move(document, operation["from"], path, where, emptied)


def _move(document: dict[str, Any], source: str, path: str, where: str, emptied: list[Any]) -> None:
    if path.startswith(source + "/"):
        raise _impossible(where, f"{source} cannot be moved into itself.")
    if source in IMMUTABLE:
        raise OutcomeError(Issue("processing", "patch-immutable", where, f"A patch must not change {source[1:]}."))
    value = _get(document, source, where)
    emptied.append(_remove(document, source, where))
    _add(document, path, value, where)


def _get(document: dict[str, Any], pointer: str, where: str) -> Any:
    value: Any = document
    for step in _steps(pointer):
        value = _child(value, step, pointer, where)
    return value


def _child(value: Any, step: str, pointer: str, where: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list):
        return value[_index(step, len(value) - 1, pointer, where)]
    raise _impossible(where, f"{pointer} does not exist.")


def _parent(document: dict[str, Any], pointer: str, where: str) -> tuple[Any, str]:
    *ancestors, last = _steps(pointer) or [""]
    if not pointer:
        raise _impossible(where, "The whole resource cannot be replaced by a patch.")
    value: Any = document
    for step in ancestors:
        value = _child(value, step, pointer, where)
    return value, last


def _add(document: dict[str, Any], pointer: str, value: Any, where: str) -> None:
    parent, last = _parent(document, pointer, where)
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent), pointer, where), value)
    else:
        raise _impossible(where, f"{pointer} has no parent that could hold it.")


def _set(document: dict[str, Any], pointer: str, value: Any, where: str) -> None:
    parent, last = _parent(document, pointer, where)
    if isinstance(parent, list):
        parent[_index(last, len(parent) - 1, pointer, where)] = value
    else:
        parent[last] = value


def _remove(document: dict[str, Any], pointer: str, where: str) -> Any:
    parent, last = _parent(document, pointer, where)
    _child(parent, last, pointer, where)
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]
    return parent


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _index(step: str, most: int, pointer: str, where: str) -> int:
    """Read an array index (RFC 6901: digits without leading zeros)."""
    fits = step.isascii() and step.isdigit() and len(step) < 9 and (step == "0" or step[0] != "0")
    if not fits or int(step) > most:
        raise _impossible(where, f"{pointer} does not exist: {step!r} is no index of the array.")
    return int(step)


def _impossible(where: str, text: str) -> OutcomeError:
    return OutcomeError(Issue("processing", "patch-impossible", where, text))
