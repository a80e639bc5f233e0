"""Read a Parameters resource into an operation's dataclass, and write its answer back (http://hl7.org/fhir/R4/parameters.html).

A field of the dataclass is the parameter of the same name, in camelCase (``if_match`` is ``ifMatch``). A field may be
str, bool, int, Decimal, date, datetime (with its offset), a resource or datatype struct, a dataclass (whose fields are
the parts), a tuple of these, or any of them ``| None``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from xinglin.fhir.outcome import Issue, refuse

T = TypeVar("T")

# the value[x] members that fit a Python type; the first is the one that is written
_VALUES: Final[Mapping[type, tuple[str, ...]]] = {
    bool: ("valueBoolean",),
    int: ("valueInteger", "valuePositiveInt", "valueUnsignedInt"),
    Decimal: ("valueDecimal", "valueInteger"),
    date: ("valueDate",),
    datetime: ("valueDateTime", "valueInstant"),
    str: (
        *(
            "valueString",
            "valueCode",
            "valueUri",
            "valueUrl",
            "valueCanonical",
            "valueId",
            "valueDate",
            "valueDateTime",
        ),
        *("valueInstant", "valueTime", "valueMarkdown", "valueOid", "valueUuid", "valueBase64Binary"),
    ),
}


def read(document: Mapping[str, Any], into: type[T]) -> T:
    """Fill *into* from a Parameters document (JSON form, already validated); every fault in one OutcomeError."""
    given: dict[str, list[Mapping[str, Any]]] = {}
    for part in document.get("parameter", ()):
        given.setdefault(part["name"], []).append(part)
    issues: list[Issue] = []
    values: dict[str, object] = {}
    hints = get_type_hints(into)
    known = {name_of(field): field for field in _fields(into)}
    issues += [
        Issue("not-supported", "unknown-parameter", where(name), f"There is no parameter {name}.")
        for name in given.keys() - known.keys()
    ]
    for name, field in known.items():
        parts = given.get(name, [])
        kind, many, optional = _shape(hints[field.name])
        if not parts:
            if not (optional or many or field.default is not MISSING or field.default_factory is not MISSING):
                issues.append(Issue("required", "parameter-missing", where(name), f"The parameter {name} is required."))
            elif many and field.default is MISSING:
                values[field.name] = ()
            elif optional and field.default is MISSING:
                values[field.name] = None
            continue
        if len(parts) > 1 and not many:
            issues.append(
                Issue("invalid", "parameter-repeated", where(name), f"The parameter {name} may stand only once.")
            )
            continue
        found = [_value(part, kind) for part in parts]
        if any(value is None for value in found):
            issues.append(
                Issue("value", "parameter-type", where(name), f"The parameter {name} must hold {_told(kind)}.")
            )
            continue
        values[field.name] = tuple(found) if many else found[0]
    refuse(issues)
    return into(**values)


def write(value: object) -> dict[str, Any]:
    """Give the resource that answers an operation: a resource struct as it is, anything else as Parameters."""
    if isinstance(value, Struct):
        built = _builtins(value)
        if "resourceType" in built:
            return built
    if is_dataclass(value) and not isinstance(value, type):
        parts = [part for field in fields(value) for part in _parts(_camel(field.name), getattr(value, field.name))]
    else:
        parts = list(_parts("return", value))
    return {"resourceType": "Parameters"} | ({"parameter": parts} if parts else {})


def name_of(field: Field[Any]) -> str:
    """Give the name of the parameter that a field is."""
    return str(field.metadata.get("name") or _camel(field.name))


def kind_of(hint: Any) -> type:
    """Give the type of one value of a field, of which there may be none or several."""
    return _shape(hint)[0]


def where(name: str) -> str:
    """Give the FHIRPath of the parameter *name*."""
    return f"Parameters.parameter.where(name = '{name}')"


def _parts(name: str, value: object) -> Iterator[dict[str, Any]]:
    if value is None:
        return
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for one in value:
            yield from _parts(name, one)
    elif isinstance(value, Struct):
        built = _builtins(value)
        yield {"name": name, "resource" if "resourceType" in built else f"value{type(value).__name__}": built}
    elif is_dataclass(value) and not isinstance(value, type):
        inside = (part for field in fields(value) for part in _parts(_camel(field.name), getattr(value, field.name)))
        yield {"name": name, "part": list(inside)}
    else:
        yield {"name": name, _VALUES[type(value)][0]: value}


def _value(part: Mapping[str, Any], kind: type) -> object:
    if is_dataclass(kind):
        return read({"parameter": part["part"]}, kind) if "part" in part else None
    if issubclass(kind, Struct):
        inner = part.get("resource", part.get(f"value{kind.__name__}"))
        return None if inner is None else msgspec.convert(inner, kind)
    for member in _VALUES[kind]:
        if member in part:
            value = part[member]
            if kind is Decimal:
                return Decimal(value)
            if kind in {date, datetime}:
                return _moment(value, kind)
            return value if type(value) is kind else None  # an address may say "x" where a number belongs
    return None


def _moment(value: str, kind: type) -> date | None:
    """Read a day, or an instant with its offset; None for what is none."""
    try:
        if kind is date:
            return date.fromisoformat(value)
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _shape(hint: Any) -> tuple[type, bool, bool]:
    """Take a field's type apart: inner type, tuple or not, optional or not."""
    optional = False
    arguments = [one for one in get_args(hint) if one is not NoneType]
    if NoneType in get_args(hint):
        optional, hint = True, arguments[0]
    if get_origin(hint) is tuple:
        return get_args(hint)[0], True, optional
    return hint, False, optional


def _fields(into: type) -> tuple[Field[Any], ...]:
    return fields(into) if is_dataclass(into) else ()


def _builtins(value: Struct) -> dict[str, Any]:
    return msgspec.to_builtins(value, builtin_types=(Decimal,))  # type: ignore[no-any-return]


def _told(kind: type) -> str:
    if is_dataclass(kind):
        return "part"
    return kind.__name__ if issubclass(kind, Struct) else _VALUES[kind][0]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
