"""The typed tree of an expression: what the parser makes, the checker reads, the interpreter and compiler carry out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from xinglin.fhir.fhirpath.quantity import Quantity
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.values import Long

System = bool | int | Long | str | Quantity | Date | DateTime | Time
BinaryOperator = Literal[
    "*", "/", "div", "mod", "+", "-", "&", "|", "<=", "<", ">", ">=", "=", "~", "!=", "!~",
    "in", "contains", "and", "or", "xor", "implies",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type specifier: ``Patient``, ``FHIR.Patient``, ``System.String``."""

    namespace: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.namespace is None else f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of a System type; Decimal literals carry a Decimal."""

    value: object
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """The empty collection ``{}``."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Special:
    """One of ``$this``, ``$index``, ``$total``."""

    name: Literal["this", "index", "total"]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class External:
    """A variable ``%name``."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """``focus.name``; without a focus the name stands alone and means a member of ``$this`` or a type at the root."""

    focus: "Expr | None"
    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """``focus.name(arguments)``; without a focus the function is called on ``$this``."""

    focus: "Expr | None"
    name: str
    arguments: "tuple[Expr, ...]"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TypeCall:
    """``focus is T``, ``focus as T`` and the functions ``is(T)``, ``as(T)``, ``ofType(T)``."""

    operator: Literal["is", "as", "ofType"]
    focus: "Expr | None"
    type: TypeName
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Indexed:
    """An indexer ``focus[index]``."""

    focus: "Expr"
    index: "Expr"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Polarity:
    """``+operand`` or ``-operand``."""

    sign: Literal["+", "-"]
    operand: "Expr"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """An operation ``left operator right``."""

    operator: BinaryOperator
    left: "Expr"
    right: "Expr"
    at: int = field(default=0, compare=False)


Expr = Constant | Empty | Special | External | Member | Call | TypeCall | Indexed | Polarity | Binary

# A tree deeper than this is refused by the parser, so that everything that walks a tree may recurse. Parentheses and
# arguments within each other have a bound of their own, which keeps the parser's recursion small.
MAX_DEPTH: Final = 120
MAX_NESTING: Final = 60


def children(node: Expr) -> Iterator[Expr]:
    """Yield the direct parts of *node*, in the order written."""
    match node:
        case Member(focus=focus) | TypeCall(focus=focus):
            if focus is not None:
                yield focus
        case Call(focus=focus, arguments=arguments):
            if focus is not None:
                yield focus
            yield from arguments
        case Indexed(focus=focus, index=index):
            yield focus
            yield index
        case Polarity(operand=operand):
            yield operand
        case Binary(left=left, right=right):
            yield left
            yield right
        case _:
            return


def walk(node: Expr) -> Iterator[Expr]:
    """Yield *node* and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)
