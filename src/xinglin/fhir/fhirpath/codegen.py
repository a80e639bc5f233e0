"""Turn a tree into Python statements over structs; see `compile`.

The writer's code keeps each step's value in a local name. A collection is never built: what is done with an item is
written into the innermost loop. Truth values are True, False or None (empty).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from xinglin.fhir.fhirpath import patterns
from xinglin.fhir.fhirpath.equality import order
from xinglin.fhir.fhirpath.interpreter import SYSTEM_VARIABLES
from xinglin.fhir.fhirpath.nodes import Access, Node, is_fhir, is_primitive, is_type, members
from xinglin.fhir.fhirpath.references import target_type
from xinglin.fhir.fhirpath.shape import (
    OPEN,
    NotCompiledError,
    at_most_one,
    full_name,
    holds_union,
    kind_of,
    start_of,
    subtypes,
    words_of,
)
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
from xinglin.fhir.fhirpath.writer import Writer
from xinglin.fhir.r4.elements import TYPES

Body = Callable[["Item"], None]
Fallback = Callable[[Expr, str], Callable[[Any, Any, Any], bool | None]]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a collection in the code.

    code: expression of its value. type: FHIR type name, or "System.Boolean" and the like. sibling: expression of the
    Element beside a primitive; with it, the value may be None. open: the struct's class says the type, any resource.
    """

    code: str
    type: str
    sibling: str = ""
    open: bool = False


# Stands for a primitive that has only an id or extensions: equal to nothing, but not empty either.
ABSENT: Final = object()


def _pairs(values: Any, elements: Any) -> list[tuple[Any, Any]]:
    """Join the values of a repeating primitive with the Elements beside them."""
    values, elements = values or (), elements or ()
    count = max(len(values), len(elements))
    return [
        (value, element)
        for value, element in zip(
            (*values, *[None] * (count - len(values))), (*elements, *[None] * (count - len(elements))), strict=True
        )
        if value is not None or element is not None
    ]


def _ordered(left: Any, left_type: str, right: Any, right_type: str) -> int | None:
    return order(Node(left, left_type), Node(right, right_type))


# Functions that `_truth_of_call` knows.
_TESTS: Final = frozenset({"exists", "empty", "not", "hasValue", "all"})

# What the code may use besides its own constants.
GIVEN: Final[dict[str, object]] = {
    "ABSENT": ABSENT,
    "pairs": _pairs,
    "ordered": _ordered,
    "target_type": target_type,
    "matches": patterns.search,
}


class Generator:
    """Writes the code of one function on a context ``c`` of one type, in a resource ``r`` (contained in ``o``)."""

    def __init__(self, type_name: str, fallback: Fallback | None = None) -> None:
        self.writer = Writer()
        self.context = Item("c", type_name, open=type_name in OPEN)
        self._fallback = fallback

    # Collections ----------------------------------------------------------------------------------------------

    def loop(self, node: Expr, this: Item, body: Body, *, values: bool = False) -> None:
        """Write code that runs *body* for each item of *node*. values: items without a value may be left out."""
        match node:
            case Member(focus=None, name=name) if name[:1].isupper():
                self._typed(this, name, body)
            case Member(focus=None, name=name):
                self._step(this, name, body, values=values)
            case Member(focus=focus, name=name) if focus is not None:
                self.loop(focus, this, lambda item: self._step(item, name, body, values=values))
            case Special(name="this"):
                body(this)
            case External(name="resource") if self._fallback is not None:
                body(self._resource())
            case Binary(operator="|", left=left, right=right):
                self.loop(left, this, body, values=values)
                self.loop(right, this, body, values=values)
            case TypeCall(operator="as" | "ofType", focus=focus, type=wanted):
                self.loop(focus or Special("this"), this, lambda item: self._only(item, wanted, body), values=values)
            case Indexed(focus=focus, index=Constant(value=int(index))):
                self._counted(focus, this, body, f"== {index}")
            case Call():
                self._call(node, this, body, values=values)
            case _:
                raise NotCompiledError

    def _resource(self) -> Item:
        """``%resource``: the type is known when the context is part of one."""
        name = self.context.type.partition(".")[0]
        info = TYPES.get(name)
        if info is None or info.kind != "resource" or info.abstract:
            raise NotCompiledError
        return Item("r", name)

    def _typed(self, this: Item, name: str, body: Body) -> None:
        if this.open:
            raise NotCompiledError
        if is_fhir(f"FHIR.{this.type}", name):
            body(this)
        elif name not in TYPES:
            raise NotCompiledError

    def _only(self, item: Item, wanted: TypeName, body: Body) -> None:
        """Run *body* when the item is of the *wanted* type."""
        if not item.open:
            if is_type(full_name(item.type), wanted, exact_primitives=True):
                body(item)
            return
        names = subtypes(wanted)
        with self.writer.block(f"if {item.code}.fhir_type in {self.writer.constant(frozenset(names))}:"):
            body(Item(item.code, names[0]) if len(names) == 1 else item)

    def _step(self, item: Item, name: str, body: Body, *, values: bool) -> None:
        if item.type.startswith("System.") or item.open:
            if item.open and name in {"id", "meta", "language", "implicitRules"}:
                self._access(item, members("Resource")[name][0], body, values=values)
                return
            raise NotCompiledError
        if is_primitive(item.type):
            if not item.sibling:
                raise NotCompiledError
            if name in {"id", "extension"}:
                beside = self.writer.name("e")
                self.writer.line(f"{beside} = {item.sibling}")
                with self.writer.block(f"if {beside} is not None:"):
                    self._step(Item(beside, "Element"), name, body, values=values)
                return
            raise NotCompiledError
        for access in members(item.type).get(name, ()):
            self._access(item, access, body, values=values)

    def _access(self, item: Item, access: Access, body: Body, *, values: bool) -> None:
        writer = self.writer
        value = writer.name("v")
        made = Item(value, access.type, open=access.type in OPEN)
        if access.many and access.sibling and not values:
            beside = writer.name("e")
            with writer.block(
                f"for {value}, {beside} in pairs({item.code}.{access.attr}, {item.code}.{access.sibling}):"
            ):
                body(Item(value, access.type, sibling=beside))
        elif access.many:
            with writer.block(f"for {value} in {item.code}.{access.attr} or ():"):
                if access.sibling:
                    with writer.block(f"if {value} is not None:"):
                        body(made)
                else:
                    body(made)
        elif access.sibling and not values:
            beside = f"{item.code}.{access.sibling}"
            writer.line(f"{value} = {item.code}.{access.attr}")
            with writer.block(f"if {value} is not None or {beside} is not None:"):
                body(Item(value, access.type, sibling=beside))
        else:
            writer.line(f"{value} = {item.code}.{access.attr}")
            with writer.block(f"if {value} is not None:"):
                body(made)

    def _call(self, node: Call, this: Item, body: Body, *, values: bool) -> None:
        focus: Expr = node.focus or Special("this")
        match node.name, node.arguments:
            case "where", (criterion,):
                self.loop(focus, this, lambda item: self._filtered(item, criterion, body), values=values)
            case "select", (projection,):
                self.loop(focus, this, lambda item: self.loop(projection, item, body, values=values))
            case "trace", (Constant(),) | (Constant(), _):
                self.loop(focus, this, body, values=values)
            case "first", ():
                self._counted(focus, this, body, "== 0")
            case "tail", ():
                self._counted(focus, this, body, "> 0")
            case "extension", (Constant(value=str(url)),):

                def only(item: Item) -> None:
                    with self.writer.block(f"if {item.code}.url == {url!r}:"):
                        body(item)

                self.loop(Member(focus, "extension"), this, only)
            case _:
                raise NotCompiledError

    def _filtered(self, item: Item, criterion: Expr, body: Body) -> None:
        found = self.truth(criterion, item)
        with self.writer.block(f"if {found} is True:"):
            body(item)

    def _counted(self, focus: Expr, this: Item, body: Body, wanted: str) -> None:
        """Run *body* for the items whose place in the collection is *wanted*."""
        if holds_union(focus):
            raise NotCompiledError
        count = self.writer.name("n")
        self.writer.line(f"{count} = -1")

        def one(item: Item) -> None:
            self.writer.line(f"{count} += 1")
            with self.writer.block(f"if {count} {wanted}:"):
                body(item)

        self.loop(focus, this, one)

    # Truth ----------------------------------------------------------------------------------------------------

    def truth(self, node: Expr, this: Item) -> str:
        """Write code for *node* as a boolean; return the name of its value: True, False or None."""
        at = len(self.writer.lines)
        try:
            return self._truth(node, this)
        except NotCompiledError:
            if self._fallback is None or this is not self.context:
                raise
            del self.writer.lines[at:]
            return self._interpreted(node)

    def _interpreted(self, node: Expr) -> str:
        """Write a call of the interpreter, behind a look whether there is anything to look at."""
        if self._fallback is None:
            raise NotCompiledError
        found = self.writer.name("t")
        call = f"{found} = {self.writer.constant(self._fallback(node, self.context.type))}(r, c, o)"
        path = start_of(node)
        if path is None:
            self.writer.line(call)
            return found
        at = len(self.writer.lines)
        try:
            present = self._exists(path, self.context)
        except NotCompiledError:
            del self.writer.lines[at:]
            self.writer.line(call)
            return found
        self.writer.line(f"{found} = True")
        with self.writer.block(f"if {present}:"):
            self.writer.line(call)
        return found

    def _truth(self, node: Expr, this: Item) -> str:
        match node:
            case Constant(value=bool(value)):
                return self._set(repr(value))
            case Binary(operator="and" | "or" | "implies" | "xor"):
                return self._logic(node, this)
            case Binary(operator="=" | "!="):
                return self._equality(node, this)
            case Binary(operator="<" | "<=" | ">" | ">="):
                return self._comparison(node, this)
            case Binary(operator="in", left=left, right=right):
                return self._membership(left, right, this)
            case TypeCall(operator="is"):
                return self._is(node, this)
            case Call():
                return self._truth_of_call(node, this)
            case _:
                return self._singleton(node, this)

    def _set(self, expression: str) -> str:
        name = self.writer.name("t")
        self.writer.line(f"{name} = {expression}")
        return name

    def _logic(self, node: Binary, this: Item) -> str:
        left = self.truth(node.left, this)
        if node.operator == "xor":
            right = self.truth(node.right, this)
            return self._set(f"None if {left} is None or {right} is None else {left} is not {right}")
        decided, result = {"and": ("False", "False"), "or": ("True", "True"), "implies": ("False", "True")}[
            node.operator
        ]
        found = self._set(result)
        with self.writer.block(f"if {left} is not {decided}:"):
            right = self.truth(node.right, this)
            match node.operator:
                case "and":
                    rest = f"False if {right} is False else None if {left} is None or {right} is None else True"
                case "or":
                    rest = f"True if {right} is True else None if {left} is None or {right} is None else False"
                case _:
                    rest = f"True if {right} is True else None if {left} is None or {right} is None else False"
            self.writer.line(f"{found} = {rest}")
        return found

    def _exists(self, focus: Expr, this: Item, criterion: Expr | None = None) -> str:
        found = self._set("False")

        def one(item: Item) -> None:
            if criterion is None:
                self.writer.line(f"{found} = True")
                return
            holds = self.truth(criterion, item)
            with self.writer.block(f"if {holds} is True:"):
                self.writer.line(f"{found} = True")

        self.loop(focus, this, one)
        return found

    def _truth_of_call(self, node: Call, this: Item) -> str:
        focus: Expr = node.focus or Special("this")
        match node.name, node.arguments:
            case "exists", ():
                return self._exists(focus, this)
            case "exists", (criterion,):
                return self._exists(focus, this, criterion)
            case "empty", ():
                return self._set(f"not {self._exists(focus, this)}")
            case "not", ():
                inner = self.truth(focus, this)
                return self._set(f"None if {inner} is None else not {inner}")
            case "all", (criterion,):
                return self._all(focus, criterion, this)
            case "hasValue", ():
                return self._has_value(focus, this)
            case "isDistinct", ():
                return self._is_distinct(focus, this)
            case "startsWith" | "endsWith" | "contains" | "matches", (Constant(value=str(argument)),):
                return self._text_test(node.name, focus, argument, this)
            case name, _ if name in _TESTS:
                raise NotCompiledError  # with other arguments than these functions take
            case _:
                return self._singleton(node, this)

    def _all(self, focus: Expr, criterion: Expr, this: Item) -> str:
        found = self._set("True")

        def one(item: Item) -> None:
            holds = self.truth(criterion, item)
            with self.writer.block(f"if {holds} is not True:"):
                self.writer.line(f"{found} = False")

        self.loop(focus, this, one)
        return found

    def _has_value(self, focus: Expr, this: Item) -> str:
        count, valued = self._set("0"), self._set("False")

        def one(item: Item) -> None:
            self.writer.line(f"{count} += 1")
            if is_primitive(item.type):
                self.writer.line(f"{valued} = {item.code} is not None")

        self.loop(focus, this, one)
        return self._set(f"{count} == 1 and {valued}")

    def _is_distinct(self, focus: Expr, this: Item) -> str:
        if holds_union(focus):
            raise NotCompiledError
        found = self._list(focus, this, {"text"})
        return self._set(f"len(set({found})) == len({found})")

    def _list(self, focus: Expr, this: Item, kinds: set[str]) -> str:
        """Write code that builds the list of values, when they are all of *kinds*."""
        found = self.writer.name("l")
        self.writer.line(f"{found} = []")

        def one(item: Item) -> None:
            if kind_of(item.type) not in kinds:
                raise NotCompiledError
            self.writer.line(f"{found}.append({_present(item)})")

        self.loop(focus, this, one)
        return found

    def _text_test(self, test: str, focus: Expr, argument: str, this: Item) -> str:
        value, kind = self._value(focus, this)
        if kind != "text":
            raise NotCompiledError
        call = {
            "startsWith": f"{value}.startswith({argument!r})",
            "endsWith": f"{value}.endswith({argument!r})",
            "contains": f"{argument!r} in {value}",
            "matches": f"matches({argument!r}, {value})",
        }[test]
        return self._set(f"{call} if {value}.__class__ is str else None")

    def _singleton(self, node: Expr, this: Item) -> str:
        """One item as a boolean: a boolean itself, and true for anything else."""
        value, kind = self._value(node, this)
        if kind == "truth":
            return self._set(f"True if {value} is ABSENT else {value}")
        return self._set(f"None if {value} is None else True")

    def _is(self, node: TypeCall, this: Item) -> str:
        match node.focus:
            case Call(name="resolve", focus=focus, arguments=()):
                found, name = self._set("None"), node.type.name

                def one(item: Item) -> None:
                    if item.type != "Reference":
                        raise NotCompiledError
                    known = self._set(f"target_type({item.code}, {'r or c' if self._fallback is None else 'r'})")
                    wanted = self.writer.constant(frozenset(subtypes(node.type)))
                    self.writer.line(f"{found} = None if {known} is None else {known} in {wanted}")

                if not self._single(focus or Special("this"), this) or name not in TYPES:
                    raise NotCompiledError
                self.loop(focus or Special("this"), this, one)
                return found
            case focus:
                start: Expr = focus or Special("this")
                if not self._single(start, this):
                    raise NotCompiledError
                found = self._set("None")

                def typed(item: Item) -> None:
                    if item.open:
                        names = self.writer.constant(frozenset(subtypes(node.type)))
                        self.writer.line(f"{found} = {item.code}.fhir_type in {names}")
                    else:
                        self.writer.line(f"{found} = {is_type(full_name(item.type), node.type)}")

                self.loop(start, this, typed)
                return found

    # Values ---------------------------------------------------------------------------------------------------

    def _value(self, node: Expr, this: Item) -> tuple[str, str]:
        """Write code for the one value of *node*; return its name (None when empty) and kind."""
        match node:
            case Constant(value=value) if isinstance(value, bool | int | str | Decimal):
                kind = "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
                return self.writer.named(value), kind
            case External(name=name) if name in SYSTEM_VARIABLES:
                return self.writer.named(SYSTEM_VARIABLES[name]), "text"
            case Call(name="count", focus=focus, arguments=()) if focus is not None and not holds_union(focus):
                return self._count(focus, this), "number"
            case Binary(operator="+" | "-" as operator, left=left, right=right):
                (a, one), (b, other) = self._value(left, this), self._value(right, this)
                if one != "number" or other != "number":
                    raise NotCompiledError
                return self._set(f"None if {a} is None or {b} is None else {a} {operator} {b}"), "number"
            case Call(name=name) if name in _TESTS:
                return self.truth(node, this), "truth"
            case Binary() | TypeCall(operator="is"):
                if isinstance(node, Binary) and node.operator not in {"and", "or", "xor", "implies", "=", "!=", "in"}:
                    raise NotCompiledError
                return self.truth(node, this), "truth"
        if not self._single(node, this):
            raise NotCompiledError
        found = self._set("None")
        kinds: set[str] = set()

        def keep(item: Item) -> None:
            kinds.add(kind_of(item.type) if not item.open else "other")
            self.writer.line(f"{found} = {_present(item)}")

        self.loop(node, this, keep)
        if len(kinds) > 1:
            raise NotCompiledError
        return found, kinds.pop() if kinds else "other"

    def _count(self, focus: Expr, this: Item) -> str:
        found = self._set("0")
        self.loop(focus, this, lambda _: self.writer.line(f"{found} += 1"))
        return found

    def _equality(self, node: Binary, this: Item) -> str:
        negated = "not " if node.operator == "!=" else ""
        if isinstance(node.right, Constant | External):
            right, kind = self._value(node.right, this)
            if self._is_one(node.left, this):
                return self._equals(node.left, this, right, kind, negated=bool(negated))
            left = self._list(node.left, this, {kind})
            return self._set(f"None if not {left} else {negated}(len({left}) == 1 and {left}[0] == {right})")
        (a, one), (b, other) = self._value(node.left, this), self._value(node.right, this)
        if "other" in {one, other} or (one == "time") != (other == "time"):
            raise NotCompiledError
        if one == "time":
            raise NotCompiledError
        test = f"{a} == {b}" if one == other else "False"
        return self._set(f"None if {a} is None or {b} is None else {negated}({test})")

    def _equals(self, focus: Expr, this: Item, right: str, kind: str, *, negated: bool) -> str:
        """Compare the one item of *focus*, which may be of several types, with a constant."""
        if not isinstance(focus, Member | Special | TypeCall):
            left, other = self._value(focus, this)
            test = f"{left} {'!=' if negated else '=='} {right}" if other == kind else repr(negated)
            return self._set(f"None if {left} is None else {test}")
        found = self._set("None")

        def one(item: Item) -> None:
            if item.open or kind_of(item.type) == "other":
                raise NotCompiledError
            same = f"{item.code} {'!=' if negated else '=='} {right}"
            self.writer.line(f"{found} = {same if kind_of(item.type) == kind else negated}")

        self.loop(focus, this, one)
        return found

    def _comparison(self, node: Binary, this: Item) -> str:
        (a, one), (b, other) = self._value(node.left, this), self._value(node.right, this)
        if one == other == "time":
            types = [self._type_of(part, this) for part in (node.left, node.right)]
            absent = f"{a}.__class__ is not str or {b}.__class__ is not str"
            found = self._set(f"None if {absent} else ordered({a}, {types[0]!r}, {b}, {types[1]!r})")
            return self._set(f"None if {found} is None else {found} {node.operator} 0")
        if one != "number" or other != "number":
            raise NotCompiledError
        absent = f"{a} is None or {b} is None or {a} is ABSENT or {b} is ABSENT"
        return self._set(f"None if {absent} else {a} {node.operator} {b}")

    def _type_of(self, node: Expr, this: Item) -> str:
        """Return the one type of a path, without leaving code behind."""
        at = len(self.writer.lines)
        types: set[str] = set()
        self.loop(node, this, lambda item: types.add(item.type))
        del self.writer.lines[at:]
        if len(types) != 1:
            raise NotCompiledError
        return full_name(types.pop())

    def _membership(self, left: Expr, right: Expr, this: Item) -> str:
        words = words_of(right)
        if words is None:
            raise NotCompiledError
        value, kind = self._value(left, this)
        if kind != "text":
            raise NotCompiledError
        return self._set(f"None if {value} is None else {value} in {self.writer.constant(frozenset(words))}")

    def _is_one(self, node: Expr, this: Item) -> bool:
        return isinstance(node, Constant | External | Binary) or self._single(node, this)

    def _single(self, node: Expr, this: Item) -> bool:
        """Say whether *node* has at most one item, by the definitions."""
        single = True

        def see(access: Access) -> None:
            nonlocal single
            single = single and not access.many

        return at_most_one(node, this.type, see) and single


def _present(item: Item) -> str:
    return f"ABSENT if {item.code} is None else {item.code}" if item.sibling else item.code
