"""Small questions to a decoded resource. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

Document = Mapping[str, Any]

ZONE: Final = ZoneInfo("Asia/Shanghai")

# When something happened, the most telling first; the ends of a period are looked into.
_WHEN: Final = (
    *("performedDateTime", "performedPeriod", "effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    *("occurrenceDateTime", "occurrencePeriod", "onsetDateTime", "onsetPeriod", "authoredOn"),
    *("period", "start", "date", "dateTime", "issued", "sent", "recordedDate", "dateAsserted", "created"),
)


def when(document: Document) -> str:
    """Give the date, as FHIR writes it, on which a resource happened; empty when it says none."""
    for member in _WHEN:
        value = document.get(member)
        if isinstance(value, dict):
            value = value.get("start") or value.get("end")
        if isinstance(value, str) and value[:4].isdigit():
            return value
    return ""


def instant(value: str) -> datetime | None:
    """Give the instant at which a FHIR date begins (in the region's zone where it names none); None when it is none."""
    text = value + {4: "-01-01", 7: "-01"}.get(len(value), "")
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (made if made.tzinfo else made.replace(tzinfo=ZONE)).astimezone(UTC)


def day(value: str) -> date | None:
    """Give the day in the region on which a FHIR date falls; None when it is none."""
    made = instant(value)
    return None if made is None else made.astimezone(ZONE).date()


def order(document: Document) -> tuple[datetime, str]:
    """Give what sorts resources by time; those without a date come first, so last when the newest lead."""
    return (instant(when(document)) or datetime.min.replace(tzinfo=UTC), str(document.get("id", "")))


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """Give system and code of every coding of a CodeableConcept, or of a list of them."""
    for one in concept if isinstance(concept, list) else [concept]:
        for coding in one.get("coding", ()) if isinstance(one, dict) else ():
            if coding.get("code"):
                yield str(coding.get("system", "")), str(coding["code"])


def codes(concept: Any) -> frozenset[str]:
    """Give the bare codes of a concept, for codes that their system cannot confuse."""
    return frozenset(code for _, code in codings(concept))


def key_of(concept: Any) -> str:
    """Give what makes two concepts the same: the first code, else the text."""
    first = next(iter(codings(concept)), None)
    if first is not None:
        return "|".join(first)
    return str(concept.get("text", "")) if isinstance(concept, dict) else ""


def reference(value: Any) -> str:
    """Give the literal reference in a Reference, or in the first of a list; empty without one."""
    first = value[0] if isinstance(value, list) and value else value
    return str(first.get("reference", "")) if isinstance(first, dict) else ""


def decimal(value: Any) -> Decimal | None:
    """Give a number of a document as Decimal."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return Decimal(value)


def extension(document: Document, name: str) -> Document:
    """Give the extension of the platform called *name*; an empty one when there is none."""
    url = f"https://xinglin.health/fhir/StructureDefinition/{name}"
    return next((one for one in document.get("extension", ()) if one.get("url") == url), {})
