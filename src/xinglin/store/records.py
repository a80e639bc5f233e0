"""Records of the database as rows: decompression, and the dictionaries it needs."""

import time
from collections.abc import Sequence
from typing import Final

from xinglin.fhir.search.keys import TYPE_NAMES
from xinglin.security.labels import addition
from xinglin.store.body import Bodies, entry_head
from xinglin.store.executor import Record, Row
from xinglin.store.kept import Kept
from xinglin.store.pool import Connection
from xinglin.store.statements import places
from xinglin.store.steps import State
from xinglin.store.vault.keys import take_keys
from xinglin.store.vault.sealed import dictionary_place
from xinglin.store.vault.vault import Vault

LOOK_AGAIN_SECONDS: Final = 60.0  # how soon a process takes up a dictionary that another one trained

# Sorted by rid, so that all who lock several rows lock them in one order.
_CURRENT: Final = """
SELECT r.rt, r.id, r.rid, r.vid, r.ts, r.deleted, r.enc, r.body, r.pat{more}
FROM unnest($1::int4[], $2::int8[]) AS k(bucket, rid) JOIN res r ON r.bucket = k.bucket AND r.rid = k.rid{end}
"""
CURRENT: Final = _CURRENT.format(more="", end="")
LOCKED: Final = _CURRENT.format(more="", end=" ORDER BY r.rid FOR UPDATE OF r")
STATE: Final = _CURRENT.format(more=", r.ord, r.keys", end="")
LOCKED_STATE: Final = _CURRENT.format(more=", r.ord, r.keys", end=" ORDER BY r.rid FOR UPDATE OF r")


class Records:
    """Reads rows for one process; keeps its dictionaries, and rows opened lately in *keep_bytes*."""

    def __init__(self, keep_bytes: int = 0, vault: Vault | None = None) -> None:
        self.bodies = Bodies(vault)
        self.kept: Kept[tuple[int, int], Row] = Kept(keep_bytes)
        self._looked = float("-inf")

    async def take_dictionaries(self, connection: Connection, *, now: bool = False) -> None:
        """Read the keys and dictionaries made since the last look; soon after one this does nothing, unless told *now*.

        It is told by a change of keys as well.
        """
        moment = time.monotonic()
        vault = self.bodies.vault
        if now or vault.stale or moment - self._looked > LOOK_AGAIN_SECONDS:
            self._looked = moment
            if vault.has_keys:
                await take_keys(connection, vault)
            for made in await connection.fetch("SELECT enc, rt FROM dict ORDER BY enc"):
                if not self.bodies.knows(made["enc"]):
                    found = await connection.fetchrow("SELECT bytes, sealed FROM dict WHERE enc = $1", made["enc"])
                    if found is not None:
                        content = vault.open(dictionary_place(made["enc"]), found[0]) if found[1] else found[0]
                        self.bodies.learn(made["enc"], TYPE_NAMES[made["rt"]], content)

    async def rows(self, connection: Connection, records: Sequence[Record]) -> list[Row]:
        """Open records; reads dictionaries and keys that are new to this process."""
        if self.unknown(records):
            await self.take_dictionaries(connection, now=True)
        return [self.row(record) for record in records]

    def unknown(self, records: Sequence[Record]) -> bool:
        """Tell whether a record needs a dictionary or a key that this process has not read."""
        return not all(self.bodies.knows(record["enc"], record["body"]) for record in records)

    def row(self, record: Record) -> Row:
        """Open one record; raises UnknownDictionary, UnknownKey, Tampered."""
        rt, id, vid, ts, deleted = (
            TYPE_NAMES[record["rt"]],
            record["id"],
            record["vid"],
            record["ts"],
            record["deleted"],
        )
        if deleted:
            return Row(rt, id, record["rid"], vid, ts, deleted, b"", "D", record["pat"])
        tail = self.bodies.open(record["enc"], rt, id, record["body"])
        at, more = addition(rt, tail)
        front = entry_head(rt, id, vid, ts) + tail[:at]
        added = len(front), len(front) + len(more)
        op = "C" if vid == 1 else "U"
        return Row(rt, id, record["rid"], vid, ts, deleted, front + more + tail[at:], op, record["pat"], added)

    def known(self, record: Record) -> Row:
        """Open one committed record, or take the row opened lately; raises as `row` does.

        Not for what a transaction of ours reads: it may roll back, and the same version come again with another body.
        """
        name = record["rid"], record["vid"]
        row = self.kept.get(name)
        # A merge gives a record to another patient without making a version.
        if row is None or row.ts != record["ts"] or row.pat != record["pat"]:
            row = self.row(record)
            self.kept.put(name, row, len(row.entry))
        return row

    async def current(
        self, connection: Connection, pairs: Sequence[tuple[str, str]], *, lock: bool = False
    ) -> dict[tuple[str, str], Row]:
        """Read current versions by (type, id); absent ones are absent."""
        found = await connection.fetch(LOCKED if lock else CURRENT, *places(pairs))
        return {(row.rt, row.id): row for row in await self.rows(connection, found)}

    async def states(
        self, connection: Connection, pairs: Sequence[tuple[str, str]], *, lock: bool = False
    ) -> dict[int, State]:
        """Read current versions with their inline index columns, by rid."""
        found = await connection.fetch(LOCKED_STATE if lock else STATE, *places(pairs))
        rows = await self.rows(connection, found)
        return {
            row.rid: State(row, record["pat"], record["ord"], record["keys"])
            for row, record in zip(rows, found, strict=True)
        }
