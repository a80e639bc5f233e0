"""Allowances that all workers of one server share: token buckets in a mapped file (ADR 0105).

The file begins with a secret, by which keys are placed, so that nobody can choose addresses that crowd others out. Then
come places of 24 bytes: mark of the key, what is left, and when that was. A key has the `WAYS` places of its set; the
one that was asked for longest ago goes first. A worker locks the set for the moment it reads and writes.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable
from mmap import mmap
from pathlib import Path
from struct import Struct
from time import monotonic
from typing import Final

from xinglin.security.throttle import Bucket, take

SETS: Final = 8192
WAYS: Final = 8
KINDS: Final = ("account", "address", "login")
_SECRET: Final = 32
_PLACE: Final = Struct("<Qdd")
_SET: Final = _PLACE.size * WAYS
_KIND: Final = _SET * SETS
SIZE: Final = _SECRET + _KIND * len(KINDS)
FILE: Final = "allowances"  # in the folder that `serve` makes for its workers


class Places:
    """Buckets of all kinds. path: the file that the workers share; None: this process is the only one."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self._file = -1
            self._map = mmap(-1, SIZE)
            self._map[:_SECRET] = os.urandom(_SECRET)
            return
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._map = mmap(self._file, SIZE)

    @staticmethod
    def make(path: Path) -> None:
        """Make an empty file; its places take room only when they are used."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(_SECRET))
            file.truncate(SIZE)

    def take(self, kind: str, key: str, now: float, per_minute: int) -> float:
        """Take one of a key; gives the seconds to wait, 0 when one was left."""
        mark = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8, key=self._map[:_SECRET]).digest()) | 1
        start = _SECRET + KINDS.index(kind) * _KIND + mark // 2 % SETS * _SET
        if self._file >= 0:
            fcntl.lockf(self._file, fcntl.LOCK_EX, _SET, start)
        try:
            return self._take(mark, start, now, per_minute)
        finally:
            if self._file >= 0:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _SET, start)

    def _take(self, mark: int, start: int, now: float, per_minute: int) -> float:
        found = list(_PLACE.iter_unpack(self._map[start : start + _SET]))
        at = next((n for n, one in enumerate(found) if one[0] == mark), None)
        bucket = None if at is None else Bucket(found[at][1], found[at][2])
        if at is None:
            at = min(range(WAYS), key=lambda n: found[n][2])
        bucket, wait = take(bucket, now, per_minute)
        _PLACE.pack_into(self._map, start + at * _PLACE.size, mark, bucket.left, bucket.at)
        return wait


class Allowance:
    """What each key of a kind may ask: a minute's worth. per_minute 0: no limit."""

    def __init__(self, places: Places, kind: str, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._places = places
        self._kind = kind
        self._per_minute = per_minute
        self._clock = clock

    def take(self, key: str) -> float:
        """Take one; gives the seconds to wait, 0 when one was left."""
        return self._places.take(self._kind, key, self._clock(), self._per_minute) if self._per_minute else 0.0
