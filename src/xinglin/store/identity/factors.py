"""What proves that somebody is the owner of an account: password, time-based code, passkey, recovery code."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record

_COLUMNS: Final = "id, kind, secret, name, label, counter, made, used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One factor. secret: hash, sealed key or public key. name: credential id. counter: last step or sign count."""

    id: str
    kind: str
    secret: bytes
    made: datetime
    name: bytes = b""
    label: str = ""
    counter: int = 0
    used: datetime | None = None


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id, RFC 9106 low-memory profile


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")


def hashed(password: str) -> bytes:
    """Hash a password (argon2id with a salt of its own); takes some 50 ms of a core: call it in a thread."""
    return _hasher().hash(password).encode()


def matches(password: str, secret: bytes | None) -> bool:
    """Compare a password with its hash; without one it takes as long and is wrong. Call it in a thread."""
    try:
        _hasher().verify(secret.decode() if secret else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(secret)


def new_secret() -> str:
    """Make a key for an authenticator app: 160 bits in base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def new_codes(count: int = 8) -> list[str]:
    """Make recovery codes: 50 bits each, written as ``xxxxx-xxxxx``."""
    return [f"{text[:5]}-{text[5:]}" for text in (_code_text() for _ in range(count))]


def code_hash(code: str) -> bytes:
    """Hash a recovery code as somebody types it; 50 bits tried five times an hour need no slow hash."""
    return hashlib.sha256(code.replace("-", "").replace(" ", "").lower().encode()).digest()


def _code_text() -> str:
    return base64.b32encode(secrets.token_bytes(7)).decode()[:10].lower()


async def add(executor: Executor, account: str, one: Factor) -> None:
    """Write a new factor."""
    await executor.fetch(
        "INSERT INTO factor (bucket, account, id, kind, secret, name, label, counter, made) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(bucket_of(account), account, one.id, one.kind, one.secret, one.name, one.label, one.counter, one.made),
    )


async def live(executor: Executor, account: str) -> Sequence[Factor]:
    """Give the factors of an account that count, oldest first."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM factor WHERE bucket = $1 AND account = $2 AND ended IS NULL ORDER BY made, id",
        *(bucket_of(account), account),
    )
    return [_factor(row) for row in found]


async def passwords(executor: Executor, account: str, count: int) -> list[bytes]:
    """Give the hashes of the last passwords, newest first, the present one among them."""
    found = await executor.fetch(
        "SELECT secret FROM factor WHERE bucket = $1 AND account = $2 AND kind = 'password' "
        "ORDER BY made DESC LIMIT $3",
        *(bucket_of(account), account, count),
    )
    return [row["secret"] for row in found]


async def used(executor: Executor, account: str, id: str, *, now: datetime, counter: int) -> bool:
    """Note a use with its time step or sign count; False when one at least as high was used before (a replay)."""
    found = await executor.fetch(
        "UPDATE factor SET used = $4, counter = $5 WHERE bucket = $1 AND account = $2 AND id = $3 AND ended IS NULL "
        "AND (counter < $5 OR ($5 = 0 AND counter = 0)) RETURNING id",
        *(bucket_of(account), account, id, now, counter),
    )
    return bool(found)


async def end(
    executor: Executor, account: str, *, now: datetime, id: str | None = None, kind: str | None = None
) -> int:
    """End one factor, or all of a kind; a password's hash stays, to be refused again."""
    found = await executor.fetch(
        "UPDATE factor SET ended = $3 WHERE bucket = $1 AND account = $2 AND ended IS NULL "
        "AND ($4::text IS NULL OR id = $4) AND ($5::text IS NULL OR kind = $5) RETURNING id",
        *(bucket_of(account), account, now, id, kind),
    )
    return len(found)


def _factor(row: Record) -> Factor:
    return Factor(**{name: row[name] for name in Factor.__dataclass_fields__})
