"""Numbers that look like chance and are the same each time: blocks of a hash over a key and a counter."""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import accumulate
from statistics import NormalDist
from typing import Final, Generic, TypeVar

Choice = TypeVar("Choice")

_UNPACK: Final = struct.Struct("<16I").unpack
_SCALE: Final = 2.0**-32
# Quantiles of the normal distribution at the middle of 1,024 equal parts; reaches 3.3 standard deviations.
_QUANTILES: Final = tuple(NormalDist().inv_cdf((step + 0.5) / 1024) for step in range(1024))


class Stream:
    """One stream of draws; streams of different keys have nothing to do with each other."""

    __slots__ = ("_block", "_key", "_left")

    def __init__(self, *of: object) -> None:
        self._key = blake2b(repr(of).encode(), digest_size=16, person=b"xinglin city").digest()
        self._block = 0
        self._left: list[int] = []

    def bits(self) -> int:
        """Draw 32 bits."""
        if not self._left:
            block = self._block.to_bytes(8, "little")
            self._left = list(_UNPACK(blake2b(block, key=self._key).digest()))
            self._block += 1
        return self._left.pop()

    def unit(self) -> float:
        """Draw from 0 up to, and without, 1."""
        if not self._left:
            return self.bits() * _SCALE
        return self._left.pop() * _SCALE

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.unit() < probability

    def below(self, end: int) -> int:
        """Draw a whole number from 0 up to, and without, *end*."""
        return int(self.unit() * end)

    def between(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return low + int(self.unit() * (high - low + 1))

    def normal(self, mean: float, deviation: float) -> float:
        """Draw from a normal distribution, within 3.3 standard deviations."""
        return mean + deviation * _QUANTILES[self.bits() >> 22]

    def count(self, mean: float) -> int:
        """Draw how often something happens that happens *mean* times on average."""
        whole = int(mean)
        return whole + (self.unit() < mean - whole)

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Draw one of several, all alike."""
        return choices[int(self.unit() * len(choices))]


class Weighted(Generic[Choice]):
    """Choices that are not drawn alike."""

    __slots__ = ("_sums", "choices")

    def __init__(self, weighted: Iterable[tuple[Choice, float]]) -> None:
        pairs = tuple(weighted)
        self.choices = tuple(choice for choice, _ in pairs)
        self._sums = tuple(accumulate(weight for _, weight in pairs))

    def draw(self, stream: Stream) -> Choice:
        """Draw one."""
        return self.choices[self.place(stream)]

    def place(self, stream: Stream) -> int:
        """Draw the place of one."""
        return min(bisect_right(self._sums, stream.unit() * self._sums[-1]), len(self._sums) - 1)
