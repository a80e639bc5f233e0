"""Run a search: a page of matches with what belongs to it, or a count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.search import keys
from xinglin.fhir.search.persons import Persons, depends, of_persons
from xinglin.fhir.search.query import Always, Condition, Keys, Never, Query
from xinglin.security.grants import Reach
from xinglin.store.executor import Executor, Record, Row, SqlFragment
from xinglin.store.persons import PersonsChanged, guard
from xinglin.store.search import chains, plan, record, token
from xinglin.store.search.includes import (
    MOST_INCLUDED,
    Judge,
    follows_patient,
    included,
    unversioned,
    with_patients,
)
from xinglin.store.search.order import RID_ASCENDING, Order, order_of
from xinglin.store.search.plan import Part
from xinglin.store.search.resolve import resolved
from xinglin.store.search.shapes import Asked, Planned, Statements, opened, shape
from xinglin.store.search.shield import condition_of, timed
from xinglin.store.search.sql import Builder, ReachOf
from xinglin.store.search.terminology import Expander, StoredTerminology

PAGE: Final = 20
"""Rows of a page when neither the query nor the caller says a number."""

ATTEMPTS: Final = 5
"""How often a search is made anew when patients are merged while it runs."""

_FRESH_S = 10.0
_MOST_COUNTS = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search.

    matches: in order. included: what ``_include`` and ``_revinclude`` add, never a match. next_token: None on the last
    page. total: None unless the query asks for it. issues: remarks besides those of the query.
    """

    matches: list[Row]
    included: list[Row]
    next_token: str | None
    total: int | None
    issues: tuple[Issue, ...]
    query: Query


class _Counts:
    """Frequencies of conditions, kept for some seconds: they choose a plan and change no answer."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[object, ...]], tuple[float, list[int]]] = {}

    def get(self, sql: str, args: Sequence[object]) -> list[int] | None:
        """Give what was counted lately."""
        found = self._known.get((sql, _frozen(args)))
        return found[1] if found is not None and monotonic() - found[0] < _FRESH_S else None

    def put(self, sql: str, args: Sequence[object], counts: list[int]) -> None:
        """Keep what was counted just now."""
        if len(self._known) >= _MOST_COUNTS:
            self._known.clear()
        self._known[sql, _frozen(args)] = (monotonic(), counts)


def _frozen(args: Sequence[object]) -> tuple[object, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in args)


_COUNTS: Final = _Counts()
_STATEMENTS: Final = Statements()


async def run(
    executor: Executor, query: Query, reach: ReachOf, *, expander: Expander | None = None, judge: Judge | None = None
) -> Page:
    """Answer *query* within *reach*, which is asked for every type that is touched.

    judge: of older versions that are included, which may be seen.
    A type without any reach gives an empty page, as if it held nothing. Raises OutcomeError 400 for a token of another
    search and for value sets that are not known, 503 when the time is over.
    """
    for _ in range(ATTEMPTS):
        try:
            return await _run(executor, query, reach, expander, judge)
        except _Outdated:
            await executor.learn_persons()
    raise PersonsChanged


async def _run(
    executor: Executor, query: Query, reach: ReachOf, expander: Expander | None, judge: Judge | None
) -> Page:
    persons = executor.persons
    asked, query = query, of_persons(query, persons)
    query = await resolved(query, executor, reach, expander or StoredTerminology(executor))
    total = await _total(executor, query, reach, persons) if query.total != "none" or _counted(query) else None
    if _counted(query):
        return Page([], [], None, total, (), asked)
    size = query.count if query.count is not None else PAGE
    records, brought, following = await _matches(executor, query, reach, size, persons)
    rows = await executor.rows(records)
    if not query.includes:
        return Page(rows, [], following, total, (), asked)
    if brought is not None and len(brought) <= MOST_INCLUDED and all(_plain(row, persons) for row in rows):
        named = {row.pat for row in rows}
        more = await executor.rows([one for one in brought if one["rid"] in named])
        return Page(rows, more, following, total, (), asked)
    # Who stands for another may not be whom a row names.
    patients = [None if persons.several(one["pat"]) else one["pat"] for one in records]
    more, issues = await included(executor, query.includes, rows, patients, reach, query.base_url, judge)
    return Page(rows, more, following, total, tuple(issues), asked)


class _Outdated(Exception):
    """A statement found out that patients were merged since it was made."""


def _plain(row: Row, persons: Persons) -> bool:
    """Tell whether the patient that a row names is the one it stands under, as it is now."""
    return row.pat is not None and not persons.several(row.pat) and unversioned(row.entry)


def _counted(query: Query) -> bool:
    return query.count == 0 or query.summary == "count"


def _parts(builder: Builder, query: Query) -> list[Part]:
    """Give what is asked of each type in reach; types of which nothing can match fall away."""
    made = []
    for on, condition in query.of_types():
        conditions = builder.within(on, condition)
        if not any(isinstance(one, Never) for one in conditions):
            made.append(Part(on, conditions))
    return made


async def _matches(
    executor: Executor, query: Query, reach: ReachOf, size: int, persons: Persons
) -> tuple[list[Record], list[Record] | None, str | None]:
    """Find the records of a page, those of their patients where the includes ask for them, and the next token."""
    planned = await _planned(executor, query, reach, size + 1, persons)
    if planned is None:
        return [], None, None
    records = await executor.fetch(planned.sql, *timed(planned.args, executor.now), custom_plan=planned.custom)
    if planned.guarded:
        if records[0]["outdated"]:
            raise _Outdated
        if records[0]["rid"] is None:
            records = []
    brought = None
    if planned.brings:
        brought = [one for one in records if one["more"]]
        records = records[: len(records) - len(brought)]
    following = None
    if len(records) > size:
        records = records[:size]
        following = token.write(query, planned.order, [records[-1][name] for name in planned.order.names()])
    return records, brought, following


async def _planned(executor: Executor, query: Query, reach: ReachOf, limit: int, persons: Persons) -> Planned | None:
    """Make the statement of a page, or take the one of its shape; None when nothing can be found."""
    # Within the same reaches the same query has the same statement.
    mark = limit, persons.epoch, persons.mark
    noted: tuple[tuple[str, ...], tuple[Reach, ...], object, Planned] | None = query.noted.get("planned")
    if noted is not None and noted[2] == mark and noted[1] == tuple([reach(on) for on in noted[0]]):
        return noted[3]
    asked = shape(query, limit, persons)
    known = _STATEMENTS.get(asked, reach) if asked is not None else None
    if asked is not None and known is not None:
        if not known.counted:
            types = _STATEMENTS.types(asked)
            query.noted["planned"] = types, tuple([reach(on) for on in types]), mark, known
        return known
    seen = Asked(reach)
    planned = await _made(executor, query, seen, limit, persons)
    if planned is None or asked is None or not _STATEMENTS.again(asked):
        return planned
    # Without counts the choice of the plan does not depend on keys: make it once more with slots in their place.
    kept = planned if planned.counted else await _made(executor, opened(query), seen, limit, persons)
    if kept is not None:
        _STATEMENTS.put(asked, reach, seen.types, kept)
    return planned


async def _made(executor: Executor, query: Query, reach: ReachOf, limit: int, persons: Persons) -> Planned | None:
    builder = Builder(reach, query.base_url, persons)
    parts = _parts(builder, query)
    order, counts = await _order(executor, builder, query, reach, parts)
    after = token.read(query.token, query, order) if query.token is not None else None
    if not parts:
        return None
    sql = page_sql(builder, parts, order, after, limit, counts)
    brings = bool(query.includes) and follows_patient(query)
    if brings:
        sql = with_patients(builder, sql, order)
    guarded = any(depends(one) for part in parts for one in part.conditions)
    if guarded:
        # One row at least, which says whether the others count; only a nested loop can join so, and it keeps the order.
        sql = (
            f"SELECT g.outdated, q.* FROM (SELECT NOT {guard(persons.epoch)} AS outdated) g"
            f" LEFT JOIN ({sql}) q ON NOT g.outdated"
        )
    return Planned(sql, builder.args, order, _custom(parts), bool(counts), brings, guarded)


async def statement(executor: Executor, query: Query, reach: ReachOf, builder: Builder, limit: int) -> str:
    """Write the statement of the first *limit* rows of *query* (resolved); its arguments are the builder's."""
    parts = _parts(builder, query)
    order, counts = await _order(executor, builder, query, reach, parts)
    return page_sql(builder, parts, order, None, limit, counts)


async def _order(
    executor: Executor, builder: Builder, query: Query, reach: ReachOf, parts: Sequence[Part]
) -> tuple[Order, plan.Counts]:
    """Choose the order of the results, and count what decides how to run."""
    order = order_of(builder, query.sort)
    counts: plan.Counts = {}
    free = not query.sort and (query.token is None or token.order_name(query.token) == RID_ASCENDING.name)
    if len(parts) == 1:
        wanted = plan.wanted_counts(parts[0], order, free=free)
        counts = await _counted_conditions(executor, query, reach, parts[0], wanted)
    if query.sort:
        return order, counts
    if query.token is not None:
        # Later pages keep the order of the first.
        return (RID_ASCENDING if token.order_name(query.token) == RID_ASCENDING.name else order), counts
    natural = plan.natural_order(parts[0], counts) if len(parts) == 1 else None
    return natural or order, counts


def page_sql(
    builder: Builder, parts: Sequence[Part], order: Order, after: Sequence[Any] | None, limit: int, counts: plan.Counts
) -> str:
    """Write the statement of a page: rows of ``res`` with the columns of the order."""
    owner = record.owner_of(parts[0], order) if len(parts) == 1 else None
    if owner is not None:
        return record.select(builder, parts[0], order, owner, after, limit)
    each = [
        chains.select(builder, part, order, after, limit, counts)
        or plan.select(builder, part, order, after, limit, counts)
        for part in parts
    ]
    if len(each) == 1:
        found = each[0]
    else:
        names = ", ".join(order.names())
        union = " UNION ALL ".join(f"(SELECT {names} FROM ({one}) t{place})" for place, one in enumerate(each))
        found = f"SELECT {names} FROM ({union}) every ORDER BY {order.by()} LIMIT {limit}"
    columns = ", ".join(f"m.{name}" for name in order.names())
    return (
        f"SELECT {record.COLUMNS}, {columns} FROM ({found}) m JOIN res r ON r.rid = m.{order.names()[-1]}"
        f" ORDER BY {order.by('m.')}"
    )


def _custom(parts: Sequence[Part]) -> bool:
    """Tell whether the plan should suit these very arguments: ranges, whose width decides between indexes."""
    return any(plan.ranged(one) for part in parts for one in part.conditions)


async def _counted_conditions(
    executor: Executor, query: Query, reach: ReachOf, part: Part, wanted: Sequence[Condition]
) -> plan.Counts:
    if not wanted:
        return {}
    builder = Builder(reach, query.base_url, executor.persons)
    sql = plan.count_sql(builder, part, wanted)
    found = _COUNTS.get(sql, builder.args)
    if found is None:
        counted = (await executor.fetch(sql, *builder.values(executor.now), custom_plan=True))[0]
        found = [counted[f"c{place}"] for place in range(len(wanted))]
        _COUNTS.put(sql, builder.args, found)
    return dict(zip(wanted, found, strict=True))


async def count(executor: Executor, query: Query, reach: ReachOf) -> int:
    """Count what *query* finds within *reach*, exactly."""
    for _ in range(ATTEMPTS):
        persons = executor.persons
        try:
            asked = await resolved(of_persons(query, persons), executor, reach, StoredTerminology(executor))
            return await _total(executor, asked, reach, persons)
        except _Outdated:
            await executor.learn_persons()
    raise PersonsChanged


async def _total(executor: Executor, query: Query, reach: ReachOf, persons: Persons) -> int:
    """Count what a query finds that was made with *persons* and resolved."""
    builder = Builder(reach, query.base_url, persons)
    parts = _parts(builder, query)
    if not parts:
        return 0
    sql = " UNION ALL ".join(_count_of(builder, part) for part in parts)
    if any(depends(one) for part in parts for one in part.conditions):
        sql = f"SELECT c.n FROM ({sql}) c WHERE {guard(persons.epoch)}"
    found = await executor.fetch(sql, *builder.values(executor.now), custom_plan=True)
    if not found:
        raise _Outdated
    return sum(one["n"] for one in found)


def _count_of(builder: Builder, part: Part) -> str:
    only = part.conditions[0] if len(part.conditions) == 1 else None
    if isinstance(only, Keys) and only.indexed and len(only.keys) == 1 and not only.pats:
        return f"SELECT count(*) AS n FROM ix x WHERE x.key = {builder.key(only.keys[0])}"
    return f"SELECT count(DISTINCT f.rid) AS n FROM ({builder.found_of(part.type, part.conditions)}) f"


def reach_predicate(
    types: Sequence[str], reach: ReachOf, searchable: ReachOf, now: datetime, persons: Persons
) -> SqlFragment | None:
    """Give the reach over several types at *now* as one predicate on ``res`` r, for histories; None hides nothing.

    searchable: what counts at the end of chains. Deleted rows, which the index does not hold, are left in: the caller
    judges them by their last content.
    """
    builder = Builder(searchable, persons=persons)
    free: list[int] = []
    some: list[str] = []
    for on in types:
        reached = reach(on)
        if reached.whole:
            free.append(keys.TYPE_CODES[on])
        elif not reached.nothing:
            seen = builder.check(on, condition_of(on, reached, "", persons) or Always(), "r")
            some.append(f"(r.rt = {keys.TYPE_CODES[on]} AND (r.deleted OR {seen}))")
    if len(free) == len(types):
        return None
    if free:
        some.append(f"r.rt IN ({', '.join(map(str, free))})")
    return SqlFragment("(" + (" OR ".join(some) or "false") + ")", tuple(builder.values(now)))
