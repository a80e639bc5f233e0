"""Verification: everything is computed again from the entries, and what does not fit is named.

A change of an entry shows in its leaf; a change of leaf and entry shows in a node or head above, which narrows it down
to some hundred entries; a whole tree made anew shows against a head that was printed or sent to a witness.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.fhir.sources import cites
from xinglin.security.ledger import Act, Head, act_of
from xinglin.security.merkle import SIZE, Frontier, leaf_hash
from xinglin.store.executor import EPOCH, Record, microseconds
from xinglin.store.faults import answered
from xinglin.store.ledger.rows import NUMBER_BITS
from xinglin.store.ledger.sequencer import TILE_BITS
from xinglin.store.pool import Connection, Pool
from xinglin.store.vault.vault import Vault

Kind = Literal["changed", "removed", "inserted", "reordered", "backdated", "tree", "head", "truncated"]

# An act may be written so long after the clock reading of its transaction, and clocks of machines differ.
LATE: Final = timedelta(minutes=10)
NEVER: Final = datetime.max.replace(tzinfo=EPOCH.tzinfo)

_STATE: Final = "SELECT size, txid::text AS txid, id, peaks, seen FROM audit_tree"
_HEADS: Final = "SELECT size, root, at, signature FROM audit_head ORDER BY size, at"
_NODES: Final = "SELECT level, place, hash FROM audit_node"
_LEAVES: Final = "SELECT first, last, at, ids, hashes FROM audit_leaf ORDER BY first"
_ENTRIES: Final = """
SELECT id, txid::text::numeric AS txid, bucket, who, patient, what, action, outcome, rt, entry
FROM audit WHERE id = ANY($1::int8[])
"""
_TAKEN: Final = "(a.id <= $1 OR (a.txid, a.id) <= ($2::text::xid8, $3::int8))"
_COUNT: Final = f"SELECT count(*) FROM audit a WHERE {_TAKEN}"
_WITHOUT_LEAF: Final = f"""
SELECT a.id FROM audit a WHERE {_TAKEN} AND NOT EXISTS (
  SELECT FROM audit_leaf l WHERE int8range(l.low, l.high, '[]') @> a.id AND a.id = ANY(l.ids)
) ORDER BY a.id LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit. entry: its id; None when a fault is of several. text: where, and what."""

    kind: Kind
    text: str
    entry: int | None = None


@dataclass(slots=True)
class Verified:
    """What was looked at. expired: entries whose time of keeping is over and which are gone, as they should."""

    entries: int = 0
    expired: int = 0
    heads: int = 0
    unsigned: int = 0
    faults: list[Fault] = field(default_factory=list)
    size: int = 0
    root: bytes = b""


@cites("R7-041")
async def verify(
    dsn: str,
    vault: Vault | None,
    *,
    kept_from: datetime,
    begin: datetime = EPOCH,
    end: datetime = NEVER,
    witnessed: Sequence[Head] = (),
    progress: Callable[[int], None] = lambda _count: None,
) -> Verified:
    """Compute the whole tree again, and every entry of acts in [begin, end).

    kept_from: entries older than this may be gone. witnessed: heads that were kept elsewhere.
    """
    async with answered():
        connection = await Pool(dsn, 1, timeout_ms=0).connect()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                look = _Look(connection, vault, kept_from, begin, end, tuple(witnessed))
                return await look.all(progress)
        finally:
            await connection.close(timeout=5)


class _Look:
    """One verification, on one snapshot."""

    def __init__(
        self,
        connection: Connection,
        vault: Vault | None,
        kept_from: datetime,
        begin: datetime,
        end: datetime,
        witnessed: tuple[Head, ...],
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._kept_from = kept_from
        self._period = begin, end
        self._witnessed = sorted(witnessed, key=lambda head: head.size)
        self._tree = Frontier()
        self._found = Verified()
        self._heads: list[Head] = []
        self._good = 0  # leaves under the last head or node that fits
        self._headed = EPOCH  # time of the last head passed
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._last: tuple[int, int] = (0, 0)
        self._seen = 0

    async def all(self, progress: Callable[[int], None]) -> Verified:
        """Walk the leaves in order."""
        state = await self._connection.fetchrow(_STATE)
        if state is None:
            self._fault("tree", "The state of the tree is gone.")
            return self._found
        self._seen = state["seen"]
        self._heads = [Head(r["size"], r["root"], r["at"], r["signature"]) for r in await self._all(_HEADS)]
        self._nodes = {(r["level"], r["place"]): r["hash"] for r in await self._all(_NODES)}
        self._pass_heads()
        async for leaves in self._connection.cursor(_LEAVES, prefetch=20):
            await self._batch(leaves)
            progress(self._found.entries)
        await self._inserted(state)
        self._ends(state)
        return self._found

    async def _all(self, sql: str) -> Sequence[Record]:
        return await self._connection.fetch(sql)

    async def _batch(self, leaves: Record) -> None:
        first, ids, hashes = leaves["first"], list(leaves["ids"]), leaves["hashes"]
        if first != self._tree.size:
            self._fault("removed", f"Leaves {self._tree.size} to {first - 1} are gone." if first > self._tree.size
                        else f"Leaf {first} stands twice.")  # fmt: skip
        if len(ids) != len(hashes) // SIZE:
            self._fault("tree", f"From leaf {first} on there are {len(ids)} entries, {len(hashes) // SIZE} hashes.")
        found: dict[int, list[Record]] = {}
        for record in await self._connection.fetch(_ENTRIES, ids):
            found.setdefault(record["id"], []).append(record)
        for place, id in enumerate(ids):
            leaf = hashes[place * SIZE : (place + 1) * SIZE]
            self._entry(id, self._tree.size, leaf, found.get(id, []))
            for level, at, made in self._tree.append(leaf):
                if level % TILE_BITS == 0:
                    self._node(level, at, made)
            self._pass_heads()

    def _entry(self, id: int, index: int, leaf: bytes, found: list[Record]) -> None:
        at = _time_of(id)
        begin, end = self._period
        if not begin <= at < end:
            return
        self._found.entries += 1
        if not found:
            if at < self._kept_from:
                self._found.expired += 1
            else:
                self._fault("removed", f"Leaf {index}, an act of {at.isoformat()}, has lost its entry.", id)
            return
        if len(found) > 1:
            self._fault("inserted", f"Leaf {index}: {len(found)} entries have the same id.", id)
        record = found[0]
        if leaf_hash(record["entry"]) != leaf:
            self._fault("changed", f"Leaf {index}, an act of {at.isoformat()}: the entry is not what was hashed.", id)
            return
        act = _read(record["entry"])
        wrong = ["entry"] if act is None else _columns(act, record)
        if wrong:
            self._fault("changed", f"Leaf {index}: {', '.join(wrong)} beside the entry say something else.", id)
        order = (int(record["txid"]), id)
        if id > self._seen:
            if order <= self._last:
                self._fault("reordered", f"Leaf {index} was written before the leaf that stands before it.", id)
            self._last = order
        if at < self._headed - LATE:
            text = f"Leaf {index} says {at.isoformat()}, but a head of {self._headed.isoformat()} does not hold it."
            self._fault("backdated", text, id)

    def _node(self, level: int, place: int, made: bytes) -> None:
        stored = self._nodes.pop((level, place), None)
        first, last = place << level, ((place + 1) << level) - 1
        if stored is None:
            self._fault("tree", f"The hash over the leaves {first} to {last} is gone.")
        elif stored != made:
            self._fault("tree", f"The leaves {max(first, self._good)} to {last} are not those that were hashed.")
        else:
            self._good = last + 1

    def _pass_heads(self) -> None:
        """Check the heads over what has been walked."""
        size = self._tree.size
        while self._heads and self._heads[0].size <= size:
            head = self._heads.pop(0)
            self._found.heads += 1
            self._head(head, f"The head of {head.at.isoformat()} over {head.size} leaves")
            self._headed = max(self._headed, head.at)
        while self._witnessed and self._witnessed[0].size <= size:
            head = self._witnessed.pop(0)
            self._head(head, f"The witnessed head of {head.at.isoformat()} over {head.size} leaves")

    def _head(self, head: Head, name: str) -> None:
        if head.size != self._tree.size:
            self._fault("head", f"{name} stands where no tree of that size was.")
        elif head.root != self._tree.root():
            self._fault("head", f"{name} has another root: among the leaves {self._good} to {head.size - 1} "
                        "some were changed, removed, inserted or reordered.")  # fmt: skip
        elif not head.signature:
            self._found.unsigned += 1
            self._good = head.size
        elif self._vault is not None and not self._vault.verify("audit", head.text(), head.signature):
            self._fault("head", f"{name} bears a signature that is not ours.")
        else:
            self._good = head.size

    async def _inserted(self, state: Record) -> None:
        """Name entries that the sequencer has passed, yet that have no leaf."""
        if self._period != (EPOCH, NEVER):
            return
        taken = state["seen"], state["txid"], state["id"]
        count = await self._connection.fetchval(_COUNT, *taken)
        gone = sum(fault.kind == "removed" and fault.entry is not None for fault in self._found.faults)
        if count == self._found.entries - self._found.expired - gone:
            return
        for record in await self._connection.fetch(_WITHOUT_LEAF, *taken):
            text = f"An act of {_time_of(record['id']).isoformat()} was put in after the tree had passed it."
            self._fault("inserted", text, record["id"])

    def _ends(self, state: Record) -> None:
        size = self._tree.size
        self._found.size, self._found.root = size, self._tree.root()
        if size != state["size"]:
            self._fault("truncated", f"There are {size} leaves, the tree has {state['size']}.")
        elif b"".join(self._tree.peaks) != state["peaks"]:
            self._fault("tree", f"Among the leaves {self._good} to {size - 1} some are not those that were hashed.")
        for level, place in self._nodes:
            self._fault("tree", f"There is a hash over leaves {place << level} and on, which are not there.")
        for head in self._heads:
            self._fault("truncated", f"The head of {head.at.isoformat()} is over {head.size} leaves, there are {size}.")
        for head in self._witnessed:
            text = f"A witnessed head of {head.at.isoformat()} is over {head.size} leaves, there are {size}."
            self._fault("truncated", text)

    def _fault(self, kind: Kind, text: str, entry: int | None = None) -> None:
        self._found.faults.append(Fault(kind, text, entry))


def _read(entry: bytes) -> Act | None:
    try:
        return act_of(entry)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None


def _columns(act: Act, record: Record) -> list[str]:
    """Name the columns that differ from the entry."""
    wanted = {
        "id": (microseconds(act.at) // 1000, record["id"] >> NUMBER_BITS),
        "who": (act.who, record["who"]),
        "patient": (act.patient, record["patient"]),
        "what": (act.what, record["what"]),
        "action": (act.action.encode(), record["action"]),
        "outcome": (act.outcome.encode(), record["outcome"]),
        "rt": (TYPE_CODES.get(act.type, 0), record["rt"]),
    }
    return [name for name, (said, stands) in wanted.items() if said != stands]


def _time_of(id: int) -> datetime:
    return EPOCH + timedelta(milliseconds=id >> NUMBER_BITS)
