"""Medicines: which are being taken now, since when and until when. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document, day, decimal, key_of, order, reference, when

_TAKEN: Final = frozenset({"active", "on-hold", "completed", "unknown"})
# Days of a UCUM unit of time; months and years as prescriptions count them.
_DAYS: Final = {
    "h": 1 / 24,
    "d": 1,
    "wk": 7,
    "mo": 30,
    "a": 365,
    "天": 1,
    "日": 1,
    "周": 7,
    "月": 30,
    "day": 1,
    "days": 1,
}


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine of a person.

    concept: CodeableConcept, or (when it is only referred to) the Reference. dosage: the instructions as FHIR.
    until: the last day that the supply covers; None when nobody said. current: taken today as far as is known.
    """

    type: str
    id: str
    concept: Any
    dosage: tuple[Document, ...]
    since: str
    until: date | None
    current: bool
    held: bool
    requester: Any
    encounter: str
    reason: Any


def medicine(document: Document, today: date) -> Medicine:
    """Understand a MedicationRequest or MedicationStatement."""
    last = until(document)
    status = str(document.get("status", ""))
    going_on = status in {"active", "on-hold"} or (status == "completed" and last is not None)
    return Medicine(
        type=str(document.get("resourceType", "")),
        id=str(document.get("id", "")),
        concept=document.get("medicationCodeableConcept") or document.get("medicationReference") or {},
        dosage=tuple(document.get("dosageInstruction") or document.get("dosage") or ()),
        since=when(document),
        until=last,
        current=going_on and (last is None or last >= today),
        held=status == "on-hold",
        requester=document.get("requester") or document.get("informationSource"),
        encounter=reference(document.get("encounter") or document.get("context")),
        reason=(document.get("reasonCode") or document.get("reasonReference") or [None])[0],
    )


def until(document: Document) -> date | None:
    """Give the last day on which a prescription is covered.

    In this order: the end that the dosage names; the validity of the dispensing; the days of supply, repeats included.
    """
    start = day(when(document))
    for one in document.get("dosageInstruction") or document.get("dosage") or ():
        repeat = one.get("timing", {}).get("repeat", {})
        end = day(str(repeat.get("boundsPeriod", {}).get("end", "")))
        span = _days(repeat.get("boundsDuration", {}))
        if end is not None:
            return end
        if span and start is not None:
            return start + timedelta(days=span - 1)
    ended = document.get("effectivePeriod", {}).get("end")
    request = document.get("dispenseRequest", {})
    validity = day(str(ended or request.get("validityPeriod", {}).get("end", "")))
    if validity is not None:
        return validity
    supply = _days(request.get("expectedSupplyDuration", {}))
    if supply and start is not None:
        times = 1 + int(decimal(request.get("numberOfRepeatsAllowed")) or 0)
        return start + timedelta(days=supply * times - 1)
    return None


def medicines(documents: Iterable[Document], today: date) -> tuple[tuple[Medicine, ...], tuple[Medicine, ...]]:
    """Give what is taken now, and what ended: of each medicine the newest prescription speaks, newest first."""
    kept = [one for one in documents if one.get("status") in _TAKEN]
    newest: dict[str, Medicine] = {}
    for document in sorted(kept, key=order, reverse=True):
        one = medicine(document, today)
        newest.setdefault(key_of(one.concept) or reference(one.concept) or one.id, one)
    found = tuple(newest.values())
    return tuple(one for one in found if one.current), tuple(one for one in found if not one.current)


def _days(duration: Document) -> int:
    number = decimal(duration.get("value"))
    unit = str(duration.get("code") or duration.get("unit") or "d")
    if number is None or unit not in _DAYS:
        return 0
    return int(-(-number * Decimal(str(_DAYS[unit])) // 1))
