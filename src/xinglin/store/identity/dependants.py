"""Children and others for whom an account acts (R6-042)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record

_COLUMNS: Final = "account, id, patient, relation, state, sealed, name, born, reason, until, tries, made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependant:
    """One dependant. sealed: documents, until the register has answered. until: of age."""

    account: str
    id: str
    relation: str
    state: str
    name: bytes
    born: bytes
    until: datetime
    made: datetime
    patient: str | None = None
    sealed: bytes | None = None
    reason: str = ""
    tries: int = 0


async def add(executor: Executor, one: Dependant) -> None:
    """Write a new dependant."""
    await executor.fetch(
        "INSERT INTO dependant (bucket, account, id, patient, relation, state, sealed, name, born, until, made) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        *(bucket_of(one.account), one.account, one.id, one.patient, one.relation, one.state, one.sealed, one.name),
        *(one.born, one.until, one.made),
    )


async def find(executor: Executor, account: str, id: str) -> Dependant | None:
    """Find one, and hold it until the end of the transaction."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM dependant WHERE bucket = $1 AND account = $2 AND id = $3 FOR UPDATE",
        *(bucket_of(account), account, id),
    )
    return _dependant(found[0]) if found else None


async def listed(executor: Executor, account: str) -> Sequence[Dependant]:
    """List the dependants of an account, but those that were let go."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM dependant WHERE bucket = $1 AND account = $2 AND state <> 'ended' ORDER BY made",
        *(bucket_of(account), account),
    )
    return [_dependant(row) for row in found]


async def patients(executor: Executor, account: str, now: datetime) -> tuple[str, ...]:
    """Give the Patients for whom an account may act besides its own."""
    found = await executor.fetch(
        "SELECT patient FROM dependant WHERE bucket = $1 AND account = $2 AND state = 'bound' AND until > $3 "
        "AND patient IS NOT NULL ORDER BY made",
        *(bucket_of(account), account, now),
    )
    return tuple(str(row["patient"]) for row in found)


async def guardian(executor: Executor, patient: str, now: datetime) -> str | None:
    """Give the Patient who acts for a Patient, of several whoever was bound first; None when nobody does."""
    found = await executor.fetch(
        "SELECT a.person FROM dependant d JOIN account a ON a.bucket = d.bucket AND a.id = d.account "
        "WHERE d.patient = $1 AND d.state = 'bound' AND d.until > $2 AND a.state = 'active' "
        "AND a.person IS NOT NULL ORDER BY d.made LIMIT 1",
        *(patient, now),
    )
    return str(found[0]["person"]) if found else None


async def decide(
    executor: Executor, one: Dependant, state: str, *, reason: str = "", patient: str | None = None
) -> None:
    """Write down what came of it; unless that is not known yet, the documents are forgotten."""
    await executor.fetch(
        "UPDATE dependant SET state = $4, reason = $5, patient = COALESCE($6, patient), tries = tries + 1, "
        "sealed = CASE WHEN $4 = 'unknown' THEN sealed END WHERE bucket = $1 AND account = $2 AND id = $3",
        *(bucket_of(one.account), one.account, one.id, state, reason, patient),
    )


def _dependant(row: Record) -> Dependant:
    return Dependant(**{name: row[name] for name in Dependant.__dataclass_fields__})
