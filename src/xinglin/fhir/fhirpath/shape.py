"""What the definitions say of the paths in an expression: their types, and whether they lead to one item at most."""

from collections.abc import Callable
from typing import Final

from xinglin.fhir.fhirpath.nodes import Access, is_type, members
from xinglin.fhir.fhirpath.tree import (
    Binary,
    Call,
    Constant,
    Expr,
    External,
    Indexed,
    Member,
    Special,
    TypeCall,
    TypeName,
)
from xinglin.fhir.r4.elements import TYPES


class NotCompiledError(Exception):
    """The expression needs the interpreter."""


OPEN: Final = frozenset({"Resource", "DomainResource"})
_STRINGS: Final = frozenset(
    {"string", "uri", "code", "id", "markdown", "url", "canonical", "oid", "uuid", "base64Binary", "xhtml"}
)
_NUMBERS: Final = frozenset({"integer", "decimal", "positiveInt", "unsignedInt"})
_TIMES: Final = frozenset({"date", "dateTime", "instant", "time"})


def kind_of(type_: str) -> str:
    """Sort a type: text, number, truth, time or other."""
    if type_ in _STRINGS or type_ == "System.String":
        return "text"
    if type_ in _NUMBERS or type_ in {"System.Integer", "System.Decimal"}:
        return "number"
    if type_ in {"boolean", "System.Boolean"}:
        return "truth"
    return "time" if type_ in _TIMES else "other"


def full_name(type_: str) -> str:
    """Return the type with its namespace, as nodes carry it."""
    return type_ if type_.startswith("System.") else f"FHIR.{type_}"


def subtypes(wanted: TypeName) -> list[str]:
    """Return all FHIR types that are *wanted* or derive from it."""
    return sorted(name for name in TYPES if is_type(f"FHIR.{name}", wanted))


def holds_union(node: Expr) -> bool:
    """Say whether a path has a union in it, whose repetitions would have to be dropped."""
    match node:
        case Binary(operator="|"):
            return True
        case Member(focus=focus) | Call(focus=focus) | TypeCall(focus=focus) | Indexed(focus=focus):
            return focus is not None and holds_union(focus)
        case _:
            return False


def words_of(node: Expr) -> list[str] | None:
    """Return the strings of a union of literals."""
    match node:
        case Constant(value=str(text)):
            return [text]
        case Binary(operator="|", left=left, right=right):
            a, b = words_of(left), words_of(right)
            return None if a is None or b is None else a + b
        case _:
            return None


def types_of(node: Expr, this: str, see: Callable[[Access], None]) -> set[str]:
    """Return the types that a path leads to, showing every access on the way."""
    match node:
        case Special(name="this"):
            return {this}
        case Member(focus=None, name=name) if name[:1].isupper():
            return {this}
        case Member(focus=focus, name=name):
            found: set[str] = set()
            for owner in {this} if focus is None else types_of(focus, this, see):
                for access in members(owner).get(name, ()):
                    see(access)
                    found.add(access.type)
            return found
        case TypeCall(operator="as" | "ofType", focus=focus, type=wanted):
            types = {this} if focus is None else types_of(focus, this, see)
            return {one for one in types if is_type(full_name(one), wanted, exact_primitives=True)}
        case Call(name="where" | "trace", focus=focus) if focus is not None:
            return types_of(focus, this, see)
        case Call(name="first", focus=focus) | Indexed(focus=focus) if focus is not None:
            return types_of(focus, this, lambda _: None)
        case _:
            raise NotCompiledError


def at_most_one(node: Expr, this: str, see: Callable[[Access], None]) -> bool:
    """Say whether a path has at most one item, apart from the accesses that *see* is shown."""
    match node:
        case External(name="resource"):
            return True
        case Member(focus=External(name="resource")):
            return False
        case _:
            types_of(node, this, see)
            return True


_KEEP_EMPTY: Final = frozenset({"where", "select", "trace", "first", "tail", "descendants", "distinct", "as", "ofType"})


def start_of(node: Expr) -> Member | None:
    """Return the path on which ``path….empty()``, ``.isDistinct()`` or ``.all()`` depends: empty, they are true."""
    if not (isinstance(node, Call) and node.name in {"empty", "isDistinct", "all"} and node.focus is not None):
        return None
    start: Expr | None = node.focus
    while isinstance(start, Call | TypeCall):
        if (start.name if isinstance(start, Call) else start.operator) not in _KEEP_EMPTY:
            return None
        start = start.focus
    return start if isinstance(start, Member) else None
