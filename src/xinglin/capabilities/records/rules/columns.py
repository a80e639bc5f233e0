"""What the table of a type shows."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.fhir.definitions import Element
from xinglin.fhir.r4.elements import TYPES

# What tells one resource from another, the most telling first; the table shows the first of these that the type has.
_TELLING: Final = (
    *("name", "title", "code", "vaccineCode", "medication", "class", "type", "category", "subject", "patient"),
    *("beneficiary", "gender", "birthDate", "value", "effective", "performed", "occurrence", "onset", "authoredOn"),
    *("period", "start", "started", "sent", "date", "created", "recorded", "status", "clinicalStatus", "performer"),
    *("serviceProvider", "managingOrganization", "address", "identifier", "description", "url", "owner", "for"),
    *("author", "publisher"),
)
MOST_COLUMNS: Final = 5
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "Patient": ("name", "gender", "birthDate", "address", "identifier"),
    "Practitioner": ("name", "gender", "qualification", "telecom", "identifier"),
    "Organization": ("name", "type", "address", "telecom", "identifier"),
    "Encounter": ("type", "subject", "class", "period", "status"),
    "Observation": ("code", "subject", "value", "effective", "status"),
    "Condition": ("code", "subject", "clinicalStatus", "onset", "recordedDate"),
    "Claim": ("type", "patient", "total", "created", "status"),
    "ExplanationOfBenefit": ("type", "patient", "payment", "created", "status"),
    "CarePlan": ("category", "subject", "period", "intent", "status"),
    "Location": ("name", "type", "address", "telecom", "status"),
    "Device": ("deviceName", "type", "patient", "status", "identifier"),
    "Provenance": ("target", "agent", "recorded", "activity"),
    "AuditEvent": ("type", "action", "recorded", "agent", "outcome"),
}


def columns(on: str) -> tuple[Element, ...]:
    """Give the elements that the table of a type shows, five at most, the first one as the link."""
    known = {element.name: element for element in TYPES[on].elements}
    wanted = _COLUMNS.get(on) or [name for name in _TELLING if name in known][:MOST_COLUMNS]
    return tuple(known[name] for name in wanted if name in known)


def cell(resource: Mapping[str, Any], element: Element) -> Any:
    """Give the value of an element, whichever type it was given in; None when there is none."""
    return next((resource[member] for member, _ in element.members() if member in resource), None)
