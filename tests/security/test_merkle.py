"""The tree against a naive one that follows the definition of RFC 9162, section 2.1, word by word."""

import pytest
from cryptography.hazmat.primitives import hashes
from gmssl import sm3 as another_sm3
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security import merkle


def naive(leaves: list[bytes]) -> bytes:
    """MTH of the RFC."""
    if not leaves:
        return sm3(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sm3(b"\x01" + naive(leaves[:split]) + naive(leaves[split:]))


def sm3(data: bytes) -> bytes:
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize()


def leaves_of(size: int) -> list[bytes]:
    return [merkle.leaf_hash(b"entry %d" % number) for number in range(size)]


def subtrees_of(leaves: list[bytes]) -> merkle.Subtrees:
    return lambda level, place: naive(leaves[place << level : (place + 1) << level])


@pytest.mark.rule("R7-051")
def test_hashes_are_those_of_the_standard() -> None:
    # GB/T 32905-2016, appendix A.1: the hash of "abc"
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert merkle.empty_root() == sm3(b"")
    assert merkle.leaf_hash(b"abc") == sm3(b"\x00abc")
    assert merkle.node_hash(b"l" * 32, b"r" * 32) == sm3(b"\x01" + b"l" * 32 + b"r" * 32)
    assert len(merkle.leaf_hash(b"")) == merkle.SIZE


@pytest.mark.parametrize("length", [0, 1, 55, 56, 64, 65, 200])
def test_another_implementation_hashes_alike(length: int) -> None:
    data = bytes(range(length))
    assert sm3(data).hex() == another_sm3.sm3_hash(list(data))


@pytest.mark.parametrize("size", range(34))
def test_a_growing_tree_has_the_roots_of_the_definition(size: int) -> None:
    frontier = merkle.Frontier()
    leaves = leaves_of(size)
    for number, leaf in enumerate(leaves, 1):
        for level, place, made in frontier.append(leaf):
            assert made == naive(leaves[place << level : (place + 1) << level])
            assert (place + 1) << level == number
    assert frontier.root() == merkle.root_of(leaves) == naive(leaves)


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_is_proved_and_only_at_its_place(size: int) -> None:
    leaves = leaves_of(size)
    root = naive(leaves)
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(index, size, subtrees_of(leaves))
        assert merkle.included(leaf, index, size, proof, root)
        assert not merkle.included(leaf, index + 1, size, proof, root)
        assert not merkle.included(merkle.leaf_hash(b"other"), index, size, proof, root)
        assert not merkle.included(leaf, index, size, [*proof, leaf], root)
        assert len(proof) <= max(1, (size - 1).bit_length())


@pytest.mark.parametrize("second", range(1, 34))
def test_every_earlier_tree_is_proved_to_be_the_beginning(second: int) -> None:
    leaves = leaves_of(second)
    for first in range(1, second + 1):
        proof = merkle.consistency_proof(first, second, subtrees_of(leaves))
        old, new = naive(leaves[:first]), naive(leaves)
        assert merkle.consistent(first, old, second, new, proof)
        assert not merkle.consistent(first, merkle.leaf_hash(b"x"), second, new, proof)
        assert not merkle.consistent(first, old, second, merkle.leaf_hash(b"x"), proof)


@given(size=st.integers(2, 200), data=st.data())
def test_a_changed_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, subtrees_of(leaves))
    place = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof]
    changed[place] = bytes([changed[place][0] ^ 1]) + changed[place][1:]
    assert not merkle.included(leaves[index], index, size, changed, naive(leaves))
    assert not merkle.included(leaves[index], index, size, proof[:-1], naive(leaves))


def test_what_cannot_be_proved_is_refused() -> None:
    subtrees = subtrees_of(leaves_of(3))
    with pytest.raises(ValueError, match="no leaf 3"):
        merkle.inclusion_proof(3, 3, subtrees)
    with pytest.raises(ValueError, match="does not begin"):
        merkle.consistency_proof(4, 3, subtrees)
    assert not merkle.included(b"", 3, 3, [], b"")
    assert not merkle.consistent(0, b"", 3, b"", [])
    assert not merkle.consistent(3, b"a", 3, b"b", [])
    assert not merkle.consistent(3, b"a", 4, b"b", [])
    assert not merkle.consistent(2, b"a", 4, b"b", [b"c", b"d", b"e"])
