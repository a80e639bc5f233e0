"""Versions, newest first, of an instance, a type or everything (http://hl7.org/fhir/R4/http.html#history)."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import RESOURCE_TYPES, TYPE_CODES, bucket_of, rid_of
from xinglin.store.executor import EPOCH, Executor, Row, SqlFragment, microseconds

COUNT: Final = 20

Period = tuple[datetime | None, datetime | None]

# Both halves of the record under one shape: the current version, and those it replaced.
_CURRENT: Final = "SELECT r.rt, r.id, r.rid, r.vid, r.ts, r.deleted, r.enc, r.body, r.pat FROM res r"
_REPLACED: Final = (
    "SELECT h.rt, h.id, h.rid, h.vid, h.ts, h.op = 'D' AS deleted, h.enc, h.body,"
    " (SELECT p.pat FROM res p WHERE p.bucket = h.bucket AND p.rid = h.rid) AS pat FROM hist h"
)
_WITH_CURRENT: Final = " JOIN res r ON r.bucket = h.bucket AND r.rid = h.rid"
# When the version that followed a replaced one began.
_FOLLOWED: Final = """(
  SELECT min(n.ts) FROM (
    SELECT ts FROM hist WHERE bucket = h.bucket AND rid = h.rid AND vid = h.vid + 1
    UNION ALL SELECT ts FROM res WHERE bucket = h.bucket AND rid = h.rid AND vid = h.vid + 1
  ) n
)"""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page. total: versions in all, where that is cheap to know (an instance) or asked (count 0); else None."""

    rows: tuple[Row, ...]
    next_token: str | None
    total: int | None


async def version(executor: Executor, rt: str, id: str, vid: int) -> Row | None:
    """Return one version, also when it is a delete; None when there is none."""
    if not 0 < vid < 2**31:
        return None
    sql = (
        f"{_CURRENT} WHERE r.bucket = $1 AND r.rid = $2 AND r.vid = $3 "
        f"UNION ALL {_REPLACED} WHERE h.bucket = $1 AND h.rid = $2 AND h.vid = $3"
    )
    rows = await executor.rows(await executor.fetch(sql, bucket_of(id), rid_of(rt, id), vid))
    return next((row for row in rows if (row.rt, row.id) == (rt, id)), None)


async def page(
    executor: Executor,
    rt: str | None = None,
    id: str | None = None,
    *,
    predicate: SqlFragment | None = None,
    since: datetime | None = None,
    at: Period | None = None,
    count: int | None = None,
    token: str | None = None,
) -> HistoryPage:
    """Return a page of versions, newest first.

    predicate: what the current row (alias r) of each resource must meet, for types and everything; part of the
    statement, before the limit. since: versions made then or later. at: versions that were current some time within
    [start, end). token: of the page before. Raises OutcomeError (400) for a token that is none.
    """
    before = None if token is None else place_of(token)
    most = COUNT if count is None else count
    asked = _Asked(since, at, before, most + 1)
    if rt is not None and id is not None:
        sql, args = _instance(rt, id, asked)
    else:
        sql, args = _types((rt,) if rt is not None else RESOURCE_TYPES, predicate, asked)
    total = None
    if most == 0 or (rt is not None and id is not None):
        all_of_it = _Asked(since, at, None, None)
        counting = (
            _instance(rt, id, all_of_it)
            if rt is not None and id is not None
            else _types((rt,) if rt is not None else RESOURCE_TYPES, predicate, all_of_it)
        )
        total = int((await executor.fetch(f"SELECT count(*) AS n FROM ({counting[0]}) v", *counting[1]))[0]["n"])
    if most == 0:
        return HistoryPage((), None, total)
    rows = await executor.rows(await executor.fetch(sql, *args))
    more = len(rows) > most
    return HistoryPage(tuple(rows[:most]), token_of(rows[most - 1]) if more else None, total)


@dataclass(frozen=True, slots=True)
class _Asked:
    since: datetime | None
    at: Period | None
    before: tuple[datetime, int] | None
    limit: int | None


class _Sql:
    """A statement being written with its arguments."""

    def __init__(self, *args: object) -> None:
        self.args = list(args)

    def put(self, value: object) -> str:
        self.args.append(value)
        return f"${len(self.args)}"

    def limits(self, alias: str, asked: _Asked) -> str:
        """Say which versions of a half are asked; *alias* is r for current ones and h for replaced ones."""
        parts = []
        if asked.since is not None:
            parts.append(f"{alias}.ts >= {self.put(asked.since)}")
        if asked.at is not None:
            start, end = asked.at
            if end is not None:
                parts.append(f"{alias}.ts < {self.put(end)}")
            if start is not None and alias == "h":
                parts.append(f"{_FOLLOWED} > {self.put(start)}")
        if asked.before is not None:
            ts, rid = asked.before
            parts.append(f"({alias}.ts, {alias}.rid) < ({self.put(ts)}, {self.put(rid)})")
        return "".join(f" AND {part}" for part in parts)


def _instance(rt: str, id: str, asked: _Asked) -> tuple[str, list[object]]:
    sql = _Sql(bucket_of(id), rid_of(rt, id), TYPE_CODES[rt])
    current = f"{_CURRENT} WHERE r.bucket = $1 AND r.rid = $2 AND r.rt = $3{sql.limits('r', asked)}"
    replaced = f"{_REPLACED} WHERE h.bucket = $1 AND h.rid = $2 AND h.rt = $3{sql.limits('h', asked)}"
    end = "" if asked.limit is None else f" ORDER BY vid DESC LIMIT {asked.limit}"
    return f"{current} UNION ALL {replaced}{end}", sql.args


def _types(rts: Sequence[str], predicate: SqlFragment | None, asked: _Asked) -> tuple[str, list[object]]:
    sql = _Sql([TYPE_CODES[rt] for rt in rts])
    allowed = join = ""
    if predicate is not None:
        allowed = f" AND ({predicate.shifted(len(sql.args))})"
        sql.args += predicate.args
        join = _WITH_CURRENT
    # Each half of each type is an ordered index range; newest of the newest.
    order = "" if asked.limit is None else " ORDER BY {0}.ts DESC, {0}.rid DESC LIMIT " + str(asked.limit)
    current = f"({_CURRENT} WHERE r.rt = t.rt{sql.limits('r', asked)}{allowed}{order.format('r')})"
    replaced = f"({_REPLACED}{join} WHERE h.rt = t.rt{sql.limits('h', asked)}{allowed}{order.format('h')})"
    both = f"SELECT v.* FROM unnest($1::int2[]) AS t(rt), LATERAL ({current} UNION ALL {replaced}) v"
    end = "" if asked.limit is None else f" ORDER BY v.ts DESC, v.rid DESC LIMIT {asked.limit}"
    return both + end, sql.args


def token_of(row: Row) -> str:
    """Write the token of the page that goes on after *row*."""
    return base64.urlsafe_b64encode(f"{microseconds(row.ts)}.{row.rid}".encode()).decode().rstrip("=")


def place_of(token: str) -> tuple[datetime, int]:
    """Read a token: after which version its page begins; OutcomeError (400) when it is none."""
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)).decode("ascii")
        ts, rid = (int(part) for part in text.split("."))
        rid.to_bytes(8, signed=True)  # OverflowError when it is no int8
        return EPOCH + timedelta(microseconds=ts), rid
    except (ValueError, binascii.Error, OverflowError) as fault:
        raise OutcomeError(Issue("value", "bad-page-token", text="The page token is not one of ours.")) from fault
