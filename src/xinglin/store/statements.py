"""The statements that write versions with their index rows, and the arrays they take: one statement for any number.

Columns travel as arrays and are set side by side by ``unnest``. Keys stand in the order: coded ix keys, other ix keys,
keys that serve checks only.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.keys import TYPE_CODES, bucket_of, rid_of
from xinglin.store.body import PLAIN, Bodies
from xinglin.store.steps import Insert, Replace

Arguments = tuple[Any, ...]
Rows = dict[int, set[tuple[Any, ...]]]

# Where a writing statement of its own asks whether patients were merged since its rows were made (`store.persons`).
_ASKED: Final = "/* asked */"

# Keys come as the text of an array for each version: the driver looks at every element of an array of numbers.
_INSERT: Final = """
WITH n AS MATERIALIZED (
  SELECT * FROM unnest($1::int4[], $2::int2[], $3::text[], $4::int8[], $5::timestamptz[], $6::int8[], $7::int8[],
                       $8::int2[], $9::bytea[], $10::text[], $11::text[], $12::int2[], $13::text[])
       AS n(bucket, rt, id, rid, ts, pat, ord, enc, body, indexed, checks, coded, doc) /* asked */
), r AS (
  INSERT INTO res (bucket, rt, id, rid, vid, ts, pat, ord, keys, enc, body)
  SELECT bucket, rt, id, rid, 1, ts, pat, ord, indexed::int8[] || checks::int8[], enc, body FROM n
), i AS (
  INSERT INTO ix (bucket, key, ord, rid, pat, c)
  SELECT n.bucket, k.key, n.ord, n.rid, n.pat, k.place <= n.coded
  FROM n, unnest(n.indexed::int8[]) WITH ORDINALITY AS k(key, place)
), d AS (
  INSERT INTO dx (bucket, rid, key, lo, hi)
  SELECT * FROM unnest($14::int4[], $15::int8[], $16::int8[], $17::int8[], $18::int8[])
), s AS (
  INSERT INTO sx (bucket, rid, key, norm) SELECT * FROM unnest($19::int4[], $20::int8[], $21::int8[], $22::text[])
), q AS (
  INSERT INTO qx (bucket, rid, key, val) SELECT * FROM unnest($23::int4[], $24::int8[], $25::int8[], $26::float8[])
)
INSERT INTO tx (bucket, rid, rt, doc) SELECT bucket, rid, rt, doc::tsvector FROM n WHERE doc <> ''
"""

# Only versions that are still the current ones are replaced; every part asks `old`, so the others are left untouched.
_REPLACE: Final = """
WITH n AS MATERIALIZED (
  SELECT * FROM unnest($1::int4[], $2::int8[], $3::int4[], $4::timestamptz[], $5::bool[], $6::int8[], $7::int8[],
                       $8::int2[], $9::bytea[], $11::int4[], $12::int4[])
       AS n(bucket, rid, vid, ts, gone, pat, ord, enc, body, a, z) /* asked */
), old AS MATERIALIZED (
  SELECT r.bucket, r.rt, r.id, r.rid, r.vid, r.ts, r.txid, r.deleted, r.enc, r.body
  FROM n JOIN res r ON r.bucket = n.bucket AND r.rid = n.rid
  WHERE r.vid = n.vid
  ORDER BY n.rid
  FOR UPDATE OF r
), h AS (
  INSERT INTO hist (bucket, rt, id, rid, vid, ts, txid, op, enc, body)
  SELECT bucket, rt, id, rid, vid, ts, txid, CASE WHEN deleted THEN 'D' WHEN vid = 1 THEN 'C' ELSE 'U' END::"char",
         enc, body
  FROM old
), ixd AS (
  DELETE FROM ix USING unnest($13::int8[], $14::int8[], $15::int8[]) AS d(rid, key, ord), old
  WHERE ix.key = d.key AND ix.ord = d.ord AND ix.rid = d.rid AND old.rid = d.rid
), ixi AS (
  INSERT INTO ix (bucket, key, ord, rid, pat, c)
  SELECT i.bucket, i.key, i.ord, i.rid, i.pat, i.c
  FROM unnest($16::int4[], $17::int8[], $18::int8[], $19::int8[], $20::int8[], $21::bool[])
       AS i(bucket, rid, key, ord, pat, c)
  JOIN old USING (rid)
), dxd AS (
  DELETE FROM dx USING unnest($22::int8[], $23::int8[], $24::int8[], $25::int8[]) AS d(rid, key, lo, hi), old
  WHERE dx.key = d.key AND dx.lo = d.lo AND dx.hi = d.hi AND dx.rid = d.rid AND old.rid = d.rid
), dxi AS (
  INSERT INTO dx (bucket, rid, key, lo, hi)
  SELECT i.bucket, i.rid, i.key, i.lo, i.hi
  FROM unnest($26::int4[], $27::int8[], $28::int8[], $29::int8[], $30::int8[]) AS i(bucket, rid, key, lo, hi)
  JOIN old USING (rid)
), sxd AS (
  DELETE FROM sx USING unnest($31::int8[], $32::int8[], $33::text[]) AS d(rid, key, norm), old
  WHERE sx.key = d.key AND sx.norm = d.norm AND sx.rid = d.rid AND old.rid = d.rid
), sxi AS (
  INSERT INTO sx (bucket, rid, key, norm)
  SELECT i.bucket, i.rid, i.key, i.norm
  FROM unnest($34::int4[], $35::int8[], $36::int8[], $37::text[]) AS i(bucket, rid, key, norm) JOIN old USING (rid)
), qxd AS (
  DELETE FROM qx USING unnest($38::int8[], $39::int8[], $40::float8[]) AS d(rid, key, val), old
  WHERE qx.key = d.key AND qx.val = d.val AND qx.rid = d.rid AND old.rid = d.rid
), qxi AS (
  INSERT INTO qx (bucket, rid, key, val)
  SELECT i.bucket, i.rid, i.key, i.val
  FROM unnest($41::int4[], $42::int8[], $43::int8[], $44::float8[]) AS i(bucket, rid, key, val) JOIN old USING (rid)
), txd AS (
  DELETE FROM tx USING unnest($45::int4[], $46::int8[]) AS d(bucket, rid), old
  WHERE tx.bucket = d.bucket AND tx.rid = d.rid AND old.rid = d.rid
), txi AS (
  INSERT INTO tx (bucket, rid, rt, doc)
  SELECT i.bucket, i.rid, i.rt, i.doc::tsvector
  FROM unnest($47::int4[], $48::int8[], $49::int2[], $50::text[]) AS i(bucket, rid, rt, doc) JOIN old USING (rid)
  ON CONFLICT (bucket, rid) DO UPDATE SET doc = excluded.doc WHERE tx.doc <> excluded.doc
)
UPDATE res SET vid = n.vid + 1, ts = n.ts, txid = DEFAULT, deleted = n.gone, pat = n.pat, ord = n.ord,
               keys = ($10::int8[])[n.a:n.z], enc = n.enc, body = n.body
FROM old JOIN n USING (bucket, rid)
WHERE res.bucket = old.bucket AND res.rid = old.rid
RETURNING res.rid
"""

# The index of current versions written anew: the rows change as in a replacement, bodies and versions stay.
_ROWS_FROM: Final = 4  # arrays of a replacement that are not among those of the rows: vid, ts and so on
_ROWS_CHANGED: Final = re.sub(
    r"\$(\d+)",
    lambda found: f"${int(found[1]) - _ROWS_FROM}",
    _REPLACE[_REPLACE.index("), ixd AS (") : _REPLACE.index("UPDATE res SET")],
)
REINDEX: Final = f"""
WITH n AS MATERIALIZED (
  SELECT * FROM unnest($1::int4[], $2::int8[], $3::int4[], $4::int8[], $5::int8[], $7::int4[], $8::int4[])
       AS n(bucket, rid, vid, pat, ord, a, z)
), old AS MATERIALIZED (
  SELECT r.bucket, r.rid FROM n JOIN res r ON r.bucket = n.bucket AND r.rid = n.rid
  WHERE r.vid = n.vid
  ORDER BY n.rid
  FOR UPDATE OF r
{_ROWS_CHANGED}
UPDATE res SET pat = n.pat, ord = n.ord, keys = ($6::int8[])[n.a:n.z]
FROM old JOIN n USING (bucket, rid)
WHERE res.bucket = old.bucket AND res.rid = old.rid
  AND (res.pat, res.ord, res.keys) IS DISTINCT FROM (n.pat, n.ord, ($6::int8[])[n.a:n.z])
RETURNING res.rid
"""

# The index rows of some resources that are not inline, to see what a replacement changes.
INDEXED: Final = """
SELECT 'd' AS kind, dx.rid, dx.key, dx.lo, dx.hi, NULL AS norm, NULL::float8 AS val
FROM unnest($1::int8[]) k JOIN dx ON dx.rid = k
UNION ALL SELECT 's', sx.rid, sx.key, 0, 0, sx.norm, NULL FROM unnest($1::int8[]) k JOIN sx ON sx.rid = k
UNION ALL SELECT 'q', qx.rid, qx.key, 0, 0, NULL, qx.val FROM unnest($1::int8[]) k JOIN qx ON qx.rid = k
"""

TERMS: Final = """
INSERT INTO term (bucket, param, tid, system, code, display, key, tkey)
SELECT * FROM unnest($1::int4[], $2::int8[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::int8[])
ON CONFLICT DO NOTHING
"""


@lru_cache(maxsize=16)
def insert(epoch: int | None) -> str:
    """Give the statement that writes first versions. epoch: fail when patients were merged since; None: known."""
    return _asking(_INSERT, epoch)


@lru_cache(maxsize=16)
def replace(epoch: int | None) -> str:
    """Give the statement that writes next versions; epoch as of `insert`."""
    return _asking(_REPLACE, epoch)


def _asking(sql: str, epoch: int | None) -> str:
    return sql.replace(_ASKED, "" if epoch is None else f"WHERE (SELECT merges_unchanged({int(epoch)}))")


class _Keys:
    """One flat array of keys and each version's slice (1-based, inclusive)."""

    def __init__(self) -> None:
        self.flat: list[int] = []
        self.first: list[int] = []
        self.last: list[int] = []

    def add(self, entry: Entry | None) -> None:
        self.first.append(len(self.flat) + 1)
        if entry is not None:
            self.flat += entry.keys
        self.last.append(len(self.flat))


def insert_arguments(steps: Sequence[Insert], bodies: Bodies) -> Arguments:
    """Lay out the arrays of INSERT."""
    sealed = [bodies.seal(step.change.rt, step.change.id, step.change.tail) for step in steps]
    buckets = [bucket_of(step.change.id) for step in steps]
    dx, sx, qx = [], [], []
    for step, bucket in zip(steps, buckets, strict=True):
        entry = step.entry
        place = (bucket, step.rid)
        dx += [(*place, *row) for row in dict.fromkeys(entry.dx)]
        sx += [(*place, *row) for row in dict.fromkeys(entry.sx)]
        qx += [(*place, *row) for row in dict.fromkeys(entry.qx)]
    return (
        buckets,
        [TYPE_CODES[step.change.rt] for step in steps],
        [step.change.id for step in steps],
        [step.rid for step in steps],
        [step.ts for step in steps],
        [step.entry.pat for step in steps],
        [step.entry.ord for step in steps],
        [enc for enc, _ in sealed],
        [body for _, body in sealed],
        [_array(step.entry.keys[: len(step.entry.ix)]) for step in steps],
        [_array(step.entry.keys[len(step.entry.ix) :]) for step in steps],
        [sum([coded for _, coded in step.entry.ix]) for step in steps],
        [step.entry.tx for step in steps],
        *_columns(dx, 5), *_columns(sx, 4), *_columns(qx, 4),
    )  # fmt: skip


def _array(numbers: list[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


def replace_arguments(steps: Sequence[Replace], bodies: Bodies, dx: Rows, sx: Rows, qx: Rows) -> Arguments:
    """Lay out the arrays of REPLACE. dx, sx, qx: the rows of each rid that stand now, without bucket and rid."""
    sealed = [
        (PLAIN, b"") if step.entry is None else bodies.seal(step.change.rt, step.change.id, step.change.tail)
        for step in steps
    ]
    return (
        [bucket_of(step.change.id) for step in steps],
        [step.old.row.rid for step in steps],
        [step.old.row.vid for step in steps],
        [step.ts for step in steps],
        [step.entry is None for step in steps],
        [_patient(step) for step in steps],
        [step.ord for step in steps],
        [enc for enc, _ in sealed],
        [body for _, body in sealed],
        *_rows_changed(steps, dx, sx, qx),
    )


def reindex_arguments(steps: Sequence[Replace], dx: Rows, sx: Rows, qx: Rows) -> Arguments:
    """Lay out the arrays of REINDEX; arguments as of `replace_arguments`."""
    return (
        [bucket_of(step.change.id) for step in steps],
        [step.old.row.rid for step in steps],
        [step.old.row.vid for step in steps],
        [_patient(step) for step in steps],
        [step.ord for step in steps],
        *_rows_changed(steps, dx, sx, qx),
    )


def _rows_changed(steps: Sequence[Replace], dx: Rows, sx: Rows, qx: Rows) -> Arguments:
    """Lay out the keys of each version, and the rows that go and come."""
    keys = _Keys()
    ix_out: list[tuple[Any, ...]] = []
    ix_in: list[tuple[Any, ...]] = []
    outs: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    ins: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    tx_out: list[tuple[Any, ...]] = []
    tx_in: list[tuple[Any, ...]] = []
    for step in steps:
        entry, old, rid = step.entry, step.old, step.old.row.rid
        bucket = bucket_of(step.change.id)
        keys.add(entry)
        pat = _patient(step)
        had = set(old.keys)
        want = {} if entry is None else dict(entry.ix)
        moved = step.ord != old.ord or pat != old.pat
        ix_out += [(rid, key, old.ord) for key in had if moved or key not in want]
        ix_in += [(bucket, rid, key, step.ord, pat, c) for key, c in want.items() if moved or key not in had]
        wanted: tuple[set[Any], set[Any], set[Any]] = (
            (set(), set(), set()) if entry is None else (set(entry.dx), set(entry.sx), set(entry.qx))
        )
        for out, into, stored, new in zip(outs, ins, (dx, sx, qx), wanted, strict=True):
            now = stored.get(rid, set())
            out += [(rid, *row) for row in now - new]
            into += [(bucket, rid, *row) for row in new - now]
        if entry is None or not entry.tx:
            tx_out.append((bucket, rid))
        else:
            tx_in.append((bucket, rid, TYPE_CODES[step.change.rt], entry.tx))
    return (
        keys.flat, keys.first, keys.last,
        *_columns(ix_out, 3), *_columns(ix_in, 6),
        *_columns(outs[0], 4), *_columns(ins[0], 5),
        *_columns(outs[1], 3), *_columns(ins[1], 4),
        *_columns(outs[2], 3), *_columns(ins[2], 4),
        *_columns(tx_out, 2), *_columns(tx_in, 4),
    )  # fmt: skip


def indexed_rows(records: Sequence[Any]) -> tuple[Rows, Rows, Rows]:
    """Sort what INDEXED found: dx, sx and qx rows by rid."""
    found: tuple[Rows, Rows, Rows] = ({}, {}, {})
    for record in records:
        rid, key = record["rid"], record["key"]
        match record["kind"]:
            case "d":
                found[0].setdefault(rid, set()).add((key, record["lo"], record["hi"]))
            case "s":
                found[1].setdefault(rid, set()).add((key, record["norm"]))
            case _:
                found[2].setdefault(rid, set()).add((key, record["val"]))
    return found


def places(pairs: Sequence[tuple[str, str]]) -> tuple[list[int], list[int]]:
    """Return the buckets and rids of ``(type, id)`` pairs."""
    return [bucket_of(id_) for _, id_ in pairs], [rid_of(rt, id_) for rt, id_ in pairs]


def _patient(step: Replace) -> int | None:
    # The patient stays on a deleted row, so that history can be asked by patient.
    return step.old.pat if step.entry is None else step.entry.pat


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
