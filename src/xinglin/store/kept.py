"""What was used lately, within a bound of bytes."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Thing = TypeVar("Thing")

OVERHEAD: Final = 500  # bytes of the objects around a thing


class Kept(Generic[Name, Thing]):
    """Things by name. Those used since the last change of generations stay for the next; the others go.

    most: bytes of both generations together; 0 keeps nothing. Unlike a list of uses this costs nothing on a hit, and
    things seen once, by a walk over everything, push out no more than half.
    """

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._young: dict[Name, tuple[Thing, int]] = {}
        self._old: dict[Name, tuple[Thing, int]] = {}
        self._size = 0

    def __len__(self) -> int:
        """Count the things kept."""
        return len(self._young.keys() | self._old.keys())

    def get(self, name: Name) -> Thing | None:
        """Give a thing, if it is there."""
        found = self._young.get(name)
        if found is None:
            found = self._old.get(name)
            if found is None:
                return None
            self.put(name, *found)
        return found[0]

    def put(self, name: Name, thing: Thing, size: int) -> None:
        """Keep a thing of *size* bytes; one that fills a generation by itself is not worth it."""
        if size + OVERHEAD > self._half:
            return
        before = self._young.pop(name, None)
        if before is not None:
            self._size -= before[1] + OVERHEAD
        if self._size + size + OVERHEAD > self._half:
            self._old, self._young, self._size = self._young, {}, 0
        self._young[name] = thing, size
        self._size += size + OVERHEAD
