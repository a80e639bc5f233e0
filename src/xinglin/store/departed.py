"""What stood in a record at an instant and has been deleted since.

A deleted resource keeps no keys, only the one patient it stood under; so what named several patients is not found.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from xinglin.fhir import codec
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.fhir.search.match import matches
from xinglin.fhir.search.persons import Persons, of_persons
from xinglin.fhir.search.query import Condition, Query
from xinglin.store import history
from xinglin.store.executor import ROW_COLUMNS, Executor, Row, microseconds

BATCH: Final = 20

# Gives the versions of a resource that were current within a time, as far as they may be seen.
Versions = Callable[[str, str, history.Period], Awaitable[Sequence[Row]]]


async def departed(
    executor: Executor,
    query: Query,
    patient: int,
    versions: Versions,
    *,
    at: datetime,
    since: datetime | None = None,
    token: str = "",
    count: int,
) -> tuple[list[Row], str | None]:
    """Give up to *count* versions that were current at *at* and within *query*, last deleted first, and the next token.

    count: 0 only asks whether there are any, and then gives the token that begins.
    query: of a compartment; patient: whose record it belongs to. since: deleted then or later. token: "" begins.
    Raises OutcomeError (400) for a token that is none.
    """
    before = history.place_of(token) if token else None
    persons = executor.persons
    patient = persons.canonical(patient)
    of_type = dict(of_persons(query, persons).of_types())
    kept: list[tuple[Row, Row]] = []
    more = True
    while more and len(kept) <= count:
        gone = await _deleted(executor, list(of_type), patient, at if since is None else max(at, since), before)
        more = len(gone) == BATCH
        for row in gone:
            found = await versions(row.rt, row.id, (at, at + timedelta(microseconds=1)))
            then = next((one for one in found if not one.deleted and one.ts <= at), None)
            if then is not None and _within(query, of_type, then, persons):
                kept.append((row, then))
        if gone:
            before = gone[-1].ts, gone[-1].rid
    following = None
    if len(kept) > count:
        following = history.token_of(kept[count - 1][0]) if count else ""
    return [then for _, then in kept[:count]], following


async def _deleted(
    executor: Executor, types: Sequence[str], patient: int, after: datetime, before: tuple[datetime, int] | None
) -> list[Row]:
    sql = (
        f"SELECT {ROW_COLUMNS} FROM res r WHERE r.rt = ANY($1::int2[]) AND r.pat = $2 AND r.deleted AND r.ts > $3"
        " AND ($4::timestamptz IS NULL OR (r.ts, r.rid) < ($4, $5::int8))"
        f" ORDER BY r.ts DESC, r.rid DESC LIMIT {BATCH}"
    )
    ts, rid = before or (None, None)
    return await executor.rows(await executor.fetch(sql, [TYPE_CODES[one] for one in types], patient, after, ts, rid))


def _within(query: Query, of_type: dict[str, Condition], then: Row, persons: Persons) -> bool:
    """Tell whether the version belonged to the compartment; it may have moved before it was deleted."""
    struct = codec.decode(then.body(), then.rt)
    made = entry(struct, now_us=microseconds(then.ts), base_url=query.base_url, persons=persons)
    return matches(of_type[then.rt], made, updated_us=microseconds(then.ts)) is True
