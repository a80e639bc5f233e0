"""Conditions as SQL, in two forms: a check of one row, and the set of identities that satisfies them.

`Builder.check` works for every condition; `Builder.source` gives what an index can enumerate. Every value from outside
is an argument; only our own constants stand in the text. Reach is part of every step into another type.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from xinglin.fhir.search import keys
from xinglin.fhir.search.conditions import union
from xinglin.fhir.search.geo import EARTH_METRES
from xinglin.fhir.search.persons import NOBODY, Persons
from xinglin.fhir.search.query import (
    Always,
    And,
    Chain,
    Condition,
    Dates,
    Has,
    IdIn,
    Keys,
    Near,
    Never,
    Not,
    Numbers,
    Or,
    Owned,
    Related,
    Ruled,
    Terms,
    Text,
    Updated,
    Words,
)
from xinglin.security.grants import Reach
from xinglin.store.search import shield

ReachOf = Callable[[str], Reach]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = (int((datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1)), 253_402_300_799_000_000)
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Source:
    """Identities that an index can enumerate.

    sql: a query with the one column rid, possibly with duplicates. exact: every one satisfies the condition, is alive
    and of the type; else the condition has to be checked as well.
    """

    sql: str
    exact: bool


class Builder:
    """Makes the SQL of one statement and gathers its arguments. persons: whom its conditions were made with."""

    def __init__(self, reach: ReachOf, base_url: str = "", persons: Persons = NOBODY) -> None:
        self.args: list[object] = []
        self.persons = persons
        self._reach = reach
        self._base_url = base_url
        self._aliases = 0
        self._placed: dict[tuple[str, object], str] = {}

    def arg(self, value: object, kind: str) -> str:
        """Place an argument and give its placeholder with a cast; equal ones share a place."""
        hashable = tuple(value) if isinstance(value, list) else value
        found = self._placed.get((kind, hashable))
        if found is None:
            self.args.append(value)
            found = self._placed[kind, hashable] = f"${len(self.args)}::{kind}"
        return found

    def _forget(self, placed: int) -> None:
        """Take back all arguments but the first *placed*: what they stood in was not used, and PostgreSQL asks all."""
        for place in [place for place, found in self._placed.items() if int(found[1:].partition("::")[0]) > placed]:
            del self._placed[place]
        del self.args[placed:]

    def key(self, key: int) -> str:
        """Place one key."""
        return self.arg(key, "int8")

    def values(self, now: datetime) -> list[object]:
        """Give the arguments as of *now*."""
        return shield.timed(self.args, now)

    def alias(self, letter: str) -> str:
        """Give a name of a table that no other part of the statement uses."""
        self._aliases += 1
        return f"{letter}{self._aliases}"

    # -- reach --------------------------------------------------------------------------------------------------------

    def reach(self, resource_type: str) -> Condition:
        """Give what may be seen of a type as a condition."""
        reach = self._reach(resource_type)
        if reach.whole:
            return Always()
        if reach.nothing:
            return Never()
        found = shield.condition_of(resource_type, reach, self._base_url, self.persons.mark or NOBODY)
        return _flattened(found or Always())

    def within(self, resource_type: str, condition: Condition) -> tuple[Condition, ...]:
        """Join a condition and the reach of its type, as the parts of one conjunction."""
        return tuple(flat(And((condition, self.reach(resource_type)))))

    # -- a check of one row -------------------------------------------------------------------------------------------

    def check(self, resource_type: str, condition: Condition, row: str) -> str:
        """Give SQL that is true or false (never null) for the row of ``res`` with alias *row*."""
        match condition:
            case Always():
                return "true"
            case Never():
                return "false"
            case And(of):
                return self.checks(resource_type, of, row)
            case Or(of):
                return "(" + (" OR ".join(self.check(resource_type, one, row) for one in of) or "false") + ")"
            case Not(of):
                return f"NOT {self.check(resource_type, of, row)}"
            case IdIn(ids):
                rids = [keys.rid_of(resource_type, one) for one in ids]
                return f"({row}.rid = ANY({self.arg(rids, 'int8[]')}))"
            case Keys(asked):
                if len(asked) == 1:
                    return f"({self.key(asked[0])} = ANY({row}.keys))"
                return f"({row}.keys && {self.arg(list(asked), 'int8[]')})"
            case Terms():
                return (
                    f"({row}.keys && ARRAY({self._terms(condition, 'tkey' if condition.text is not None else 'key')}))"
                )
            case Updated():
                return f"({self._updated(condition, f'{row}.ts')})"
            case Dates():
                return self._check_dates(condition, row)
            case Text():
                return self._exists("sx", self._text(condition, "{0}"), row)
            case Numbers():
                return self._exists("qx", self._numbers(condition, "{0}"), row)
            case Near():
                return f"EXISTS ({self._near(condition, f'{row}.rid')})"
            case Words():
                return self._exists("tx", self._words(condition, "{0}"), row)
            case Chain():
                k = self.alias("k")
                return f"EXISTS (SELECT FROM unnest({row}.keys) {k} WHERE {k} IN ({self._chain_keys(condition)}))"
            case Has():
                # A person has what any record of the person has: patients stand in their rows.
                whose = f"{row}.pat" if self.persons and resource_type == "Patient" else f"{row}.rid"
                return self._check_has(condition, whose)
            case Owned() | Related() | Ruled():
                return shield.check(self, condition, row)
            case _:
                raise TypeError(f"{type(condition).__name__} has to be resolved before it is planned")

    def checks(self, resource_type: str, conditions: Sequence[Condition], row: str) -> str:
        """Join the checks of a conjunction."""
        return "(" + (" AND ".join(self.check(resource_type, one, row) for one in conditions) or "true") + ")"

    def _exists(self, table: str, where: str, row: str) -> str:
        a = self.alias(table[0])
        return f"EXISTS (SELECT FROM {table} {a} WHERE {a}.rid = {row}.rid AND {where.format(a)})"

    def term_keys(self, asked: Terms) -> str:
        """Give the keys in ix of a coded value that the dictionary knows."""
        return self._terms(asked, "key")

    def _terms(self, asked: Terms, column: str) -> str:
        t = self.alias("t")
        where = f"{t}.param = {self.key(asked.parameter)}"
        if asked.text is not None:
            text = self.arg(asked.text, "text")
            where += (
                f" AND strpos({t}.display, {text}) > 0" if asked.contains else f" AND starts_with({t}.display, {text})"
            )
        elif asked.code is not None:
            short = self.arg(asked.code[:128], "text")
            where += f" AND left({t}.code, 128) = {short} AND {t}.code = {self.arg(asked.code, 'text')}"
        else:
            where += f" AND {t}.system = {self.arg(asked.system, 'text')}"
        return f"SELECT {t}.{column} FROM term {t} WHERE {where}"

    def _updated(self, asked: Updated, column: str) -> str:
        """meta.lastUpdated is an instant, a point."""
        return self.ends(
            _POINT[asked.op].replace("{value}", column), instant(asked.lo), instant(asked.hi), "timestamptz"
        )

    def ends(self, template: str, lo: object, hi: object, kind: str = "int8") -> str:
        """Fill the ends of a range into a template, placing only those that stand in it."""
        if "{lo}" in template:
            template = template.replace("{lo}", self.arg(lo, kind))
        return template.replace("{hi}", self.arg(hi, kind)) if "{hi}" in template else template

    def _point(self, asked: Dates, column: str) -> str:
        return self.ends(_POINT[asked.op].replace("{value}", column), asked.lo, asked.hi)

    def _span(self, asked: Dates) -> str:
        """Relate the row {0} of dx."""
        return f"{{0}}.key = {self.key(asked.key)} AND " + self.ends(
            _SPAN[asked.op].replace("{row}", "{0}"), asked.lo, asked.hi
        )

    def _check_dates(self, asked: Dates, row: str) -> str:
        ranges = self._exists("dx", self._span(asked), row)
        if not asked.main:
            return ranges
        instants = (
            f"{row}.ord >= {keys.DATED} AND NOT {self.key(asked.ranged)} = ANY({row}.keys)"
            f" AND {self._point(asked, f'{row}.ord')}"
        )
        return f"(({instants}) OR {ranges})"

    def _text(self, asked: Text, row: str) -> str:
        if len(asked.keys) == 1:
            under = f"{row}.key = {self.key(asked.keys[0])}"
        else:
            under = f"{row}.key = ANY({self.arg(list(asked.keys), 'int8[]')})"
        if asked.contains:
            return f"{under} AND strpos({row}.norm, {self.arg(asked.text, 'text')}) > 0"
        # The column compares bytes, so a prefix is a range; unlike LIKE that holds for arguments, not constants alone.
        low, high = self.arg(asked.text, "text"), self.arg(asked.text + _LAST_CHARACTER, "text")
        return f"{under} AND {row}.norm >= {low} AND {row}.norm < {high}"

    def _numbers(self, asked: Numbers, row: str) -> str:
        ends: list[str] = []
        if asked.lo is not None:
            ends.append(f"{row}.val {'>=' if asked.closed[0] else '>'} {self.arg(asked.lo, 'float8')}")
        if asked.hi is not None:
            ends.append(f"{row}.val {'<=' if asked.closed[1] else '<'} {self.arg(asked.hi, 'float8')}")
        inside = " AND ".join(ends)
        return f"{row}.key = {self.key(asked.key)} AND {f'NOT ({inside})' if asked.outside else inside}"

    def _near(self, asked: Near, rid: str | None = None) -> str:
        """Positions within the distance: a band of latitude by index, then the exact great circle."""
        a, b = self.alias("q"), self.alias("q")
        band = asked.metres / 111_000 + 0.001
        low, high = self.arg(asked.latitude - band, "float8"), self.arg(asked.latitude + band, "float8")
        latitude, longitude = self.arg(asked.latitude, "float8"), self.arg(asked.longitude, "float8")
        half = (
            f"power(sind(({a}.val - {latitude}) / 2), 2) + cosd({latitude}) * cosd({a}.val)"
            f" * power(sind(({b}.val - {longitude}) / 2), 2)"
        )
        return (
            f"SELECT {a}.rid FROM qx {a} JOIN qx {b} ON {b}.rid = {a}.rid AND {b}.key = {self.key(asked.longitude_key)}"
            f" WHERE {a}.key = {self.key(asked.latitude_key)} AND {a}.val BETWEEN {low} AND {high}"
            f"{f' AND {a}.rid = {rid}' if rid else ''}"
            f" AND {2 * EARTH_METRES} * asin(least(1.0, sqrt({half}))) <= {self.arg(asked.metres, 'float8')}"
        )

    def _words(self, asked: Words, row: str) -> str:
        part = "A" if asked.narrative else ""
        marks = ((word.removesuffix("*"), ("*" if word.endswith("*") else "") + part) for word in asked.words)
        wanted = " & ".join(f"'{word}':{mark}" if mark else f"'{word}'" for word, mark in marks)
        return f"{row}.doc @@ {self.arg(wanted, 'tsquery')}"

    def _chain_keys(self, asked: Chain) -> str:
        """Give the keys of references to every target that satisfies its condition."""
        salt = self.key(asked.salt)
        parts = []
        for target, condition in asked.targets:
            a = self.alias("c")
            parts.append(f"SELECT {salt} # {a}.rid FROM ({self.targets(target, condition)}) {a}")
        return " UNION ALL ".join(parts)

    def _check_has(self, asked: Has, rid: str) -> str:
        """Look for a source that refers to the row with this identity."""
        x, s = self.alias("x"), self.alias("s")
        conditions = self.within(asked.type, asked.condition)
        salt = self.key(asked.salt)
        where = self.checks(asked.type, conditions, s)
        by_key = (
            f"EXISTS (SELECT FROM ix {x} JOIN res {s} ON {s}.rid = {x}.rid"
            f" WHERE {x}.key = {salt} # {rid} AND NOT {s}.deleted AND {where})"
        )
        if not asked.primary:
            return by_key
        coded = next((one for one in conditions if isinstance(one, Keys) and one.coded and len(one.keys) == 1), None)
        own = (
            f"EXISTS (SELECT FROM ix {x} JOIN res {s} ON {s}.rid = {x}.rid WHERE {x}.key = {self.key(coded.keys[0])}"
            f" AND {x}.c AND {x}.pat = {rid} AND {where})"
            if coded is not None
            else f"EXISTS (SELECT FROM res {s} WHERE {s}.rt = {keys.TYPE_CODES[asked.type]} AND {s}.pat = {rid}"
            f" AND NOT {s}.deleted AND {where})"
        )
        return f"({own} OR {by_key})"

    # -- the set of identities ----------------------------------------------------------------------------------------

    def source(self, resource_type: str, condition: Condition) -> Source | None:
        """Give the identities that satisfy *condition*, when an index can enumerate them."""
        rt = keys.TYPE_CODES[resource_type]
        match condition:
            case Never():
                return Source("SELECT 0::int8 AS rid WHERE false", exact=True)
            case IdIn(ids):
                rids = [keys.rid_of(resource_type, one) for one in ids]
                return Source(f"SELECT unnest({self.arg(rids, 'int8[]')}) AS rid", exact=False)
            case Keys(indexed=True):
                return Source(self._key_source(rt, condition), exact=True)
            case Terms(indexed=True):
                x = self.alias("x")
                sql = f"SELECT {x}.rid FROM ix {x} WHERE {x}.key = ANY(ARRAY({self._terms(condition, 'key')}))"
                return Source(sql, exact=condition.text is None)
            case Dates():
                return self._date_source(rt, condition)
            case Text():
                return Source(self._from("sx", self._text(condition, "{0}")), exact=True)
            case Numbers():
                return Source(self._from("qx", self._numbers(condition, "{0}")), exact=True)
            case Near():
                return Source(self._near(condition), exact=True)
            case Words():
                return Source(self._from("tx", f"{{0}}.rt = {rt} AND {self._words(condition, '{0}')}"), exact=True)
            case Updated():
                r = self.alias("r")
                where = f"{r}.rt = {rt} AND NOT {r}.deleted AND {self._updated(condition, f'{r}.ts')}"
                return Source(f"SELECT {r}.rid FROM res {r} WHERE {where}", exact=True)
            case Chain():
                return Source(self._chain_source(rt, condition), exact=True)
            case Has():
                found_has = self.has_source(condition)
                return Source(self._records(found_has) if resource_type == "Patient" else found_has, exact=False)
            case Owned() | Related():
                return Source(self._of_patients(rt, condition), exact=True)
            case Or(of):
                placed = len(self.args)
                found = [self.source(resource_type, one) for one in of]
                if not of or None in found:
                    self._forget(placed)
                    return None
                each = [one for one in found if one is not None]
                return Source(" UNION ALL ".join(one.sql for one in each), exact=all(one.exact for one in each))
            case And(of):
                return self._and_source(resource_type, of)
            case _:
                return None

    def _of_patients(self, rt: int, asked: Owned | Related) -> str:
        p = self.alias("p")
        if isinstance(asked, Owned):
            whose = f"= ANY({self.arg(list(asked.pats), 'int8[]')})"
        else:
            t = self.alias("t")
            whose = f"IN (SELECT {t}.rid FROM ({shield.patients(self, asked)}) {t})"
        return f"SELECT {p}.rid FROM res {p} WHERE {p}.rt = {rt} AND NOT {p}.deleted AND {p}.pat {whose}"

    def _from(self, table: str, where: str) -> str:
        a = self.alias(table[0])
        return f"SELECT {a}.rid FROM {table} {a} WHERE {where.format(a)}"

    def _and_source(self, resource_type: str, of: Sequence[Condition]) -> Source | None:
        ranked = sorted((one for one in flat(And(tuple(of)))), key=rank)
        if not ranked or rank(ranked[0]) >= UNRANKED:
            return None
        found = self.source(resource_type, ranked[0])
        return found and Source(found.sql, exact=found.exact and len(ranked) == 1)

    def _key_source(self, rt: int, asked: Keys) -> str:
        x = self.alias("x")
        where = (
            f"= {self.key(asked.keys[0])}" if len(asked.keys) == 1 else f"= ANY({self.arg(list(asked.keys), 'int8[]')})"
        )
        sql = f"SELECT {x}.rid FROM ix {x} WHERE {x}.key {where}"
        if asked.pats:
            p = self.alias("p")
            own = f"{p}.rt = {rt} AND {p}.pat = ANY({self.arg(list(asked.pats), 'int8[]')}) AND NOT {p}.deleted"
            sql += f" UNION ALL SELECT {p}.rid FROM res {p} WHERE {own}"
        return sql

    def _date_source(self, rt: int, asked: Dates) -> Source:
        sql = self._from("dx", self._span(asked))
        if not asked.main:
            return Source(sql, exact=True)
        r = self.alias("r")
        instants = (
            f"{r}.rt = {rt} AND {r}.ord >= {keys.DATED} AND {self._point(asked, f'{r}.ord')}"
            f" AND NOT {r}.deleted AND NOT {self.key(asked.ranged)} = ANY({r}.keys)"
        )
        return Source(f"{sql} UNION ALL SELECT {r}.rid FROM res {r} WHERE {instants}", exact=True)

    def _chain_source(self, rt: int, asked: Chain) -> str:
        x = self.alias("x")
        sql = f"SELECT {x}.rid FROM ix {x} WHERE {x}.key IN ({self._chain_keys(asked)})"
        patients = [condition for target, condition in asked.targets if target == "Patient"]
        if asked.primary and patients:
            p, t = self.alias("p"), self.alias("t")
            whose = f"SELECT {t}.rid FROM ({self.targets('Patient', patients[0])}) {t}"
            own = f"{p}.rt = {rt} AND NOT {p}.deleted AND {p}.pat IN ({whose})"
            sql += f" UNION ALL SELECT {p}.rid FROM res {p} WHERE {own}"
        return sql

    def has_source(self, asked: Has) -> str:
        """Give whatever the found sources' keys could refer to; most are no identities of the type."""
        s, k, f = self.alias("s"), self.alias("k"), self.alias("f")
        salt = self.key(asked.salt)
        # Where a source has its one patient inline, that is whom its primary parameter names.
        own = f"CASE WHEN {s}.pat IS NULL THEN {s}.keys ELSE ARRAY[{s}.pat # {salt}] END"
        return (
            f"SELECT {k} # {salt} AS rid FROM ({self.found(asked.type, asked.condition)}) {f}"
            f" JOIN res {s} ON {s}.rid = {f}.rid CROSS JOIN LATERAL unnest({own if asked.primary else f'{s}.keys'}) {k}"
        )

    def targets(self, resource_type: str, condition: Condition) -> str:
        """Give the identities under which those are referred to that are found: of patients, who stands for them."""
        found = self.found(resource_type, condition)
        if not self.persons or resource_type != "Patient":
            return found
        f, m = self.alias("f"), self.alias("m")
        standing = f"LEFT JOIN merged {m} ON {m}.rid = {f}.rid"
        return f"SELECT coalesce({m}.survivor, {f}.rid) AS rid FROM ({found}) {f} {standing}"

    def _records(self, found: str) -> str:
        """Give, with survivors, the patients for whom they stand."""
        if not self.persons:
            return found
        f, m, w = self.alias("f"), self.alias("m"), self.alias("w")
        each = f"SELECT {f}.rid UNION ALL SELECT {m}.rid FROM merged {m} WHERE {m}.survivor = {f}.rid"
        return f"SELECT {w}.rid FROM ({found}) {f} CROSS JOIN LATERAL ({each}) {w}(rid)"

    def found(self, resource_type: str, condition: Condition) -> str:
        """Give the identities (distinct or not) of the resources in reach that satisfy *condition*."""
        return self.found_of(resource_type, self.within(resource_type, condition))

    def found_of(self, resource_type: str, conditions: Sequence[Condition]) -> str:
        """Give the identities (distinct or not) of all resources of a type that satisfy a conjunction."""
        ranked = sorted(conditions, key=rank)
        first = self.source(resource_type, ranked[0]) if ranked else None
        if first is not None and first.exact and len(ranked) == 1:
            return first.sql
        r = self.alias("r")
        alive = f"{r}.rt = {keys.TYPE_CODES[resource_type]} AND NOT {r}.deleted"
        rest = ranked[1:] if first is not None and first.exact else ranked
        where = f"{alive} AND {self.checks(resource_type, rest, r)}"
        if first is None:
            return f"SELECT {r}.rid FROM res {r} WHERE {where}"
        d = self.alias("d")
        return (
            f"SELECT {r}.rid FROM (SELECT DISTINCT rid FROM ({first.sql}) {self.alias('u')}) {d}"
            f" JOIN res {r} ON {r}.rid = {d}.rid WHERE {where}"
        )


def _flattened(condition: Condition) -> Condition:
    """Take nested conjunctions apart, in alternatives too."""
    if isinstance(condition, Or):
        return union([_flattened(one) for one in condition.of])
    parts = flat(condition)
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def flat(condition: Condition) -> list[Condition]:
    """Take nested conjunctions apart; what always holds falls away."""
    if isinstance(condition, And):
        return [one for part in condition.of for one in flat(part)]
    if isinstance(condition, Or) and len(condition.of) == 1:
        return flat(condition.of[0])
    return [] if isinstance(condition, Always) else [condition]


UNRANKED: Final = 90
"""From this rank on a condition cannot be enumerated."""


def rank(condition: Condition) -> int:
    """Order conditions by how few resources they usually find; from UNRANKED on no index enumerates them."""
    match condition:
        case Never():
            return 0
        case IdIn():
            return 1
        case Owned():
            return 5
        case Related():
            return 55
        case Keys(indexed=True):
            return 10 if condition.pats else 30 if condition.coded else 20
        case Text():
            return 85 if condition.contains else 22
        case Near():
            return 25
        case Words():
            return 35
        case Terms(indexed=True):
            return 40
        case Numbers():
            return 50
        case Chain() | Has():
            return 60
        case Dates() | Updated():
            return 70
        case And(of):
            return min((rank(one) for one in of), default=UNRANKED)
        case Or(of):
            return max((rank(one) for one in of), default=UNRANKED)
        case _:
            return UNRANKED


def instant(us: int) -> datetime:
    """Turn microseconds into an instant that a driver can carry (years 1 to 9999)."""
    return _EPOCH + timedelta(microseconds=min(max(us, _YEARS[0]), _YEARS[1]))


_POINT: Final = {
    "eq": "({value} >= {lo} AND {value} < {hi})",
    "ap": "({value} >= {lo} AND {value} < {hi})",
    "ne": "({value} < {lo} OR {value} >= {hi})",
    "gt": "{value} >= {hi}",
    "sa": "{value} >= {hi}",
    "ge": "{value} >= {lo}",
    "lt": "{value} < {lo}",
    "eb": "{value} < {lo}",
    "le": "{value} < {hi}",
}
"""How a point in time relates to the range [lo, hi)."""

_SPAN: Final = {
    # The second bound of lo follows from the others; with it the index knows where to stop.
    "eq": "({row}.lo >= {lo} AND {row}.lo < {hi} AND {row}.hi <= {hi})",
    "ne": "({row}.lo < {lo} OR {row}.hi > {hi})",
    "gt": "{row}.hi > {hi}",
    "lt": "{row}.lo < {lo}",
    "ge": "({row}.hi > {hi} OR {row}.lo >= {lo})",
    "le": "({row}.lo < {lo} OR {row}.hi <= {hi})",
    "sa": "{row}.lo >= {hi}",
    "eb": "{row}.hi <= {lo}",
    "ap": "({row}.lo < {hi} AND {row}.hi > {lo})",
}
"""How a stored range (columns lo and hi) relates to the range [lo, hi); see `fhir.search.dates.relates`."""

BEGINNING: Final = {
    "eq": "{row}.ord >= {lo} AND {row}.ord < {hi}",
    "sa": "{row}.ord >= {hi}",
    "gt": "{row}.ord >= {lo}",
    "ge": "{row}.ord >= {lo}",
    "lt": "{row}.ord < {lo}",
    "eb": "{row}.ord < {lo}",
    "le": "{row}.ord < {hi}",
    "ap": "{row}.ord < {hi}",
    "ne": "true",
}
"""What follows for the beginning of a main date, whether instant or range. What lasts beyond a ge or gt from before has
to be found besides."""
