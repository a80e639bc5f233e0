"""Tries of residents to be proved to be who they are (R6-043), and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record

_COLUMNS: Final = "account, id, level, method, state, by, made, sealed, reason, evidence, tries, decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofing:
    """One try. state: asked, unknown (no answer yet), passed, refused. sealed: what is asked about. by: who asked."""

    account: str
    id: str
    level: str
    method: str
    state: str
    by: str
    made: datetime
    sealed: bytes | None = None
    reason: str = ""
    evidence: str = ""
    tries: int = 0
    decided: datetime | None = None


async def add(executor: Executor, one: Proofing) -> None:
    """Write a new try."""
    await executor.fetch(
        "INSERT INTO proofing (bucket, account, id, level, method, state, sealed, evidence, by, made, decided) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        *(bucket_of(one.account), one.account, one.id, one.level, one.method, one.state, one.sealed, one.evidence),
        *(one.by, one.made, one.decided),
    )


async def find(executor: Executor, account: str, id: str) -> Proofing | None:
    """Find one, and hold it until the end of the transaction."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM proofing WHERE bucket = $1 AND account = $2 AND id = $3 FOR UPDATE",
        *(bucket_of(account), account, id),
    )
    return _proofing(found[0]) if found else None


async def last(executor: Executor, account: str) -> Proofing | None:
    """Give the newest one."""
    found = await listed(executor, account, count=1)
    return found[0] if found else None


async def listed(executor: Executor, account: str, *, count: int = 20) -> Sequence[Proofing]:
    """List the tries of an account, newest first."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM proofing WHERE bucket = $1 AND account = $2 ORDER BY made DESC LIMIT $3",
        *(bucket_of(account), account, count),
    )
    return [_proofing(row) for row in found]


async def decide(
    executor: Executor, one: Proofing, state: str, *, now: datetime, reason: str = "", evidence: str = ""
) -> None:
    """Write down what came of it; unless that is not known yet, what was asked about is forgotten."""
    await executor.fetch(
        "UPDATE proofing SET state = $4, reason = $5, evidence = $6, tries = tries + 1, "
        "sealed = CASE WHEN $4 = 'unknown' THEN sealed END, "
        "decided = CASE WHEN $4 <> 'unknown' THEN $7::timestamptz END "
        "WHERE bucket = $1 AND account = $2 AND id = $3",
        *(bucket_of(one.account), one.account, one.id, state, reason, evidence, now),
    )


def _proofing(row: Record) -> Proofing:
    return Proofing(**{name: row[name] for name in Proofing.__dataclass_fields__})
