"""A Merkle tree of the shape of RFC 9162 (section 2.1) with SM3 (GB/T 32905): roots, proofs and their verification.

A leaf is ``SM3(0x00 ‖ entry)``, a node ``SM3(0x01 ‖ left ‖ right)``; the left side of a split is the largest power of
two below the size. Whole subtrees are named by level and place: ``(3, 2)`` covers the leaves 16 to 23. What a proof
needs is asked of a function, so that nodes may be stored anywhere.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes

from xinglin.fhir.sources import cites

SIZE: Final = 32  # bytes of a hash

_EMPTY: Final = hashes.Hash(hashes.SM3())
# Copies of a begun hash cost less than new ones.
_LEAF: Final = _EMPTY.copy()
_LEAF.update(b"\x00")
_NODE: Final = _EMPTY.copy()
_NODE.update(b"\x01")

# (level, place) → hash of that whole subtree
Subtrees = Callable[[int, int], bytes]


@cites("R7-051")
def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry."""
    made = _LEAF.copy()
    made.update(entry)
    return made.finalize()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees to the one above them."""
    made = _NODE.copy()
    made.update(left + right)
    return made.finalize()


def empty_root() -> bytes:
    """Give the root of the tree without leaves: the hash of nothing."""
    return _EMPTY.copy().finalize()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: the whole subtrees that its leaves make, largest first.

    peaks: one hash for each bit of the size that is set.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash; returns the subtrees above it that are whole now, as (level, place, hash)."""
        done: list[tuple[int, int, bytes]] = []
        made, level, size = leaf, 0, self.size
        while size & 1:
            made = node_hash(self.peaks.pop(), made)
            level += 1
            size >>= 1
            done.append((level, size, made))
        self.peaks.append(made)
        self.size += 1
        return done

    def root(self) -> bytes:
        """Give the root over all leaves."""
        if not self.peaks:
            return empty_root()
        made = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            made = node_hash(peak, made)
        return made


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Compute the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def range_root(begin: int, end: int, subtrees: Subtrees) -> bytes:
    """Compute the root over the leaves *begin* to *end* (not with it), as it stands in a proof; begin < end."""
    if end - begin == 1:
        return subtrees(0, begin)
    width = _split(end - begin) * 2
    if width == end - begin and begin % width == 0:
        level = width.bit_length() - 1
        return subtrees(level, begin >> level)
    middle = begin + _split(end - begin)
    return node_hash(range_root(begin, middle, subtrees), range_root(middle, end, subtrees))


def inclusion_proof(index: int, size: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that the leaf *index* is in the tree of *size* leaves (RFC 9162, 2.1.3.1); ValueError when it is not."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(range_root(middle, end, subtrees))
            end = middle
        else:
            proof.append(range_root(begin, middle, subtrees))
            begin = middle
    return proof[::-1]


def consistency_proof(first: int, second: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that the tree of *first* leaves begins the one of *second* (RFC 9162, 2.1.4.1); 0 < first ≤ second."""
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} leaves does not begin one of {second}")
    proof: list[bytes] = []
    begin, end, whole = 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            proof.append(range_root(middle, end, subtrees))
            end = middle
        else:
            proof.append(range_root(begin, middle, subtrees))
            begin, whole = middle, False
    if not whole:
        proof.append(range_root(begin, end, subtrees))
    return proof[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Check an inclusion proof (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, made = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            made = node_hash(one, made)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            made = node_hash(made, one)
        place >>= 1
        last >>= 1
    return last == 0 and made == root


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    # A tree of a power of two leaves is itself a subtree: it stands for the first hash of the proof.
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old = new = steps[0]
    for one in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old = node_hash(one, old)
            new = node_hash(one, new)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new = node_hash(new, one)
        place >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """Give the largest power of two below *size* (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)
