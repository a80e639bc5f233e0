"""Security incidents: which steps are due until when, counted from the discovery, and which may be taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xinglin.capabilities.privacy.contract import LEVELS, Incident
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# authority: told to the network office and the health commission; persons: those concerned were told; persons-omitted:
# they were not, because harm was avoided effectively; handled: over; summary: the report after it.
STEPS: Final = ("authority", "persons", "persons-omitted", "handled", "summary")
REPORTED: Final = frozenset({"larger", "major", "extreme"})
CRITICAL_HOURS: Final = cites("R7-019")(timedelta(hours=1))
OTHERS_HOURS: Final = cites("R7-019")(timedelta(hours=4))
SUMMARY_DAYS: Final = cites("R7-019")(timedelta(days=30))
# The law says "at once" of a leak (个保法 Art. 57) and names no hours: ours.
LEAK_HOURS: Final = timedelta(hours=24)
TOLD: Final = ("kinds", "cause", "harm", "measures", "advice")
PERSONS_MOST: Final = 1_000
TEXT_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """An incident as far as its terms go. personal: whether it concerns data of persons. done: step → when."""

    level: str
    found: datetime
    personal: bool
    done: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Due:
    """A step that is still to be taken. until: None has no term by the hour."""

    step: str
    until: datetime | None


@cites("R7-011", "R7-019")
def due(one: Known, *, critical: bool) -> tuple[Due, ...]:
    """Give the steps that are left, with their terms. critical: the operator runs critical infrastructure."""
    left = []
    if "authority" not in one.done:
        if one.level in REPORTED:
            left.append(Due("authority", one.found + (CRITICAL_HOURS if critical else OTHERS_HOURS)))
        elif one.personal:
            left.append(Due("authority", one.found + LEAK_HOURS))
    if one.personal and not {"persons", "persons-omitted"} & set(one.done):
        left.append(Due("persons", one.found + LEAK_HOURS))
    if "handled" not in one.done:
        left.append(Due("handled", None))
    elif one.level in REPORTED and "summary" not in one.done:
        left.append(Due("summary", one.done["handled"] + SUMMARY_DAYS))
    return tuple(left)


def state(one: Known, *, critical: bool) -> str:
    """Give the state of an incident: of `contract.STATES`."""
    if not due(one, critical=critical):
        return "closed"
    return "handled" if "handled" in one.done else "open"


@cites("R7-011")
def report_faults(given: Incident, found: datetime | None, now: datetime) -> tuple[Issue, ...]:
    """Reasons why an incident cannot be recorded as it was written. found: None could not be read."""
    faults = []
    if given.level not in LEVELS.codes:
        faults.append(Issue("code-invalid", "incident-level", "level", "Choose the class of the incident."))
    if found is None:
        faults.append(Issue("value", "incident-found", "found", "Say on which day and at what time it was discovered."))
    elif found > now:
        faults.append(Issue("value", "incident-later", "found", "It cannot have been discovered later than now."))
    if len(given.what.strip()) < 5:
        faults.append(Issue("required", "incident-what", "what", "Say in some words what happened."))
    if given.persons and not all(getattr(given, name).strip() for name in TOLD):
        text = "Persons are told which data, the cause, the harm, what was done and what they can do."
        faults.append(Issue("required", "incident-told", "persons", text))
    if len(given.persons) > PERSONS_MOST:
        faults.append(Issue("too-long", "incident-persons", "persons", f"At most {PERSONS_MOST} persons an incident."))
    if any(len(getattr(given, name)) > TEXT_MOST for name in ("what", *TOLD)):
        faults.append(Issue("too-long", "incident-long", "", f"A field holds at most {TEXT_MOST} characters."))
    return tuple(faults)


@cites("R7-011")
def step_faults(one: Known, step: str, note: str, *, persons: int) -> tuple[Issue, ...]:
    """Reasons why a step cannot be recorded. persons: how many are known to be concerned."""
    if step not in STEPS:
        return (Issue("code-invalid", "incident-step", "step", "There is no such step."),)
    faults = []
    if step in one.done or (step.startswith("persons") and {"persons", "persons-omitted"} & set(one.done)):
        faults.append(Issue("conflict", "incident-done", "step", "This step was taken already."))
    if step.startswith("persons") and not one.personal:
        faults.append(Issue("business-rule", "incident-nobody", "step", "No data of persons is concerned."))
    elif step == "persons" and not persons:
        text = "Nobody stands in the list of persons: say in a note how they were told."
        faults += [] if note.strip() else [Issue("required", "incident-how", "note", text)]
    if step == "summary" and "handled" not in one.done:
        faults.append(Issue("business-rule", "incident-unhandled", "step", "The summary comes after the handling."))
    if step in {"authority", "persons-omitted", "handled", "summary"} and not note.strip():
        faults.append(Issue("required", "incident-note", "note", "Say to whom, how, or why."))
    return tuple(faults)
