"""Existence, filtering, subsetting, combining and aggregates (http://hl7.org/fhirpath/N1/#functions)."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cmp_to_key
from typing import Final

from xinglin.fhir.fhirpath.equality import Seen, distinct, order
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.signature import Function, each, truth
from xinglin.fhir.fhirpath.nodes import Collection, Node, system, to_system
from xinglin.fhir.fhirpath.operators import CONTEXT, arithmetic
from xinglin.fhir.fhirpath.scope import Scope, boolean, integer, one
from xinglin.fhir.fhirpath.tree import Expr, Polarity

Arguments = tuple[Expr, ...]


def _empty(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(not focus)


def _not(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    value = boolean(focus)
    return [] if value is None else truth(not value)


def _exists(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    if not arguments:
        return truth(bool(focus))
    return truth(any(boolean(inner.value(arguments[0])) is True for _, inner in each(scope, focus)))


def _all(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(all(boolean(inner.value(arguments[0])) is True for _, inner in each(scope, focus)))


def _booleans(focus: Collection) -> list[bool]:
    found: list[bool] = []
    for item in focus:
        held = to_system(item)
        if held is None or not isinstance(held.value, bool):
            raise FhirPathError("execution", f"A {item.type} stands where only Booleans are expected")
        found.append(held.value)
    return found


def _all_true(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(all(_booleans(focus)))


def _any_true(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(any(_booleans(focus)))


def _all_false(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(not any(_booleans(focus)))


def _any_false(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(not all(_booleans(focus)))


def _subset_of(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    others = Seen(scope.value(arguments[0]), scope.run.spend)
    return truth(all(item in others for item in focus))


def _superset_of(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    mine = Seen(focus, scope.run.spend)
    return truth(all(item in mine for item in scope.value(arguments[0])))


def _count(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [system(len(focus))]


def _distinct(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return distinct(focus, scope.run.spend)


def _is_distinct(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(len(distinct(focus, scope.run.spend)) == len(focus))


def _where(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [item for item, inner in each(scope, focus) if boolean(inner.value(arguments[0])) is True]


def _select(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found: Collection = []
    for _, inner in each(scope, focus):
        found += inner.value(arguments[0])
        scope.run.spend()
    return found


def _repeat(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found: Collection = []
    seen = Seen(spend=scope.run.spend)
    level = focus
    while level:
        level = [item for item in _select(scope, level, arguments) if seen.add(item)]
        found += level
    return found


def _repeat_all(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found: Collection = []
    level = focus
    while level:
        level = _select(scope, level, arguments)
        scope.run.spend(len(level))
        found += level
    return found


def _aggregate(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    total: Collection = scope.value(arguments[1]) if len(arguments) > 1 else []
    for index, item in enumerate(focus):
        total = scope.on([item], index=index, total=total).value(arguments[0])
    return total


def _single(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item = one(focus, "The input of single()")
    return [] if item is None else [item]


def _first(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return focus[:1]


def _last(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return focus[-1:]


def _tail(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return focus[1:]


def _skip(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    number = integer(scope.value(arguments[0]))
    return [] if number is None else focus[max(0, number) :]


def _take(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    number = integer(scope.value(arguments[0]))
    return [] if number is None else focus[: max(0, number)]


def _intersect(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    others = Seen(scope.value(arguments[0]), scope.run.spend)
    return distinct((item for item in focus if item in others), scope.run.spend)


def _exclude(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    others = Seen(scope.value(arguments[0]), scope.run.spend)
    return [item for item in focus if item not in others]


def _union(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return distinct([*focus, *scope.value(arguments[0])], scope.run.spend)


def _combine(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [*focus, *scope.value(arguments[0])]


def _coalesce(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    for argument in arguments:
        found = scope.value(argument)
        if found:
            return found
    return []


def _sort(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    """Sort by each key in turn; a leading minus sorts downwards. Items without a key count as the greatest."""
    found = list(focus)
    for argument in reversed(arguments) if arguments else (None,):
        down = isinstance(argument, Polarity) and argument.sign == "-"
        key = argument.operand if isinstance(argument, Polarity) else argument
        keyed = [(_key_of(scope, item, index, key), item) for index, item in enumerate(found)]
        keyed.sort(key=cmp_to_key(_by_key), reverse=down)
        found = [item for _, item in keyed]
    return found


def _key_of(scope: Scope, item: Node, index: int, key: Expr | None) -> Node | None:
    return item if key is None else one(scope.on([item], index=index).value(key), "A sort key")


def _by_key(left: tuple[Node | None, Node], right: tuple[Node | None, Node]) -> int:
    a, b = left[0], right[0]
    if a is None or b is None:
        return (a is None) - (b is None)
    return order(a, b) or 0


def _sum(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    total = focus[:1]
    for item in focus[1:]:
        if not total:
            return []
        total = arithmetic("+", total[0], item)
    return total


def _avg(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    total = _sum(scope, focus, arguments)
    return arithmetic("/", total[0], system(CONTEXT.create_decimal(Decimal(len(focus))))) if total else []


def _least(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return _extreme(focus, -1)


def _greatest(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return _extreme(focus, 1)


def _extreme(focus: Collection, sign: int) -> Collection:
    found = focus[:1]
    for item in focus[1:]:
        if order(item, found[0]) == sign:
            found = [item]
    return found


FUNCTIONS: Final[Mapping[str, Function]] = {
    "empty": Function(_empty),
    "not": Function(_not),
    "exists": Function(_exists, 0, 1),
    "all": Function(_all, 1, 1),
    "allTrue": Function(_all_true),
    "anyTrue": Function(_any_true),
    "allFalse": Function(_all_false),
    "anyFalse": Function(_any_false),
    "subsetOf": Function(_subset_of, 1, 1),
    "supersetOf": Function(_superset_of, 1, 1),
    "count": Function(_count),
    "distinct": Function(_distinct),
    "isDistinct": Function(_is_distinct),
    "where": Function(_where, 1, 1),
    "select": Function(_select, 1, 1),
    "repeat": Function(_repeat, 1, 1),
    "repeatAll": Function(_repeat_all, 1, 1),
    "aggregate": Function(_aggregate, 1, 2),
    "single": Function(_single),
    "first": Function(_first, ordered=True),
    "last": Function(_last, ordered=True),
    "tail": Function(_tail, ordered=True),
    "skip": Function(_skip, 1, 1, ordered=True),
    "take": Function(_take, 1, 1, ordered=True),
    "intersect": Function(_intersect, 1, 1),
    "exclude": Function(_exclude, 1, 1),
    "union": Function(_union, 1, 1),
    "combine": Function(_combine, 1, 2),
    "coalesce": Function(_coalesce, 1, None),
    "sort": Function(_sort, 0, None),
    "sum": Function(_sum),
    "avg": Function(_avg),
    "min": Function(_least),
    "max": Function(_greatest),
}
