"""Find what can't be right in an expression before it runs (http://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation).

Types are followed through the tree as far as they are known. Where they are not (``resolve()``, ``children()``,
``contained``), anything is let pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions import strings
from xinglin.fhir.fhirpath.functions.table import FUNCTIONS
from xinglin.fhir.fhirpath.nodes import check_known, is_fhir, is_primitive, is_type, members, system
from xinglin.fhir.fhirpath.tree import (
    Binary,
    Call,
    Constant,
    Expr,
    External,
    Indexed,
    Member,
    Polarity,
    Special,
    TypeCall,
)

Types = frozenset[str] | None

_SAME: Final = frozenset(
    {"where", "first", "last", "tail", "skip", "take", "single", "distinct", "exclude", "intersect", "trace", "sort",
     "checkModifiers", "defineVariable"}
)  # fmt: skip
_EACH: Final = frozenset(
    {"where", "select", "repeat", "repeatAll", "all", "exists", "aggregate", "sort", "trace", "iif"}
)
_RESULT: Final = {
    **dict.fromkeys(
        ("empty", "not", "exists", "all", "allTrue", "anyTrue", "allFalse", "anyFalse", "subsetOf", "supersetOf",
         "isDistinct", "startsWith", "endsWith", "contains", "matches", "matchesFull", "hasValue", "memberOf",
         "conformsTo", "comparable", "htmlChecks", "toBoolean"),
        "System.Boolean",
    ),
    **dict.fromkeys(("count", "length", "indexOf", "lastIndexOf", "toInteger", "precision"), "System.Integer"),
    **dict.fromkeys(
        ("toString", "substring", "upper", "lower", "trim", "replace", "replaceMatches", "toChars", "split", "join",
         "encode", "decode", "escape", "unescape"),
        "System.String",
    ),
    "toDecimal": "System.Decimal",
    "toQuantity": "System.Quantity",
    "toDate": "System.Date",
    "toDateTime": "System.DateTime",
    "toTime": "System.Time",
    "now": "System.DateTime",
    "today": "System.Date",
    "timeOfDay": "System.Time",
    "extension": "FHIR.Extension",
}  # fmt: skip
_UNORDERED: Final = frozenset({"children", "descendants"})
_BOOLEAN_OPERATORS: Final = frozenset(
    {"=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "contains", "and", "or", "xor", "implies"}
)
# Declared with these, an element may hold anything.
_OPEN: Final = frozenset({"FHIR.Resource", "FHIR.DomainResource", "FHIR.Element", "FHIR.BackboneElement"})


@dataclass(frozen=True, slots=True)
class _Static:
    """What is known of a collection: its types (None: anything) and whether it has an order."""

    types: Types
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class _Context:
    this: _Static
    context: _Static
    ordered: bool


_ANY: Final = _Static(None)


def check(tree: Expr, type_: str | None, *, ordered: bool = False) -> None:
    """Raise FhirPathError of kind semantic when *tree* can't be right on a node of *type_* ("FHIR.Patient").

    ordered: also refuse functions that need an order on collections that have none.
    """
    start = _ANY if type_ is None else _Static(_closed({type_}))
    _infer(tree, _Context(start, start, ordered))


def _closed(types: Iterable[str]) -> Types:
    found = frozenset(types)
    return None if found & _OPEN else found


def _infer(node: Expr, given: _Context) -> _Static:
    match node:
        case Constant(value=value):
            return _Static(frozenset({system(value).type}))
        case Member():
            return _member(node, given)
        case Call():
            return _call(node, given)
        case TypeCall():
            return _type_call(node, given)
        case Special(name="this"):
            return given.this
        case Special(name="index"):
            return _Static(frozenset({"System.Integer"}))
        case Special():
            return _ANY
        case External(name=name):
            if name in {"context", "resource"}:
                return given.context if name == "context" else _ANY
            return _ANY
        case Indexed(focus=focus, index=index):
            _infer(index, given)
            found = _infer(focus, given)
            _need_order(found, given, "[]", node.at)
            return found
        case Polarity(operand=operand):
            return _infer(operand, given)
        case Binary():
            return _binary(node, given)
        case _:
            return _Static(frozenset())


def _binary(node: Binary, given: _Context) -> _Static:
    left, right = _infer(node.left, given), _infer(node.right, given)
    if node.operator == "|":
        return _Static(_joined(left.types, right.types))
    if node.operator in _BOOLEAN_OPERATORS:
        return _Static(frozenset({"System.Boolean"}))
    return _Static(frozenset({"System.String"})) if node.operator == "&" else _ANY


def _joined(left: Types, right: Types) -> Types:
    return None if left is None or right is None else left | right


def _member(node: Member, given: _Context) -> _Static:
    if node.focus is None:
        focus = given.this
        if node.name[:1].isupper():
            if focus.types is None:
                return _ANY
            typed = frozenset(one for one in focus.types if is_fhir(one, node.name))
            if typed:
                return _Static(typed)
    else:
        focus = _infer(node.focus, given)
    if focus.types is None:
        return _Static(None, focus.ordered)
    found: set[str] = set()
    known = False
    for one in focus.types:
        below = _members_of(one, node.name)
        known = known or below is not None
        found |= below or set()
    if not known and focus.types:
        where = ", ".join(sorted(one.removeprefix("FHIR.") for one in focus.types)[:5])
        raise FhirPathError("semantic", f"{node.name} is no element of {where}", node.at)
    return _Static(_closed(found), focus.ordered)


def _members_of(type_: str, name: str) -> set[str] | None:
    """Return the types of an element of *type_*; None when there is no such element."""
    namespace, _, fhir = type_.partition(".")
    if namespace == "System":
        return {"System.Decimal" if name == "value" else "System.String"} if (
            (fhir == "Quantity" and name in {"value", "unit"}) or fhir == "TypeInfo"
        ) else None  # fmt: skip
    accesses = members(fhir).get(name)
    if accesses is not None:
        return {f"FHIR.{access.type}" for access in accesses}
    return {"System.Any"} if name == "value" and is_primitive(fhir) else None


def _need_order(focus: _Static, given: _Context, what: str, at: int) -> None:
    if given.ordered and not focus.ordered:
        raise FhirPathError("semantic", f"{what} needs an order, and its input has none", at)


def _call(node: Call, given: _Context) -> _Static:
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise FhirPathError("semantic", f"There is no function {node.name}()", node.at)
    if len(node.arguments) < function.least or (function.most is not None and len(node.arguments) > function.most):
        raise FhirPathError("semantic", f"{node.name}() can't take {len(node.arguments)} arguments", node.at)
    focus = given.this if node.focus is None else _infer(node.focus, given)
    if function.ordered:
        _need_order(focus, given, f"{node.name}()", node.at)
    if node.name in strings.FUNCTIONS and focus.types and not any(_simple(one) for one in focus.types):
        raise FhirPathError("semantic", f"{node.name}() takes a String", node.at)
    inner = (
        replace(given, this=_ANY if node.name in {"repeat", "repeatAll"} else focus) if node.name in _EACH else given
    )
    arguments = [_infer(argument, inner) for argument in node.arguments]
    return _result(node.name, focus, arguments)


def _simple(type_: str) -> bool:
    return type_.startswith("System.") or is_primitive(type_[5:])


def _result(name: str, focus: _Static, arguments: list[_Static]) -> _Static:
    if name in _SAME:
        return _Static(focus.types, focus.ordered or name == "sort")
    if name == "select":
        return _Static(arguments[0].types, focus.ordered and arguments[0].ordered)
    if name == "iif":
        otherwise = arguments[2].types if len(arguments) > 2 else frozenset()
        return _Static(_joined(arguments[1].types, otherwise))
    if name in {"union", "combine"}:
        return _Static(_joined(focus.types, arguments[0].types))
    if name in _UNORDERED:
        return _Static(None, ordered=False)
    if name in _RESULT or name.startswith("convertsTo"):
        return _Static(frozenset({_RESULT.get(name, "System.Boolean")}))
    return _ANY


def _type_call(node: TypeCall, given: _Context) -> _Static:
    check_known(node.type, node.at)
    focus = given.this if node.focus is None else _infer(node.focus, given)
    if node.operator == "is":
        return _Static(frozenset({"System.Boolean"}))
    name = node.type.name
    if node.type.namespace == "System":
        return _Static(frozenset({f"System.{name}"}))
    kept = frozenset(one for one in focus.types or () if is_type(one, node.type))
    wanted = f"FHIR.{name}" if node.type.namespace in {None, "FHIR"} else f"FHIR.{node.type}"
    return _Static(kept or _closed({wanted} if members(wanted[5:]) else {f"System.{name}"}), focus.ordered)
