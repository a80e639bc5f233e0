"""The vault: what is sealed opens in its place alone, and the master key is kept from others."""

from pathlib import Path

import asyncpg
import pytest

from xinglin.security.sm import Tampered
from xinglin.store.store import Store
from xinglin.store.vault.keys import make_keys, replace_key, take_keys
from xinglin.store.vault.keystore import FileKeyStore, KeyStoreFault
from xinglin.store.vault.vault import NoKey, UnknownKey, Vault

PHONE = "13800138000"


@pytest.mark.rule("R7-051")
@pytest.mark.rule("R7-053")
async def test_sealed_bytes_open_in_their_place_alone(store: Store) -> None:
    sealed = store.vault.seal("accounts", b"account/1/phone", PHONE.encode())
    assert PHONE.encode() not in sealed
    assert store.vault.open(b"account/1/phone", sealed) == PHONE.encode()
    with pytest.raises(Tampered):
        store.vault.open(b"account/2/phone", sealed)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises((Tampered, UnknownKey)):
            store.vault.open(b"account/1/phone", bytes(changed))
    with pytest.raises(Tampered):
        store.vault.open(b"account/1/phone", sealed[:20])


async def test_the_same_text_is_sealed_differently_and_digested_alike(store: Store) -> None:
    vault = store.vault
    assert vault.seal("identity", b"Patient/1", b"text") != vault.seal("identity", b"Patient/1", b"text")
    assert vault.digest("phone", PHONE) == vault.digest("phone", PHONE)
    assert vault.digest("phone", PHONE) != vault.digest("email", PHONE)
    assert len(vault.digest("phone", PHONE)) == 32


async def test_a_nonce_depends_on_the_content_also_when_chance_fails(postgres_dsn: str, keys: FileKeyStore) -> None:
    vault = Vault(keys, random=bytes)
    connection = await asyncpg.connect(postgres_dsn)
    try:
        await take_keys(connection, vault)
    finally:
        await connection.close()
    one, other = (vault.seal("identity", b"Patient/1", text) for text in (b"first", b"other"))
    assert one[6:18] != other[6:18]


async def test_a_signature_of_the_platform_is_verified_by_name(store: Store) -> None:
    vault = store.vault
    signature = vault.sign("audit", b"tree head")
    assert vault.verify("audit", b"tree head", signature)
    assert not vault.verify("audit", b"tree heaD", signature)
    assert not vault.verify("time", b"tree head", signature)
    assert not vault.verify("audit", b"tree head", signature[:-1])
    assert not vault.verify("audit", b"tree head", b"\xff" + signature[1:])
    assert len(vault.public("audit")) == 65


def test_an_empty_vault_does_nothing() -> None:
    vault = Vault()
    assert not vault.has_keys
    with pytest.raises(NoKey):
        vault.seal("identity", b"", b"")
    with pytest.raises(NoKey):
        vault.digest("phone", PHONE)
    with pytest.raises(NoKey):
        vault.sign("audit", b"")
    with pytest.raises(NoKey):
        vault.public("audit")


async def test_after_a_change_of_keys_the_new_one_seals_and_both_open(postgres_dsn: str, keys: FileKeyStore) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    try:
        vault, late = Vault(keys), Vault(keys)
        await take_keys(connection, vault)
        await take_keys(connection, late)
        before, signed = vault.seal("accounts", b"x", b"before"), vault.sign("audit", b"head")
        await replace_key(connection, keys, "accounts")
        await replace_key(connection, keys, "sign:audit")
        await take_keys(connection, vault)
        after = vault.seal("accounts", b"x", b"after")
        assert after[2:6] != before[2:6]
        assert (vault.open(b"x", before), vault.open(b"x", after)) == (b"before", b"after")
        assert vault.verify("audit", b"head", signed)
        assert vault.sign("audit", b"head")[:4] != signed[:4]
        with pytest.raises(UnknownKey):
            late.open(b"x", after)
        with pytest.raises(KeyStoreFault, match="dump, then load"):
            await replace_key(connection, keys, "index")
        with pytest.raises(KeyStoreFault, match="no domain"):
            await replace_key(connection, keys, "nothing")
    finally:
        await connection.close()


async def test_keys_are_made_once_and_anew_for_another_cipher(postgres_dsn: str, keys: FileKeyStore) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    try:
        assert await make_keys(connection, keys, cipher="sm4") == ()
        assert await make_keys(connection, keys, cipher="off") == ()
        assert set(await make_keys(connection, keys, cipher="aes")) == {"identity", "clinical", "accounts", "audit"}
        vault = Vault(keys)
        await take_keys(connection, vault)
        sealed = vault.seal("identity", b"Patient/1", b"text")
        assert sealed[1] == 2
        assert vault.open(b"Patient/1", sealed) == b"text"
    finally:
        await connection.close()


async def test_another_master_key_is_refused(postgres_dsn: str, tmp_path: Path) -> None:
    other = FileKeyStore.make(tmp_path / "other.key")
    connection = await asyncpg.connect(postgres_dsn)
    try:
        with pytest.raises(KeyStoreFault, match="put the right one back"):
            await make_keys(connection, other, cipher="sm4")
        with pytest.raises(KeyStoreFault, match="was not wrapped by this master key"):
            await take_keys(connection, Vault(other))
    finally:
        await connection.close()


def test_a_master_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = FileKeyStore.make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert FileKeyStore.make(path).mark == made.mark == FileKeyStore(path).mark
    for mode in (0o640, 0o604, 0o620, 0o601):
        path.chmod(mode)
        with pytest.raises(KeyStoreFault, match="chmod 600"):
            FileKeyStore(path)


def test_what_is_no_master_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreFault, match="no master key at"):
        FileKeyStore(tmp_path / "absent")
    false = tmp_path / "false"
    for text in ("something\n", "xinglin master key 1\nzz\n", "xinglin master key 1\nabcd\n"):
        false.write_text(text)
        false.chmod(0o600)
        with pytest.raises(KeyStoreFault, match="is no master key"):
            FileKeyStore(false)
    link = tmp_path / "link"
    link.symlink_to(false)
    with pytest.raises(KeyStoreFault, match="cannot be read"):
        FileKeyStore(link)
