"""What happened to a patient: kinds of events, and the searches that find them at a place and in a time."""

from collections.abc import Mapping
from typing import Final

from xinglin.capabilities.health_records.operations.reading import Pairs
from xinglin.fhir.search.catalog import main_date

# kind → its types; "all" leaves single results out, which stand in their reports
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "visit": ("Encounter",),
    "problem": ("Condition",),
    "report": ("DiagnosticReport",),
    "result": ("Observation",),
    "medicine": ("MedicationRequest", "MedicationStatement"),
    "procedure": ("Procedure",),
    "vaccination": ("Immunization",),
    "document": ("Composition", "DocumentReference"),
}
ALL: Final = tuple(type for kind, types in KINDS.items() if kind != "result" for type in types)
# The parameter that names an institution of its own; of the others their visit says it.
_PLACES: Final[Mapping[str, str]] = {
    "Encounter": "service-provider",
    "DocumentReference": "custodian",
    "Immunization": "performer",
}
_VISITS: Final[Mapping[str, str]] = {"MedicationStatement": "context"}


def wanted(kind: str, since: str = "", until: str = "", institution: str = "") -> dict[str, Pairs]:
    """Give the searches of a kind (any other: all) within days, both included, and at an institution's id."""
    return {type: _pairs(type, since, until, institution) for type in KINDS.get(kind, ALL)}


def _pairs(type: str, since: str, until: str, institution: str) -> Pairs:
    date = main_date(type)
    pairs = [(date, f"ge{since}")] if date and since else []
    pairs += [(date, f"le{until}")] if date and until else []
    if institution:
        visit = _VISITS.get(type, "encounter")
        place = _PLACES.get(type, f"{visit}:Encounter.service-provider")
        pairs.append((place, f"Organization/{institution}"))
    return tuple(pairs)
