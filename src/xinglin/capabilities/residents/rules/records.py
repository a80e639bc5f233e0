"""The number of a health record, and when a record may be opened, closed and opened again."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from xinglin.capabilities.residents.contract import CLOSED, HEALTH_RECORD, RECORD_CLOSED, RECORD_OPENED
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.matching.persons import extension, values

LENGTH: Final = 17


@cites("HR-01")
def record_number(village: str, sequence: int) -> str:
    """Write a record number: 12 digits of the village or committee, five of the person.

    village: as `tables.divisions.record_prefix` gives it.
    """
    if len(village) != 12 or not village.isdecimal() or not 0 < sequence < 100_000:
        raise ValueError("a record number is twelve digits of the village and a sequence from 1 to 99999")
    return f"{village}{sequence:05d}"


def number_of(patient: Mapping[str, Any]) -> str:
    """Give the record number of a Patient (JSON form), empty when no record was opened."""
    return next(values(patient, HEALTH_RECORD), "")


@cites("HR-03", "HR-07")
def is_live(patient: Mapping[str, Any]) -> bool:
    """Tell whether a Patient has a record that is open."""
    return bool(number_of(patient)) and not extension(patient, RECORD_CLOSED)


def opening_faults(patient: Mapping[str, Any], opened: date | None, today: date) -> Iterator[Issue]:
    """Reasons why no record is opened; *opened*: None for what was no date."""
    if number_of(patient):
        key = "record-open" if is_live(patient) else "record-closed-before"
        text = (
            "The person has a record."
            if is_live(patient)
            else "The record was closed: open it again, it keeps its number."
        )
        yield Issue("conflict", key, "Patient.identifier", text)
    if patient.get("active") is False:
        yield Issue("business-rule", "record-inactive", "Patient.active", "This Patient is not in use.")
    if opened is None:
        yield Issue("value", "record-date", "opened", "The date is written 2026-01-31.")
    elif opened > today:
        yield Issue("value", "record-future", "opened", "A record cannot be opened in the future.")


@cites("HR-07")
def closing_faults(
    patient: Mapping[str, Any], reason: str, day: date | None, place: str, today: date
) -> Iterator[Issue]:
    """Reasons why a record is not closed."""
    if not is_live(patient):
        yield Issue("conflict", "record-not-open", "Patient.identifier", "The person has no record that is open.")
    if reason not in CLOSED.codes:
        yield Issue("value", "record-reason", "reason", "The reason is death, moved or lost.")
    if day is None:
        yield Issue("value", "record-date", "date", "The date is written 2026-01-31.")
    elif day > today:
        yield Issue("value", "record-future", "date", "The date is still to come.")
    elif (born := patient.get("birthDate")) and day.isoformat() < born:
        yield Issue("value", "record-before-birth", "date", "The date lies before the birth.")
    if reason == "moved" and not place.strip():
        yield Issue("required", "record-place", "place", "Write down where the person moved.")


@cites("HR-07")
def closed(patient: dict[str, Any], reason: str, day: date, place: str, note: str) -> dict[str, Any]:
    """Give the Patient with the record closed: date, reason and place are kept, nothing is taken away."""
    told: list[dict[str, Any]] = [
        {"url": "date", "valueDate": day.isoformat()},
        {"url": "reason", "valueCode": reason},
    ]
    told += [
        {"url": name, "valueString": text.strip()} for name, text in (("place", place), ("note", note)) if text.strip()
    ]
    made = patient | {"extension": [*_others(patient, RECORD_CLOSED), {"url": RECORD_CLOSED, "extension": told}]}
    if reason == "death" and not patient.get("deceasedDateTime"):
        made.pop("deceasedBoolean", None)
        made["deceasedDateTime"] = day.isoformat()
    return made


@cites("HR-07")
def reopened(patient: dict[str, Any]) -> dict[str, Any]:
    """Give the Patient with the record open again, under the same number; who was closed as dead lives."""
    ending = extension(patient, RECORD_CLOSED)
    made = {name: value for name, value in patient.items() if name != "extension"}
    if others := _others(patient, RECORD_CLOSED):
        made["extension"] = others
    if _part(ending, "reason") == "death":
        made.pop("deceasedDateTime", None)
    return made


@cites("HR-01", "HR-03")
def opened(patient: dict[str, Any], number: str, day: date, organization: str | None) -> dict[str, Any]:
    """Give the Patient with a record: its number beside the identity number, the date, who keeps it."""
    identifier = {
        "use": "usual",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
        "system": HEALTH_RECORD,
        "value": number,
        "period": {"start": day.isoformat()},
    }
    made = patient | {
        "identifier": [*(patient.get("identifier") or ()), identifier],
        "extension": [*_others(patient, RECORD_OPENED), {"url": RECORD_OPENED, "valueDate": day.isoformat()}],
    }
    if organization:
        made["managingOrganization"] = {"reference": organization}
    return made


def closing_of(patient: Mapping[str, Any]) -> dict[str, str]:
    """Tell how a record was closed: date, reason, place, note; nothing when it is open."""
    found = extension(patient, RECORD_CLOSED)
    return {
        one["url"]: one.get("valueDate") or one.get("valueCode") or one.get("valueString") or ""
        for one in found.get("extension") or ()
    }


def _part(element: Mapping[str, Any], url: str) -> str:
    found = extension(element, url)
    return str(found.get("valueCode") or "")


def _others(patient: Mapping[str, Any], url: str) -> list[dict[str, Any]]:
    return [one for one in patient.get("extension") or () if one.get("url") != url]
