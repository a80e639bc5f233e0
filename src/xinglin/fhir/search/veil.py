"""Numbers by which a person is known never stand in the index as they are: a keyed digest stands in for each.

Identifiers and contact points are veiled whole. In other texts and codes, whatever looks like an identity card number
or a telephone number is veiled where it stands, by writers and readers alike, so that the whole number still finds it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from xinglin.fhir.sources import cites

SHORTEST: Final = 10
"""Characters of the shortest number that `veiled` looks for."""

# Identity cards of 18 and of 15 characters (GB 11643), mobile telephones, telephones with an area code; digits may
# stand in the groups in which people write them.
_TELLING: Final = re.compile(
    r"(?<!\d)(?:"
    r"[1-8]\d{5}[ -]?(?:18|19|20)\d\d[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx]"
    r"|[1-8]\d{5}[ -]?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}"
    r"|(?:\+?(?:00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
    r"|0[1-9]\d{1,2}[ -]?\d{7,8}"
    r")(?!\d)",
    re.ASCII,
)
_GROUPED: Final = re.compile(r"[ +-]")
# A digest in letters alone can be mistaken neither for a number nor for a word.
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")
_BYTES: Final = 12
_VEIL: Final = re.compile(r"z[a-p]{24}")


class SecretClash(Exception):
    """The process finds the records of another store, by the secret of that."""


class _Secret:
    """The one secret of the process; without one, digests still differ from numbers, but anyone can compute them."""

    __slots__ = ("base", "given")

    def __init__(self) -> None:
        self.given = b""
        self.base = HMAC(b"\0", SM3())


_SECRET: Final = _Secret()


@cites("R7-053")
def take_secret(secret: bytes) -> None:
    """Take the store's secret into use, before anything is indexed or sought; SecretClash when it is another one.

    A process serves one store, so that no call has to carry the secret along.
    """
    if not secret or _SECRET.given not in {b"", secret}:
        raise SecretClash("This process already finds the records of another store.")
    if not _SECRET.given:
        _SECRET.given = secret
        _SECRET.base = HMAC(secret, SM3())
        for remembering in _REMEMBERING:
            remembering()


_REMEMBERING: Final[list[Callable[[], None]]] = []


def forget_with(clear: Callable[[], None]) -> None:
    """Have *clear* called when the secret changes: for whoever remembers what was computed with it."""
    _REMEMBERING.append(clear)


@cites("R7-053")
def veil(value: str) -> str:
    """Give what stands for *value*: 96 bits of its HMAC-SM3 in 24 letters, after a z."""
    mac = _SECRET.base.copy()
    mac.update(value.encode("utf-8", "surrogatepass"))
    return "z" + mac.finalize()[:_BYTES].hex().translate(_LETTERS)


def veiled(text: str) -> str:
    """Give *text* with every telling number veiled; a number is the same however its digits are grouped."""
    if len(text) < SHORTEST:
        return text
    return _TELLING.sub(_veiled, text)


def may_hold_veil(text: str) -> bool:
    """Tell whether *text* may have come out of `veiled` other than it was."""
    return _VEIL.search(text) is not None


def telling(text: str) -> bool:
    """Tell whether *text* is nothing but a telling number."""
    return _TELLING.fullmatch(text) is not None


def _veiled(found: "re.Match[str]") -> str:
    return _one(found[0])


@lru_cache(maxsize=4_096)
def _one(number: str) -> str:
    return veil(_GROUPED.sub("", number).upper())


forget_with(_one.cache_clear)
