"""The record of one patient, newest first: read as it is walked, without joining found identities back to their rows.

Nearly all of it names the patient and nobody else, and lies together in ``res``. The few resources that name several
patients, or a group, stand under keys of their references; a merge of both orders is the page.
"""

from collections.abc import Sequence
from typing import Any

from xinglin.fhir.search import keys
from xinglin.fhir.search.query import Dates, Keys
from xinglin.store.executor import ROW_COLUMNS
from xinglin.store.search.order import Order
from xinglin.store.search.plan import Part, Walk, code_of, is_few, key_walk, of_patient, stretches_of, walk_sql
from xinglin.store.search.sql import Builder

COLUMNS = ROW_COLUMNS
MOST_KEYS = 4


def owner_of(part: Part, order: Order) -> Keys | None:
    """Find the one patient whose record is asked for, when this module can write the statement."""
    owner = of_patient(part.conditions)
    if owner is None or len(owner.pats) != 1 or len(owner.keys) > MOST_KEYS:
        return None
    if order.walk != "ord" or not order.descending or len(order.columns) != 2:
        return None
    # Dates bound the walk, which the general plans know how to do.
    if any(is_few(one) or (isinstance(one, Dates) and one.main) for one in part.conditions):
        return None
    return owner


def select(builder: Builder, part: Part, order: Order, owner: Keys, after: Sequence[Any] | None, limit: int) -> str:
    """Write the whole statement of a page: COLUMNS and the columns of the order."""
    pages = [_own(builder, part, order, owner, after, limit)]
    if owner.keys:
        pages.append(_others(builder, part, order, owner, after, limit))
    union = " UNION ALL ".join(f"({page})" for page in pages)
    return f"{union} ORDER BY {order.by()} LIMIT {limit}"


def _own(builder: Builder, part: Part, order: Order, owner: Keys, after: Sequence[Any] | None, limit: int) -> str:
    """Walk what names this patient alone."""
    rest = [one for one in part.conditions if one is not owner]
    coded = code_of(rest)
    patient = builder.key(owner.pats[0])
    if coded is not None:
        x = builder.alias("x")
        where = f"{x}.key = {builder.key(coded.keys[0])} AND {x}.pat = {patient} AND {x}.c"
        rest = [one for one in rest if one is not coded]
        walk = Walk("ix", x, where, ())
    else:
        # The condition is plain where only keys are asked of a row: then no statistics turn the walk into a sort.
        direct = all(isinstance(one, Keys) for one in rest)
        r = "r" if direct else builder.alias("p")
        walk = Walk("res", r, f"{r}.rt = {keys.TYPE_CODES[part.type]} AND {r}.pat = {patient} AND NOT {r}.deleted", ())
        if direct:
            (stretch,) = stretches_of(builder, order, walk, "", after)
            checks = f" AND {builder.checks(part.type, rest, r)}" if rest else ""
            return (
                f"SELECT {COLUMNS}, r.ord AS k0, r.rid AS k1 FROM res r WHERE {walk.where}{stretch}{checks}"
                f" ORDER BY r.ord DESC, r.rid DESC LIMIT {limit}"
            )
    (stretch,) = stretches_of(builder, order, walk, "", after)
    return _opened(order, walk_sql(builder, part, order, walk, rest, stretch, limit))


def _others(builder: Builder, part: Part, order: Order, owner: Keys, after: Sequence[Any] | None, limit: int) -> str:
    """Walk what is found by its references only: it has no patient of its own, or another one."""
    rest = [one for one in part.conditions if one is not owner]
    found = []
    for key in owner.keys:
        walk = key_walk(builder, key, None)
        (stretch,) = stretches_of(builder, order, walk, "", after)
        stretch += f" AND {walk.alias}.pat IS DISTINCT FROM {builder.key(owner.pats[0])}"
        found.append(walk_sql(builder, part, order, walk, rest, stretch, limit))
    if len(found) == 1:
        return _opened(order, found[0])
    # A resource may stand under several of the keys.
    union = " UNION ALL ".join(f"({one})" for one in found)
    return _opened(order, f"SELECT DISTINCT k0, k1 FROM ({union}) u ORDER BY {order.by()} LIMIT {limit}")


def _opened(order: Order, found: str) -> str:
    return f"SELECT {COLUMNS}, f.k0, f.k1 FROM ({found}) f JOIN res r ON r.rid = f.k1 ORDER BY {order.by('f.')}"
