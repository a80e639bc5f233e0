"""The national algorithms: SM3 (digest), SM4 and AES in GCM (sealing), HMAC-SM3, and signatures by SM2.

SM3, SM4 and AES are OpenSSL's. SM2 (GB/T 32918.2, curve of GB/T 32918.5) is computed here with Python's integers, as
OpenSSL's is not reachable from Python: not in constant time, so the host that signs must be trusted as the key is.
"""

from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from xinglin.fhir.sources import cites

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
PUBLIC_BYTES: Final = 65

SIGNER: Final = b"1234567812345678"
"""The default distinguishing identifier of a signer (GM/T 0009, section 10)."""

# The recommended curve, GB/T 32918.5 section 2.
_P: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
_A: Final = _P - 3
_B: Final = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
_N: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
_G: Final = (
    0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7,
    0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0,
)

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]
_NOWHERE: Final[_Jacobian] = (1, 1, 0)


class Tampered(Exception):
    """Sealed bytes do not open: changed, of another place, or sealed by another key."""


# -- SM3, HMAC ----------------------------------------------------------------------------------------------------


def sm3(data: bytes) -> bytes:
    """Digest *data* to 32 bytes (GB/T 32905)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


class Keyed:
    """HMAC-SM3 under one key (GB/T 15852.2); 32 bytes."""

    __slots__ = ("_base",)

    def __init__(self, key: bytes) -> None:
        self._base = HMAC(key, hashes.SM3())

    def digest(self, data: bytes) -> bytes:
        """Digest *data* under the key."""
        # A copy costs half of taking the key again.
        mac = self._base.copy()
        mac.update(data)
        return mac.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """Digest *data* under *key*, once."""
    return Keyed(key).digest(data)


# -- SM4, AES -----------------------------------------------------------------------------------------------------


class Sm4:
    """SM4 in GCM (RFC 8998): *key* of 16 bytes, nonces of 12, ciphertexts end with a tag of 16."""

    __slots__ = ("_algorithm",)

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def seal(self, nonce: bytes, aad: bytes, plain: bytes) -> bytes:
        """Encrypt *plain*, bound to *aad*; a nonce must never serve two plain texts."""
        sealer = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        sealer.authenticate_additional_data(aad)
        return sealer.update(plain) + sealer.finalize() + sealer.tag

    def open(self, nonce: bytes, aad: bytes, sealed: bytes) -> bytes:
        """Decrypt what `seal` made; raises Tampered."""
        if len(sealed) < TAG_BYTES:
            raise Tampered
        opener = Cipher(self._algorithm, modes.GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        opener.authenticate_additional_data(aad)
        try:
            return opener.update(sealed[:-TAG_BYTES]) + opener.finalize()
        except InvalidTag:
            raise Tampered from None


class Aes:
    """AES in GCM, as `Sm4`; *key* of 32 bytes."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, nonce: bytes, aad: bytes, plain: bytes) -> bytes:
        """Encrypt *plain*, bound to *aad*; a nonce must never serve two plain texts."""
        return self._aead.encrypt(nonce, plain, aad)

    def open(self, nonce: bytes, aad: bytes, sealed: bytes) -> bytes:
        """Decrypt what `seal` made; raises Tampered."""
        if len(sealed) < TAG_BYTES:
            raise Tampered
        try:
            return self._aead.decrypt(nonce, sealed, aad)
        except InvalidTag:
            raise Tampered from None


# -- SM2 ----------------------------------------------------------------------------------------------------------


def private_of(random: bytes) -> int:
    """Make a private key, 1 to n-2, of at least 40 random bytes."""
    if len(random) < 40:
        raise ValueError("a private key takes 40 random bytes")
    return int.from_bytes(random, "big") % (_N - 2) + 1


def public_of(private: int) -> bytes:
    """Compute the public key: 04, x, y; 65 bytes."""
    x, y = _plain(_times_base(private))
    return b"\4" + _bytes(x) + _bytes(y)


def sign(private: int, data: bytes, signer: bytes = SIGNER) -> bytes:
    """Sign *data*: r and s, 32 bytes each.

    The secret number is derived from key and message (RFC 6979 with HMAC-SM3): a signature needs no luck, and the same
    data gives the same signature.
    """
    digest = message_digest(public_of(private), data, signer)
    for k in _numbers(private, digest):
        made = sign_digest(private, digest, k)
        if made is not None:
            return made
    raise AssertionError("no number served")


def sign_digest(private: int, digest: bytes, k: int) -> bytes | None:
    """Sign the digest e of a message with the secret number *k*; None when *k* does not serve (GB/T 32918.2, 6.1)."""
    x, _ = _plain(_times_base(k))
    r = (int.from_bytes(digest, "big") + x) % _N
    if r in {0, _N - k}:
        return None
    s = pow(1 + private, -1, _N) * (k - r * private) % _N
    return _bytes(r) + _bytes(s) if s else None


def verify(public: bytes, data: bytes, signature: bytes, signer: bytes = SIGNER) -> bool:
    """Tell whether *signature* (r and s) of *data* was made with the key of *public* (GB/T 32918.2, 7.1)."""
    point = point_of(public)
    if point is None or len(signature) != SIGNATURE_BYTES:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % _N
    if not (0 < r < _N and 0 < s < _N and t):
        return False
    sum_ = _add(_times_base(s), _times(t, point))
    if not sum_[2]:
        return False
    x, _ = _plain(sum_)
    return (int.from_bytes(message_digest(public, data, signer), "big") + x) % _N == r


@cites("R7-052")
def message_digest(public: bytes, data: bytes, signer: bytes = SIGNER) -> bytes:
    """Compute e = SM3(Z_A, M), which binds the message to signer and curve (GB/T 32918.2, 5.5 and 6.1)."""
    return sm3(signer_digest(public, signer) + data)


@cache
def signer_digest(public: bytes, signer: bytes = SIGNER) -> bytes:
    """Compute Z_A of a signer's identifier, the curve and the public key."""
    curve = b"".join(_bytes(number) for number in (_A, _B, *_G))
    return sm3((8 * len(signer)).to_bytes(2, "big") + signer + curve + public[1:])


def point_of(public: bytes) -> Point | None:
    """Read a public key (04, x, y); None when it is no point of the curve."""
    if len(public) != PUBLIC_BYTES or public[0] != 4:
        return None
    x, y = int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big")
    if x >= _P or y >= _P or (y * y - (x * x + _A) * x - _B) % _P:
        return None
    return x, y


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _numbers(private: int, digest: bytes) -> "list[int]":
    """Derive numbers from 1 to n-1 from key and digest (RFC 6979, 3.2, HMAC-SM3); the first nearly always serves."""
    seed = _bytes(private) + _bytes(int.from_bytes(digest, "big") % _N)
    key, value = bytes(32), b"\1" * 32
    for mark in (b"\0", b"\1"):
        key = hmac_sm3(key, value + mark + seed)
        value = hmac_sm3(key, value)
    found = []
    for _ in range(64):
        value = hmac_sm3(key, value)
        number = int.from_bytes(value, "big")
        if 0 < number < _N:
            found.append(number)
            if len(found) == 4:
                break
        key = hmac_sm3(key, value + b"\0")
        value = hmac_sm3(key, value)
    return found


# -- the curve, in Jacobian coordinates (x / z², y / z³) ----------------------------------------------------------


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z or not y:
        return _NOWHERE
    zz = z * z % _P
    yy = y * y % _P
    s = 4 * x * yy % _P
    m = 3 * (x - zz) * (x + zz) % _P  # a = -3
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def _add(one: _Jacobian, other: _Jacobian) -> _Jacobian:
    x1, y1, z1 = one
    x2, y2, z2 = other
    if not z1:
        return other
    if not z2:
        return one
    zz1, zz2 = z1 * z1 % _P, z2 * z2 % _P
    u1, u2 = x1 * zz2 % _P, x2 * zz1 % _P
    s1, s2 = y1 * z2 * zz2 % _P, y2 * z1 * zz1 % _P
    h, r = (u2 - u1) % _P, (s2 - s1) % _P
    if not h:
        return _NOWHERE if r else _double(one)
    hh = h * h % _P
    hhh, v = h * hh % _P, u1 * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - s1 * hhh) % _P, h * z1 * z2 % _P


def _plain(point: _Jacobian) -> Point:
    x, y, z = point
    inverse = pow(z, -1, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square * inverse % _P


@cache
def _windows() -> tuple[tuple[_Jacobian, ...], ...]:
    """The multiples 1 to 15 of G times 16^i, for i from 0 to 63."""
    rows = []
    base: _Jacobian = (*_G, 1)
    for _ in range(64):
        row = [base]
        for _ in range(14):
            row.append(_add(row[-1], base))
        rows.append(tuple((*_plain(point), 1) for point in row))
        base = (*_plain(_double(row[7])), 1)
    return tuple(rows)


def _times_base(factor: int) -> _Jacobian:
    found = _NOWHERE
    for row in _windows():
        digit = factor & 15
        if digit:
            found = _add(found, row[digit - 1])
        factor >>= 4
    return found


def _times(factor: int, point: Point) -> _Jacobian:
    multiples: list[_Jacobian] = [(*point, 1)]
    for _ in range(14):
        multiples.append(_add(multiples[-1], multiples[0]))
    found = _NOWHERE
    for place in range(252, -4, -4):
        found = _double(_double(_double(_double(found))))
        digit = factor >> place & 15
        if digit:
            found = _add(found, multiples[digit - 1])
    return found
