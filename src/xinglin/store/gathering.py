"""What gathers others (Composition, List, Bundle …) is labelled as what it names, in whatever order they come (R7-031).

A gathering resource takes the labels of what it names when it is written. When something that others gather gets a
label later, they are labelled in the same transaction. Whoever writes either holds the locks of the names, so that
none of two at the same time misses the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from xinglin.fhir import codec
from xinglin.fhir.search import keys
from xinglin.fhir.sources import cites
from xinglin.security import labels
from xinglin.security.ledger import act_by
from xinglin.security.principal import SYSTEM
from xinglin.store import rights
from xinglin.store.executor import ROW_COLUMNS, Change, Executor, Row, microseconds
from xinglin.store.marks import indexed

SLOTS: Final = 512
AT_ONCE: Final = 200  # gathering resources that are read together

_NAMING: Final = f"""
SELECT {ROW_COLUMNS}, x.key FROM ix x JOIN res r ON r.rid = x.rid
WHERE x.key = ANY($1::int8[]) AND NOT r.deleted AND r.rid > $2 ORDER BY r.rid LIMIT {AT_ONCE}"""


def found_on(change: Change) -> frozenset[str]:
    """Give the labels that are handed on of a change: all but that of a child."""
    if change.entry is None:
        return frozenset()
    known = labels.keyed_labels(change.rt)
    if known.keys().isdisjoint(change.entry.keys):
        return frozenset()
    return frozenset(known[key] for key in change.entry.keys if key in known)


def names(changes: Iterable[Change]) -> list[str]:
    """Give the locks that changes need: of what is labelled, and of what is named by what gathers."""
    found: dict[str, None] = {}
    for change in changes:
        if found_on(change):
            found[_slot(change.rt, change.id)] = None
        if change.rt in labels.GATHERING and change.entry is not None:
            found.update(dict.fromkeys(_slot(*name) for name in labels.named(change.tail)))
    return list(found)


def _slot(type: str, id: str) -> str:
    """Name the lock of a resource: one for many, as a list may name more of them than the database has locks."""
    return f"label {keys.rid_of(type, id) % SLOTS}"


@cites("R7-031")
async def inherited(executor: Executor, changes: Sequence[Change]) -> list[frozenset[str]]:
    """Give for each change the labels that it takes over from what it names, in the store or among the changes."""
    named = [labels.named(one.tail) if one.rt in labels.GATHERING and one.entry is not None else [] for one in changes]
    wanted = list(dict.fromkeys(name for each in named for name in each))
    if not wanted:
        return [frozenset()] * len(changes)
    have: dict[tuple[str, str], frozenset[str]] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        for name, row in zip(part, await executor.get_many(part), strict=True):
            have[name] = stated(row)
    have |= {(one.rt, one.id): found_on(one) for one in changes}
    # What gathers may gather what gathers: until nothing is handed on any more.
    while risen := _risen(changes, named, have):
        have |= risen
    return [have[one.rt, one.id] if each else frozenset() for one, each in zip(changes, named, strict=True)]


def _risen(
    changes: Sequence[Change],
    named: Sequence[Sequence[tuple[str, str]]],
    have: Mapping[tuple[str, str], frozenset[str]],
) -> dict[tuple[str, str], frozenset[str]]:
    risen = {}
    for change, each in zip(changes, named, strict=True):
        own = have[change.rt, change.id]
        more = own.union(*(have.get(name, frozenset()) for name in each))
        if more != own:
            risen[change.rt, change.id] = more
    return risen


def stated(row: Row | None) -> frozenset[str]:
    """Give the labels of a version that are handed on."""
    if row is None or row.deleted or not labels.may_state(row.tail):
        return frozenset()
    return labels.stated(getattr(codec.decode(row.body(), row.rt), "meta", None)) - {"minor"}


@cites("R7-031")
async def hand_on(executor: Executor, changes: Iterable[Change], *, base_url: str, audited: bool) -> int:
    """Label what gathers the changed resources as they are labelled now, and what gathers that; gives how many.

    In the transaction of the changes, which hold the locks of `names`. It ends, as labels only rise.
    """
    labelled = {labels.gathers_key(one.rt, one.id): found_on(one) for one in changes}
    labelled = {key: found for key, found in labelled.items() if found}
    done = 0
    while labelled:
        risen: list[Change] = []
        last = -(2**63)
        while True:
            records = await executor.fetch(_NAMING, list(labelled), last)
            more: dict[int, frozenset[str]] = {}
            for record in records:
                more[record["rid"]] = more.get(record["rid"], frozenset()) | labelled[record["key"]]
            rows = {row.rid: row for row in await executor.rows(records)}
            part = [
                change
                for rid, row in rows.items()
                if (change := _relabelled(executor, row, more[rid], base_url, audited=audited)) is not None
            ]
            await executor.write_many(part)
            risen += part
            if len(records) < AT_ONCE:
                break
            last = max(rows) - 1 if max(rows) - 1 > last else max(rows)
        done += len(risen)
        labelled = {labels.gathers_key(one.rt, one.id): found_on(one) for one in risen}
    return done


def _relabelled(executor: Executor, row: Row, more: frozenset[str], base_url: str, *, audited: bool) -> Change | None:
    """Make the next version of a row, which has the labels besides; None when it has them."""
    struct: Any = codec.decode(row.body(), row.rt)
    if not more - labels.stated(struct.meta):
        return None
    tail = rights.label(struct, row.tail, more)
    now = executor.now
    entry = indexed(struct, id=row.id, now_us=microseconds(now), base_url=base_url, persons=executor.persons)
    act = act_by(SYSTEM, now, "update", type=row.rt, detail="labels of what it gathers") if audited else None
    return Change("update", row.rt, row.id, tail, entry, expect=row.vid, act=act)
