"""Chains to many patients with a frequent code: what is wanted is likely among the newest of that code.

Probing each patient costs the more the more patients there are, of which a page shows twenty. So the newest of the code
are looked through first, as many as cost little; only when they do not fill the page each patient is probed.
"""

from collections.abc import Sequence
from typing import Any, Final

from xinglin.fhir.search.query import Chain, Dates, Keys
from xinglin.store.search.order import Order
from xinglin.store.search.plan import RARE, Counts, Part, code_of, is_few, key_walk, of_patient, stretches_of
from xinglin.store.search.plan import select as probed
from xinglin.store.search.sql import Builder

MANY: Final = 50
"""From so many patients on it is worth to look through the newest first."""
NEWEST: Final = 4_000
FREQUENT: Final = RARE
"""A code met more often is frequent."""


def select(
    builder: Builder, part: Part, order: Order, after: Sequence[Any] | None, limit: int, counts: Counts
) -> str | None:
    """Write the query of the next identities (columns k0 and k1), when the search is such a one."""
    coded = code_of(part.conditions)
    chain = _chain_of(part, coded, counts)
    if coded is None or chain is None or order.walk != "ord" or not order.descending:
        return None
    others = [one for one in part.conditions if one is not chain and one is not coded]
    if of_patient(others) is not None or any(is_few(one) or (isinstance(one, Dates) and one.main) for one in others):
        return None
    walk = key_walk(builder, coded.keys[0], None)
    x, w, r, few = walk.alias, builder.alias("w"), builder.alias("r"), builder.alias("few")
    (stretch,) = stretches_of(builder, order, walk, "", after)
    newest = (
        f"SELECT {x}.ord AS k0, {x}.rid AS k1, {x}.pat FROM ix {x} WHERE {walk.where}{stretch}"
        f" ORDER BY {x}.ord DESC, {x}.rid DESC LIMIT {NEWEST}"
    )
    several = f"EXISTS (SELECT FROM res {r} WHERE {r}.rid = {w}.k1 AND {builder.check(part.type, chain, r)})"
    targets = f"SELECT rid FROM ({builder.targets('Patient', chain.targets[0][1])}) {builder.alias('u')}"
    # Inside CASE the subquery stays a table of hashes, which every row asks.
    theirs = f"CASE WHEN {w}.pat IS NULL THEN {several} ELSE {w}.pat IN ({targets}) END"
    o = builder.alias("o")
    checked = (
        f" CROSS JOIN LATERAL (SELECT FROM res {r} WHERE {r}.rid = {w}.k1"
        f" AND {builder.checks(part.type, others, r)} OFFSET 0) {o}"
        if others
        else ""
    )
    found = (
        f"SELECT {w}.k0, {w}.k1 FROM ({newest}) {w}{checked} WHERE {theirs} ORDER BY {order.by(f'{w}.')} LIMIT {limit}"
    )
    each = probed(builder, part, order, after, limit, counts)
    enough = f"(SELECT count(*) FROM {few}) >= {limit}"
    return (
        f"WITH {few} AS MATERIALIZED ({found}) SELECT k0, k1 FROM {few} WHERE {enough}"
        f" UNION ALL SELECT k0, k1 FROM ({each}) {builder.alias('p')} WHERE NOT {enough}"
        f" ORDER BY {order.by()} LIMIT {limit}"
    )


def _chain_of(part: Part, coded: Keys | None, counts: Counts) -> Chain | None:
    """Find the one chain to patients by which the resource belongs to them, of many of them and a frequent code."""
    chain = next((one for one in part.conditions if isinstance(one, Chain)), None)
    if chain is None or coded is None or not chain.primary or [on for on, _ in chain.targets] != ["Patient"]:
        return None
    if counts.get(coded, 0) <= FREQUENT:
        return None
    return chain if MANY <= counts.get(chain, 0) <= RARE else None
