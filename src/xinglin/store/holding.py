"""What a resource holds alone: keys of which the database lets each stand once (ADR 0093).

A capability declares for a profile which keys a resource holds in the state it stands in (`registry.Exclusive`); the
door keeps them in step within the transaction of the write. So a number is never given twice, whatever comes between.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import BUCKETS, hash64, rid_of
from xinglin.store.executor import Executor

MOST: Final = 64  # keys of one resource

_LET_GO: Final = "DELETE FROM held WHERE rid = $1 AND NOT key = ANY($2::text[])"
# In one order for all, so that two who want the same keys wait for each other instead of both.
_TAKE: Final = """
INSERT INTO held (bucket, key, rid, rt, id, since)
SELECT u.bucket, u.key, $3, $4, $5, $6 FROM unnest($1::int4[], $2::text[]) AS u(bucket, key) ORDER BY u.bucket, u.key
ON CONFLICT (bucket, key) DO NOTHING
"""
_OWN: Final = "SELECT key FROM held WHERE rid = $1"
_HOLDERS: Final = """
SELECT h.key, h.rt, h.id FROM unnest($1::int4[], $2::text[]) AS u(bucket, key)
JOIN held h ON h.bucket = u.bucket AND h.key = u.key
"""


async def follow(executor: Executor, type: str, id: str, keys: Mapping[str, str]) -> None:
    """Let resource *type*/*id* hold *keys* and nothing else, in the transaction of *executor*.

    keys: each with the code of the issue that refuses (409 conflict) when somebody else holds it; who is not said.
    """
    wanted = sorted(keys)
    if len(wanted) > MOST:
        raise OutcomeError(Issue("too-costly", "held-too-many", type, f"One resource holds at most {MOST} keys."))
    rid = rid_of(type, id)
    await executor.fetch(_LET_GO, rid, wanted)
    if not wanted:
        return
    await executor.fetch(_TAKE, [bucket(key) for key in wanted], wanted, rid, type, id, executor.now)
    own = {row["key"] for row in await executor.fetch(_OWN, rid)}
    taken = [key for key in wanted if key not in own]
    if taken:
        text = "What this would take is already taken."
        raise OutcomeError(*(Issue("conflict", code, type, text) for code in {keys[key] for key in taken}), status=409)


async def holders(executor: Executor, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find who holds which of *keys*: type and id of each that is held."""
    asked = list(dict.fromkeys(keys))
    rows = await executor.fetch(_HOLDERS, [bucket(key) for key in asked], asked)
    return {row["key"]: (row["rt"], row["id"]) for row in rows}


def bucket(key: str) -> int:
    """Give the distribution key of a held key."""
    return hash64(key) % BUCKETS
