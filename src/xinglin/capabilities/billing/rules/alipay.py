"""What Alipay signs: parameters in the order of their names, RSA with SHA-256 (RSA2); answers as they were written."""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256


def content(given: Mapping[str, str], *, heard: bool = False) -> str:
    """Give what is signed of parameters. heard: of a call-back, where ``sign_type`` is left out too."""
    left_out = {"sign", "sign_type"} if heard else {"sign"}
    return "&".join(f"{name}={given[name]}" for name in sorted(given) if given[name] and name not in left_out)


def sign(key: RSAPrivateKey, text: str) -> str:
    """Sign, in base64."""
    return b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def holds(key: RSAPublicKey, signature: str, text: str) -> bool:
    """Tell whether a signature is of this text."""
    try:
        key.verify(b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def said(answer: str, node: str) -> str:
    """Cut out the text of a node of an answer, as it was signed; empty when it is not there."""
    start = answer.find(f'"{node}"')
    begin = answer.find("{", start) if start >= 0 else -1
    if begin < 0:
        return ""
    depth, quoted, escaped = 0, False, False
    for place in range(begin, len(answer)):
        sign_ = answer[place]
        if quoted:
            quoted = escaped or sign_ != '"'
            escaped = sign_ == "\\" and not escaped
        elif sign_ == '"':
            quoted = True
        elif sign_ in "{}":
            depth += 1 if sign_ == "{" else -1
            if depth == 0:
                return answer[begin : place + 1]
    return ""
