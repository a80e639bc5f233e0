"""Statements by the shape of a search: one of the same shape only binds its keys.

A shape is a query with the keys in its conditions left open; all else (ranges, texts, order, size) is part of it, as
are the reaches of every type that its statement touches. How often a condition is met may choose the plan, so such a
statement holds for these very keys, and for some seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, cast

from xinglin.fhir.search.persons import Persons
from xinglin.fhir.search.query import And, Chain, Condition, Has, IdIn, Keys, Not, Or, Query
from xinglin.security.grants import Reach
from xinglin.store.search.order import Order
from xinglin.store.search.sql import ReachOf

MOST: Final = 2_000
MOST_MET: Final = 20_000
MOST_KEYS: Final = 32
LONGEST: Final = 1_000  # characters of all values; statements of longer searches are not worth their memory
FRESH_S: Final = 10.0


class Slot:
    """Stands for the key at a place of the query."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place


@dataclass(frozen=True, slots=True)
class Planned:
    """A statement with its arguments. custom: to be planned for these; counted: chosen by counts of its keys.

    brings: after the matches come their patients, marked by the column `more`. guarded: it says whether patients
    were merged since, and finds nothing then.
    """

    sql: str
    args: list[object]
    order: Order
    custom: bool
    counted: bool
    brings: bool = False
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A query without its keys, hashable, and the keys in order."""

    form: tuple[object, ...]
    keys: tuple[int, ...]


def shape(query: Query, size: int, persons: Persons) -> Shape | None:
    """Take a search on one type apart; None when its statement is not worth keeping.

    persons: with whom the statement is made; it holds for them alone.
    """
    if query.type is None or query.token is not None:
        return None
    if sum(len(value) for _, value in query.applied) > LONGEST:
        return None
    keys: list[int] = []
    form = _form(query.condition, keys)
    return (
        Shape(
            (query.type, form, query.sort, query.includes, size, query.base_url, persons.epoch, persons.mark),
            tuple(keys),
        )
        if len(keys) <= MOST_KEYS
        else None
    )


def _form(condition: Condition, keys: list[int]) -> object:
    """Give a hashable description of *condition*, and gather its keys."""
    match condition:
        case Keys():
            keys += condition.keys
            keys += condition.pats
            return "keys", len(condition.keys), len(condition.pats), condition.coded, condition.indexed
        case IdIn(ids) if len(ids) > MOST_KEYS:
            keys += [0] * len(ids)  # too many for the statement to be kept
            return IdIn
        case And(of) | Or(of):
            return type(condition), tuple([_form(one, keys) for one in of])
        case Not(of):
            return Not, _form(of, keys)
        case Chain():
            targets = tuple([(on, _form(inner, keys)) for on, inner in condition.targets])
            return Chain, condition.salt, condition.primary, targets
        case Has():
            return Has, condition.type, condition.salt, condition.primary, _form(condition.condition, keys)
        case _:
            return condition


def opened(query: Query) -> Query:
    """Replace every key of *query* by a slot, in the order of `shape`."""
    count = 0

    def slot() -> int:
        nonlocal count
        count += 1
        # Keys are only passed on to be arguments of the statement.
        return cast("int", Slot(count - 1))

    return replace(query, condition=_opened(query.condition, slot))


def _opened(condition: Condition, slot: Callable[[], int]) -> Condition:
    match condition:
        case Keys():
            keys = tuple([slot() for _ in condition.keys])
            return replace(condition, keys=keys, pats=tuple([slot() for _ in condition.pats]))
        case And(of):
            return And(tuple([_opened(one, slot) for one in of]))
        case Or(of):
            return Or(tuple([_opened(one, slot) for one in of]))
        case Not(of):
            return Not(_opened(of, slot))
        case Chain():
            return replace(condition, targets=tuple([(on, _opened(inner, slot)) for on, inner in condition.targets]))
        case Has():
            return replace(condition, condition=_opened(condition.condition, slot))
        case _:
            return condition


def bound(args: Sequence[object], keys: Sequence[int]) -> list[object]:
    """Put *keys* where the slots are."""
    return [_bound(arg, keys) for arg in args]


def _bound(arg: object, keys: Sequence[int]) -> object:
    if isinstance(arg, Slot):
        return keys[arg.place]
    if isinstance(arg, list):
        return [keys[one.place] if isinstance(one, Slot) else one for one in arg]
    return arg


class Asked:
    """A reach that remembers for which types it was asked."""

    def __init__(self, reach: ReachOf) -> None:
        self._reach = reach
        self.types: set[str] = set()

    def __call__(self, resource_type: str) -> Reach:
        """Give the reach of a type."""
        self.types.add(resource_type)
        return self._reach(resource_type)


class Statements:
    """Statements of the shapes that were asked for, of one process."""

    def __init__(self) -> None:
        # The types that the statements of a form touch, whatever the reach; it only grows.
        self._types: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._known: dict[tuple[object, ...], tuple[float, Planned]] = {}
        self._met: set[int] = set()

    def __len__(self) -> int:
        """Count the statements kept."""
        return len(self._known)

    def again(self, asked: Shape) -> bool:
        """Tell whether a form was met before: what is asked once is not worth keeping."""
        name = hash(asked.form)
        if name in self._met:
            return True
        if len(self._met) >= MOST_MET:
            self._met.clear()
        self._met.add(name)
        return False

    def get(self, asked: Shape, reach: ReachOf) -> Planned | None:
        """Give the statement of a shape within these very reaches, with this query's keys."""
        types = self._types.get(asked.form)
        if types is None:
            return None
        reaches = tuple([reach(on) for on in types])
        found = self._known.get((asked.form, reaches))
        if found is not None:
            kept = found[1]
            return replace(kept, args=bound(kept.args, asked.keys))
        found = self._known.get((asked.form, reaches, asked.keys))
        return found[1] if found is not None and monotonic() - found[0] < FRESH_S else None

    def types(self, asked: Shape) -> tuple[str, ...]:
        """Name the types whose reaches a kept statement of the shape depends on."""
        return self._types[asked.form]

    def put(self, asked: Shape, reach: ReachOf, touched: set[str], planned: Planned) -> None:
        """Keep a statement: with slots, or (counted) with the keys themselves."""
        if len(self._known) >= MOST:
            self._known.clear()
            self._types.clear()
        types = self._types[asked.form] = tuple(sorted({*self._types.get(asked.form, ()), *touched}))
        reaches = tuple([reach(on) for on in types])
        key = (asked.form, reaches, asked.keys) if planned.counted else (asked.form, reaches)
        self._known[key] = (monotonic(), planned)
