"""A document Bundle: a Composition and what it names (http://hl7.org/fhir/R4/documents.html). Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document

DOCUMENT: Final = "urn:oid:2.16.156.10011.1.1"


def references(value: Any) -> Iterator[str]:
    """Give every literal reference in a document, each as often as it stands there."""
    if isinstance(value, dict):
        given = value.get("reference")
        if isinstance(given, str):
            yield given
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def bundle(composition: Document, named: Iterable[Document], *, base: str, number: str, at: str) -> dict[str, Any]:
    """Make a document Bundle; the Composition first, each resource once.

    base: address of the FHIR service, for fullUrl; number: of the document; at: instant of assembly.
    """
    first = [composition, *named]
    once = {f"{one['resourceType']}/{one['id']}": one for one in first}
    return bundled([(f"{base}/{name}", one) for name, one in once.items()], number=number, at=at)


def bundled(entries: Iterable[tuple[str, Document]], *, number: str, at: str) -> dict[str, Any]:
    """Make a document Bundle of entries with their fullUrl, the Composition first."""
    return {
        "resourceType": "Bundle",
        "identifier": {"system": DOCUMENT, "value": number},
        "type": "document",
        "timestamp": at,
        "entry": [{"fullUrl": url, "resource": one} for url, one in entries],
    }
