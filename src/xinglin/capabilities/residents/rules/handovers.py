"""When a health record is handed over to the institution where its resident lives now, and what it says then."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xinglin.capabilities.residents.contract import RECORD_CLOSED, HandoverDecision
from xinglin.capabilities.residents.rules.records import closing_of, number_of
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

DECISIONS: Final = ("hand-over", "refuse", "withdraw")
REASON_LEAST: Final = 4


def held(task: Any) -> Iterator[str]:
    """Give what a request holds alone while it waits: one for each resident."""
    if task.status == "requested" and task.for_ is not None:
        yield f"handover/{str(task.for_.reference or '').removeprefix('Patient/')}"


def keeper_of(patient: Mapping[str, Any]) -> str:
    """Give the reference of the institution that keeps the record, empty when none does."""
    return str((patient.get("managingOrganization") or {}).get("reference") or "")


@cites("HR-07", "HR-08")
def asking_faults(patient: Mapping[str, Any] | None, here: str, *, agreed: bool) -> Iterator[Issue]:
    """Reasons why a hand-over is not asked for. here: the institution that asks. agreed: by the resident."""
    if not agreed:
        yield Issue("required", "handover-agreed", "agreed", "Ask only for a resident who agrees.")
    if not here:
        yield Issue("business-rule", "handover-nowhere", text="Only an institution can take a record over.")
    if patient is None or not number_of(patient):
        yield Issue("not-found", "handover-unknown", "number", "No health record is known under this number.")
        return
    if closing_of(patient).get("reason") == "death" or patient.get("deceasedDateTime"):
        yield Issue("business-rule", "handover-death", "number", "The record was closed by death.")
    keeper = keeper_of(patient)
    if not keeper:
        yield Issue("business-rule", "handover-no-keeper", "number", "Nobody keeps the record: open it again.")
    elif keeper == here:
        yield Issue("conflict", "handover-own", "number", "Your institution keeps this record.")


@cites("HR-07")
def deciding_faults(
    task: Mapping[str, Any], patient: Mapping[str, Any], given: HandoverDecision, here: str
) -> Iterator[Issue]:
    """Reasons why it is not decided so. here: the institution of who decides."""
    if given.decision not in DECISIONS:
        yield Issue("value", "handover-decision", "decision", "Hand the record over, refuse, or withdraw.")
        return
    side = "requester" if given.decision == "withdraw" else "owner"
    if not here or (task.get(side) or {}).get("reference") != here:
        yield Issue("forbidden", "handover-not-yours", text="The other institution decides this.")
    if task.get("status") != "requested":
        yield Issue("conflict", "handover-decided", "Task.status", "This has been decided.")
    elif given.decision == "hand-over" and keeper_of(patient) != (task.get("owner") or {}).get("reference"):
        yield Issue("conflict", "handover-elsewhere", "Task.for", "Another institution keeps the record by now.")
    if given.decision == "refuse" and len(given.reason.strip()) < REASON_LEAST:
        yield Issue("required", "handover-reason", "reason", "Write down why the record is not handed over.")


@cites("HR-07")
def handed_over(patient: dict[str, Any], to: str) -> dict[str, Any]:
    """Give the Patient whose record goes on elsewhere: same number, open, kept there; its doctor is chosen anew."""
    made = {name: value for name, value in patient.items() if name not in {"extension", "generalPractitioner"}}
    if others := [one for one in patient.get("extension") or () if one.get("url") != RECORD_CLOSED]:
        made["extension"] = others
    return made | {"managingOrganization": {"reference": to}}
