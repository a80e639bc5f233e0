"""The text of a health card's QR: made so that nothing of the person stands in it, and read with care (WS/T 543)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from xinglin.fhir.sources import cites
from xinglin.security.identifiers import normal

# version: D dynamic, S static. XL1D.<token>.<mark>
DYNAMIC: Final = "XL1D"
STATIC: Final = "XL1S"
TOKEN_BYTES: Final = 16
_MARK_CHARACTERS: Final = 32
_FORM: Final = re.compile(rf"({DYNAMIC}|{STATIC})\.([0-9a-f]{{32,64}})\.([0-9a-f]{{{_MARK_CHARACTERS}}})", re.ASCII)
_NUMBER: Final = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)", re.ASCII)

Mark = Callable[[str], bytes]
Uses = Literal["once", "validity"]


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says. token: one-time text of a dynamic code, card number of a static one."""

    dynamic: bool
    token: str


@cites("R6-041", "CD-10")
def text_of(code: Code, mark: Mark) -> str:
    """Write a code: version, token and a mark by which only the issuer knows its own. No identity number stands in it.

    mark: a keyed digest of the vault.
    """
    head = f"{DYNAMIC if code.dynamic else STATIC}.{code.token}"
    return f"{head}.{mark(head).hex()[:_MARK_CHARACTERS]}"


@cites("R6-041")
def read(text: str, mark: Mark) -> Code | str:
    """Read a scanned text; else say why it is none of ours: a code of `contract.CHECKS`."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return "identity-number" if _NUMBER.search(normal(text)) else "unknown"
    code = Code(found[1] == DYNAMIC, found[2])
    return code if text_of(code, mark) == text.strip() else "forged"


@cites("R6-040", "R6-041")
def standing(expires: datetime, used: datetime | None, now: datetime, uses: Uses) -> str:
    """Say how a dynamic code stands. uses: it serves once, or as long as it is valid."""
    if used is not None and uses == "once":
        return "used"
    return "valid" if now < expires else "expired"
