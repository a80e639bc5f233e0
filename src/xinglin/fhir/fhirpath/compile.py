"""Compile FHIRPath into Python functions over structs: paths of search parameters, and invariants.

A path becomes nested loops over attributes, with the types known from the definitions. What is not compiled falls back
to the interpreter: a path as a whole, a predicate only for the part that needs it. The results are the interpreter's,
with two allowances of R4: ``as`` takes several items, and ``resolve() is T`` is decided from the text of the reference.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir.fhirpath import interpreter
from xinglin.fhir.fhirpath.codegen import GIVEN, Generator, Item
from xinglin.fhir.fhirpath.environment import Environment
from xinglin.fhir.fhirpath.nodes import Node, root
from xinglin.fhir.fhirpath.parser import parse
from xinglin.fhir.fhirpath.references import type_of_reference
from xinglin.fhir.fhirpath.scope import boolean
from xinglin.fhir.fhirpath.shape import NotCompiledError
from xinglin.fhir.fhirpath.tree import Binary, Call, Expr, TypeCall, walk
from xinglin.fhir.r4 import CLASSES

Path = Callable[[Struct], list[tuple[str, object]]]
Visit = Callable[[Any, str, Any], None]
Predicate = Callable[..., bool]


@lru_cache(maxsize=8192)
def compile_path(expression: str, type_name: str) -> Path:
    """Return a function that selects by *expression* from a struct of *type_name*.

    It returns (FHIR type name, raw value or struct) of every selected node that has a value, in order. Branches of a
    union that begin with another type select nothing. Raises FhirPathError of kind syntax.
    """
    return _compiled_path(expression, type_name) or _interpreted_path(parse(expression))


def is_compiled(expression: str, type_name: str) -> bool:
    """Say whether `compile_path` compiles *expression*, rather than leaving it to the interpreter."""
    return _compiled_path(expression, type_name) is not None


def _compiled_path(expression: str, type_name: str) -> Path | None:
    tree = parse(expression)
    code = Generator(type_name)
    code.writer.line("out = []")
    try:
        _select(code, tree, "out.append(({type}, {value}))")
    except NotCompiledError:
        return None
    code.writer.line("return distinct(out) if len(out) > 1 else out" if _has_union(tree) else "return out")
    return code.writer.function("c, r=None", {**GIVEN, "distinct": _distinct})


def _select(code: Generator, tree: Expr, template: str) -> None:
    """Write the loops that run *template* for every selected value."""
    writer = code.writer
    if _is_predicate(tree):
        found = code.truth(tree, code.context)
        with writer.block(f"if {found} is not None:"):
            writer.line(template.format(type="'boolean'", value=found))
        return

    def one(item: Item) -> None:
        name = f"{item.code}.fhir_type" if item.open else repr(item.type.removeprefix("System."))
        line = template.format(type=name, value=item.code)
        if item.sibling:
            with writer.block(f"if {item.code} is not None:"):
                writer.line(line)
        else:
            writer.line(line)

    code.loop(tree, code.context, one, values=True)


def compile_visits(visits: Iterable[tuple[str, Visit]], type_name: str) -> Callable[[Any, Struct], None]:
    """Return one function of (a draft, a struct) that selects by all expressions at once, and visits what is selected.

    visits: expression, and what is called with (draft, FHIR type name, raw value or struct) for every value, in this
    order. An expression that selects the same value twice may visit it twice.
    """
    code = Generator(type_name)
    for expression, visit in visits:
        call = code.writer.named(visit)
        if _compiled_path(expression, type_name) is None:
            path = code.writer.named(compile_path(expression, type_name))
            with code.writer.block(f"for t, x in {path}(c):"):
                code.writer.line(f"{call}(d, t, x)")
        else:
            _select(code, parse(expression), f"{call}(d, {{type}}, {{value}})")
    if not code.writer.lines:
        code.writer.line("return")
    return code.writer.function("d, c, r=None", GIVEN)


_BOOLEAN: Final = frozenset({"and", "or", "xor", "implies", "=", "!=", "<", "<=", ">", ">="})
_BOOLEAN_CALLS: Final = frozenset({"exists", "empty", "not", "all", "matches", "startsWith", "contains", "endsWith"})


def _is_predicate(tree: Expr) -> bool:
    match tree:
        case Binary(operator=operator):
            return operator in _BOOLEAN
        case Call(name=name):
            return name in _BOOLEAN_CALLS
        case TypeCall(operator=operator):
            return operator == "is"
        case _:
            return False


def _has_union(tree: Expr) -> bool:
    return any(isinstance(node, Binary) and node.operator == "|" for node in walk(tree))


def _distinct(found: Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """Drop repeated values. Dates are compared as text: two spellings of one moment both stay."""
    kept: list[tuple[str, object]] = []
    plain: set[object] = set()
    for pair in found:
        value = pair[1]
        if isinstance(value, Struct):
            if any(value == other for _, other in kept):
                continue
        else:
            key = (type(value) is bool, value)
            if key in plain:
                continue
            plain.add(key)
        kept.append(pair)
    return kept


def _interpreted_path(tree: Expr) -> Path:
    environment = _environment(None)

    def path(c: Struct, r: Struct | None = None) -> list[tuple[str, object]]:
        found = interpreter.run(tree, root(c), environment)
        return [(_plain_type(node), node.value) for node in found if node.value is not None]

    return path


def _plain_type(node: Node) -> str:
    """Name the type of a result as FHIR does; a System Boolean is a boolean."""
    namespace, _, name = node.type.partition(".")
    return name if namespace == "FHIR" else name[0].lower() + name[1:]


def _environment(outer: Struct | None) -> Environment:
    return Environment(many_as=True, resolve=_stand_in, root_resource=outer)


def _stand_in(reference: str) -> Struct | None:
    """Return an empty struct of the type that a reference names, for ``resolve() is T``."""
    name = type_of_reference(reference)
    kind = CLASSES.get(name) if name is not None else None
    return None if kind is None else kind()


# Predicates ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def compile_predicate(expression: str, type_name: str) -> Predicate:
    """Return ``holds(resource, context, root=None)``, which evaluates *expression* on a value of *type_name*.

    resource: ``%resource``; context: struct or raw value; root: ``%rootResource``, when the resource is contained.
    It holds when the result is true; nothing (an empty result) counts as false, as in the reference validator. Raises
    FhirPathError of kind execution as the interpreter does.
    """
    tree = parse(expression)
    code = Generator(type_name, fallback=_fallback)
    found = code.truth(tree, code.context)
    code.writer.line(f"return {found} is True")
    return code.writer.function("r, c, o=None", GIVEN)


def _fallback(tree: Expr, type_name: str) -> Callable[[Any, Any, Any], bool | None]:
    """Return a function that interprets *tree* as a boolean, on a context of *type_name*."""
    plain = _environment(None)

    def interpret(resource: Struct | None, context: object, outer: Struct | None) -> bool | None:
        environment = plain if outer is None else _environment(outer)
        kind = getattr(context, "fhir_type", type_name)
        top = None if resource is None else root(resource)
        node = top if top is not None and resource is context else Node(context, f"FHIR.{kind}")
        return boolean(interpreter.run(tree, top, environment, node))

    return interpret
