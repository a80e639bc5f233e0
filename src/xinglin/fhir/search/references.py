"""References, identifiers and contact points as search compares them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES

UCUM_MARK: Final = "ucum:"
"""Before a canonical unit in the spelling of a quantity's key."""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?", re.ASCII)
_GAPS = re.compile(r"[\s()\-./]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A resource of this server that a reference names."""

    type: str
    id: str
    version: str | None


def is_id(text: str) -> bool:
    """Tell whether *text* could be a logical id."""
    return _ID.fullmatch(text) is not None


@lru_cache(maxsize=8_192)
def local(reference: str, base_url: str) -> Target | None:
    """Understand a reference to this server: Type/id, with a version or not, relative or below *base_url*."""
    if base_url and reference.startswith(base_url):
        reference = reference[len(base_url) :].lstrip("/")
    found = _LOCAL.fullmatch(reference)
    if found is None or found.group(1) not in TYPE_CODES:
        return None
    return Target(found.group(1), found.group(2), found.group(3))


@lru_cache(maxsize=16_384)
def contact(value: str) -> str:
    """Fold a telephone number or mail address: case, and the marks that only group digits."""
    folded = value.strip().casefold()
    closed = _GAPS.sub("", folded)
    return closed if closed.lstrip("+").isdigit() else folded
