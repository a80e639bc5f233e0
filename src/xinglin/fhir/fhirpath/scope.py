"""What an expression sees while it is evaluated: ``$this``, ``$index``, ``$total`` and variables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.fhirpath.environment import Environment
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.nodes import Collection, Node, to_system
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.tree import Expr

# Bounds on one evaluation: steps taken, and length of one string made. They end hostile expressions, not honest ones.
MAX_STEPS: Final = 500_000
MAX_TEXT: Final = 1_000_000


@dataclass(slots=True)
class Run:
    """One evaluation: its environment, the fixed nodes, and how much work it did."""

    environment: Environment
    resource: Node | None
    root_resource: Node | None
    context: Node | None
    evaluate: Callable[["Scope", Expr], Collection]
    steps: int = 0

    def spend(self, steps: int = 1) -> None:
        """Count work; raise FhirPathError when the evaluation goes on for too long."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise FhirPathError("execution", f"The evaluation took more than {MAX_STEPS} steps")


@dataclass(slots=True)
class Scope:
    """The surroundings of one expression. *variables* grow along a chain of calls and end with it."""

    run: Run
    this: Collection
    index: int | None
    total: Collection | None
    variables: dict[str, Collection]

    def value(self, expression: Expr) -> Collection:
        """Evaluate *expression* here; variables that it defines end with it."""
        return self.run.evaluate(Scope(self.run, self.this, self.index, self.total, dict(self.variables)), expression)

    def on(self, this: Collection, *, index: int | None = None, total: Collection | None = None) -> "Scope":
        """Return the scope of an expression evaluated on *this*."""
        return Scope(
            self.run,
            this,
            self.index if index is None else index,
            self.total if total is None else total,
            dict(self.variables),
        )


def one(collection: Sequence[Node], what: str = "The input") -> Node | None:
    """Return the single item, or None when there is none. Raises FhirPathError when there are several."""
    if len(collection) > 1:
        raise FhirPathError("execution", f"{what} has {len(collection)} items where one is expected")
    return collection[0] if collection else None


def boolean(collection: Sequence[Node], what: str = "The input") -> bool | None:
    """Evaluate a collection as a boolean: its one boolean, true for one item of another kind, None when empty."""
    item = one(collection, what)
    if item is None:
        return None
    held = to_system(item)
    return held.value if held is not None and isinstance(held.value, bool) else True


def string(collection: Sequence[Node], what: str = "The input") -> str | None:
    """Return the one string; dates count as their text when FHIR holds them as such. Raises on other types."""
    item = one(collection, what)
    if item is None:
        return None
    held = to_system(item)
    if held is None:
        if item.value is None:
            return None
        raise FhirPathError("execution", f"{what} is a {item.type}, not a String")
    if isinstance(held.value, str):
        return held.value
    if isinstance(held.value, Date | DateTime | Time) and isinstance(item.value, str):
        return item.value
    raise FhirPathError("execution", f"{what} is a {item.type}, not a String")


def integer(collection: Sequence[Node], what: str = "The argument") -> int | None:
    """Return the one integer. Raises on other types."""
    item = one(collection, what)
    if item is None:
        return None
    held = to_system(item)
    if held is not None and isinstance(held.value, int) and not isinstance(held.value, bool):
        return held.value
    raise FhirPathError("execution", f"{what} is a {item.type}, not an Integer")
