"""What a resource holds alone: keys of which the database lets each stand once (ADR 0093).

A capability declares for a profile which keys a resource holds in the state it stands in (`registry.Exclusive`); the
door keeps them in step within the transaction of the write. So a number is never given twice, whatever comes between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import BUCKETS, hash64, rid_of
from xinglin.store.executor import Executor

MOST: Final = 64  # keys of one resource

_LET_GO: Final = """
DELETE FROM held h WHERE h.rid = ANY($1::int8[])
AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::int8[]) AS u(key, rid) WHERE u.key = h.key AND u.rid = h.rid)
"""
# In one order for all, so that two who want the same keys wait for each other instead of both.
_TAKE: Final = """
INSERT INTO held (bucket, key, rid, rt, id, since)
SELECT u.bucket, u.key, u.rid, u.rt, u.id, $6
FROM unnest($1::int4[], $2::text[], $3::int8[], $4::text[], $5::text[]) AS u(bucket, key, rid, rt, id)
ORDER BY u.bucket, u.key
ON CONFLICT (bucket, key) DO NOTHING RETURNING key, rid
"""
_HOLDERS: Final = """
SELECT h.key, h.rt, h.id FROM unnest($1::int4[], $2::text[]) AS u(bucket, key)
JOIN held h ON h.bucket = u.bucket AND h.key = u.key
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A resource and what it holds alone: keys, each with the code of the issue that refuses. new: it held nothing."""

    type: str
    id: str
    keys: Mapping[str, str]
    new: bool = False


async def follow(executor: Executor, all_of: Sequence[Holder]) -> None:
    """Let each hold its keys and nothing else, in the transaction of *executor*.

    Refused (409 conflict) when somebody else holds one; who is not said.
    """
    for one in all_of:
        if len(one.keys) > MOST:
            raise OutcomeError(
                Issue("too-costly", "held-too-many", one.type, f"One resource holds at most {MOST} keys.")
            )
    wanted = sorted(((bucket(key), key, one) for one in all_of for key in one.keys), key=lambda each: each[:2])
    old = [rid_of(one.type, one.id) for one in all_of if not one.new]
    if old:
        of_old = [(key, rid_of(one.type, one.id)) for _, key, one in wanted if not one.new]
        await executor.fetch(_LET_GO, old, [key for key, _ in of_old], [rid for _, rid in of_old])
    if not wanted:
        return
    rows = await executor.fetch(
        _TAKE,
        [place for place, _, _ in wanted],
        [key for _, key, _ in wanted],
        [rid_of(one.type, one.id) for _, _, one in wanted],
        [one.type for _, _, one in wanted],
        [one.id for _, _, one in wanted],
        executor.now,
    )
    got = {(row["key"], row["rid"]) for row in rows}
    left = [(key, one) for _, key, one in wanted if (key, rid_of(one.type, one.id)) not in got]
    if not left:
        return
    standing = await holders(executor, [key for key, _ in left])
    taken = {(one.keys[key], one.type) for key, one in left if standing.get(key) != (one.type, one.id)}
    if taken:
        text = "What this would take is already taken."
        raise OutcomeError(*(Issue("conflict", code, type, text) for code, type in sorted(taken)), status=409)


async def holders(executor: Executor, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find who holds which of *keys*: type and id of each that is held."""
    asked = list(dict.fromkeys(keys))
    rows = await executor.fetch(_HOLDERS, [bucket(key) for key in asked], asked)
    return {row["key"]: (row["rt"], row["id"]) for row in rows}


def bucket(key: str) -> int:
    """Give the distribution key of a held key."""
    return hash64(key) % BUCKETS
