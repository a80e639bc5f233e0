"""When a resource happened, for a time line."""

from collections.abc import Mapping
from typing import Any, Final

# When something happened, the most telling first; the ends of a period are looked into.
_WHEN: Final = (
    *("performedDateTime", "performedPeriod", "effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    *("occurrenceDateTime", "occurrencePeriod", "onsetDateTime", "onsetPeriod", "authoredOn", "whenHandedOver"),
    *("period", "start", "started", "sent", "authored", "dateTime", "date", "collectedDateTime", "created"),
    *("createdDateTime", "issued", "recorded", "recordedDate", "startDate", "billablePeriod", "servicedDate"),
    *("dateWritten", "timestamp", "executionPeriod", "dateAsserted"),
)


def when(resource: Mapping[str, Any]) -> str:
    """Give the date, as FHIR writes it, on which a resource happened; empty when it says none."""
    for member in _WHEN:
        value = resource.get(member)
        if isinstance(value, dict):
            value = value.get("start") or value.get("end")
        if isinstance(value, str) and value[:4].isdigit():
            return value
    collected = resource.get("collection")
    return when(collected) if isinstance(collected, dict) else ""
