"""The data keys in the database: made once, read by every process, replaced by rotation."""

import os
from collections.abc import Callable
from typing import Final, Literal

from xinglin.security import sm
from xinglin.store.pool import Connection
from xinglin.store.vault.keystore import KeyStore, KeyStoreFault
from xinglin.store.vault.vault import INDEX, KEY_BYTES, SIGNS, Vault, context

Cipher = Literal["sm4", "aes", "off"]

DOMAINS: Final = ("identity", "clinical", "accounts", "audit")
"""Under whose keys data are sealed: records by what they are, and what is kept of accounts."""

SIGNERS: Final = ("audit", "authority", "time")
"""Whom the platform signs for: the ledger's heads, the test certificate authority, the local clock."""

CHANGED: Final = "xinglin_keys"
"""The channel on which processes hear of new keys."""

_LOCK: Final = 0x58_4C_4B_59  # "XLKY": the advisory lock of those who make keys
_ALL: Final = "SELECT kid, domain, alg, state, master, wrapped FROM data_key ORDER BY kid"


async def make_keys(
    connection: Connection, keys: KeyStore, *, cipher: Cipher, random: Callable[[int], bytes] = os.urandom
) -> tuple[str, ...]:
    """Make the data keys that are missing, and give their domains.

    A domain whose active key is of another algorithm than *cipher* says gets a new one (``off`` concerns bodies alone).
    Raises KeyStoreFault when the keys that are there belong to another master key, or when records were written before
    there were keys.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await _refuse_unfit(connection, keys)
        active = {r["domain"]: r["alg"] for r in await connection.fetch(_ALL) if r["state"] == "active"}
        alg = "aes" if cipher == "aes" else "sm4"
        wanted = {
            **dict.fromkeys(DOMAINS, alg),
            INDEX: "hmac-sm3",
            **dict.fromkeys([SIGNS + name for name in SIGNERS], "sm2"),
        }
        missing = [domain for domain, wish in wanted.items() if active.get(domain) != wish]
        for domain in missing:
            await _add(connection, keys, domain, wanted[domain], random)
        if missing:
            await connection.execute("SELECT pg_notify($1, '')", CHANGED)
    return tuple(missing)


async def replace_key(
    connection: Connection, keys: KeyStore, domain: str, *, random: Callable[[int], bytes] = os.urandom
) -> int:
    """Make a new key of *domain*, which seals from now on, and give its number; the old one opens only."""
    if domain == INDEX:
        raise KeyStoreFault("The index key is part of what finds records: dump, then load into a new store.")
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await _refuse_unfit(connection, keys)
        alg = await connection.fetchval("SELECT alg FROM data_key WHERE domain = $1 AND state = 'active'", domain)
        if alg is None:
            raise KeyStoreFault(f"There is no domain {domain}.")
        kid = await _add(connection, keys, domain, alg, random)
        await connection.execute("SELECT pg_notify($1, '')", CHANGED)
    return kid


async def take_keys(connection: Connection, vault: Vault) -> None:
    """Read the keys of the database into *vault*.

    Raises KeyStoreFault when there are some and it has no key store, or when it has one and there are none.
    """
    found = await connection.fetch(_ALL)
    if found and not vault.has_keys:
        raise KeyStoreFault("The records of this store are sealed: it cannot be opened without its key store.")
    if vault.has_keys and not found:
        raise KeyStoreFault("The store has no data keys: `xinglin migrate` makes them.")
    vault.take(found)


async def _refuse_unfit(connection: Connection, keys: KeyStore) -> None:
    masters = {r["master"] for r in await connection.fetch("SELECT DISTINCT master FROM data_key")}
    if masters - {keys.mark}:
        raise KeyStoreFault(
            f"The data keys are wrapped by the master key {', '.join(sorted(masters))}, "
            f"but the key store holds {keys.mark}: put the right one back."
        )
    if not masters and await connection.fetchval("SELECT EXISTS (SELECT FROM res)"):
        raise KeyStoreFault(
            "This store was filled before records were sealed: dump it with the version that filled it, "
            "then load into an empty store."
        )


async def _add(connection: Connection, keys: KeyStore, domain: str, alg: str, random: Callable[[int], bytes]) -> int:
    kid: int = await connection.fetchval("SELECT coalesce(max(kid), 0) + 1 FROM data_key")
    public = None
    if alg == "sm2":
        private = sm.private_of(random(40))
        secret, public = private.to_bytes(32, "big"), sm.public_of(private)
    else:
        secret = random(KEY_BYTES[alg])
    await connection.execute(
        "UPDATE data_key SET state = 'old', closed = now() WHERE domain = $1 AND state = 'active'", domain
    )
    await connection.execute(
        "INSERT INTO data_key (kid, domain, alg, state, master, wrapped, public, made) "
        "VALUES ($1, $2, $3, 'active', $4, $5, $6, now())",
        kid, domain, alg, keys.mark, keys.wrap(secret, context(kid, domain, alg)), public,
    )  # fmt: skip
    return kid
