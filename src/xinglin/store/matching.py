"""Who may be the same person: Patients that share blocks, found by one walk of the index (`matching.blocks`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store.executor import ROW_COLUMNS, Executor, Row

# Rows of one block that are looked at, newest first, and Patients that are compared. What is beyond is lost; how much
# that is, bench/matching says.
OF_BLOCK: Final = 60
MOST: Final = 100

# $1: keys. $2: rows of a block. $3: Patients. $4: the one who asks. $5: type. Who shares most blocks comes first.
# A merged record is under its survivor: pat says whose it is. Each row is looked up by its number: OFFSET 0 keeps the
# planner, who cannot know how few they are, from reading the whole table.
_CANDIDATES: Final = f"""
WITH found AS (
  SELECT i.rid, count(*) AS shared
  FROM unnest($1::int8[]) AS k(key)
  CROSS JOIN LATERAL (SELECT rid FROM ix WHERE ix.key = k.key ORDER BY ord DESC, rid DESC LIMIT $2) i
  WHERE i.rid <> $4
  GROUP BY i.rid ORDER BY shared DESC, i.rid LIMIT $3
)
SELECT {ROW_COLUMNS}, COALESCE(s.id, r.id) AS person
FROM found
CROSS JOIN LATERAL (SELECT * FROM res WHERE rid = found.rid AND rt = $5 AND NOT deleted OFFSET 0) r
LEFT JOIN LATERAL (SELECT id FROM res WHERE rid = r.pat AND r.pat <> r.rid AND rt = $5 OFFSET 0) s ON true
WHERE r.pat IS DISTINCT FROM $4
ORDER BY found.shared DESC, found.rid
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Patient that shares a block. person: logical id of the Patient that stands for it, its own unless merged."""

    row: Row
    person: str


async def candidates(
    executor: Executor, keys: Sequence[int], *, but: int = 0, of_block: int = OF_BLOCK, most: int = MOST
) -> list[Candidate]:
    """Give the Patients that share a block, those that share most first. but: rid of the one who is asked about."""
    if not keys:
        return []
    records = await executor.fetch(_CANDIDATES, list(keys), of_block, most, but, TYPE_CODES["Patient"])
    rows = await executor.rows(records)
    return [Candidate(row, record["person"]) for row, record in zip(rows, records, strict=True)]
