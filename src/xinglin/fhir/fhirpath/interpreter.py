"""Walk the tree of an expression over nodes (http://hl7.org/fhirpath/N1/)."""

from collections.abc import Sequence
from decimal import DecimalException
from typing import Final

from msgspec import Struct

from xinglin.fhir.fhirpath import operators
from xinglin.fhir.fhirpath.environment import Environment
from xinglin.fhir.fhirpath.equality import Seen, all_equal, all_equivalent, distinct, order
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.conversion import text_of
from xinglin.fhir.fhirpath.functions.signature import truth
from xinglin.fhir.fhirpath.functions.table import FUNCTIONS
from xinglin.fhir.fhirpath.nodes import (
    Collection,
    Node,
    check_known,
    child,
    is_fhir,
    is_type,
    root,
    system,
)
from xinglin.fhir.fhirpath.scope import Run, Scope, integer, one
from xinglin.fhir.fhirpath.tree import (
    Binary,
    Call,
    Constant,
    Empty,
    Expr,
    External,
    Indexed,
    Member,
    Polarity,
    Special,
    TypeCall,
)

SYSTEM_VARIABLES: Final = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_ORDER: Final = {
    "<": lambda found: found < 0,
    "<=": lambda found: found <= 0,
    ">": lambda found: found > 0,
    ">=": lambda found: found >= 0,
}


def run(tree: Expr, resource: Node | None, environment: Environment, context: Node | None = None) -> Collection:
    """Evaluate *tree* on *resource*, on the node *context* within it, or on nothing."""
    outer = environment.root_resource
    start = context or resource
    state = Run(
        environment=environment,
        resource=resource,
        root_resource=resource if outer is None or (resource and outer is resource.value) else root(outer),
        context=start,
        evaluate=evaluate,
    )
    try:
        return evaluate(Scope(state, [] if start is None else [start], None, None, {}), tree)
    except RecursionError:
        raise FhirPathError("execution", "The expression or the data are nested too deeply") from None
    except DecimalException as fault:
        raise FhirPathError("execution", f"A number is out of range ({type(fault).__name__})") from fault


def evaluate(scope: Scope, node: Expr) -> Collection:
    """Evaluate one node of the tree. Variables that a chain of calls defines are left in *scope*."""
    scope.run.spend()
    match node:
        case Member():
            return _member(scope, node)
        case Call():
            return _call(scope, node)
        case Constant(value=value):
            return [system(value)]
        case Binary(operator=operator):
            return _binary(scope, operator, node)
        case TypeCall():
            return _type_call(scope, node)
        case Special():
            return _special(scope, node)
        case External():
            return _external(scope, node)
        case Indexed(focus=focus, index=index):
            items = evaluate(scope, focus)
            at = integer(scope.value(index), "The index")
            return [items[at]] if at is not None and 0 <= at < len(items) else []
        case Polarity(sign=sign, operand=operand):
            item = one(scope.value(operand), f"The operand of {sign}")
            return [] if item is None else operators.polarity(sign, item)
        case Empty():
            return []


def _member(scope: Scope, node: Member) -> Collection:
    if node.focus is None:
        if node.name[:1].isupper():
            typed = [item for item in scope.this if is_fhir(item.type, node.name)]
            if typed:
                return typed
        items = scope.this
    else:
        items = evaluate(scope, node.focus)
    if len(items) == 1:
        return child(items[0], node.name)
    scope.run.spend(len(items))
    return [below for item in items for below in child(item, node.name)]


def _call(scope: Scope, node: Call) -> Collection:
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise FhirPathError("semantic", f"There is no function {node.name}()", node.at)
    if len(node.arguments) < function.least or (function.most is not None and len(node.arguments) > function.most):
        raise FhirPathError("semantic", f"{node.name}() can't take {len(node.arguments)} arguments", node.at)
    focus = scope.this if node.focus is None else evaluate(scope, node.focus)
    return function.body(scope, focus, node.arguments)


def _type_call(scope: Scope, node: TypeCall) -> Collection:
    items = scope.this if node.focus is None else evaluate(scope, node.focus)
    check_known(node.type, node.at)
    if node.operator == "is":
        item = one(items, "The input of is()")
        return [] if item is None else truth(is_type(item.type, node.type))
    if node.operator == "as" and not scope.run.environment.many_as:
        one(items, "The input of as()")
    return [item for item in items if is_type(item.type, node.type, exact_primitives=True)]


def _special(scope: Scope, node: Special) -> Collection:
    match node.name:
        case "this":
            return scope.this
        case "index":
            return [] if scope.index is None else [system(scope.index)]
        case _:
            return [] if scope.total is None else scope.total


def _external(scope: Scope, node: External) -> Collection:
    state, name = scope.run, node.name
    if name in scope.variables:
        return scope.variables[name]
    if name in SYSTEM_VARIABLES:
        return [system(SYSTEM_VARIABLES[name])]
    match name:
        case "context":
            return _given(state.context)
        case "resource":
            return _given(state.resource)
        case "rootResource":
            return _given(state.root_resource)
    if name in state.environment.variables:
        return _given(state.environment.variables[name])
    if name.startswith("vs-"):
        return [system(f"http://hl7.org/fhir/ValueSet/{name[3:]}")]
    if name.startswith("ext-"):
        return [system(f"http://hl7.org/fhir/StructureDefinition/{name[4:]}")]
    raise FhirPathError("execution", f"There is no variable %{name}", node.at)


def _given(value: object) -> Collection:
    if value is None:
        return []
    if isinstance(value, Node):
        return [value]
    if isinstance(value, Struct):
        return [root(value)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [node for item in value for node in _given(item)]
    return [system(value)]


def _binary(scope: Scope, operator: str, node: Binary) -> Collection:
    left = scope.value(node.left)
    if operator in {"and", "or", "implies"}:
        return _logic(scope, operator, left, node.right)
    right = scope.value(node.right)
    match operator:
        case "|":
            return distinct([*left, *right], scope.run.spend)
        case "=" | "!=":
            if not left or not right:
                return []
            same = all_equal(left, right)
            return [] if same is None else truth(same is (operator == "="))
        case "~" | "!~":
            return truth(all_equivalent(left, right) is (operator == "~"))
        case "in":
            return _membership(left, right, "The left side of in")
        case "contains":
            return _membership(right, left, "The right side of contains")
        case "xor":
            return operators.logic(operator, left, right)
    a, b = one(left, f"The left side of {operator}"), one(right, f"The right side of {operator}")
    if operator == "&":
        return _weighed(scope, operators.text(_joined(a) + _joined(b)))
    if a is None or b is None:
        return []
    if operator in _ORDER:
        found = order(a, b)
        return [] if found is None else truth(_ORDER[operator](found))
    return _weighed(scope, operators.arithmetic(operator, a, b))


def _weighed(scope: Scope, found: Collection) -> Collection:
    """Count a long text as work, so that texts that grow step by step end before they fill the memory."""
    if found and isinstance(found[0].value, str):
        scope.run.spend(len(found[0].value) // 32)
    return found


def _logic(scope: Scope, operator: str, left: Collection, right: Expr) -> Collection:
    """Evaluate the right side only when the left does not decide."""
    decided = {"and": False, "or": True, "implies": False}[operator]
    if len(left) == 1 and left[0].value is decided:
        return truth(operator != "and")
    return operators.logic(operator, left, scope.value(right))


def _membership(item: Collection, items: Collection, what: str) -> Collection:
    found = one(item, what)
    return [] if found is None else truth(found in Seen(items))


def _joined(item: Node | None) -> str:
    if item is None:
        return ""
    found = text_of(item)
    if found is None and item.value is not None:
        raise FhirPathError("execution", f"& can't take a {item.type}")
    return found or ""
