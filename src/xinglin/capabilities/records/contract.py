"""Addresses of records' pages, for other capabilities to link to."""

from typing import Final
from urllib.parse import quote

START: Final = "/"
FIND: Final = "/find"


def address(reference: str) -> str | None:
    """Give the page of a local reference such as ``Patient/1``, or of a version of it; None for any other."""
    parts = reference.split("/")
    if len(parts) == 4 and parts[2] == "_history":
        return f"/records/{quote(parts[0])}/{quote(parts[1])}?version={quote(parts[3])}"
    if len(parts) == 2 and parts[0][:1].isupper() and parts[1]:
        return f"/records/{quote(parts[0])}/{quote(parts[1])}"
    return None


def listing(resource_type: str) -> str:
    """Give the page that lists and searches a type."""
    return f"/records/{quote(resource_type)}"
