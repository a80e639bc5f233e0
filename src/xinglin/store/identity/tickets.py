"""Steps that were begun: a code was sent, a password given, an invitation made. Only the visitor knows the text."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from xinglin.store.executor import Executor
from xinglin.store.identity.accounts import handle_bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A begun step. id: hash of its text. sealed: what the step needs to know, by the vault. tries: wrong answers."""

    id: bytes
    kind: str
    account: str | None
    subject: bytes
    sealed: bytes | None
    tries: int
    made: datetime


async def issue(
    executor: Executor,
    kind: str,
    *,
    now: datetime,
    expires: datetime,
    account: str | None = None,
    subject: bytes = b"",
    sealed: bytes | None = None,
    text: str | None = None,
) -> str:
    """Begin a step and give the text that continues it: 256 random bits, or *text* when the caller made them."""
    text = text or new_text()
    id = hash_of(text)
    await executor.fetch(
        "INSERT INTO ticket (bucket, id, kind, account, subject, sealed, made, expires) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(handle_bucket(id), id, kind, account, subject, sealed, now, expires),
    )
    return text


def new_text() -> str:
    """Make the text of a step: 256 random bits."""
    return secrets.token_urlsafe(32)


async def find(executor: Executor, text: str, kind: str, now: datetime) -> Ticket | None:
    """Find a step that can be continued, and hold it until the end of the transaction."""
    return await by_id(executor, hash_of(text), kind, now, lock=True)


async def by_id(executor: Executor, id: bytes, kind: str, now: datetime, *, lock: bool = False) -> Ticket | None:
    """Find a step by the hash of its text, as jobs know it."""
    found = await executor.fetch(
        "SELECT id, kind, account, subject, sealed, tries, made FROM ticket "
        "WHERE bucket = $1 AND id = $2 AND kind = $3 AND used IS NULL AND expires > $4"
        + (" FOR UPDATE" if lock else ""),
        *(handle_bucket(id), id, kind, now),
    )
    return Ticket(**{name: found[0][name] for name in Ticket.__dataclass_fields__}) if found else None


async def missed(executor: Executor, ticket: Ticket) -> int:
    """Count a wrong answer; give how many there were."""
    found = await executor.fetch(
        "UPDATE ticket SET tries = tries + 1 WHERE bucket = $1 AND id = $2 RETURNING tries",
        *(handle_bucket(ticket.id), ticket.id),
    )
    return int(found[0]["tries"])


async def change(executor: Executor, ticket: Ticket, sealed: bytes | None) -> None:
    """Put other contents into a step."""
    await executor.fetch(
        "UPDATE ticket SET sealed = $3 WHERE bucket = $1 AND id = $2", handle_bucket(ticket.id), ticket.id, sealed
    )


async def use(executor: Executor, ticket: Ticket, now: datetime) -> None:
    """End a step: it cannot be continued again, and what it knew is forgotten."""
    await executor.fetch(
        "UPDATE ticket SET used = $3, sealed = NULL WHERE bucket = $1 AND id = $2",
        *(handle_bucket(ticket.id), ticket.id, now),
    )


async def drop(executor: Executor, account: str, kind: str, now: datetime) -> None:
    """End every step of a kind that an account has begun."""
    await executor.fetch(
        "UPDATE ticket SET used = $3, sealed = NULL WHERE account = $1 AND kind = $2 AND used IS NULL",
        *(account, kind, now),
    )


async def since(executor: Executor, kind: str, subject: bytes, moment: datetime) -> tuple[int, datetime | None]:
    """Count the steps of a kind about a subject since *moment*; with the time of the last one."""
    found = await executor.fetch(
        "SELECT count(*) AS n, max(made) AS last FROM ticket WHERE kind = $1 AND subject = $2 AND made > $3",
        *(kind, subject, moment),
    )
    return int(found[0]["n"]), found[0]["last"]


async def sweep(executor: Executor, before: datetime) -> int:
    """Forget steps that ended before *before*."""
    return len(await executor.fetch("DELETE FROM ticket WHERE expires < $1 RETURNING id", before))


def place(id: bytes) -> str:
    """Where what a step needs to know is sealed for."""
    return f"ticket/{id.hex()}"


def hash_of(text: str) -> bytes:
    """Give what a step is kept under; 256 random bits need neither salt nor a slow hash."""
    return hashlib.sha256(text.encode()).digest()
