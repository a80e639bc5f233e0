"""The vault of a process: seals, opens, digests and signs with the data keys that the key store unwrapped."""

import os
from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any, Final, Protocol

from xinglin.fhir.sources import cites
from xinglin.security import sm
from xinglin.store.vault.keystore import KeyStore

VERSION: Final = 1
ALGORITHMS: Final = {"sm4": 1, "aes": 2}
INDEX: Final = "index"
SIGNS: Final = "sign:"
KEY_BYTES: Final = {"sm4": 16, "aes": 32, "hmac-sm3": 32}

_HEAD: Final = Struct(">BBI")
_KID: Final = Struct(">I")
_OVERHEAD: Final = _HEAD.size + sm.NONCE_BYTES + sm.TAG_BYTES
_HEDGE_BYTES: Final = 16


class NoKey(Exception):
    """The vault holds no key for what was asked: no keys were made, or none of that name."""


class UnknownKey(Exception):
    """Sealed bytes name a key that this process has not read yet, or that was retired."""

    def __init__(self, kid: int) -> None:
        super().__init__(f"key {kid}")
        self.kid = kid


class KeyRecord(Protocol):
    """A row of data_key, read by column name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column."""


class _Key:
    """A data key that seals: its number, what stands before the nonce, and the cipher."""

    __slots__ = ("cipher", "head", "hedge")

    def __init__(self, kid: int, alg: str, secret: bytes) -> None:
        self.head = _HEAD.pack(VERSION, ALGORITHMS[alg], kid)
        self.cipher = sm.Sm4(secret) if alg == "sm4" else sm.Aes(secret)
        self.hedge = sm.Keyed(sm.hmac_sm3(secret, b"nonce"))


@cites("R7-051", "R7-053")
class Vault:
    """Data keys of one process. Sealed form: version, algorithm, key number (4 bytes), nonce, ciphertext, tag.

    One without keys opens and seals nothing. Not for use by several threads at once.
    bodies: whether records are sealed. stale: somebody said that keys have changed; whoever takes them up clears it.
    """

    def __init__(
        self, keys: KeyStore | None = None, *, bodies: bool = True, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self.stale = False
        self.seals_bodies = False
        self._bodies = bodies
        self._keys = keys
        self._random = random
        self._known: dict[int, _Key] = {}
        self._seals: dict[str, _Key] = {}
        self._index: sm.Keyed | None = None
        self._search = b""
        self._private: dict[str, tuple[int, int]] = {}
        self._public: dict[int, tuple[str, bytes]] = {}
        self._wrapped: dict[int, str] = {}  # state of every key taken

    @property
    def has_keys(self) -> bool:
        """True when there is a key store to unwrap keys with."""
        return self._keys is not None

    def take(self, records: Iterable[KeyRecord]) -> None:
        """Take up the rows of data_key, new and known; raises KeyStoreFault when the key store cannot unwrap one."""
        self.stale = False
        for record in records:
            kid, domain, state = record["kid"], record["domain"], record["state"]
            if state == "retired":
                self._forget(kid)
                continue
            if self._wrapped.get(kid) == state:
                continue
            if kid not in self._wrapped:
                self._unwrap(record)
            self._wrapped[kid] = state
            if state == "active" and kid in self._known:
                self._seals[domain] = self._known[kid]
                self.seals_bodies = self._bodies

    def changed(self) -> None:
        """Note that the database has other keys than before."""
        self.stale = True

    def seal(self, domain: str, aad: bytes, plain: bytes) -> bytes:
        """Encrypt *plain* with the active key of *domain*, bound to *aad* (its place); raises NoKey.

        The nonce is a keyed digest of chance, place and content: neither weak chance nor a copied machine can make one
        serve two plain texts.
        """
        key = self._seals.get(domain)
        if key is None:
            raise NoKey(domain)
        nonce = key.hedge.digest(b"%b%d:%b%b" % (self._random(_HEDGE_BYTES), len(aad), aad, plain))[: sm.NONCE_BYTES]
        return key.head + nonce + key.cipher.seal(nonce, key.head + aad, plain)

    def open(self, aad: bytes, sealed: bytes) -> bytes:
        """Decrypt what `seal` made for the same *aad*; raises Tampered, UnknownKey."""
        if len(sealed) < _OVERHEAD:
            raise sm.Tampered
        key = self._known.get(kid_of(sealed))
        if key is None:
            raise UnknownKey(kid_of(sealed))
        head, nonce = sealed[: _HEAD.size], sealed[_HEAD.size : _HEAD.size + sm.NONCE_BYTES]
        if head != key.head:
            raise sm.Tampered
        return key.cipher.open(nonce, head + aad, sealed[_HEAD.size + sm.NONCE_BYTES :])

    def knows(self, sealed: bytes) -> bool:
        """Tell whether the key of *sealed* is here."""
        return len(sealed) >= _HEAD.size and kid_of(sealed) in self._known

    def digest(self, kind: str, text: str) -> bytes:
        """Digest *text* to 32 bytes that find it again, and that nobody without the key can guess; raises NoKey."""
        if self._index is None:
            raise NoKey(INDEX)
        return self._index.digest(f"{kind}\x1f{text}".encode())

    @property
    def search_secret(self) -> bytes:
        """The secret by which the index of records veils numbers (`fhir.search.veil`); empty without keys."""
        return self._search

    def sign(self, name: str, data: bytes) -> bytes:
        """Sign *data* (SM2) with the platform's key *name*; key number, r and s: 68 bytes. Raises NoKey."""
        if name not in self._private:
            raise NoKey(SIGNS + name)
        kid, private = self._private[name]
        return _KID.pack(kid) + sm.sign(private, data)

    def verify(self, name: str, data: bytes, signature: bytes) -> bool:
        """Tell whether *signature* is one that `sign` made, with this or an older key of that name."""
        if len(signature) != _KID.size + sm.SIGNATURE_BYTES:
            return False
        owner, public = self._public.get(_KID.unpack_from(signature)[0], ("", b""))
        return owner == name and sm.verify(public, data, signature[_KID.size :])

    def public(self, name: str) -> bytes:
        """Give the public key (04, x, y) that *name* signs with now; raises NoKey."""
        if name not in self._private:
            raise NoKey(SIGNS + name)
        return self._public[self._private[name][0]][1]

    def publics(self, name: str) -> tuple[bytes, ...]:
        """Give every public key that *name* signs or has signed with."""
        return tuple([public for owner, public in self._public.values() if owner == name])

    def chance(self, number: int) -> bytes:
        """Give random bytes, for a key or a serial number."""
        return self._random(number)

    def _unwrap(self, record: KeyRecord) -> None:
        if self._keys is None:
            raise NoKey(record["domain"])
        kid, domain, alg = record["kid"], record["domain"], record["alg"]
        secret = self._keys.unwrap(record["wrapped"], context(kid, domain, alg))
        if alg in ALGORITHMS:
            self._known[kid] = _Key(kid, alg, secret)
        elif domain == INDEX:
            self._index = sm.Keyed(secret)
            self._search = sm.hmac_sm3(secret, b"search")
        else:
            name, private = domain.removeprefix(SIGNS), int.from_bytes(secret, "big")
            self._public[kid] = name, sm.public_of(private)
            if record["state"] == "active":
                self._private[name] = kid, private

    def _forget(self, kid: int) -> None:
        self._known.pop(kid, None)
        self._wrapped.pop(kid, None)


def kid_of(sealed: bytes) -> int:
    """Read the number of the key from sealed bytes."""
    return int(_HEAD.unpack_from(sealed)[2])


def context(kid: int, domain: str, alg: str) -> bytes:
    """Say what a wrapped key is bound to."""
    return f"{kid}:{domain}:{alg}".encode()
