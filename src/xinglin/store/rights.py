"""Rights over single versions: who may see an old one, what is covered, and which labels a write must carry.

The formula stands in docs/trust.md. A version that the index does not hold is judged by an entry made of its content:
what Python can decide is decided, the rest is asked of the database as of a row that has the entry's columns.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.r4.datatypes import Coding, Meta
from xinglin.fhir.search import keys
from xinglin.fhir.search.catalog import parameter, targets
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.match import matches
from xinglin.fhir.search.persons import NOBODY, Persons
from xinglin.fhir.search.query import Always, And, Condition, Never, Not, Or, Owned, Query
from xinglin.security import labels, masks
from xinglin.security.grants import Reach
from xinglin.security.relations import BREAK_GLASS, TASK_CODES
from xinglin.store import history
from xinglin.store.executor import ROW_COLUMNS, Executor, Row, microseconds
from xinglin.store.marks import indexed
from xinglin.store.search.shield import bare_of, condition_of
from xinglin.store.search.sql import Builder, ReachOf

FOUNDING: Final = frozenset({"Encounter", "Appointment", "CareTeam", "ServiceRequest", "Task"})
BREAK_GLASS_KEY: Final = keys.token_key("Task", "code", TASK_CODES, BREAK_GLASS)
_BEFORE_BODY: Final = len(b'/","resource":')


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, as far as rights are concerned: on whose executor, with which reaches, of which server.

    reach: the reach of the interaction. searchable: what counts at the end of chains.
    """

    executor: Executor
    reach: ReachOf
    searchable: ReachOf
    base_url: str


# -- one resource ---------------------------------------------------------------------------------------------------


def single(
    type: str, reach: Reach, searchable: ReachOf, base_url: str, persons: Persons = NOBODY
) -> tuple[str, tuple[object, ...]]:
    """Write the statement that reads one resource and says (column reached) whether it lies within *reach*.

    Its last two arguments are bucket and rid; the others may hold moments. Column epoch: whose persons there are.
    """
    builder = Builder(searchable, base_url, persons)
    check = builder.check(type, condition_of(type, reach, base_url, persons) or Always(), "r")
    place = len(builder.args)
    sql = (
        f"SELECT {ROW_COLUMNS}, {check} AS reached, (SELECT epoch FROM merging WHERE one) AS epoch FROM res r"
        f" WHERE r.bucket = ${place + 1}::int4 AND r.rid = ${place + 2}::int8"
    )
    return sql, tuple(builder.args)


# -- versions -------------------------------------------------------------------------------------------------------


async def allowed(asking: Asking, rows: Sequence[Row]) -> list[bool]:
    """Tell of versions with content whether each is reached by what it says itself."""
    persons = asking.executor.persons
    return await _hold(
        asking, rows, lambda type: condition_of(type, asking.reach(type), asking.base_url, persons) or Always()
    )


async def _hold(asking: Asking, rows: Sequence[Row], condition: Callable[[str], Condition]) -> list[bool]:
    persons = asking.executor.persons
    builder = Builder(asking.searchable, asking.base_url, persons)
    found = [False] * len(rows)
    parts: list[str] = []
    for place, row in enumerate(rows):
        struct = codec.decode(row.body(), row.rt)
        entry = indexed(struct, now_us=microseconds(row.ts), base_url=asking.base_url, persons=persons)
        left = settled(condition(row.rt), entry, microseconds(row.ts))
        if isinstance(left, Always):
            found[place] = True
        elif not isinstance(left, Never):
            parts.append(
                f"SELECT {place} AS place FROM (SELECT {builder.key(entry.rid)} AS rid,"
                f" {keys.TYPE_CODES[row.rt]} AS rt, {builder.arg(entry.pat, 'int8')} AS pat,"
                f" {builder.arg(entry.keys, 'int8[]')} AS keys, {builder.key(entry.ord)} AS ord) r"
                f" WHERE {builder.check(row.rt, left, 'r')}"
            )
    if parts:
        now = asking.executor.now
        for record in await asking.executor.fetch(" UNION ALL ".join(parts), *builder.values(now)):
            found[record["place"]] = True
    return found


def settled(condition: Condition, entry: Entry, updated_us: int) -> Condition:
    """Decide what an entry decides; what is left only the store can tell."""
    match condition:
        case And(of):
            parts = [settled(part, entry, updated_us) for part in of]
            left = [one for one in parts if not isinstance(one, Always)]
            if any(isinstance(one, Never) for one in left):
                return Never()
            return And(tuple(left)) if left else Always()
        case Or(of):
            parts = [settled(part, entry, updated_us) for part in of]
            some = [one for one in parts if not isinstance(one, Never)]
            if any(isinstance(one, Always) for one in some):
                return Always()
            return Or(tuple(some)) if some else Never()
        case Not(of):
            inner = settled(of, entry, updated_us)
            return Never() if isinstance(inner, Always) else Always() if isinstance(inner, Never) else Not(inner)
        case Owned(pats):
            return Always() if entry.pat in pats else Never()
        case _:
            found = matches(condition, entry, updated_us=updated_us)
            return condition if found is None else Always() if found else Never()


async def content_of(executor: Executor, row: Row) -> Row | None:
    """Give the version itself, or of a delete the version before it."""
    if not row.deleted:
        return row
    before = await history.version(executor, row.rt, row.id, row.vid - 1)
    return None if before is None or before.deleted else before


async def was_allowed(asking: Asking, row: Row) -> bool:
    """Tell of a deleted resource whether its last content is reached."""
    last = await content_of(asking.executor, row)
    return last is not None and (await allowed(asking, [last]))[0]


async def shown(asking: Asking, rows: Sequence[Row]) -> list[Row]:
    """Keep the versions of histories that may be seen: each by its own content, of deleted resources also by the last.

    Versions of living resources have been found within reach of the current version already.
    """
    current = await asking.executor.get_many(list({(row.rt, row.id): None for row in rows}))
    gone = {(row.rt, row.id): row for row in current if row is not None and row.deleted}
    open_ = {name: await was_allowed(asking, row) for name, row in gone.items()}
    candidates: list[tuple[Row, Row]] = []
    for row in rows:
        if open_.get((row.rt, row.id), True):
            content = await content_of(asking.executor, row)
            if content is not None:
                candidates.append((row, content))
    judged = await allowed(asking, [content for _, content in candidates])
    return [row for (row, _), seen in zip(candidates, judged, strict=True) if seen]


# -- masks ----------------------------------------------------------------------------------------------------------


async def covered(asking: Asking, rows: Sequence[Row], *, versions: bool = False) -> list[Row]:
    """Cover what the reaches mask in rows; a row that some grant without masks reaches stays whole.

    versions: the rows may be older versions, which are judged by their own content.
    """
    masked = [row for row in rows if not row.deleted and asking.reach(row.rt).masks]
    if not masked:
        return list(rows)
    mixed = [row for row in masked if asking.reach(row.rt).bare]
    bare = await _bare(asking, mixed, versions=versions) if mixed else set()
    return [
        cover(row, asking.reach(row.rt).masks) if not row.deleted and (row.rid, row.vid) not in bare else row
        for row in rows
    ]


async def _bare(asking: Asking, rows: Sequence[Row], *, versions: bool) -> set[tuple[int, int]]:
    if versions:
        whose = asking.executor.persons
        held = await _hold(asking, rows, lambda type: bare_of(type, asking.reach(type), asking.base_url, whose))
        return {(row.rid, row.vid) for row, bare in zip(rows, held, strict=True) if bare}
    persons = asking.executor.persons
    builder = Builder(asking.searchable, asking.base_url, persons)
    parts = []
    for type in sorted({row.rt for row in rows}):
        rids = builder.arg([row.rid for row in rows if row.rt == type], "int8[]")
        check = builder.check(type, bare_of(type, asking.reach(type), asking.base_url, persons), "r")
        parts.append(f"SELECT r.rid, r.vid FROM res r WHERE r.rid = ANY({rids}) AND {check}")
    found = await asking.executor.fetch(" UNION ALL ".join(parts), *builder.values(asking.executor.now))
    return {(record["rid"], record["vid"]) for record in found}


def cover(row: Row, hidden: frozenset[str]) -> Row:
    """Give a row whose body has the elements covered that *hidden* names; the same row when it names none."""
    if not hidden:
        return row
    start = len(row.rt) + len(row.id) + _BEFORE_BODY
    body = bytes_of(masks.masked(document_of(row.entry[start:]), hidden))
    return Row(row.rt, row.id, row.rid, row.vid, row.ts, row.deleted, row.entry[:start] + body, row.op, row.pat)


def telling(query: Query, reach: ReachOf) -> tuple[str, str] | None:
    """Find a parameter of the query, as (type, name), that would tell what is masked; None when there is none."""
    for type, _ in query.of_types():
        for name, value in query.applied:
            for one in _asked(name, value):
                for on, code in _steps(type, one):
                    hidden = reach(on).masks
                    if hidden and code in masks.hidden_parameters(on, hidden):
                        return on, one
    return None


def _asked(name: str, value: str) -> list[str]:
    """Give the parameters that a pair of a query asks by; of a filter every word, as any may be one."""
    if name == "_sort":
        return [part.lstrip("-") for part in value.split(",")]
    if name.rpartition(".")[2] == "_filter":
        before = name.removesuffix("_filter")
        return [name, *(before + word for word in _WORD.findall(value))]
    return [name]


_WORD: Final = re.compile(r"[A-Za-z_][\w.:-]*")


def _steps(type: str, name: str) -> list[tuple[str, str]]:
    """Give every type and parameter that a name asks: a chain asks each of its links, ``_has`` what it leads to."""
    if name.startswith("_has:"):
        pieces = name.split(":", 3)
        return [(pieces[1], pieces[2]), *_steps(pieces[1], pieces[3])] if len(pieces) == 4 else []
    head, dot, rest = name.partition(".")
    code, _, wanted = head.partition(":")
    found = [(type, code)]
    if dot and parameter(type, code) is not None:
        for on in [wanted] if wanted in keys.TYPE_CODES else targets(type, code):
            found += _steps(on, rest)
    return found


# -- labels ---------------------------------------------------------------------------------------------------------


def label(struct: Struct, tail: bytes, more: frozenset[str]) -> bytes:
    """Put the labels that the contents ask for, and *more*, into a resource that is about to be written.

    tail: of the client's bytes. The struct gets them too, so that the index knows them. Gives the tail with them.
    """
    meta = getattr(struct, "meta", None)
    found = labels.labels(type(struct).__name__, tail) | more
    if not found and (meta is None or not meta.security):
        return tail
    if meta is not None and labels.overstated(meta, type(struct).__name__):
        tail = labels.without_implied(tail, type(struct).__name__)
        kept = [one for one in meta.security or () if not labels.is_implied(one, type(struct).__name__)]
        meta.security = kept or None
    stated = labels.stated(meta)
    wanted = labels.complete(found | stated)
    if not wanted - stated:
        return tail
    made = labels.stamped(tail, meta, wanted)
    codings = [Coding(system=one["system"], code=one["code"]) for one in labels.codings(wanted - stated)]
    if meta is None:
        struct.meta = Meta(security=codings)  # type: ignore[attr-defined]
    else:
        meta.security = [*(meta.security or ()), *codings]
    return made


def kept(before: Row | None) -> frozenset[str]:
    """Give the labels that a version has and its successor must keep; a child grows up."""
    if before is None or before.deleted:
        return frozenset()
    return labels.stated(getattr(codec.decode(before.body(), before.rt), "meta", None)) - {"minor"}


def is_masked(struct: Struct) -> bool:
    """Tell whether a resource carries the mark of having been covered."""
    meta = getattr(struct, "meta", None)
    return any(
        one.system == masks.MASKED_SYSTEM and one.code == masks.MASKED for one in getattr(meta, "security", None) or ()
    )
