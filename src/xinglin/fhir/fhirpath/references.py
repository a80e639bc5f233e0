"""What the text of a reference says about its target (http://hl7.org/fhir/R4/references.html#literal)."""

import re
from typing import Any, Final

from xinglin.fhir.r4 import RESOURCES

# A relative or absolute RESTful reference, to any or one version; absolute ones may have any base.
_REST: Final = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#.*)?$")


def type_of_reference(reference: str) -> str | None:
    """Return the resource type that the text of a reference names; None when it names none (``urn:``, ``#``)."""
    head, slash, rest = reference.partition("/")
    if slash and head in RESOURCES and "/" not in rest:
        return head
    match = _REST.search(reference)
    return match.group(1) if match is not None and match.group(1) in RESOURCES else None


def target_type(reference: Any, resource: Any) -> str | None:
    """Return the type of what a Reference struct points to, without fetching it.

    From its text, from what *resource* contains (``#id``), else from its element ``type``; None when none of them says.
    """
    text = reference.reference
    if text is not None:
        if text[:1] == "#":
            for held in getattr(resource, "contained", None) or ():
                if held.id == text[1:]:
                    return str(held.fhir_type)
        named = type_of_reference(text)
        if named is not None:
            return named
    stated = reference.type
    return stated.rpartition("/")[2] if isinstance(stated, str) else None
