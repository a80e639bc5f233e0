"""How long entries are kept: partitions made ahead of time, and those dropped whose time is over.

The hashes stay, so that the tree over what is left, and over what was, can still be verified.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from xinglin.fhir.sources import cites
from xinglin.store.executor import microseconds
from xinglin.store.ledger.rows import NUMBER_BITS
from xinglin.store.pool import Connection

MONTHS_AHEAD: Final = 3

_LOG: Final = structlog.get_logger("xinglin.ledger")

_MAKE: Final = """
SELECT audit_month($1::timestamptz + months * interval '1 month') FROM generate_series(0, $2::int4) AS months
"""
# The upper bound of a partition, as it was declared: FOR VALUES FROM ('…') TO ('…').
_OLD: Final = r"""
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'audit'::regclass
  AND substring(pg_get_expr(c.relpartbound, c.oid) FROM $$TO \('(\d+)'\)$$)::int8 <= $1
ORDER BY 1
"""


async def make_months(connection: Connection, now: datetime) -> None:
    """Make the partitions of this month and the next ones."""
    await connection.execute(_MAKE, now, MONTHS_AHEAD)


@cites("R7-015", "A9-06")
async def drop_expired(connection: Connection, now: datetime, *, days: int) -> tuple[str, ...]:
    """Drop the months all of whose entries are older than *days*; returns the names of their partitions."""
    oldest = microseconds(now - timedelta(days=days)) // 1000 << NUMBER_BITS
    names = [record["relname"] for record in await connection.fetch(_OLD, oldest)]
    for name in names:
        await connection.execute(f'DROP TABLE "{name}"')
        _LOG.info("ledger.expired", partition=name, days=days)
    return tuple(names)
