"""Who may be the same person: Patients that share blocks, found by one walk of the index (`matching.blocks`)."""

from collections.abc import Sequence
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store.executor import Executor, Row

# Rows of one block that are looked at, newest first, and Patients that are compared. What is beyond is lost; how much
# that is, bench/matching says.
OF_BLOCK: Final = 60
MOST: Final = 100

# $1: keys. $2: rows of a block. $3: Patients. $4: the one who asks. $5: type. Who shares most blocks comes first.
_CANDIDATES: Final = """
WITH found AS (
  SELECT i.rid, count(*) AS shared
  FROM unnest($1::int8[]) AS k(key)
  CROSS JOIN LATERAL (SELECT rid FROM ix WHERE ix.key = k.key ORDER BY ord DESC, rid DESC LIMIT $2) i
  WHERE i.rid <> $4
  GROUP BY i.rid ORDER BY shared DESC, i.rid LIMIT $3
)
SELECT r.rt, r.id, r.rid, r.vid, r.ts, r.deleted, r.enc, r.body, r.pat
FROM found JOIN res r ON r.rid = found.rid AND r.rt = $5 AND NOT r.deleted
ORDER BY found.shared DESC, found.rid
"""


async def candidates(
    executor: Executor, keys: Sequence[int], *, but: int = 0, of_block: int = OF_BLOCK, most: int = MOST
) -> list[Row]:
    """Give the Patients that share a block, those that share most first. but: rid of the one who is asked about."""
    if not keys:
        return []
    records = await executor.fetch(_CANDIDATES, list(keys), of_block, most, but, TYPE_CODES["Patient"])
    return list(await executor.rows(records))
