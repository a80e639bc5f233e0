"""Accounts, what they are found by, and the roles they may act in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record

BUCKETS: Final = 1024
_COLUMNS: Final = (
    "a.id, a.kind, a.state, a.login, a.name, a.phone, a.person, a.organization, a.level, a.demo, a.made, a.used, a.why"
)


@dataclass(frozen=True, slots=True)
class Account:
    """One account. name, phone: sealed by the vault. person: Patient or Practitioner. level: of a resident."""

    id: str
    kind: str
    state: str
    name: bytes
    made: datetime
    login: str = ""
    phone: bytes | None = None
    person: str | None = None
    organization: str | None = None
    level: str = ""
    demo: bool = False
    used: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role that an account may act in. organization, practitioner_role: references. by: account that gave it."""

    account: str
    id: str
    role: str
    since: datetime
    by: str
    organization: str | None = None
    practitioner_role: str | None = None
    until: datetime | None = None


def handle_bucket(digest: bytes) -> int:
    """Give the bucket of what a digest stands for."""
    return int.from_bytes(digest[:2]) % BUCKETS


async def add(executor: Executor, account: Account, handles: Mapping[str, bytes]) -> bool:
    """Write a new account with its handles (kind → digest); False, and nothing kept, when a handle is taken.

    The caller's transaction has to be given up when this is False.
    """
    await executor.fetch(
        "INSERT INTO account (bucket, id, kind, state, login, name, phone, person, organization, level, demo, made) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        *(bucket_of(account.id), account.id, account.kind, account.state, account.login, account.name),
        *(account.phone, account.person, account.organization, account.level, account.demo, account.made),
    )
    return all([await take_handle(executor, account.id, kind, digest) for kind, digest in handles.items()])


async def take_handle(executor: Executor, account: str, kind: str, digest: bytes) -> bool:
    """Let an account be found by a digest; False when another one is."""
    found = await executor.fetch(
        "INSERT INTO handle (bucket, kind, digest, account) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (bucket, kind, digest) DO UPDATE SET account = handle.account RETURNING account",
        *(handle_bucket(digest), kind, digest, account),
    )
    return str(found[0]["account"]) == account


async def drop_handle(executor: Executor, account: str, kind: str) -> None:
    """Let an account no longer be found by a kind of handle."""
    await executor.fetch("DELETE FROM handle WHERE account = $1 AND kind = $2", account, kind)


async def by_id(executor: Executor, id: str, *, lock: bool = False) -> Account | None:
    """Find an account; *lock* holds it until the end of the transaction."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM account a WHERE a.bucket = $1 AND a.id = $2" + (" FOR UPDATE" if lock else ""),
        *(bucket_of(id), id),
    )
    return _account(found[0]) if found else None


async def by_handle(executor: Executor, kind: str, digest: bytes) -> Account | None:
    """Find the account of a login name, phone or person by its digest."""
    found = await executor.fetch(
        "SELECT account FROM handle WHERE bucket = $1 AND kind = $2 AND digest = $3",
        *(handle_bucket(digest), kind, digest),
    )
    return await by_id(executor, found[0]["account"]) if found else None


async def of_person(executor: Executor, person: str) -> list[Account]:
    """Find the accounts of a Patient or Practitioner."""
    return [
        _account(row) for row in await executor.fetch(f"SELECT {_COLUMNS} FROM account a WHERE a.person = $1", person)
    ]


async def listed(
    executor: Executor, *, kind: str, organization: str | None, after: datetime | None, count: int
) -> list[Account]:
    """List accounts of a kind, newest first; of one organization, or of all when it is None."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM account a WHERE a.kind = $1 AND ($2::text IS NULL OR a.organization = $2) "
        "AND ($3::timestamptz IS NULL OR a.made < $3) ORDER BY a.made DESC, a.id LIMIT $4",
        *(kind, organization, after, count),
    )
    return [_account(row) for row in found]


async def set_state(executor: Executor, id: str, state: str, *, why: str = "") -> None:
    """Change whether an account may be used."""
    await executor.fetch(
        "UPDATE account SET state = $3, why = $4 WHERE bucket = $1 AND id = $2", bucket_of(id), id, state, why
    )


async def set_phone(executor: Executor, id: str, phone: bytes) -> None:
    """Write another (sealed) phone; its handle is the caller's to move."""
    await executor.fetch("UPDATE account SET phone = $3 WHERE bucket = $1 AND id = $2", bucket_of(id), id, phone)


async def close(executor: Executor, id: str, name: bytes) -> None:
    """Close an account for good: nothing finds it, and phone and person are forgotten. name: an empty one, sealed.

    The row stays, because the ledger names the account.
    """
    await executor.fetch("DELETE FROM handle WHERE account = $1", id)
    await executor.fetch(
        "UPDATE account SET state = 'disabled', why = 'closed', phone = NULL, person = NULL, name = $3 "
        "WHERE bucket = $1 AND id = $2",
        *(bucket_of(id), id, name),
    )


async def used_now(executor: Executor, id: str, now: datetime) -> None:
    """Note that somebody signed in."""
    await executor.fetch("UPDATE account SET used = $3 WHERE bucket = $1 AND id = $2", bucket_of(id), id, now)


async def prove(executor: Executor, id: str, *, level: str, person: str, name: bytes) -> None:
    """Write down what proofing found: level, person and (sealed) name."""
    await executor.fetch(
        "UPDATE account SET level = $3, person = $4, name = $5 WHERE bucket = $1 AND id = $2",
        *(bucket_of(id), id, level, person, name),
    )


async def disable_dormant(executor: Executor, before: datetime) -> list[str]:
    """Disable staff accounts that were not used since *before*; give their ids."""
    found = await executor.fetch(
        "UPDATE account SET state = 'disabled', why = 'dormant' "
        "WHERE kind = 'staff' AND state <> 'disabled' AND COALESCE(used, made) < $1 AND NOT demo RETURNING id",
        before,
    )
    return [str(row["id"]) for row in found]


async def assign(executor: Executor, one: Assignment) -> None:
    """Give a role; a second administrator's role is refused by the database as well (conflict)."""
    await executor.fetch(
        "INSERT INTO assignment (bucket, account, id, role, organization, practitioner_role, since, until, by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(bucket_of(one.account), one.account, one.id, one.role, one.organization, one.practitioner_role),
        *(one.since, one.until, one.by),
    )


async def unassign(executor: Executor, account: str, id: str, now: datetime) -> str | None:
    """Take a role back; give its code, None when the account does not hold it."""
    found = await executor.fetch(
        "UPDATE assignment SET ended = $4 WHERE bucket = $1 AND account = $2 AND id = $3 AND ended IS NULL "
        "RETURNING role",
        *(bucket_of(account), account, id, now),
    )
    return str(found[0]["role"]) if found else None


async def assignments(executor: Executor, account: str, now: datetime) -> Sequence[Assignment]:
    """Give the roles that an account may act in at *now*, oldest first."""
    found = await executor.fetch(
        "SELECT account, id, role, organization, practitioner_role, since, until, by FROM assignment "
        "WHERE bucket = $1 AND account = $2 AND ended IS NULL AND since <= $3 AND (until IS NULL OR until > $3) "
        "ORDER BY since, id",
        *(bucket_of(account), account, now),
    )
    return [
        Assignment(
            *(row["account"], row["id"], row["role"], row["since"], row["by"]),
            **{name: row[name] for name in ("organization", "practitioner_role", "until")},
        )
        for row in found
    ]


async def holders(executor: Executor, role: str, organization: str | None, now: datetime, most: int) -> list[str]:
    """Give the persons (``Practitioner/1``) who may act in a role at *now*; of one organization, or any if None."""
    found = await executor.fetch(
        "SELECT DISTINCT a.person FROM assignment s JOIN account a ON a.bucket = s.bucket AND a.id = s.account "
        "WHERE s.role = $1 AND ($2::text IS NULL OR s.organization = $2) AND s.ended IS NULL AND s.since <= $3 "
        "AND (s.until IS NULL OR s.until > $3) AND a.state = 'active' AND a.person IS NOT NULL "
        "ORDER BY a.person LIMIT $4",
        *(role, organization, now, most),
    )
    return [str(row["person"]) for row in found]


def _account(row: Record) -> Account:
    return Account(
        *(row["id"], row["kind"], row["state"], row["name"], row["made"], row["login"], row["phone"], row["person"]),
        *(row["organization"], row["level"], row["demo"], row["used"], row["why"]),
    )
