"""First versions of many resources at once, by COPY in its binary form: a third of the text form's work for the server.

Form: https://www.postgresql.org/docs/current/sql-copy.html (Binary Format); values as the types' receive functions read
them. Every row is the number of its fields, then each field as its length and its bytes; NULL is the length -1.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from struct import Struct
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store.body import Bodies
from xinglin.store.pool import Connection
from xinglin.store.steps import Insert

COLUMNS: Final = {
    "res": ("bucket", "rt", "rid", "vid", "ts", "ord", "enc", "pat", "id", "keys", "body"),
    "ix": ("bucket", "ord", "rid", "c", "pat", "key"),
    "dx": ("bucket", "rid", "key", "lo", "hi"),
    "sx": ("bucket", "rid", "key", "norm"),
    "qx": ("bucket", "rid", "key", "val"),
    "tx": ("bucket", "rid", "rt", "doc"),
}
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_INT8: Final = Struct(">iq")
_LENGTH: Final = Struct(">i")
_RES: Final = Struct(">hiiihiqiiiqiqih")
_IX: Final = Struct(">hiiiqiq")
_DX: Final = Struct(">hiiiqiqiqiq")
_SX: Final = Struct(">hiiiqiqi")
_QX: Final = Struct(">hiiiqiqid")
_TX: Final = Struct(">hiiiqihii")
# An array: dimensions, no nulls, the OID of int8; then length and lower bound of the one dimension.
_NO_KEYS: Final = Struct(">iiii").pack(12, 0, 0, 20)
_KEYS: Final = Struct(">iiiiii")
_EIGHT: Final = _LENGTH.pack(8)
_TRUE: Final = b"\0\0\0\1\1"
_FALSE: Final = b"\0\0\0\1\0"
# What follows a lexeme: the end of its text, one position, which is 1 with weight A or B.
_LEXEME_A: Final = b"\0\0\1\xc0\1"
_LEXEME_B: Final = b"\0\0\1\x80\1"


async def copy_in(connection: Connection, steps: Sequence[Insert], bodies: Bodies) -> None:
    """Write *steps* in the transaction that is open on the connection.

    asyncpg.UniqueViolationError when a resource is there already.
    """
    for table, parts in rows(steps, bodies).items():
        if parts:
            source = io.BytesIO(b"".join([_HEAD, *parts, _END]))
            await connection.copy_to_table(table, source=source, columns=COLUMNS[table], format="binary")


def rows(steps: Iterable[Insert], bodies: Bodies) -> dict[str, list[bytes]]:
    """Write the rows of each table, in pieces of one or several rows."""
    res: list[bytes] = []
    ix: list[bytes] = []
    dx: list[bytes] = []
    sx: list[bytes] = []
    qx: list[bytes] = []
    tx: list[bytes] = []
    for step in steps:
        entry, rid, change = step.entry, step.rid, step.change
        rt, id_, bucket = TYPE_CODES[change.rt], change.id.encode(), entry.bucket
        enc, body = bodies.seal(change.rt, change.id, change.tail)
        pat = _NULL if entry.pat is None else _INT8.pack(8, entry.pat)
        pack, unpack = _numbers(len(entry.keys))
        keys = unpack(pack(*entry.keys))
        moment = (step.ts - _EPOCH) // _MICROSECOND
        res += (
            _RES.pack(11, 4, bucket, 2, rt, 8, rid, 4, 1, 8, moment, 8, entry.ord, 2, enc),
            pat,
            _LENGTH.pack(len(id_)),
            id_,
            _array(keys),
            _LENGTH.pack(len(body)),
            body,
        )
        rows = len(entry.ix)
        coded = sum([c for _, c in entry.ix])
        head = _IX.pack(6, 4, bucket, 8, entry.ord, 8, rid)
        if coded:
            before = head + _TRUE + pat + _EIGHT
            ix += (before, before.join(keys[:coded]))
        if rows > coded:
            before = head + _FALSE + pat + _EIGHT
            ix += (before, before.join(keys[coded:rows]))
        for key, lo, hi in dict.fromkeys(entry.dx):  # a right may have the dates of another
            dx.append(_DX.pack(5, 4, bucket, 8, rid, 8, key, 8, lo, 8, hi))
        for key, text in entry.sx:
            norm = text.encode()
            sx += (_SX.pack(4, 4, bucket, 8, rid, 8, key, len(norm)), norm)
        for key, value in entry.qx:
            qx.append(_QX.pack(4, 4, bucket, 8, rid, 8, key, 8, value))
        if entry.tx:
            doc = _vector(entry.tx)
            tx += (_TX.pack(4, 4, bucket, 8, rid, 2, rt, len(doc) + 4, entry.tx.count(" ") + 1), doc)
    return {"res": res, "ix": ix, "dx": dx, "sx": sx, "qx": qx, "tx": tx}


def _array(keys: Sequence[bytes]) -> bytes:
    if not keys:
        return _NO_KEYS
    return _KEYS.pack(20 + 12 * len(keys), 1, 0, 20, len(keys), 1) + _EIGHT + _EIGHT.join(keys)


def _vector(text: str) -> bytes:
    """Write the lexemes of a tsvector from its text, where each stands once (`fhir.search.text.vector`)."""
    lexemes = (text + " ").encode().replace(b":1B ", _LEXEME_B)
    return lexemes.replace(b":1A ", _LEXEME_A) if b":1A " in lexemes else lexemes


@cache
def _numbers(number: int) -> tuple[Callable[..., bytes], Callable[[bytes], tuple[bytes, ...]]]:
    """Give what packs so many numbers, and what takes the packed ones apart."""
    return Struct(f">{number}q").pack, Struct("8s" * number).unpack
