"""What every function of FHIRPath looks like from inside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xinglin.fhir.fhirpath.nodes import Collection, Node, system
from xinglin.fhir.fhirpath.scope import Scope
from xinglin.fhir.fhirpath.tree import Expr

Body = Callable[[Scope, Collection, tuple[Expr, ...]], Collection]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its body and how many arguments it takes. *most* None means any number.

    ordered: needs the order of its input.
    """

    body: Body
    least: int = 0
    most: int | None = 0
    ordered: bool = False


def truth(value: bool | None) -> Collection:  # noqa: FBT001 -- a value, not a switch
    """Return a Boolean, or nothing for None."""
    return [] if value is None else [system(value)]


def each(scope: Scope, focus: Collection) -> Iterator[tuple[Node, Scope]]:
    """Yield every item with the scope in which it is ``$this``."""
    for index, item in enumerate(focus):
        yield item, scope.on([item], index=index)
