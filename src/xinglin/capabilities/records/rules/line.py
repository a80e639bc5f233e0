"""A resource in one row: title, state, date, subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.records.rules.gist import gist

# the element that says best what a resource is about, the first that is there
_TITLES: Final = (
    *(
        "name",
        "title",
        "code",
        "medicationCodeableConcept",
        "medicationReference",
        "vaccineCode",
        "type",
        "serviceType",
    ),
    *("category", "class", "description", "topic", "deviceName", "scope", "summary", "kind", "questionnaire", "url"),
)
_DATES: Final = (
    *("effectiveDateTime", "effectivePeriod", "effectiveInstant", "performedDateTime", "performedPeriod"),
    *("occurrenceDateTime", "occurrencePeriod", "onsetDateTime", "onsetPeriod", "authoredOn", "period", "start"),
    *("started", "date", "recordedDate", "whenHandedOver", "whenPrepared", "issued", "created", "sent", "dateTime"),
    *("birthDate", "timestamp", "recorded", "assertedDate", "collected"),
)
_SUBJECTS: Final = ("subject", "patient", "beneficiary", "individual", "for", "practitioner", "partOf")
_STATES: Final = ("status", "clinicalStatus", "lifecycleStatus", "gender", "publicationStatus")


@dataclass(frozen=True, slots=True)
class Line:
    """What a list shows of a resource. date: FHIR date at the precision it has. subject: (reference, words)."""

    type: str
    id: str
    title: str
    state: str
    date: str
    subject: tuple[str, str] | None
    updated: str


def line(document: Mapping[str, Any]) -> Line:
    """Sum a resource up."""
    title = next((said for member in _TITLES if (said := _words(document.get(member)))), "")
    value = next((gist(document[member]) for member in document if member.startswith("value")), "")
    subject = next((document[member] for member in _SUBJECTS if isinstance(document.get(member), Mapping)), None)
    return Line(
        type=document["resourceType"],
        id=document["id"],
        title=f"{title}：{value}" if title and value else title,
        state=next((_state(document[member]) for member in _STATES if member in document), ""),
        date=next((said for member in _DATES if (said := _date(document.get(member)))), ""),
        subject=_subject(subject),
        updated=document.get("meta", {}).get("lastUpdated", ""),
    )


def _words(value: object) -> str:
    return gist(value[:1] if isinstance(value, list) else value) if value is not None else ""


def _state(value: object) -> str:
    if isinstance(value, Mapping):
        return str(next((one.get("code", "") for one in value.get("coding", ())), gist(value)))
    return str(value)


def _date(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("start") or value.get("end") or "")
    return value if isinstance(value, str) else ""


def _subject(value: Mapping[str, Any] | None) -> tuple[str, str] | None:
    reference = value.get("reference") if value is not None else None
    return (reference, gist(value)) if isinstance(reference, str) else None
