"""First versions of many resources at once, by COPY into every table."""

import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES, bucket_of
from xinglin.store.body import Bodies
from xinglin.store.pool import Connection
from xinglin.store.steps import Insert

COLUMNS: Final = {
    "res": ("bucket", "rt", "id", "rid", "vid", "ts", "pat", "ord", "keys", "enc", "body"),
    "ix": ("bucket", "key", "ord", "rid", "pat", "c"),
    "dx": ("bucket", "key", "lo", "hi", "rid"),
    "sx": ("bucket", "key", "norm", "rid"),
    "qx": ("bucket", "key", "val", "rid"),
    "tx": ("bucket", "rid", "rt", "doc"),
}
# What ends a field or a row in COPY's text form, and the backslash itself.
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


async def copy_in(connection: Connection, steps: Sequence[Insert], bodies: Bodies) -> None:
    """Write *steps* in the transaction that is open on the connection.

    asyncpg.UniqueViolationError when a resource is there already.
    """
    for table, lines in rows(steps, bodies).items():
        if lines:
            source = io.BytesIO("".join(lines).encode())
            await connection.copy_to_table(table, source=source, columns=COLUMNS[table], format="text")


def rows(steps: Iterable[Insert], bodies: Bodies) -> dict[str, list[str]]:
    """Write the lines of COPY's text form, for each table."""
    res: list[str] = []
    ix: list[str] = []
    dx: list[str] = []
    sx: list[str] = []
    qx: list[str] = []
    tx: list[str] = []
    for step in steps:
        entry, rid, rt = step.entry, step.rid, TYPE_CODES[step.change.rt]
        bucket = bucket_of(step.change.id)
        enc, body = bodies.seal(step.change.rt, step.change.tail)
        pat = "\\N" if entry.pat is None else str(entry.pat)
        res.append(
            f"{bucket}\t{rt}\t{step.change.id}\t{rid}\t1\t{step.ts.isoformat()}\t{pat}\t{entry.ord}"
            f"\t{{{','.join(map(str, entry.keys))}}}\t{enc}\t\\\\x{body.hex()}\n"
        )
        ix += [f"{bucket}\t{key}\t{entry.ord}\t{rid}\t{pat}\t{'t' if coded else 'f'}\n" for key, coded in entry.ix]
        dx += [f"{bucket}\t{key}\t{lo}\t{hi}\t{rid}\n" for key, lo, hi in dict.fromkeys(entry.dx)]
        sx += [f"{bucket}\t{key}\t{_escaped(text)}\t{rid}\n" for key, text in dict.fromkeys(entry.sx)]
        qx += [f"{bucket}\t{key}\t{value!r}\t{rid}\n" for key, value in dict.fromkeys(entry.qx)]
        if entry.tx:
            tx.append(f"{bucket}\t{rid}\t{rt}\t{_escaped(entry.tx)}\n")
    return {"res": res, "ix": ix, "dx": dx, "sx": sx, "qx": qx, "tx": tx}


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)
