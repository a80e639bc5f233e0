"""The order of entries: each gets its place in the tree when no transaction before it can still come.

One sequencer works at a time (advisory lock), however many try. It takes the entries of transactions that are older
than every one still running, in the order of their transaction numbers, so that a later run can only append.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import asyncpg
import structlog

from xinglin.fhir.outcome import OutcomeError
from xinglin.security.ledger import Head
from xinglin.security.merkle import SIZE, Frontier, leaf_hash
from xinglin.store.clock import Clock
from xinglin.store.faults import answered
from xinglin.store.ledger.keeping import drop_expired, make_months
from xinglin.store.pool import Connection, Pool
from xinglin.store.vault.vault import NoKey, Vault

LOCK: Final = 0x58_4C_41_55  # "XLAU": the advisory lock of the one who sequences
MOST: Final = 1_000  # entries in one transaction: hashing them holds up a process for some milliseconds
DAY_SECONDS: Final = 86_400.0
TILE_BITS: Final = 8  # subtrees are stored at every eighth level

_LOG: Final = structlog.get_logger("xinglin.ledger")

# running: the oldest transaction that may still bring an entry; those of other databases of the cluster cannot.
_STATE: Final = """
SELECT t.size, t.txid::text AS txid, t.id, t.peaks, t.system, t.seen, c.system_identifier AS cluster,
       coalesce((
         SELECT x FROM pg_snapshot_xip(s.snapshot) x
         WHERE NOT EXISTS (
           SELECT FROM pg_stat_activity a JOIN pg_database d ON d.oid = a.datid
           WHERE a.backend_xid = x::xid AND d.datname <> current_database()
         )
         ORDER BY x LIMIT 1
       ), pg_snapshot_xmax(s.snapshot))::text AS running
FROM audit_tree t, pg_control_system() c, (SELECT pg_current_snapshot() AS snapshot) s
"""
_NEXT: Final = """
SELECT a.id, a.txid::text AS number, a.entry FROM audit a
WHERE (a.txid, a.id) > ($1::text::xid8, $2::int8) AND a.txid < $3::text::xid8
ORDER BY a.txid, a.id LIMIT $4
"""
# After a restore into another cluster transaction numbers mean nothing: what has no leaf, by time.
_WITHOUT_LEAF: Final = """
SELECT a.id, a.entry FROM audit a
WHERE a.id > $1 AND NOT EXISTS (
  SELECT FROM audit_leaf l WHERE int8range(l.low, l.high, '[]') @> a.id AND a.id = ANY(l.ids)
)
ORDER BY a.id LIMIT $2
"""
_TAKEN: Final = """
SELECT i.id FROM unnest($1::int8[]) AS i(id)
JOIN audit_leaf l ON int8range(l.low, l.high, '[]') @> i.id AND i.id = ANY(l.ids)
"""
_LEAVES: Final = "INSERT INTO audit_leaf (first, last, at, low, high, ids, hashes) VALUES ($1, $2, $3, $4, $5, $6, $7)"
_NODES: Final = """
INSERT INTO audit_node (level, place, hash) SELECT * FROM unnest($1::int2[], $2::int8[], $3::bytea[])
"""
_MOVE: Final = """
UPDATE audit_tree SET size = $1, txid = $2::text::xid8, id = $3, peaks = $4, system = $5, seen = $6
"""
_HEAD: Final = "INSERT INTO audit_head (size, at, root, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_LAST_HEAD: Final = "SELECT size, root, at, signature FROM audit_head ORDER BY size DESC, at DESC LIMIT 1"


@dataclass(slots=True)
class _State:
    tree: Frontier
    txid: str
    id: int
    system: int
    seen: int
    cluster: int
    running: str


class Sequencer:
    """Puts entries in order for one process, when no other does.

    vault: signs heads with its key ``audit``; without one, heads are unsigned.
    """

    def __init__(self, pool: Pool, clock: Clock, vault: Vault | None) -> None:
        self._pool = pool
        self._clock = clock
        self._vault = vault

    async def sequence(self, *, most: int = MOST) -> int:
        """Take all entries that may be taken now, *most* in a transaction; returns how many.

        0 also when another process is at it. OutcomeError when the database is away.
        """
        async with answered(), self._pool.link() as link:
            await link.plan(custom=False)
            total, more = 0, True
            while more:
                taken, more = await self._step(link.connection, most)
                total += taken
            return total

    async def head(self) -> Head:
        """Sequence what is there, then sign the head of the tree; the last head when nothing has come since."""
        await self.sequence()
        async with answered(), self._pool.link() as link:
            connection = link.connection
            async with connection.transaction():
                await connection.fetchval("SELECT pg_advisory_xact_lock($1)", LOCK)
                state = await _state(connection)
                last = await connection.fetchrow(_LAST_HEAD)
                if last is not None and last["size"] == state.tree.size:
                    return Head(last["size"], last["root"], last["at"], last["signature"])
                head = self._signed(Head(state.tree.size, state.tree.root(), self._clock.now()))
                await connection.execute(_HEAD, head.size, head.at, head.root, head.signature)
                return head

    async def keep(self, days: int) -> None:
        """Make the months to come, and drop those whose time of keeping is over, unless another process does so."""
        async with answered(), self._pool.link() as link, link.connection.transaction():
            if await link.connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
                now = self._clock.now()
                await make_months(link.connection, now)
                await drop_expired(link.connection, now, days=days)

    async def run(self, *, interval_ms: int, head_seconds: int, days: int) -> None:
        """Until cancelled: sequence at each interval, sign a head now and then, and keep the months once a day."""
        since_head = since_keep = inf
        while True:
            try:
                if since_keep >= DAY_SECONDS:
                    await self.keep(days)
                    since_keep = 0.0
                if since_head >= head_seconds:
                    await self.head()
                    since_head = 0.0
                else:
                    await self.sequence()
            except OutcomeError as fault:
                _LOG.warning("ledger.not_sequenced", why=str(fault))
            await asyncio.sleep(interval_ms / 1_000)
            since_head += interval_ms / 1_000
            since_keep += interval_ms / 1_000

    @asynccontextmanager
    async def running(self, **settings: int) -> AsyncIterator[None]:
        """Let `run` go on beside the block."""
        task = asyncio.create_task(self.run(**settings))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _signed(self, head: Head) -> Head:
        if self._vault is None:
            return head
        try:
            return Head(head.size, head.root, head.at, self._vault.sign("audit", head.text()))
        except NoKey:
            _LOG.warning("ledger.head_unsigned", size=head.size)
            return head

    async def _step(self, connection: Connection, most: int) -> tuple[int, bool]:
        """Take some entries; gives how many, and whether there may be more."""
        async with connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
                return 0, False
            state = await _state(connection)
            if state.system not in {0, state.cluster}:
                return await self._recover(connection, state, most)
            found = await connection.fetch(_NEXT, state.txid, state.id, state.running, most)
            if not found:
                return 0, False
            state.txid, state.id = found[-1]["number"], found[-1]["id"]
            return await self._append(connection, state, await _fresh(connection, found, state.seen)), True

    async def _recover(self, connection: Connection, state: _State, most: int) -> tuple[int, bool]:
        """After a restore into another cluster: take what has no leaf, and count from this cluster's numbers on."""
        found = await connection.fetch(_WITHOUT_LEAF, -1, most)
        if len(found) < most:
            state.system, state.txid, state.id = state.cluster, state.running, 0
            state.seen = await connection.fetchval("SELECT coalesce(max(id), 0) FROM audit")
            _LOG.warning("ledger.other_cluster", entries=len(found), size=state.tree.size)
        return await self._append(connection, state, found), True

    async def _append(self, connection: Connection, state: _State, found: Sequence[Any]) -> int:
        tree, first = state.tree, state.tree.size
        hashes = [leaf_hash(record["entry"]) for record in found]
        nodes = [node for one in hashes for node in tree.append(one) if node[0] % TILE_BITS == 0]
        ids = [record["id"] for record in found]
        if ids:
            await connection.execute(
                _LEAVES, first, tree.size - 1, self._clock.now(), min(ids), max(ids), ids, b"".join(hashes)
            )
        if nodes:
            levels, places, made = zip(*nodes, strict=True)
            await connection.execute(_NODES, list(levels), list(places), list(made))
        system = state.system or state.cluster
        await connection.execute(_MOVE, tree.size, state.txid, state.id, b"".join(tree.peaks), system, state.seen)
        return len(ids)


async def _state(connection: Connection) -> _State:
    record = await connection.fetchrow(_STATE)
    if record is None:
        raise asyncpg.NoDataFoundError("audit_tree is empty")
    peaks = record["peaks"]
    tree = Frontier(record["size"], [peaks[at : at + SIZE] for at in range(0, len(peaks), SIZE)])
    return _State(
        tree, record["txid"], record["id"], record["system"], record["seen"], record["cluster"], record["running"]
    )


async def _fresh(connection: Connection, found: Sequence[Any], seen: int) -> Sequence[Any]:
    """Leave out entries that have a leaf: they come again when the numbers of two clusters overlap."""
    doubtful = [record["id"] for record in found if record["id"] <= seen]
    if not doubtful:
        return found
    taken = {record["id"] for record in await connection.fetch(_TAKEN, doubtful)}
    return [record for record in found if record["id"] not in taken]
