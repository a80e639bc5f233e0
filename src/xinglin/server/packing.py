"""Pages compressed, without telling by their length what stands in them (BREACH).

Whoever could put words into a page and see how long it is compressed could guess the secrets beside them. So the token
of forms is masked anew in every answer, what another site asks for is not compressed, and the length says little.
"""

import gzip
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from xinglin.server.negotiate import gzip_accepted

PACKED_FROM: Final = 1024  # bytes; less gains nothing
_LEVEL: Final = 5
_PADDING_MAX: Final = 64  # bytes
_NAMED: Final = 0x08  # the flag of gzip that a file name stands after the first ten bytes (RFC 1952)
# What a browser says of who began a request; programs say nothing.
_OURS: Final = frozenset({"", "none", "same-origin"})


def masked(token: str) -> str:
    """Give the token of forms as one page shows it: random bytes, and its own joined to them by exclusive or."""
    own = token.encode()
    pad = secrets.token_bytes(len(own))
    return urlsafe_b64encode(pad + _joined(pad, own)).decode()


def is_of(given: str, token: str) -> bool:
    """Tell whether a form carries the token of its visitor, masked or as the cookie has it."""
    try:
        both = urlsafe_b64decode(given.encode())
    except (Error, ValueError):
        both = b""
    half = len(both) // 2
    plain = _joined(both[:half], both[half:]) if len(both) % 2 == 0 else b""
    unmasked = secrets.compare_digest(plain, token.encode())
    return bool(token) and (secrets.compare_digest(given.encode(), token.encode()) or unmasked)


def packed(body: bytes, accept_encoding: str, fetch_site: str) -> bytes | None:
    """Compress a page by gzip; None when it goes out as it is.

    fetch_site: the header Sec-Fetch-Site. A file name of random length stands in front, which browsers pass over.
    """
    if len(body) < PACKED_FROM or fetch_site not in _OURS or not gzip_accepted(accept_encoding.encode("latin-1")):
        return None
    made = bytearray(gzip.compress(body, _LEVEL, mtime=0))
    made[3] |= _NAMED
    made[10:10] = b"x" * secrets.randbelow(_PADDING_MAX) + b"\0"
    return bytes(made)


def _joined(pad: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, text, strict=True))
