"""Proofs from stored hashes: that an entry is in the tree, and that one tree is the beginning of another."""

from dataclasses import dataclass
from typing import Any, Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security import merkle
from xinglin.security.merkle import SIZE
from xinglin.store.executor import Record
from xinglin.store.faults import answered
from xinglin.store.ledger.sequencer import TILE_BITS
from xinglin.store.pool import Connection, Pool

_PLACE: Final = """
SELECT first, ids, hashes FROM audit_leaf WHERE int8range(low, high, '[]') @> $1::int8 AND $1::int8 = ANY(ids)
"""
_LEAVES: Final = """
SELECT first, hashes FROM audit_leaf
WHERE first >= (SELECT max(first) FROM audit_leaf WHERE first <= $1) AND first < $2 ORDER BY first
"""
_NODES: Final = "SELECT place, hash FROM audit_node WHERE level = $1 AND place >= $2 AND place < $3"
_SIZE: Final = "SELECT size FROM audit_tree"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The proof that the entry *id* is leaf *index* of the tree of *size* leaves with *root*."""

    id: int
    index: int
    size: int
    leaf: bytes
    root: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """The proof that the tree of *first* leaves begins the one of *second*."""

    first: int
    first_root: bytes
    second: int
    second_root: bytes
    path: tuple[bytes, ...]


class Proofs:
    """Reads hashes of one database and makes proofs of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def inclusion(self, id: int, size: int | None = None) -> Inclusion:
        """Prove an entry; OutcomeError 404 when it has no place (yet), 400 when a tree of *size* does not hold it."""
        async with answered(), self._pool.link() as link:
            connection = link.connection
            found = await connection.fetchrow(_PLACE, id)
            if found is None:
                text = f"The entry {id} has no place in the tree; the newest get theirs within seconds."
                raise OutcomeError(Issue("not-found", "entry-not-in-tree", text=text))
            offset = list(found["ids"]).index(id)
            index = found["first"] + offset
            size = await _size(connection, size)
            if index >= size:
                raise OutcomeError(
                    Issue("value", "tree-too-small", text=f"The entry is leaf {index} of a larger tree.")
                )
            hashes = _Hashes()
            path = await hashes.ready(connection, lambda: merkle.inclusion_proof(index, size, hashes.get))
            root = await hashes.ready(connection, lambda: merkle.range_root(0, size, hashes.get))
            leaf = found["hashes"][offset * SIZE : (offset + 1) * SIZE]
            return Inclusion(id, index, size, leaf, root, tuple(path))

    async def consistency(self, first: int, second: int | None = None) -> Consistency:
        """Prove that an older tree begins a newer one; OutcomeError 400 for sizes that were never."""
        async with answered(), self._pool.link() as link:
            connection = link.connection
            second = await _size(connection, second)
            if not 0 < first <= second:
                raise OutcomeError(Issue("value", "tree-size", text=f"Sizes go from 1 to {second}, the first below."))
            hashes = _Hashes()
            path = await hashes.ready(connection, lambda: merkle.consistency_proof(first, second, hashes.get))
            roots = [await hashes.ready(connection, lambda: merkle.range_root(0, first, hashes.get))]
            roots.append(await hashes.ready(connection, lambda: merkle.range_root(0, second, hashes.get)))
            return Consistency(first, roots[0], second, roots[1], tuple(path))


async def _size(connection: Connection, wanted: int | None) -> int:
    size: int = await connection.fetchval(_SIZE)
    if wanted is not None and not 0 < wanted <= size:
        raise OutcomeError(Issue("value", "tree-size", text=f"The tree has {size} leaves."))
    return size if wanted is None else wanted


class _Wanted(Exception):
    """A computation lacks a subtree."""

    def __init__(self, level: int, place: int) -> None:
        super().__init__(level, place)
        self.level = level
        self.place = place


class _Hashes:
    """Subtrees read so far. What a computation lacks is read by the tile around it, then the computation goes again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bytes] = {}

    def get(self, level: int, place: int) -> bytes:
        """Give a subtree, or raise _Wanted for the stored one that it lacks."""
        known = self._known.get((level, place))
        if known is None:
            if level % TILE_BITS == 0:
                raise _Wanted(level, place)
            known = merkle.node_hash(self.get(level - 1, place * 2), self.get(level - 1, place * 2 + 1))
            self._known[level, place] = known
        return known

    async def ready(self, connection: Connection, compute: Any) -> Any:
        """Compute, reading what it lacks."""
        while True:
            try:
                return compute()
            except _Wanted as wanted:
                await self._read(connection, wanted.level, wanted.place)

    async def _read(self, connection: Connection, level: int, place: int) -> None:
        begin = place >> TILE_BITS << TILE_BITS
        end = begin + (1 << TILE_BITS)
        if level == 0:
            for record in await connection.fetch(_LEAVES, begin, end):
                self._known.update(_leaves(record))
        else:
            for record in await connection.fetch(_NODES, level, begin, end):
                self._known[level, record["place"]] = record["hash"]
        if (level, place) not in self._known:
            text = f"The ledger lacks a hash of its tree (level {level}, place {place}): run `xinglin audit verify`."
            raise OutcomeError(Issue("exception", "tree-broken", text=text), status=500)


def _leaves(record: Record) -> dict[tuple[int, int], bytes]:
    first, hashes = record["first"], record["hashes"]
    return {(0, first + place): hashes[place * SIZE : (place + 1) * SIZE] for place in range(len(hashes) // SIZE)}
