"""Signers' keys (签名密钥): made, kept sealed, and used only here, by their holder, fresh from a second factor."""

from dataclasses import dataclass
from datetime import datetime

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import bucket_of
from xinglin.fhir.sources import cites
from xinglin.security import sm
from xinglin.store.executor import Executor
from xinglin.store.vault.vault import Vault

_COLUMNS = "id, holder, account, serial, certificate, ends, revoked"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What may be known of a key: never its private half."""

    id: str
    holder: str
    account: str
    serial: str
    certificate: bytes
    ends: datetime
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A new key whose certificate is being asked for: the public half, and the private one sealed for its id."""

    id: str
    public: bytes
    sealed: bytes


def make(vault: Vault, id: str) -> Pair:
    """Make a key."""
    private = sm.private_of(vault.chance(40))
    return Pair(id, sm.public_of(private), vault.seal("accounts", _place(id), private.to_bytes(32, "big")))


async def keep(
    executor: Executor, pair: Pair, *, holder: str, account: str, serial: str, certificate: bytes, ends: datetime
) -> SigningKey:
    """Keep a key with the certificate that was issued for it."""
    await executor.fetch(
        "INSERT INTO signing_key (bucket, id, holder, account, public, sealed, serial, certificate, made, ends) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *(bucket_of(pair.id), pair.id, holder, account, pair.public, pair.sealed, serial, certificate),
        *(executor.now, ends),
    )
    return SigningKey(pair.id, holder, account, serial, certificate, ends, None)


async def key_of(executor: Executor, *, holder: str, account: str) -> SigningKey | None:
    """Give the newest key of a holder that the account may use, is in force, and is not revoked."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM signing_key WHERE holder = $1 AND account = $2 AND revoked IS NULL AND ends > $3 "
        "ORDER BY made DESC LIMIT 1",
        *(holder, account, executor.now),
    )
    return SigningKey(*(found[0][name] for name in _COLUMNS.split(", "))) if found else None


@cites("R6-050")
async def sign(
    executor: Executor, vault: Vault, key: SigningKey, data: bytes, *, account: str, strong_until: datetime | None
) -> bytes:
    """Sign *data* with a key: r and s.

    Forbidden (403) to another account, and without a second factor given lately: *strong_until* is how long it counts.
    """
    if key.account != account:
        raise OutcomeError(Issue("forbidden", "not-your-key", text="The key belongs to another account."))
    if strong_until is None or strong_until <= executor.now:
        text = "Signing needs your second factor again: give it, then sign."
        raise OutcomeError(Issue("forbidden", "step-up", text=text))
    found = await executor.fetch(
        "SELECT sealed FROM signing_key WHERE bucket = $1 AND id = $2 AND revoked IS NULL", bucket_of(key.id), key.id
    )
    if not found:
        raise OutcomeError(Issue("forbidden", "key-revoked", text="The key has been revoked."))
    return sm.sign(int.from_bytes(vault.open(_place(key.id), found[0]["sealed"]), "big"), data)


async def revoke(executor: Executor, *, holder: str) -> int:
    """Revoke every key of a holder from now on; what was signed before stays. Gives how many."""
    found = await executor.fetch(
        "UPDATE signing_key SET revoked = $2 WHERE holder = $1 AND revoked IS NULL RETURNING id", holder, executor.now
    )
    return len(found)


async def revocations(executor: Executor, serials: list[str]) -> dict[str, datetime]:
    """Give when certificates were revoked, by serial; those in force are absent."""
    found = await executor.fetch(
        "SELECT serial, revoked FROM signing_key WHERE serial = ANY($1::text[]) AND revoked IS NOT NULL", serials
    )
    return {record["serial"]: record["revoked"] for record in found}


def _place(id: str) -> bytes:
    return f"signing_key/{id}".encode()
