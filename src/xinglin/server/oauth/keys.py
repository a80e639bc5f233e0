"""The keys that sign identity tokens: made when needed, replaced by age or on demand, published while they count."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record
from xinglin.store.store import Store
from xinglin.store.vault.vault import Vault

DOMAIN: Final = "accounts"
LASTS: Final = timedelta(days=90)
# Longer than any identity token lives, so that what a key signed can be verified until it has expired.
PUBLISHED_AFTER: Final = timedelta(days=1)
RSA_BITS: Final = 2048
_LOCK: Final = "oauth keys"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs now."""

    kid: str
    alg: str
    private: RSAKey | ECKey
    made: datetime


class Signer:
    """Signs identity tokens; one for each process. The database has the keys, sealed; nobody else keeps them."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._known: dict[str, Key] = {}

    async def sign(self, alg: str, claims: dict[str, Any]) -> str:
        """Sign claims with the present key of an algorithm."""
        key = await self._current(alg)
        return jwt.encode({"alg": alg, "kid": key.kid, "typ": "JWT"}, claims, key.private, algorithms=[alg])

    async def _current(self, alg: str) -> Key:
        now = self._store.now
        row = await _signing(self._store, alg)
        if row is None or row["made"] < now - LASTS:
            row = await rotate(self._store, self._vault, alg, older_than=now - LASTS)
        known = self._known.get(alg)
        if known is None or known.kid != row["kid"]:
            known = self._known[alg] = self._opened(row)
        return known

    def _opened(self, row: Record) -> Key:
        plain = msgspec.json.decode(self._vault.open(_place(row["kid"]), row["sealed"]), type=dict[str, Any])
        kind = RSAKey if row["alg"].startswith("RS") else ECKey
        return Key(row["kid"], row["alg"], kind.import_key(plain), row["made"])


async def rotate(store: Store, vault: Vault, alg: str, *, older_than: datetime | None = None) -> Record:
    """Make a new key that signs from now on; the old one stays published until what it signed has expired.

    older_than: leave the present key when it was made since (another process was faster).
    """
    made = await asyncio.to_thread(_made, alg)  # an RSA key takes a tenth of a second
    public, private = made.as_dict(private=False), made.as_dict(private=True)
    kid = store.clock.new_id()
    sealed = vault.seal(DOMAIN, _place(kid), msgspec.json.encode(private))
    async with store.begin() as transaction:
        await transaction.lock([_LOCK])
        present = await _signing(transaction, alg)
        if present is not None and older_than is not None and present["made"] >= older_than:
            return present
        await transaction.fetch("UPDATE app_key SET retired = $2 WHERE alg = $1 AND retired IS NULL", alg, store.now)
        await transaction.fetch(
            "INSERT INTO app_key (bucket, kid, alg, public, sealed, made) VALUES ($1, $2, $3, $4, $5, $6)",
            *(bucket_of(kid), kid, alg, msgspec.json.encode(dict(public)).decode(), sealed, transaction.now),
        )
        found = await _signing(transaction, alg)
    if found is None:
        raise LookupError(alg)
    return found


async def published(store: Store) -> dict[str, Any]:
    """Give the JWKS document: the public halves of all keys of which a signature may still count."""
    found = await store.fetch(
        "SELECT kid, alg, public FROM app_key WHERE retired IS NULL OR retired > $1 ORDER BY made DESC, kid",
        store.now - PUBLISHED_AFTER,
    )
    return {
        "keys": [
            msgspec.json.decode(row["public"], type=dict[str, Any])
            | {"kid": row["kid"], "alg": row["alg"], "use": "sig"}
            for row in found
        ]
    }


def _made(alg: str) -> RSAKey | ECKey:
    return RSAKey.generate_key(RSA_BITS) if alg.startswith("RS") else ECKey.generate_key("P-256")


def _place(kid: str) -> bytes:
    return f"app_key/{kid}".encode()


async def _signing(executor: Executor, alg: str) -> Record | None:
    found = await executor.fetch(
        "SELECT kid, alg, sealed, made FROM app_key WHERE alg = $1 AND retired IS NULL ORDER BY made DESC LIMIT 1", alg
    )
    return found[0] if found else None
