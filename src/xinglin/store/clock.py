"""The clock and the source of ids: the only place where time and chance enter."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

ALPHABET: Final = "0123456789abcdefghijklmnopqrstuv"
BUCKETS: Final = 1024

_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_RANDOM_BITS: Final = 52  # 48 bits of milliseconds and these make 100 bits: 20 characters


def _system_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  this is the clock


class Clock:
    """Reads the time in whole milliseconds, and makes ids that sort by the time they were made.

    time, bits: where both come from; tests give their own.
    """

    def __init__(
        self, time: Callable[[], datetime] = _system_time, bits: Callable[[int], int] = secrets.randbits
    ) -> None:
        self._time = time
        self._bits = bits

    def now(self) -> datetime:
        """Return the time: UTC, whole milliseconds (FHIR instants are stored and compared so)."""
        read = self._time()
        return read.replace(microsecond=read.microsecond // 1000 * 1000)

    def new_id(self, bucket: int | None = None) -> str:
        """Make an id: the bucket as two characters, a dash, 48 bits of milliseconds and 52 bits of chance.

        bucket: 0 to 1023, where the resource shall lie; None leaves it to chance.
        """
        place = self._bits(10) if bucket is None else bucket
        if not 0 <= place < BUCKETS:
            raise ValueError(f"bucket {place} is not one of {BUCKETS}")
        millis = int(self._time().timestamp() * 1000) & (1 << 48) - 1
        return f"{base32(place, 2)}-{base32(millis << _RANDOM_BITS | self._bits(_RANDOM_BITS), 20)}"


def base32(number: int, width: int) -> str:
    """Write *number* in base 32 (RFC 4648 extended hex, lower case: sorts like the number); *width* is even."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * (width - 2), -1, -10)])
