"""The index of what is stored written anew, while others work: for rows that a newer version of the platform has.

Records, versions and times stay. Everything is walked once, in the order (bucket, rid); each step is a transaction, and
doing it twice changes nothing, so it goes on from any place.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from xinglin.fhir import codec
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.keys import TYPE_CODES, TYPE_NAMES
from xinglin.fhir.search.persons import Persons
from xinglin.store.executor import Row, microseconds
from xinglin.store.marks import indexed
from xinglin.store.store import Store

STEP: Final = 200
# The walk reads the primary key in order; of rare types it looks at many rows to find a few.
WALK_MS: Final = 60_000

_NEXT: Final = """
SELECT r.bucket, r.rid, r.rt, r.id FROM res r
WHERE (r.bucket, r.rid) > ($1::int4, $2::int8) AND r.rt = ANY ($3::int2[]) AND NOT r.deleted
ORDER BY r.bucket, r.rid LIMIT $4
"""
_NUMBER: Final = "SELECT count(*) AS n FROM res WHERE rt = ANY ($1::int2[]) AND NOT deleted"


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where the walk has come; written ``BUCKET:RID``."""

    bucket: int = -1
    rid: int = 0

    def __str__(self) -> str:
        """Write it as `place` reads it."""
        return f"{self.bucket}:{self.rid}"


START: Final = Place()
Tell = Callable[[Place, int, int], None]  # place, resources seen, of them not right


def place(text: str) -> Place:
    """Read what ``str(Place)`` writes; ValueError for anything else."""
    bucket, _, rid = text.partition(":")
    return Place(int(bucket), int(rid))


async def number(store: Store, types: Collection[str]) -> int:
    """Count what is to be walked."""
    found = await store.fetch(_NUMBER, [TYPE_CODES[one] for one in types], timeout_ms=WALK_MS)
    return int(found[0]["n"])


async def reindex(
    store: Store, types: Collection[str], *, base_url: str, after: Place = START, tell: Tell
) -> tuple[int, int]:
    """Write the index of every current resource of *types* anew; gives how many there were, and were not right."""

    def entry_of(row: Row, persons: Persons) -> Entry:
        struct = codec.decode(row.body(), row.rt)
        return indexed(struct, id=row.id, now_us=microseconds(row.ts), base_url=base_url, persons=persons)

    codes = [TYPE_CODES[one] for one in types]
    seen = mended = 0
    while True:
        found = await store.fetch(_NEXT, after.bucket, after.rid, codes, STEP, timeout_ms=WALK_MS)
        if not found:
            return seen, mended
        async with store.begin() as transaction:
            pairs = [(TYPE_NAMES[one["rt"]], one["id"]) for one in found]
            mended += await transaction.reindex(pairs, entry_of)
        seen += len(found)
        after = Place(found[-1]["bucket"], found[-1]["rid"])
        tell(after, seen, mended)
