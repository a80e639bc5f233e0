"""What WeChat Pay signs (API v3: requests, answers, call-backs; RSA with SHA-256) and seals (AES-GCM)."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEMA: Final = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS: Final = 300
ALGORITHM: Final = "AEAD_AES_256_GCM"


def sign(key: RSAPrivateKey, *lines: str) -> str:
    """Sign lines, each ended by a newline, in base64."""
    return b64encode(key.sign(_message(lines), PKCS1v15(), SHA256())).decode()


def holds(key: RSAPublicKey, signature: str, *lines: str) -> bool:
    """Tell whether a signature is of these lines."""
    try:
        key.verify(b64decode(signature, validate=True), _message(lines), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def authorization(
    key: RSAPrivateKey, merchant: str, serial: str, *, verb: str, path: str, body: str, nonce: str, seconds: int
) -> str:
    """Write the Authorization header of a request. path: with its query. seconds: since 1970."""
    signature = sign(key, verb, path, str(seconds), nonce, body)
    given = {
        "mchid": merchant,
        "nonce_str": nonce,
        "timestamp": str(seconds),
        "serial_no": serial,
        "signature": signature,
    }
    return f"{SCHEMA} " + ",".join(f'{name}="{value}"' for name, value in given.items())


def authorized(header: str) -> Mapping[str, str]:
    """Read an Authorization header; empty for another scheme."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEMA:
        return {}
    pairs = (one.partition("=") for one in rest.split(","))
    return {name.strip(): value.strip('"') for name, _, value in pairs}


def answered(key: RSAPublicKey, headers: Mapping[str, str], body: str, now_seconds: int) -> bool:
    """Tell whether an answer or call-back is WeChat Pay's, and fresh. headers: by lower-case names."""
    stamp = headers.get("wechatpay-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(now_seconds - int(stamp)) > FRESH_SECONDS:
        return False
    return holds(key, headers.get("wechatpay-signature", ""), stamp, headers.get("wechatpay-nonce", ""), body)


def opened(key: bytes, resource: Mapping[str, Any]) -> bytes | None:
    """Open the sealed content of a call-back; None when it is not sealed by this key."""
    try:
        if resource["algorithm"] != ALGORITHM:
            return None
        nonce, more = str(resource["nonce"]).encode(), str(resource.get("associated_data", "")).encode()
        return AESGCM(key).decrypt(nonce, b64decode(resource["ciphertext"], validate=True), more)
    except (InvalidTag, KeyError, ValueError):
        return None


def sealed(key: bytes, content: bytes, nonce: str, more: str) -> dict[str, str]:
    """Seal the content of a call-back. nonce: 12 characters."""
    ciphertext = AESGCM(key).encrypt(nonce.encode(), content, more.encode())
    return {
        "algorithm": ALGORITHM,
        "ciphertext": b64encode(ciphertext).decode(),
        "nonce": nonce,
        "associated_data": more,
        "original_type": "transaction",
    }


def _message(lines: tuple[str, ...]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
