"""What the audit officer's desk asks of the ledger's tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xinglin.fhir import codec
from xinglin.security.ledger import Head
from xinglin.security.merkle import SIZE, Frontier
from xinglin.store.executor import Executor, Row

_STATE = """
SELECT size, peaks, (SELECT max(at) FROM audit_leaf WHERE first = (SELECT max(first) FROM audit_leaf)) AS at
FROM audit_tree
"""
_HEADS = "SELECT size, root, at, signature FROM audit_head ORDER BY size DESC, at DESC LIMIT $1"


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree as it stands. at: when it grew last."""

    size: int
    root: str
    at: datetime | None


async def state(executor: Executor) -> Tree:
    """Read the size and root of the tree."""
    [record] = await executor.fetch(_STATE)
    peaks = record["peaks"]
    tree = Frontier(record["size"], [peaks[at : at + SIZE] for at in range(0, len(peaks), SIZE)])
    return Tree(tree.size, tree.root().hex(), record["at"])


async def last(executor: Executor, count: int) -> list[Head]:
    """Read the last signed heads, newest first."""
    return [Head(r["size"], r["root"], r["at"], r["signature"]) for r in await executor.fetch(_HEADS, count)]


async def entry(executor: Executor, id: int) -> bytes:
    """Read an entry as it is kept."""
    found = await executor.fetch("SELECT entry FROM audit WHERE id = $1", id)
    return bytes(found[0]["entry"]) if found else b""


def detail_of(row: Row) -> str:
    """Give what an event says besides, such as the figures of a verification."""
    event: Any = codec.decode(row.body(), "AuditEvent")
    told = [entity.description for entity in event.entity or () if entity.description]
    return event.outcomeDesc or (told[0] if told else "")
