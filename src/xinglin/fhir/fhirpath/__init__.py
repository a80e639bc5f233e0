"""FHIRPath: the expression language of FHIR (http://hl7.org/fhirpath/N1/, http://hl7.org/fhir/R4/fhirpath.html).

`evaluate` interprets an expression over a resource; `compile` turns the paths of search parameters and the invariants
into Python functions; `check` finds expressions that can't be right before they run.
"""

from msgspec import Struct

from xinglin.fhir.fhirpath import interpreter
from xinglin.fhir.fhirpath.check import check
from xinglin.fhir.fhirpath.environment import Environment
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.nodes import Node, root
from xinglin.fhir.fhirpath.parser import parse
from xinglin.fhir.fhirpath.tree import Expr

__all__ = ["Environment", "Expr", "FhirPathError", "Node", "check", "evaluate", "parse"]

_DEFAULT = Environment()


def evaluate(
    expression: str | Expr,
    resource: Struct | Node | None,
    *,
    environment: Environment | None = None,
    context: Node | None = None,
) -> list[Node]:
    """Evaluate *expression* on *resource* (``%resource``), on the node *context* in it, or on nothing.

    Raises FhirPathError: of kind syntax when it can't be read, semantic when it can't be right (unknown functions; with
    `Environment.strict` also unknown elements), execution when it can't be carried out.
    """
    tree = parse(expression) if isinstance(expression, str) else expression
    given = environment or _DEFAULT
    top = root(resource) if isinstance(resource, Struct) else resource
    start = context or top
    if given.strict:
        check(tree, None if start is None else start.type, ordered=given.ordered)
    return interpreter.run(tree, top, given, context)
