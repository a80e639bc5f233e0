"""Choose how a search runs, and write its statement.

Three ways, all with the reach before the limit:

- **walk**: follow an index in the order asked for, check each row, stop when the page is full. Good for frequent keys.
- **gather**: enumerate the identities of the most selective condition, check and sort them. Good for rare ones.
- **patients**: for ``_has`` on patients, walk the distinct patients of a coded key.

Which conditions are rare is asked of the index by counts that stop at `RARE`. Joins are pinned (LATERAL … OFFSET 0), so
that PostgreSQL's statistics over skewed keys cannot turn a walk into a sort.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from xinglin.fhir.search import keys
from xinglin.fhir.search.query import (
    And,
    Chain,
    Condition,
    Dates,
    Has,
    IdIn,
    Keys,
    Never,
    Not,
    Numbers,
    Or,
    Owned,
    Related,
    Terms,
    Updated,
)
from xinglin.store.search import shield
from xinglin.store.search.order import RID_ASCENDING, Order
from xinglin.store.search.sql import BEGINNING, UNRANKED, Builder, flat, rank

RARE: Final = 2_000
"""Up to so many identities are gathered; more are walked."""

MANY_KEYS: Final = 200
EACH_WALK: Final = 10
"""So many identities are gathered in the time that the walk of one more key takes."""

Counts = Mapping[Condition, int]


@dataclass(frozen=True, slots=True)
class Walk:
    """An index that has the order ord, rid: its table under an alias, and what selects the range to walk.

    exact: conditions that every row of the range satisfies. each: a table to walk once for every row of; several says
    that walks of its rows may find the same resource.
    """

    table: str
    alias: str
    where: str
    exact: tuple[Condition, ...]
    each: str = ""
    several: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of one type: all conditions of a conjunction, reach included."""

    type: str
    conditions: tuple[Condition, ...]


def wanted_counts(part: Part, order: Order, *, free: bool) -> list[Condition]:
    """Name the conditions whose frequency decides how *part* is best run; none when that is clear.

    free: no order is asked for, so the search may take its natural one.
    """
    usable = [one for one in part.conditions if rank(one) < UNRANKED]
    if any(isinstance(one, IdIn | Never) for one in usable) or not usable:
        return []
    if order.walk == "ord":
        if of_patient(part.conditions) is not None:
            return []
        if len(usable) == 1 and (_walkable(usable[0]) or _main_date(usable[0])):
            return []
        if free and len(usable) == 1 and _patients(part, {}) is not None:
            return []
    elif len(usable) == 1 and order.walk != "ts":
        return []
    return usable


def count_sql(builder: Builder, part: Part, conditions: Sequence[Condition]) -> str:
    """Count what each condition finds, up to `rare`; of a chain its targets, of ``_has`` its sources."""
    columns = []
    for place, condition in enumerate(conditions):
        match condition:
            case Chain(_, targets):
                found = " UNION ALL ".join(f"({builder.found(kind, inner)})" for kind, inner in targets)
            case Has():
                found = builder.found(condition.type, condition.condition)
            case _:
                source = builder.source(part.type, condition)
                found = source.sql if source else "SELECT 1 WHERE false"
        columns.append(
            f"(SELECT count(*) FROM (SELECT FROM ({found}) f{place} LIMIT {rare(condition) + 1}) n{place}) AS c{place}"
        )
    return "SELECT " + ", ".join(columns)


def natural_order(part: Part, counts: Counts) -> Order | None:
    """Give the order in which a search without ``_sort`` runs best, when it is not the usual one."""
    found = _patients(part, counts)
    return RID_ASCENDING if found is not None else None


def select(builder: Builder, part: Part, order: Order, after: Sequence[Any] | None, limit: int, counts: Counts) -> str:
    """Write the query of the next *limit* identities: columns k0, k1 … of the order, the last being rid."""
    if order.walk == "rid":
        has = _patients(part, counts)
        if has is not None:
            return _by_patients(builder, part, has, after, limit)
    best = min((one for one in counts), key=lambda one: (counts[one], rank(one)), default=None)
    if order.walk == "ord":
        walks = _walks(builder, part, best, counts)
        if walks is not None:
            return _merged(builder, part, order, walks, after, limit)
    if best is None or (order.walk == "ts" and counts.get(best, 0) > RARE):
        usable = [one for one in part.conditions if rank(one) < UNRANKED]
        best = min(usable, key=rank, default=None) if order.walk in {"", "rid"} or any(map(is_few, usable)) else None
    return _gathered(builder, part, order, best, after, limit)


def rare(condition: Condition) -> int:
    """Say up to how many identities are gathered: of thousands of keys, each of which is a walk, more than of a few."""
    if isinstance(condition, Keys) and len(condition.keys) > MANY_KEYS:
        return max(RARE, EACH_WALK * len(condition.keys))
    return RARE


def is_few(condition: Condition) -> bool:
    """Tell whether a condition names its few resources itself."""
    return isinstance(condition, IdIn | Never)


def _walkable(condition: Condition) -> bool:
    if isinstance(condition, Or):
        return len(condition.of) <= 8 and all(map(_walkable, condition.of))
    if isinstance(condition, Owned | Related):
        return True
    return (isinstance(condition, Keys) and condition.indexed) or (isinstance(condition, Terms) and condition.indexed)


def _of_records(condition: Condition) -> bool:
    """Tell whether a condition names whole records: of patients that somebody is related to."""
    if isinstance(condition, Or):
        return len(condition.of) <= 8 and all(map(_of_records, condition.of))
    return isinstance(condition, Owned | Related)


def _main_date(condition: Condition) -> bool:
    return isinstance(condition, Dates) and condition.main


def of_patient(conditions: Sequence[Condition]) -> Keys | None:
    """Find the condition that names the patient of the resource."""
    return next((one for one in conditions if isinstance(one, Keys) and one.indexed and one.pats), None)


def code_of(conditions: Sequence[Condition]) -> Keys | None:
    """Find a condition of one key that is also indexed by patient."""
    return next((one for one in conditions if isinstance(one, Keys) and one.coded and len(one.keys) == 1), None)


# -- walk ---------------------------------------------------------------------------------------------------------


def _walks(builder: Builder, part: Part, best: Condition | None, counts: Counts) -> list[Walk] | None:
    """Choose the ranges to walk in the order ord, rid; None when gathering is better, or nothing can be walked."""
    if any(map(is_few, part.conditions)):
        return None
    owner = of_patient(part.conditions)
    if owner is not None:
        return _patient_walks(builder, part, owner)
    chain = best if isinstance(best, Chain) else None
    if chain is not None and counts[chain] <= RARE:
        return _chain_walks(builder, part, chain)
    if best is not None and counts[best] <= rare(best):
        return None
    records = next((one for one in part.conditions if _of_records(one)), None)
    if records is not None:
        return _key_walks(builder, records, part)
    walkable = [one for one in part.conditions if _walkable(one)]
    if not walkable:
        return [_type_walk(builder, part)]
    chosen = min(walkable, key=lambda one: (counts.get(one, 0), rank(one)))
    return _key_walks(builder, chosen, part)


def _type_walk(builder: Builder, part: Part) -> Walk:
    p = builder.alias("p")
    return Walk("res", p, f"{p}.rt = {keys.TYPE_CODES[part.type]} AND NOT {p}.deleted", ())


def _key_walks(builder: Builder, chosen: Condition, part: Part) -> list[Walk]:
    if isinstance(chosen, Or):
        # Who satisfies one alternative satisfies all of them together.
        return [
            replace(walk, exact=(chosen,) if walk.exact else ())
            for one in chosen.of
            for walk in _key_walks(builder, one, part)
        ]
    if isinstance(chosen, Keys) and len(chosen.keys) <= 4:
        return [key_walk(builder, key, chosen if not chosen.pats else None) for key in chosen.keys]
    if isinstance(chosen, Keys):
        return [_many_keys(builder, builder.arg(list(chosen.keys), "int8[]"), chosen)]
    if isinstance(chosen, Terms):
        exact = (chosen,) if chosen.text is None else ()
        return [_many_keys(builder, f"ARRAY({builder.term_keys(chosen)})", *exact)]
    if isinstance(chosen, Related | Owned):
        return [_record_walk(builder, chosen, part)]
    raise TypeError("only keys are walked")


def _record_walk(builder: Builder, chosen: Related | Owned, part: Part) -> Walk:
    """Walk the record of each patient that one is related to, of one code where one is asked for."""
    coded = code_of(part.conditions)
    t, p = builder.alias("t"), builder.alias("p")
    if isinstance(chosen, Owned):
        each = f"unnest({builder.arg(list(chosen.pats), 'int8[]')}) {t}(rid)"
    else:
        each = f"(SELECT DISTINCT rid FROM ({shield.patients(builder, chosen)}) {builder.alias('u')}) {t}"
    if coded is not None:
        where = f"{p}.key = {builder.key(coded.keys[0])} AND {p}.pat = {t}.rid AND {p}.c"
        return Walk("ix", p, where, (coded, chosen), each)
    where = f"{p}.rt = {keys.TYPE_CODES[part.type]} AND {p}.pat = {t}.rid AND NOT {p}.deleted"
    return Walk("res", p, where, (chosen,), each)


def _many_keys(builder: Builder, keys_sql: str, *exact: Condition) -> Walk:
    x, k = builder.alias("x"), builder.alias("k")
    return Walk("ix", x, f"{x}.key = {k}", exact, each=f"unnest({keys_sql}) {k}", several=True)


def key_walk(builder: Builder, key: int, exact: Condition | None) -> Walk:
    """Give the walk of one key."""
    x = builder.alias("x")
    return Walk("ix", x, f"{x}.key = {builder.key(key)}", (exact,) if exact is not None else ())


def _patient_walks(builder: Builder, part: Part, owner: Keys) -> list[Walk]:
    """Walk the record of a patient, of one code where one is asked for; then resources that name several patients."""
    walks: list[Walk] = []
    coded = code_of(part.conditions)
    for pat in owner.pats:
        if coded is not None:
            x = builder.alias("x")
            where = f"{x}.key = {builder.key(coded.keys[0])} AND {x}.pat = {builder.key(pat)} AND {x}.c"
            walks.append(Walk("ix", x, where, (coded, owner)))
        else:
            p = builder.alias("p")
            where = f"{p}.rt = {keys.TYPE_CODES[part.type]} AND {p}.pat = {builder.key(pat)} AND NOT {p}.deleted"
            walks.append(Walk("res", p, where, (owner,)))
    if len(owner.keys) <= 4:
        return walks + [
            Walk(w.table, w.alias, w.where, (owner,)) for w in (key_walk(builder, k, None) for k in owner.keys)
        ]
    return [*walks, _many_keys(builder, builder.arg(list(owner.keys), "int8[]"), owner)]


def _chain_walks(builder: Builder, part: Part, chain: Chain) -> list[Walk]:
    """Walk the references to each target; of patients one code of each where one is asked for."""
    walks: list[Walk] = []
    coded = code_of(part.conditions)
    for target, condition in chain.targets:
        t, x = builder.alias("t"), builder.alias("x")
        each = f"(SELECT DISTINCT rid FROM ({builder.targets(target, condition)}) {builder.alias('u')}) {t}"
        walks.append(Walk("ix", x, f"{x}.key = {builder.key(chain.salt)} # {t}.rid", (chain,), each, several=True))
        if not chain.primary or target != "Patient":
            continue
        p = builder.alias("p")
        if coded is not None:
            where = f"{p}.key = {builder.key(coded.keys[0])} AND {p}.pat = {t}.rid AND {p}.c"
            walks.append(Walk("ix", p, where, (coded, chain), each))
        else:
            where = f"{p}.rt = {keys.TYPE_CODES[part.type]} AND {p}.pat = {t}.rid AND NOT {p}.deleted"
            walks.append(Walk("res", p, where, (chain,), each))
    return walks


def _merged(
    builder: Builder, part: Part, order: Order, walks: Sequence[Walk], after: Sequence[Any] | None, limit: int
) -> str:
    """Walk every range until it has a page, and merge them."""
    grouped: dict[str, list[str]] = {}
    for walk in walks:
        rest = [one for one in part.conditions if one not in walk.exact]
        bounds = _bounds(builder, part.conditions, walk.alias)
        for stretch in stretches_of(builder, order, walk, bounds, after):
            grouped.setdefault(walk.each, []).append(walk_sql(builder, part, order, walk, rest, stretch, limit))
    branches = grouped.pop("", [])
    for each, steps in grouped.items():
        several = any(walk.several for walk in walks if walk.each == each)
        branches.append(_for_each(builder, order, each, steps, limit, several=several))
    tail = _long_before(builder, part, order, after, limit)
    if tail is not None:
        branches.append(tail)
    if len(branches) == 1:
        return branches[0]
    names = ", ".join(order.names())
    union = " UNION ALL ".join(f"(SELECT {names} FROM ({branch}) {builder.alias('b')})" for branch in branches)
    return f"SELECT DISTINCT {names} FROM ({union}) {builder.alias('m')} ORDER BY {order.by()} LIMIT {limit}"


def stretches_of(builder: Builder, order: Order, walk: Walk, bounds: str, after: Sequence[Any] | None) -> list[str]:
    """Give the WHERE of each stretch to walk: ascending, first the dated rows, then those without a date."""
    a = walk.alias
    if order.descending:
        behind = f" AND ({a}.ord, {a}.rid) < ({builder.key(after[0])}, {builder.key(after[1])})" if after else ""
        return [bounds + behind]
    stretches = []
    if after is None or not after[0]:
        behind = f" AND ({a}.ord, {a}.rid) > ({builder.key(after[1])}, {builder.key(after[2])})" if after else ""
        stretches.append(f"{bounds} AND {a}.ord >= {keys.DATED}{behind}")
    behind = (
        f" AND ({a}.ord, {a}.rid) > ({builder.key(after[1])}, {builder.key(after[2])})" if after and after[0] else ""
    )
    return [*stretches, f"{bounds} AND {a}.ord < {keys.DATED}{behind}"]


def walk_sql(
    builder: Builder, part: Part, order: Order, walk: Walk, rest: Sequence[Condition], stretch: str, limit: int
) -> str:
    """Write one ordered walk that stops at *limit* rows."""
    a = walk.alias
    way = "DESC" if order.descending else "ASC"
    flag = "" if order.descending else f"({a}.ord < {keys.DATED}) AS k0, "
    first = 0 if order.descending else 1
    columns = f"{flag}{a}.ord AS k{first}, {a}.rid AS k{first + 1}"
    where = walk.where + stretch
    steps = f"SELECT {columns} FROM {walk.table} {a} WHERE {where} ORDER BY {a}.ord {way}, {a}.rid {way}"
    if rest:
        w, r = builder.alias("w"), builder.alias("r")
        checked = builder.checks(part.type, rest, r)
        steps = (
            f"SELECT {w}.* FROM ({steps}) {w} CROSS JOIN LATERAL"
            f" (SELECT FROM res {r} WHERE {r}.rid = {w}.k{first + 1} AND {checked} OFFSET 0) {builder.alias('o')}"
            f" ORDER BY {order.by(f'{w}.')}"
        )
    return f"{steps} LIMIT {limit}"


def _for_each(builder: Builder, order: Order, each: str, steps: Sequence[str], limit: int, *, several: bool) -> str:
    """Walk once, or in several ways, for every row of a table, and take the first of all."""
    e = builder.alias("e")
    names = ", ".join(f"{e}.{name}" for name in order.names())
    walked = steps[0] if len(steps) == 1 else " UNION ALL ".join(f"({one})" for one in steps)
    return (
        f"SELECT {'DISTINCT ' if several else ''}{names} FROM {each} CROSS JOIN LATERAL ({walked}) {e}"
        f" ORDER BY {order.by(f'{e}.')} LIMIT {limit}"
    )


def _bounds(builder: Builder, conditions: Sequence[Condition], alias: str) -> str:
    """Give what conditions on the main date say about ord, so that a walk begins and ends with them."""
    bounds = ""
    for one in conditions:
        if not isinstance(one, Dates) or not one.main:
            continue
        bounds += " AND " + builder.ends(BEGINNING[one.op].replace("{row}", alias), one.lo, one.hi)
    return bounds


def _long_before(builder: Builder, part: Part, order: Order, after: Sequence[Any] | None, limit: int) -> str | None:
    """Find what began before the date asked for (ge, gt) and lasts beyond it: the walk by beginnings cannot."""
    late = next(
        (one for one in part.conditions if isinstance(one, Dates) and one.main and one.op in {"ge", "gt"}), None
    )
    if late is None:
        return None
    d = builder.alias("d")
    lo, hi = builder.key(late.lo), builder.key(late.hi)
    source = f"SELECT {d}.rid FROM dx {d} WHERE {d}.key = {builder.key(late.key)} AND {d}.hi > {hi} AND {d}.lo < {lo}"
    return _from_source(builder, part, order, source, part.conditions, after, limit)


# -- gather -------------------------------------------------------------------------------------------------------


def _gathered(
    builder: Builder, part: Part, order: Order, best: Condition | None, after: Sequence[Any] | None, limit: int
) -> str:
    """Enumerate one condition, check the others, sort; without one, read the whole type."""
    source = builder.source(part.type, best) if best is not None else None
    if source is None:
        if order.walk == "ts":
            return _by_time(builder, part, order, after, limit)
        where = f"NOT r.deleted AND {builder.checks(part.type, part.conditions, 'r')}"
        rows = f"SELECT {order.selected()} FROM res r WHERE r.rt = {keys.TYPE_CODES[part.type]} AND {where}"
        return _sorted(builder, order, rows, after, limit)
    rest = [one for one in part.conditions if not (source.exact and one is best)]
    return _from_source(builder, part, order, source.sql, rest, after, limit)


def _by_time(builder: Builder, part: Part, order: Order, after: Sequence[Any] | None, limit: int) -> str:
    """Walk the type in the order of lastUpdated, within the times asked for."""
    way = "DESC" if order.descending else "ASC"
    where = f"p.rt = {keys.TYPE_CODES[part.type]} AND NOT p.deleted"
    for one in part.conditions:
        if isinstance(one, Updated):
            where += f" AND {builder.check(part.type, one, 'p')}"
    if after:
        behind = order.after(builder, after).replace("k0", "p.ts").replace("k1", "p.rid")
        where += f" AND {behind}"
    steps = f"SELECT p.ts AS k0, p.rid AS k1 FROM res p WHERE {where} ORDER BY p.ts {way}, p.rid {way}"
    rest = [one for one in part.conditions if not isinstance(one, Updated)]
    if not rest:
        return f"{steps} LIMIT {limit}"
    checked = f"SELECT FROM res r WHERE r.rid = w.k1 AND {builder.checks(part.type, rest, 'r')} OFFSET 0"
    return f"SELECT w.* FROM ({steps}) w CROSS JOIN LATERAL ({checked}) o ORDER BY {order.by('w.')} LIMIT {limit}"


def _from_source(
    builder: Builder,
    part: Part,
    order: Order,
    source: str,
    rest: Sequence[Condition],
    after: Sequence[Any] | None,
    limit: int,
) -> str:
    where = f"r.rt = {keys.TYPE_CODES[part.type]} AND NOT r.deleted AND {builder.checks(part.type, rest, 'r')}"
    d, c = builder.alias("d"), builder.alias("c")
    columns = ", ".join(f"{c}.{name}" for name in order.names())
    rows = (
        f"SELECT {columns} FROM (SELECT DISTINCT rid FROM ({source}) {builder.alias('u')}) {d} CROSS JOIN LATERAL"
        f" (SELECT {order.selected()} FROM res r WHERE r.rid = {d}.rid AND {where} OFFSET 0) {c}"
    )
    return _sorted(builder, order, rows, after, limit)


def _sorted(builder: Builder, order: Order, rows: str, after: Sequence[Any] | None, limit: int) -> str:
    behind = f" WHERE {order.after(builder, after)}" if after else ""
    return f"SELECT * FROM ({rows}) {builder.alias('g')}{behind} ORDER BY {order.by()} LIMIT {limit}"


# -- patients -----------------------------------------------------------------------------------------------------


def _coded_has(has: Has) -> Keys | None:
    """Find the coded key by which the patients of a ``_has`` can be walked."""
    return code_of(flat(has.condition)) if has.primary else None


def _patients(part: Part, counts: Counts) -> Has | None:
    """Find a ``_has`` that is worth walking: patients of a coded key, however frequent, and nothing rare beside it."""
    if part.type != "Patient" or any(count <= RARE for one, count in counts.items() if not _walked_has(one)):
        return None
    return next((one for one in part.conditions if isinstance(one, Has) and _walked_has(one)), None)


def _walked_has(condition: Condition) -> bool:
    return isinstance(condition, Has) and _coded_has(condition) is not None


def _by_patients(builder: Builder, part: Part, has: Has, after: Sequence[Any] | None, limit: int) -> str:
    """Walk the distinct patients of a code in the order of their identities; then sources that name several."""
    coded = _coded_has(has)
    assert coded is not None  # noqa: S101  `_patients` chose it
    key = builder.key(coded.keys[0])
    conditions = builder.within(has.type, has.condition)
    rest = [one for one in conditions if one is not coded]
    others = [one for one in part.conditions if one is not has]
    behind = f" AND x.pat > {builder.key(after[0])}" if after else ""
    one = f"SELECT DISTINCT x.pat FROM ix x WHERE x.key = {key} AND x.c AND x.pat IS NOT NULL{behind} ORDER BY x.pat"
    checks = f"r.rid = d.pat AND NOT r.deleted AND {builder.checks('Patient', others, 'r')}"
    if rest:
        checks += (
            f" AND EXISTS (SELECT FROM ix y JOIN res s ON s.rid = y.rid WHERE y.key = {key} AND y.c AND y.pat = d.pat"
            f" AND {builder.checks(has.type, rest, 's')})"
        )
    walked = (
        f"SELECT d.pat AS k0 FROM ({one}) d CROSS JOIN LATERAL (SELECT FROM res r WHERE {checks} OFFSET 0) o"
        f" ORDER BY d.pat LIMIT {limit}"
    )
    several = (
        f"SELECT k # {builder.key(has.salt)} AS rid FROM ix z JOIN res v ON v.rid = z.rid"
        f" CROSS JOIN LATERAL unnest(v.keys) k WHERE z.key = {key} AND z.c AND z.pat IS NULL"
        f" AND {builder.checks(has.type, rest, 'v')}"
    )
    if builder.persons:
        # Whom a survivor stands for; patients with a row of the code.
        several += (
            f" UNION ALL SELECT o.rid FROM merged o WHERE EXISTS (SELECT FROM ix y JOIN res s ON s.rid = y.rid"
            f" WHERE y.key = {key} AND y.c AND y.pat = o.survivor AND {builder.checks(has.type, rest, 's')})"
            f" UNION ALL SELECT o.rid FROM merged o JOIN (SELECT k # {builder.key(has.salt)} AS rid FROM ix z"
            f" JOIN res v ON v.rid = z.rid CROSS JOIN LATERAL unnest(v.keys) k WHERE z.key = {key} AND z.c"
            f" AND z.pat IS NULL AND {builder.checks(has.type, rest, 'v')}) n ON n.rid = o.survivor"
        )
    more = _from_source(builder, part, RID_ASCENDING, several, others, after, limit)
    return f"SELECT DISTINCT k0 FROM (({walked}) UNION ALL ({more})) m ORDER BY k0 LIMIT {limit}"


def ranged(condition: Condition) -> bool:
    """Tell whether a condition holds a range, whose width decides which index serves it."""
    match condition:
        case Dates() | Updated() | Numbers():
            return True
        case And(of) | Or(of):
            return any(map(ranged, of))
        case Not(of):
            return ranged(of)
        case Chain(_, targets):
            return any(ranged(inner) for _, inner in targets)
        case Has():
            return ranged(condition.condition)
        case _:
            return False
