"""Medicines: which are being taken now, since when and until when. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from xinglin.capabilities.health_records.rules.documents import Document, day, decimal, key_of, order, reference, when

_TAKEN: Final = frozenset({"active", "on-hold", "completed", "stopped", "unknown"})
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


# current: taken today as far as is known; held: paused; lapsed: nobody stopped it, but what was given is used up;
# stopped: by a decision; ended: as planned.
State = Literal["current", "held", "lapsed", "stopped", "ended"]
UNSURE_DAYS: Final = 365  # an order without an end that is older than this may not be taken any more


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine of a person.

    concept: CodeableConcept, or (when it is only referred to) the Reference. dosage: the instructions as FHIR.
    until: the last day that the supply covers; None when nobody said. filled: when it was handed out last, as FHIR
    writes it. unsure: it is called active, is older than a year and nobody said until when.
    """

    type: str
    id: str
    concept: Any
    dosage: tuple[Document, ...]
    since: str
    until: date | None
    state: State
    filled: str
    unsure: bool
    requester: Any
    encounter: str
    reason: Any

    @property
    def current(self) -> bool:
        """Tell whether it is taken, or paused for a while."""
        return self.state in {"current", "held"}


def medicine(document: Document, today: date, fills: Iterable[Document] = ()) -> Medicine:
    """Understand a MedicationRequest or MedicationStatement. fills: the MedicationDispense that were made for it."""
    given = sorted(fills, key=lambda one: str(one.get("whenHandedOver", "")))
    last = _covered(document, given)
    begun = day(when(document))
    state = _state(str(document.get("status", "")), last, today)
    return Medicine(
        type=str(document.get("resourceType", "")),
        id=str(document.get("id", "")),
        concept=document.get("medicationCodeableConcept") or document.get("medicationReference") or {},
        dosage=tuple(document.get("dosageInstruction") or document.get("dosage") or ()),
        since=when(document),
        until=last,
        state=state,
        filled=str(given[-1].get("whenHandedOver", "")) if given else "",
        unsure=state == "current" and last is None and begun is not None and (today - begun).days > UNSURE_DAYS,
        requester=document.get("requester") or document.get("informationSource"),
        encounter=reference(document.get("encounter") or document.get("context")),
        reason=(document.get("reasonCode") or document.get("reasonReference") or [None])[0],
    )


def _state(status: str, last: date | None, today: date) -> State:
    if status == "on-hold":
        return "held"
    if status in {"stopped", "cancelled", "not-taken"}:
        return "stopped"
    covered = last is not None and last >= today
    if status == "active":
        return "current" if covered or last is None else "lapsed"
    # what is completed was filled: it is taken until it is used up
    return "current" if status == "completed" and covered else "ended"


def _covered(document: Document, fills: Sequence[Document]) -> date | None:
    """Give the last day that is covered: by what was handed out, when that is known, else as prescribed."""
    days = [
        handed + timedelta(days=supplied - 1)
        for one in fills
        if (handed := day(str(one.get("whenHandedOver", "")))) is not None
        and (supplied := _days(one.get("daysSupply", {})))
    ]
    return max(days) if days else until(document)


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


def medicines(
    documents: Iterable[Document], today: date, fills: Iterable[Document] = ()
) -> tuple[tuple[Medicine, ...], tuple[Medicine, ...]]:
    """Give what is taken now, and what is not any more: of each medicine the newest prescription speaks, newest first.

    fills: what was handed out (MedicationDispense).
    """
    kept = [one for one in documents if one.get("status") in _TAKEN]
    handed: dict[str, list[Document]] = {}
    for one in fills:
        for of in one.get("authorizingPrescription", ()) if one.get("status") == "completed" else ():
            handed.setdefault(reference(of), []).append(one)
    newest: dict[str, Medicine] = {}
    for document in sorted(kept, key=order, reverse=True):
        made = medicine(document, today, handed.get(f"{document.get('resourceType')}/{document.get('id')}", ()))
        newest.setdefault(key_of(made.concept) or reference(made.concept) or made.id, made)
    found = tuple(newest.values())
    former = sorted((one for one in found if not one.current), key=lambda one: one.state != "lapsed")
    return tuple(one for one in found if one.current), tuple(former)


def _days(duration: Document) -> int:
    number = decimal(duration.get("value"))
    unit = str(duration.get("code") or duration.get("unit") or "d")
    if number is None or unit not in _DAYS:
        return 0
    return int(-(-number * Decimal(str(_DAYS[unit])) // 1))
