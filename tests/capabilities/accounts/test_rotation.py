"""A new key of accounts: all that the old one sealed beside the record is sealed anew, and opens as before."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from tests.conftest import key_store
from xinglin.capabilities.accounts.operations.login import totp_place
from xinglin.capabilities.accounts.operations.proofing import place as claim_place
from xinglin.server.oauth.keys import Signer, rotate
from xinglin.store.identity import accounts, contacts, dependants, factors, proofings, sealed
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.dependants import Dependant
from xinglin.store.identity.factors import Factor
from xinglin.store.identity.proofings import Proofing
from xinglin.store.store import Store
from xinglin.store.vault import signing
from xinglin.store.vault.columns import COLUMNS
from xinglin.store.vault.keys import replace_key
from xinglin.store.vault.keystore import FileKeyStore
from xinglin.store.vault.rotation import listed, reseal, retire
from xinglin.store.vault.vault import Vault


@pytest.fixture
def keys() -> FileKeyStore:
    return key_store()


@pytest.fixture
async def store(postgres_dsn: str, keys: FileKeyStore) -> AsyncIterator[Store]:
    opened = await Store.open(postgres_dsn, connections=2, keys=keys)
    yield opened
    await opened.close()


async def fill(store: Store, id: str) -> None:
    """Write one of each thing that the vault keeps of an account."""
    vault = store.vault
    assert vault is not None
    async with store.begin() as work:
        name = sealed.seal(vault, sealed.name_place(id), "张小梅")
        phone = sealed.seal(vault, sealed.phone_place(id), "13800001234")
        await accounts.add(work, Account(id, "resident", "active", name, work.now, phone=phone), {})
        secret = sealed.seal(vault, totp_place(id), "JBSWY3DP")
        await factors.add(work, id, Factor(id="f1", kind="totp", secret=secret, made=work.now))
        await factors.add(work, id, Factor(id="f2", kind="password", secret=factors.hashed("x" * 12), made=work.now))
        claim = sealed.seal(vault, claim_place(id, "p1"), "claim")
        await proofings.add(
            work,
            Proofing(account=id, id="p1", level="L1", method="two", state="asked", by=id, made=work.now, sealed=claim),
        )
        place = sealed.ward_place(id, "d1").removesuffix("/name")
        await dependants.add(
            work,
            Dependant(
                account=id,
                id="d1",
                relation="30",
                state="asked",
                name=sealed.seal(vault, sealed.ward_place(id, "d1"), "张小宝"),
                born=sealed.seal(vault, f"{place}/born", "2020-01-31"),
                sealed=sealed.seal(vault, place, "documents"),
                until=work.now + timedelta(days=1),
                made=work.now,
            ),
        )
        await contacts.bind(work, vault, "Patient/1", "mail", "mei@example.org", work.now)
        pair = signing.make(vault, store.clock.new_id())
        ends = work.now + timedelta(days=1)
        await signing.keep(work, pair, holder="Practitioner/1", account=id, serial="1", certificate=b"c", ends=ends)
    await rotate(store, vault, "ES256")


@pytest.mark.rule("R7-051")
async def test_every_sealed_column_is_sealed_anew_and_opens(
    store: Store, postgres_dsn: str, keys: FileKeyStore
) -> None:
    id = store.clock.new_id()
    await fill(store, id)
    connection = await asyncpg.connect(postgres_dsn)
    try:
        (old,) = [key.kid for key in await listed(postgres_dsn) if (key.domain, key.state) == ("accounts", "active")]
        held = {(one.table, one.column): await _held(connection, one.table, one.column, old) for one in COLUMNS}
        assert all(held.values()), held
        kid = await replace_key(connection, keys, "accounts")
        async for _ in reseal(postgres_dsn, Vault(keys)):
            pass
        for one in COLUMNS:
            assert await _held(connection, one.table, one.column, old) == 0
            assert await _held(connection, one.table, one.column, kid) == held[one.table, one.column]
        await connection.execute("UPDATE data_key SET closed = closed - interval '1 hour'")
        assert old in await retire(postgres_dsn)
    finally:
        await connection.close()
    await _opens(await Store.open(postgres_dsn, connections=2, keys=keys), id)


async def _opens(fresh: Store, id: str) -> None:
    """Open everything with the keys that are left."""
    try:
        vault = fresh.vault
        assert vault is not None
        account = await accounts.by_id(fresh, id)
        assert account is not None
        assert account.phone is not None
        assert sealed.unseal(vault, sealed.name_place(id), account.name) == "张小梅"
        assert sealed.unseal(vault, sealed.phone_place(id), account.phone) == "13800001234"
        (totp,) = [one for one in await factors.live(fresh, id) if one.kind == "totp"]
        assert sealed.unseal(vault, totp_place(id), totp.secret) == "JBSWY3DP"
        proofing = await proofings.find(fresh, id, "p1")
        assert proofing is not None
        assert proofing.sealed is not None
        assert sealed.unseal(vault, claim_place(id, "p1"), proofing.sealed) == "claim"
        ward = await dependants.find(fresh, id, "d1")
        assert ward is not None
        assert ward.sealed is not None
        assert sealed.unseal(vault, sealed.ward_place(id, "d1"), ward.name) == "张小宝"
        assert sealed.unseal(vault, f"dependant/{id}/d1/born", ward.born) == "2020-01-31"
        assert sealed.unseal(vault, f"dependant/{id}/d1", ward.sealed) == "documents"
        assert await Signer(fresh, vault).sign("ES256", {"sub": "x"})
        key = await signing.key_of(fresh, holder="Practitioner/1", account=id)
        assert key is not None
        until = fresh.now + timedelta(minutes=1)
        signature = await signing.sign(fresh, vault, key, b"data", account=id, strong_until=until)
        assert len(signature) == 64
    finally:
        await fresh.close()


async def _held(connection: asyncpg.Connection, table: str, column: str, kid: int) -> int:
    sealed_by = f"substring({column} FROM 1 FOR 1) = '\\x01' AND substring({column} FROM 3 FOR 4) = $1"
    count: int = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {sealed_by}", kid.to_bytes(4, "big"))
    return count
