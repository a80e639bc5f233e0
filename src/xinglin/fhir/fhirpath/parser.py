"""Read a FHIRPath expression into its tree, by precedence climbing (http://hl7.org/fhirpath/N1/#precedence)."""

from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, cast

from xinglin.fhir.fhirpath import lexer, temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.quantity import CALENDAR_WORDS, Quantity
from xinglin.fhir.fhirpath.tree import (
    MAX_DEPTH,
    MAX_NESTING,
    Binary,
    BinaryOperator,
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
    TypeName,
)
from xinglin.fhir.fhirpath.values import Long

# The higher, the tighter. Type operators stand between addition and union.
_PRECEDENCE: Final = {
    "implies": 1,
    "or": 2, "xor": 2,
    "and": 3,
    "in": 4, "contains": 4,
    "=": 5, "~": 5, "!=": 5, "!~": 5,
    "<=": 6, "<": 6, ">": 6, ">=": 6,
    "|": 7,
    "is": 8, "as": 8,
    "+": 9, "-": 9, "&": 9,
    "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
_KEYWORDS: Final = frozenset({"and", "or", "xor", "implies", "div", "mod", "true", "false"})
_TYPE_FUNCTIONS: Final = frozenset({"is", "as", "ofType"})
_MAX_INTEGER: Final = 2**31 - 1
_MAX_LONG: Final = 2**63 - 1


@lru_cache(maxsize=4096)
def parse(expression: str) -> Expr:
    """Return the tree of *expression*. Raises FhirPathError of kind syntax, with the position."""
    return _Parser(expression).whole()


class _Parser:
    """One pass over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self._tokens = lexer.tokens(expression)
        self._next = 0
        self._open = 0
        self._depth: dict[int, int] = {}

    def whole(self) -> Expr:
        found = self._expression(0)
        if self._token.kind != "end":
            raise self._unexpected()
        return found

    @property
    def _token(self) -> lexer.Token:
        return self._tokens[self._next]

    def _unexpected(self) -> FhirPathError:
        token = self._token
        if token.kind == "end":
            return FhirPathError("syntax", "The expression ends too early", token.position)
        return FhirPathError("syntax", f"Unexpected {token.text!r}", token.position)

    def _is(self, symbol: str) -> bool:
        return self._token.kind == "symbol" and self._token.text == symbol

    def _take(self, symbol: str) -> bool:
        if self._is(symbol):
            self._next += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._unexpected()

    def _made(self, node: Expr, *parts: Expr | None) -> Expr:
        """Note how deep *node* is; refuse what is too deep to walk."""
        depth = 1 + max((self._depth.get(id(part), 1) for part in parts if part is not None), default=0)
        if depth > MAX_DEPTH:
            raise FhirPathError("syntax", f"The expression is nested deeper than {MAX_DEPTH} levels", node.at)
        self._depth[id(node)] = depth
        return node

    def _operator(self) -> str | None:
        token = self._token
        return token.text if token.kind in {"symbol", "identifier"} and token.text in _PRECEDENCE else None

    def _expression(self, floor: int) -> Expr:
        self._open += 1
        if self._open > MAX_NESTING:
            raise FhirPathError(
                "syntax", f"The expression is nested deeper than {MAX_NESTING} levels", self._token.position
            )
        left = self._unary()
        while (operator := self._operator()) is not None and _PRECEDENCE[operator] > floor:
            at = self._token.position
            self._next += 1
            if operator in {"is", "as"}:
                kind: Literal["is", "as"] = "is" if operator == "is" else "as"
                left = self._made(TypeCall(kind, left, self._type_specifier(), at), left)
            else:
                right = self._expression(_PRECEDENCE[operator])
                left = self._made(Binary(cast("BinaryOperator", operator), left, right, at), left, right)
        self._open -= 1
        return left

    def _unary(self) -> Expr:
        signs: list[tuple[Literal["+", "-"], int]] = []
        while self._is("+") or self._is("-"):
            signs.append(("-" if self._token.text == "-" else "+", self._token.position))
            self._next += 1
        found = self._invocations(self._term())
        for sign, at in reversed(signs):
            found = self._made(Polarity(sign, found, at), found)
        return found

    def _invocations(self, focus: Expr) -> Expr:
        while True:
            at = self._token.position
            if self._take("."):
                if self._token.kind == "special":
                    # After a dot, $this is what stands before it; $index and $total are those of the surroundings.
                    kept = focus
                    focus = self._special()
                    if isinstance(focus, Special) and focus.name == "this":
                        focus = kept
                    continue
                focus = self._invocation(focus)
            elif self._take("["):
                index = self._expression(0)
                self._expect("]")
                focus = self._made(Indexed(focus, index, at), focus, index)
            else:
                return focus

    def _special(self) -> Expr:
        token = self._token
        self._next += 1
        return self._made(Special(cast("Literal['this', 'index', 'total']", token.text), token.position))

    def _invocation(self, focus: Expr | None) -> Expr:
        token = self._token
        if token.kind not in {"identifier", "delimited"} or (token.kind == "identifier" and token.text in _KEYWORDS):
            raise self._unexpected()
        self._next += 1
        if not self._take("("):
            return self._made(Member(focus, token.text, token.position), focus)
        arguments = self._arguments()
        if token.text in _TYPE_FUNCTIONS and len(arguments) == 1:
            kind = cast("Literal['is', 'as', 'ofType']", token.text)
            return self._made(TypeCall(kind, focus, _type_of(arguments[0]), token.position), focus)
        return self._made(Call(focus, token.text, arguments, token.position), focus, *arguments)

    def _arguments(self) -> tuple[Expr, ...]:
        if self._take(")"):
            return ()
        found = [self._expression(0)]
        while self._take(","):
            found.append(self._expression(0))
        self._expect(")")
        return tuple(found)

    def _term(self) -> Expr:
        token = self._token
        at = token.position
        if self._take("("):
            inner = self._expression(0)
            self._expect(")")
            # Parentheses end the reach of a leading minus in sort(), and of variables: see Interpreter._variables.
            return inner
        if self._take("{"):
            self._expect("}")
            return self._made(Empty(at))
        match token.kind:
            case "special":
                return self._special()
            case "external":
                self._next += 1
                return self._made(External(token.text, at))
            case "string":
                self._next += 1
                return self._made(Constant(token.text, at))
            case "number" | "long":
                return self._number()
            case "date" | "datetime" | "time":
                self._next += 1
                return self._made(Constant(_temporal(token), at))
            case "identifier" if token.text in {"true", "false"}:
                self._next += 1
                return self._made(Constant(token.text == "true", at))
            case "identifier" | "delimited":
                return self._invocation(None)
            case _:
                raise self._unexpected()

    def _number(self) -> Expr:
        token = self._token
        self._next += 1
        if token.kind == "long":
            if len(token.text) > 19 or int(token.text) > _MAX_LONG:
                raise FhirPathError("syntax", f"{token.text[:40]} is too large for a Long", token.position)
            return self._made(Constant(Long(token.text), token.position))
        unit = self._token
        if unit.kind == "string":
            self._next += 1
            return self._made(Constant(Quantity(Decimal(token.text), unit.text), token.position))
        if unit.kind == "identifier" and unit.text in CALENDAR_WORDS:
            self._next += 1
            quantity = Quantity(Decimal(token.text), CALENDAR_WORDS[unit.text], calendar=True)
            return self._made(Constant(quantity, token.position))
        if "." in token.text:
            return self._made(Constant(Decimal(token.text), token.position))
        if len(token.text) > 19 or int(token.text) > _MAX_LONG:
            raise FhirPathError(
                "syntax", f"{token.text[:40]} is too large for a number without decimals", token.position
            )
        if int(token.text) > _MAX_INTEGER:
            return self._made(Constant(Long(token.text), token.position))
        return self._made(Constant(int(token.text), token.position))

    def _type_specifier(self) -> TypeName:
        first = self._type_part()
        if (
            self._is(".")
            and self._tokens[self._next + 1].kind in {"identifier", "delimited"}
            and first in {"FHIR", "System"}
        ):
            self._next += 1
            return TypeName(first, self._type_part())
        return TypeName(None, first)

    def _type_part(self) -> str:
        token = self._token
        if token.kind not in {"identifier", "delimited"}:
            raise self._unexpected()
        self._next += 1
        return token.text


def _type_of(argument: Expr) -> TypeName:
    """Read the argument of ``ofType(FHIR.Patient)`` as a type specifier."""
    match argument:
        case Member(focus=None, name=name):
            return TypeName(None, name)
        case Member(focus=Member(focus=None, name=namespace), name=name):
            return TypeName(namespace, name)
        case _:
            raise FhirPathError("syntax", "A type name is expected here", argument.at)


def _temporal(token: lexer.Token) -> temporal.Date | temporal.DateTime | temporal.Time:
    text = token.text
    found: temporal.Date | temporal.DateTime | temporal.Time | None
    if token.kind == "date":
        found = temporal.date_of(text)
    elif token.kind == "time":
        found = temporal.time_of(text[1:])
    else:
        found = temporal.datetime_of(text)
    if found is None:
        raise FhirPathError("syntax", f"@{text} is not a possible {token.kind}", token.position)
    return found
