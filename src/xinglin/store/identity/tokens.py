"""What apps hold: codes, access and refresh tokens, and the sessions behind them.

A token is 256 random bits; the database knows its hash. Everything an app may do hangs on its session: when that
ends, no token of the family opens anything, at once.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record
from xinglin.store.identity import sessions

Kind = Literal["code", "access", "refresh", "jti"]

BUCKETS: Final = 1024
PURGED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as the database knows it. used: it was redeemed (code) or replaced (refresh)."""

    kind: Kind
    client: str
    session: str | None
    scopes: str
    data: str
    made: datetime
    expires: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSession:
    """An app that was let in, or a system that acts for itself.

    account: who let it in, or the client's own id. assignment, role, patient_for: in which role, and for whom.
    scopes: what it was given. patient, encounter: of the launch. parent: session while which it may stay, None when
    it may stay without. until: it ends then. abroad: the destination where the app stands, empty in this country.
    """

    id: str
    client: str
    account: str
    role: str
    purpose: str
    scopes: str
    created: datetime
    until: datetime
    assignment: str | None = None
    patient_for: str | None = None
    strong: bool = False
    device: str = ""
    address: str = ""
    patient: str | None = None
    encounter: str | None = None
    parent: str | None = None
    ended: datetime | None = None
    abroad: str = ""


def new_secret() -> str:
    """Make the text of a token: 256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(text: str) -> bytes:
    """Give what the database knows a token by; its text is random, so it needs neither salt nor stretching."""
    return hashlib.sha256(text.encode()).digest()


async def put(
    executor: Executor,
    text: str,
    *,
    kind: Kind,
    client: str,
    made: datetime,
    expires: datetime,
    until: datetime | None = None,
    session: str | None = None,
    scopes: str = "",
    data: str = "",
) -> bool:
    """Write a token down, known until *until*; False when its text is known already (a number used twice)."""
    hash = hashed(text)
    found = await executor.fetch(
        "INSERT INTO app_token (bucket, hash, kind, client, session, scopes, data, made, expires, until) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (bucket, hash) DO NOTHING RETURNING bucket",
        *(_bucket(hash), hash, kind, client, session, scopes, data, made, expires, until or expires),
    )
    return bool(found)


async def find(executor: Executor, text: str, *, lock: bool = False) -> Token | None:
    """Find a token by its text, whatever its state; *lock* holds it until the end of the transaction."""
    hash = hashed(text)
    found = await executor.fetch(
        "SELECT kind, client, session, scopes, data, made, expires, used FROM app_token "
        "WHERE bucket = $1 AND hash = $2" + (" FOR UPDATE" if lock else ""),
        *(_bucket(hash), hash),
    )
    if not found:
        return None
    row = found[0]
    return Token(
        kind=row["kind"],
        client=row["client"],
        session=row["session"],
        scopes=row["scopes"],
        data=row["data"],
        made=row["made"],
        expires=row["expires"],
        used=row["used"],
    )


async def use(executor: Executor, text: str, now: datetime, *, session: str) -> None:
    """Note that a code or refresh token was used, and the session that came of it."""
    hash = hashed(text)
    await executor.fetch(
        "UPDATE app_token SET used = $3, session = $4 WHERE bucket = $1 AND hash = $2",
        *(_bucket(hash), hash, now, session),
    )


async def purge(executor: Executor, now: datetime) -> None:
    """Forget some tokens that nobody has to recognise any more; called with every new one, so it keeps up."""
    await executor.fetch(
        "DELETE FROM app_token WHERE (bucket, hash) IN "
        "(SELECT bucket, hash FROM app_token WHERE until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        *(now, PURGED_AT_ONCE),
    )


async def open_session(executor: Executor, one: AppSession) -> None:
    """Write a session of an app down."""
    await executor.fetch(
        "INSERT INTO session (bucket, id, account, assignment, role, patient, purpose, token, strong, address, device, "
        "created, seen, expires, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $13)",
        *(bucket_of(one.id), one.id, one.account, one.assignment, one.role, one.patient_for, one.purpose),
        # No cookie opens it: nobody knows the text of this hash.
        *(secrets.token_bytes(32), one.strong, one.address, one.device, one.created, one.until),
    )
    await executor.fetch(
        "INSERT INTO app_session (bucket, id, client, scopes, patient, encounter, parent) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(bucket_of(one.id), one.id, one.client, one.scopes, one.patient, one.encounter, one.parent),
    )


async def session(executor: Executor, id: str, now: datetime, *, seen: bool = False) -> AppSession | None:
    """Find the session of an app that is alive: neither it nor its parent has ended, and its client is approved.

    The account that let it in has to be active and to hold the role still. seen: note that it was used.
    """
    found = await executor.fetch(_ALIVE, bucket_of(id), id, now)
    if not found:
        return None
    if found[0]["account"] != found[0]["client"] and await sessions.live(executor, id, now) is None:
        return None
    if found[0]["parent"] is not None and await sessions.live(executor, found[0]["parent"], now) is None:
        return None
    if seen:
        await executor.fetch("UPDATE session SET seen = $3 WHERE bucket = $1 AND id = $2", bucket_of(id), id, now)
    return _session(found[0])


async def end_session(executor: Executor, id: str, now: datetime, why: str) -> None:
    """End a session of an app, and with it all its tokens, at once."""
    await executor.fetch(
        "UPDATE session SET ended = $3, why = $4 WHERE bucket = $1 AND id = $2 AND ended IS NULL",
        *(bucket_of(id), id, now, why),
    )


async def end_client(executor: Executor, client: str, now: datetime, why: str) -> int:
    """End all sessions of an app; give their number."""
    found = await executor.fetch(
        "UPDATE session s SET ended = $2, why = $3 FROM app_session o "
        "WHERE o.client = $1 AND s.bucket = o.bucket AND s.id = o.id AND s.ended IS NULL RETURNING s.id",
        *(client, now, why),
    )
    return len(found)


_ALIVE: Final = """
SELECT s.id, o.client, s.account, s.role, s.purpose, o.scopes, s.created, s.until, s.assignment, s.strong, s.device,
       s.address, o.patient, o.encounter, o.parent, s.ended, s.patient AS patient_for, c.abroad
FROM session s JOIN app_session o ON o.bucket = s.bucket AND o.id = s.id
JOIN client c ON c.id = o.client AND c.state = 'approved'
WHERE s.bucket = $1 AND s.id = $2 AND s.ended IS NULL AND s.expires > $3
"""


def _session(row: Record) -> AppSession:
    return AppSession(
        id=row["id"],
        client=row["client"],
        account=row["account"],
        role=row["role"],
        purpose=row["purpose"],
        scopes=row["scopes"],
        created=row["created"],
        until=row["until"],
        assignment=row["assignment"],
        patient_for=row["patient_for"],
        strong=row["strong"],
        device=row["device"],
        address=row["address"],
        patient=row["patient"],
        encounter=row["encounter"],
        parent=row["parent"],
        ended=row["ended"],
        abroad=row["abroad"] or "",
    )


def _bucket(hash: bytes) -> int:
    return int.from_bytes(hash[:2]) % BUCKETS
