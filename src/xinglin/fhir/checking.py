"""What the generated checks and the thorough validator share: bindings, targets of references, siblings."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from xinglin.fhir.r4.valuesets import CODINGS

# The value, its resource, the resource that contains that, the depth.
Check = Callable[[Any, Any, Any, int], bool]

MAX_DEPTH: Final = 50  # objects within each other

# Where a value set cannot be listed, its code system at least is known.
SYSTEMS: Final[Mapping[str, str]] = {
    "http://hl7.org/fhir/ValueSet/ucum-units": "http://unitsofmeasure.org",
    "http://loinc.org/vs/LL379-9": "http://loinc.org",
}
_REST = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://\S*/)?([A-Z][A-Za-z]+)"
    r"(?:/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?|\?.*)(?:[#|].*)?"
)


def in_value_set(concept: Any, url: str) -> bool:
    """Tell whether the Coding, or one coding of the CodeableConcept, is of the value set at *url*."""
    allowed = CODINGS[url]
    return any((c.system, c.code) in allowed for c in _codings(concept))


def in_system(concept: Any, url: str) -> bool:
    """Tell whether a coding is of the code system that the value set at *url* draws from."""
    return any(c.system == SYSTEMS[url] and c.code for c in _codings(concept))


def _codings(concept: Any) -> Collection[Any]:
    return (concept.coding or ()) if concept.fhir_type == "CodeableConcept" else (concept,)


def target_type(reference: Any) -> str | None:
    """Name the resource type that a Reference points to; None when it does not say.

    Relative and absolute RESTful addresses and conditional references say it; `type` is asked when they do not.
    """
    found = _REST.fullmatch(reference.reference or "")
    return found.group(1) if found else reference.type


def points_to(reference: Any, allowed: Collection[str]) -> bool:
    """Tell whether *reference* may stand where only *allowed* types may."""
    kind = target_type(reference)
    return kind is None or kind in allowed


def siblings(
    value: Any, pairs: tuple[tuple[str, str], ...], check: Check, resource: Any, root: Any, depth: int
) -> bool:
    """Check the `_` siblings of primitives (http://hl7.org/fhir/R4/json.html#primitive).

    pairs: attribute and sibling attribute. A sibling is an element with content, of its own or by its value; in arrays
    both have one length, and where one holds null the other does not.
    """
    for attribute, sibling in pairs:
        extra = getattr(value, sibling)
        if extra is None:
            continue
        given = getattr(value, attribute)
        if not isinstance(extra, list):
            if not _sibling(given, extra, check, resource, root, depth):
                return False
        elif (
            not extra
            or (given is not None and len(given) != len(extra))
            or not all(
                _sibling(one, other, check, resource, root, depth)
                for one, other in zip(given or [None] * len(extra), extra, strict=True)
            )
        ):
            return False
    return True


def _sibling(given: Any, extra: Any, check: Check, resource: Any, root: Any, depth: int) -> bool:
    """One value with its sibling: either says something; an id alone belongs to a value."""
    if extra is None:
        return given is not None
    if extra.extension is None:
        return given is not None and extra.id is not None
    return check(extra, resource, root, depth)


def one_of(value: Any, pairs: tuple[tuple[str, str], ...], plain: tuple[str, ...]) -> bool:
    """Tell whether at most one type of a choice is given, by value or by sibling."""
    given = sum(getattr(value, a) is not None or getattr(value, b) is not None for a, b in pairs)
    return given + sum(getattr(value, a) is not None for a in plain) <= 1
