"""Orders of results as SQL, and the place in them after which the next page begins.

Resources without the value come last in both directions; the identity breaks ties, so that no row is skipped or shown
twice however the values repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xinglin.fhir.search.keys import DATED
from xinglin.fhir.search.query import Sort
from xinglin.store.search.sql import Builder


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an order: an expression over ``res`` r that is never null, and its direction and SQL type."""

    expression: str
    descending: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order of results, last column always the identity.

    name: what a page token says; a token of another order is refused. walk: "ord", "ts" or "rid" when an index has this
    very order, so that it can be walked until a page is full.
    """

    name: str
    columns: tuple[Column, ...]
    walk: str = ""

    @property
    def descending(self) -> bool:
        """The direction of the identity."""
        return self.columns[-1].descending

    def names(self) -> list[str]:
        """Name the columns of a selection in this order: k0, k1 and so on."""
        return [f"k{place}" for place in range(len(self.columns))]

    def selected(self) -> str:
        """Give the columns to select."""
        return ", ".join(f"{column.expression} AS k{place}" for place, column in enumerate(self.columns))

    def by(self, prefix: str = "") -> str:
        """Give the list after ORDER BY."""
        return ", ".join(
            f"{prefix}k{place} {'DESC' if column.descending else 'ASC'}" for place, column in enumerate(self.columns)
        )

    def after(self, builder: Builder, values: Sequence[object], prefix: str = "") -> str:
        """Give the condition that a row lies behind *values* (one a column)."""
        placed = [builder.arg(value, column.kind) for value, column in zip(values, self.columns, strict=True)]
        names = [prefix + name for name in self.names()]
        if len({column.descending for column in self.columns}) == 1:
            return f"({', '.join(names)}) {'<' if self.descending else '>'} ({', '.join(placed)})"
        cases = []
        for place, column in enumerate(self.columns):
            same = [f"{names[before]} = {placed[before]}" for before in range(place)]
            cases.append(" AND ".join([*same, f"{names[place]} {'<' if column.descending else '>'} {placed[place]}"]))
        return "(" + " OR ".join(f"({case})" for case in cases) + ")"


RID_ASCENDING = Order("rid", (Column("r.rid", descending=False, kind="int8"),), walk="rid")


def order_of(builder: Builder, sort: Sequence[Sort]) -> Order:
    """Make the order of ``_sort``; without one the newest by the type's main date come first."""
    if not sort or (len(sort) == 1 and sort[0].by == "main" and sort[0].descending):
        columns = (Column("r.ord", descending=True, kind="int8"), Column("r.rid", descending=True, kind="int8"))
        return Order("-main", columns, walk="ord")
    columns_of = [column for key in sort for column in _columns(builder, key)]
    tie = Column("r.rid", descending=all(column.descending for column in columns_of), kind="int8")
    name = ",".join(f"{'-' if key.descending else ''}{key.by}{key.key or ''}" for key in sort)
    walk = {"main": "ord", "updated": "ts"}.get(sort[0].by, "") if len(sort) == 1 else ""
    return Order(name, (*columns_of, tie), walk)


def _columns(builder: Builder, key: Sort) -> list[Column]:
    down = key.descending
    match key.by:
        case "id":
            return [Column("r.id", down, "text")]
        case "updated":
            return [Column("r.ts", down, "timestamptz")]
        case "main":
            # Undated rows lie below all dates: last when descending, to be moved there when ascending.
            date = Column("r.ord", down, "int8")
            return [date] if down else [Column(f"(r.ord < {DATED})", descending=False, kind="bool"), date]
        case "sx" if key.fallback:
            # Names in characters by their pinyin, then those in letters: an index of names begins with one's own.
            value, _ = _value(builder, key)
            read = f"NOT EXISTS (SELECT FROM sx s WHERE s.rid = r.rid AND s.key = {builder.key(key.fallback)})"
            return [
                Column(f"({value} IS NULL)", descending=False, kind="bool"),
                Column(f"({read})", down, "bool"),
                Column(f"coalesce({value}, '')", down, "text"),
            ]
        case _:
            value, kind = _value(builder, key)
            nothing = {"int8": "0", "text": "''", "float8": "0"}[kind]
            return [
                Column(f"({value} IS NULL)", descending=False, kind="bool"),
                Column(f"coalesce({value}, {nothing})", down, kind),
            ]


def _value(builder: Builder, key: Sort) -> tuple[str, str]:
    """Give the value to sort by: of repeated elements the least when ascending, else the greatest."""
    pick = "max" if key.descending else "min"
    at = builder.key(key.key)
    match key.by:
        case "dx":
            return f"(SELECT {pick}(d.lo) FROM dx d WHERE d.rid = r.rid AND d.key = {at})", "int8"
        case "qx":
            # NaN is no value that FHIR knows, so comparison is total.
            return f"(SELECT {pick}(q.val) FROM qx q WHERE q.rid = r.rid AND q.key = {at})", "float8"
        case "sx":
            read = builder.key(key.fallback)
            named = f"(SELECT {pick}(s.norm) FROM sx s WHERE s.rid = r.rid AND s.key = {{}})"
            return f"coalesce({named.format(read)}, {named.format(at)})", "text"
        case "reference":
            # A reference is found by its key, which names the target; one that was never here has no name.
            named = "(lpad(t.rt::text, 3, '0') || '/' || t.id) COLLATE \"C\""
            found = f"(SELECT {pick}({named}) FROM unnest(r.keys) k JOIN res t ON t.rid = k # {at})"
            if key.inline:
                own = f"(SELECT {named} FROM res t WHERE t.rid = r.pat LIMIT 1)"
                found = f"(CASE WHEN (r.pat # {at}) = ANY(r.keys) THEN {own} ELSE {found} END)"
            return found, "text"
        case _:
            return f"(SELECT {pick}(t.code) FROM term t WHERE t.param = {at} AND t.key = ANY(r.keys))", "text"
