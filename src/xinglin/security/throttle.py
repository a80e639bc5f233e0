"""How much one may ask: a token bucket as a pure step."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a minute's allowance. at: seconds of a clock that only goes forward."""

    left: float
    at: float


def take(bucket: Bucket | None, now: float, per_minute: int) -> tuple[Bucket, float]:
    """Take one from a bucket that fills evenly up to a minute's worth; None: it was never asked.

    Gives the bucket afterwards, and the seconds to wait: 0 when one was taken.
    """
    if bucket is None:
        return Bucket(per_minute - 1, now), 0.0
    rate = per_minute / 60
    left = min(per_minute, bucket.left + max(0.0, now - bucket.at) * rate)
    if left < 1:
        return Bucket(left, now), (1 - left) / rate
    return Bucket(left - 1, now), 0.0
