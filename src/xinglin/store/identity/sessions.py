"""Sessions: who is signed in, in which role. The cookie is ``<session id>.<256 random bits>``; only a hash is kept."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.clock import Clock
from xinglin.store.executor import Executor, Record

DEVICE_MOST: Final = 200  # characters of a browser's description

_FIND: Final = """
SELECT s.id, s.account, s.assignment, s.role, s.patient, s.purpose, s.token, s.strong, s.strong_until, s.address,
  s.device, s.created, s.seen, s.expires, s.until, a.kind, a.person, a.level, a.name, a.demo,
  g.organization, g.practitioner_role, w.id AS ward, w.name AS ward_name,
  ARRAY(SELECT d.patient FROM dependant d WHERE d.bucket = s.bucket AND d.account = s.account
    AND d.state = 'bound' AND d.until > $3 AND d.patient IS NOT NULL ORDER BY d.made) AS dependants
FROM session s
JOIN account a ON a.bucket = s.bucket AND a.id = s.account
LEFT JOIN assignment g ON g.bucket = s.bucket AND g.account = s.account AND g.id = s.assignment
LEFT JOIN LATERAL (SELECT d.id, d.name FROM dependant d WHERE s.role = 'guardian' AND d.bucket = s.bucket
  AND d.account = s.account AND d.patient = s.patient AND d.state = 'bound' ORDER BY d.made LIMIT 1) w ON true
WHERE s.bucket = $1 AND s.id = $2 AND s.ended IS NULL AND s.expires > $3 AND a.state = 'active'
  AND (s.assignment IS NULL OR (g.ended IS NULL AND g.since <= $3 AND (g.until IS NULL OR g.until > $3)))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a new session is given. patient: whom a resident acts for. until: it never lasts longer."""

    account: str
    role: str
    purpose: str
    strong: bool
    now: datetime
    expires: datetime
    until: datetime
    assignment: str | None = None
    patient: str | None = None
    strong_until: datetime | None = None
    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A live session with what its account says now. name, ward_name: sealed.

    dependants: Patients bound to the account. ward: id of the dependant whom a guardian acts for.
    """

    id: str
    account: str
    assignment: str | None
    role: str
    patient: str | None
    purpose: str
    strong: bool
    strong_until: datetime | None
    address: str
    device: str
    created: datetime
    seen: datetime
    expires: datetime
    until: datetime
    kind: str
    person: str | None
    level: str
    name: bytes
    demo: bool
    organization: str | None
    practitioner_role: str | None
    ward: str | None
    ward_name: bytes | None
    dependants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the list of an account's sessions."""

    id: str
    role: str
    address: str
    device: str
    created: datetime
    seen: datetime
    live: bool
    why: str


async def begin(executor: Executor, clock: Clock, given: Beginning) -> str:
    """Begin a session and give its cookie; it lies in the bucket of its account."""
    bucket = bucket_of(given.account)
    id = clock.new_id(bucket)
    secret = secrets.token_urlsafe(32)
    await executor.fetch(
        "INSERT INTO session (bucket, id, account, assignment, role, patient, purpose, token, strong, strong_until, "
        "address, device, created, seen, expires, until) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15)",
        *(bucket, id, given.account, given.assignment, given.role, given.patient, given.purpose, _hash(secret)),
        *(given.strong, given.strong_until, given.address, given.device[:DEVICE_MOST], given.now),
        *(given.expires, given.until),
    )
    return f"{id}.{secret}"


async def find(executor: Executor, cookie: str, now: datetime) -> Session | None:
    """Find the live session of a cookie; None when it is none, has ended, or its account or role is no longer valid."""
    id, _, secret = cookie.partition(".")
    if len(id) != 23 or not secret or not id.isascii():
        return None
    found = await executor.fetch(_FIND, bucket_of(id), id, now)
    if not found or not hmac.compare_digest(found[0]["token"], _hash(secret)):
        return None
    return _session(found[0])


async def live(executor: Executor, id: str, now: datetime) -> Session | None:
    """Find a live session by its id alone: for what hangs on it, such as an app's token, and proved itself already."""
    found = await executor.fetch(_FIND, bucket_of(id), id, now)
    return _session(found[0]) if found else None


async def touch(executor: Executor, id: str, now: datetime, expires: datetime) -> None:
    """Note that a session was used."""
    await executor.fetch(
        "UPDATE session SET seen = $3, expires = $4 WHERE bucket = $1 AND id = $2 AND ended IS NULL",
        *(bucket_of(id), id, now, expires),
    )


async def step_up(executor: Executor, id: str, until: datetime) -> None:
    """Note that a second factor was used just now: what needs a fresh one is open until then."""
    await executor.fetch(
        "UPDATE session SET strong = true, strong_until = $3 WHERE bucket = $1 AND id = $2", bucket_of(id), id, until
    )


async def strong_until(executor: Executor, id: str) -> datetime | None:
    """Give until when the second factor of a session counts as fresh; None when it never was or it has ended."""
    found = await executor.fetch(
        "SELECT strong_until FROM session WHERE bucket = $1 AND id = $2 AND ended IS NULL", bucket_of(id), id
    )
    return found[0]["strong_until"] if found else None


async def keep_most(executor: Executor, account: str, most: int) -> int:
    """End the sessions of an account beyond *most*, those used longest ago first; apps' sessions do not count."""
    found = await executor.fetch(
        "UPDATE session SET ended = $3, why = 'too many' WHERE bucket = $1 AND id IN ("
        "SELECT s.id FROM session s WHERE s.bucket = $1 AND s.account = $2 AND s.ended IS NULL AND s.expires > $3 "
        "AND NOT EXISTS (SELECT FROM app_session a WHERE a.bucket = s.bucket AND a.id = s.id) "
        "ORDER BY s.seen DESC, s.id DESC OFFSET $4) RETURNING id",
        *(bucket_of(account), account, executor.now, most),
    )
    return len(found)


async def acting(executor: Executor, id: str) -> str | None:
    """Give the assignment in which a session acts, or the patient for whom; None for neither."""
    found = await executor.fetch(
        "SELECT COALESCE(assignment, patient) AS acting FROM session WHERE bucket = $1 AND id = $2", bucket_of(id), id
    )
    return found[0]["acting"] if found else None


async def bounds(executor: Executor, id: str) -> tuple[datetime | None, datetime] | None:
    """Give until when the second factor of a live session is fresh, and when it ends however much it is used."""
    found = await executor.fetch(
        "SELECT strong_until, until FROM session WHERE bucket = $1 AND id = $2 AND ended IS NULL", bucket_of(id), id
    )
    return (found[0]["strong_until"], found[0]["until"]) if found else None


async def of_account(executor: Executor, account: str, now: datetime, *, count: int = 50) -> Sequence[Shown]:
    """List the sessions of an account, newest first."""
    found = await executor.fetch(
        "SELECT id, role, address, device, created, seen, why, ended IS NULL AND expires > $3 AS live FROM session "
        "WHERE bucket = $1 AND account = $2 ORDER BY created DESC LIMIT $4",
        *(bucket_of(account), account, now, count),
    )
    return [
        Shown(
            *(row["id"], row["role"], row["address"], row["device"], row["created"], row["seen"], row["live"]),
            row["why"],
        )
        for row in found
    ]


async def end_sessions(
    executor: Executor,
    *,
    why: str,
    account: str | None = None,
    practitioner: str | None = None,
    assignment: str | None = None,
    session: str | None = None,
    patient: str | None = None,
    but: str = "",
) -> int:
    """End sessions at once, and say how many: of an account, of a practitioner's accounts, of a role, or one alone.

    account with session: that one of the account; with patient: those that act for that patient. but: the id of a
    session that stays. The ledger's gate refuses
    answers that are under way.
    """
    if account is None and practitioner is None:
        raise ValueError("end_sessions needs an account or a practitioner")
    found = await executor.fetch(
        "UPDATE session SET ended = $1, why = $2 WHERE ended IS NULL AND id <> $3 "
        "AND ($4::text IS NULL OR account = $4) "
        "AND ($5::text IS NULL OR account IN (SELECT a.id FROM account a WHERE a.person = $5)) "
        "AND ($6::text IS NULL OR assignment = $6) AND ($7::text IS NULL OR id = $7) "
        "AND ($8::text IS NULL OR patient = $8) RETURNING id",
        *(executor.now, why, but, account, practitioner, assignment, session, patient),
    )
    return len(found)


async def sweep(executor: Executor, before: datetime) -> int:
    """Forget sessions that ended, or were last used, before *before*."""
    found = await executor.fetch(
        "WITH gone AS (DELETE FROM session WHERE seen < $1 AND expires < $1 RETURNING bucket, id), "
        "apps AS (DELETE FROM app_session a USING gone g WHERE a.bucket = g.bucket AND a.id = g.id) "
        "SELECT id FROM gone",
        before,
    )
    return len(found)


def _hash(secret: str) -> bytes:
    # 256 random bits need neither salt nor a slow hash.
    return hashlib.sha256(secret.encode()).digest()


def _session(row: Record) -> Session:
    values = {name: row[name] for name in Session.__dataclass_fields__ if name != "dependants"}
    return Session(**values, dependants=tuple(row["dependants"]))
