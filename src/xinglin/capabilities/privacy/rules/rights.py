"""Requests of rights over one's own data: their term, and what an answer may say."""

from datetime import date, timedelta
from typing import Final

from xinglin.capabilities.privacy.contract import RIGHTS
from xinglin.care import calendar
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.retention import may_be_deleted

WORKING_DAYS: Final = 15
OUTCOMES: Final = ("granted", "restricted", "refused")
NOTE_LEAST: Final = 5
TEXT_MOST: Final = 1_000
# Told this long before the last day.
SOON: Final = timedelta(days=3)


@cites("R7-008")
def last_day(asked: date, working_days: int = WORKING_DAYS) -> date:
    """Give the last day for the answer to what was asked on *asked*."""
    return calendar.after(asked, working_days)


def asking_faults(right: str, text: str) -> tuple[Issue, ...]:
    """Reasons why a request is not taken."""
    faults = []
    if right not in RIGHTS.codes:
        faults.append(Issue("code-invalid", "right-kind", "right", "Choose what you ask for."))
    if len(text.strip()) < NOTE_LEAST:
        faults.append(Issue("required", "right-text", "text", "Say in some words which data it is about."))
    if len(text) > TEXT_MOST:
        faults.append(Issue("too-long", "right-long", "text", f"At most {TEXT_MOST} characters."))
    return tuple(faults)


@cites("R7-008")
def answer_faults(right: str, outcome: str, note: str, status: str, today: date) -> tuple[Issue, ...]:
    """Reasons why an answer is not taken: a record that the law keeps is restricted, not deleted (网数条例 Art. 24)."""
    faults = []
    if outcome not in OUTCOMES:
        faults.append(Issue("code-invalid", "right-outcome", "outcome", "A request is granted, restricted or refused."))
    if len(note.strip()) < NOTE_LEAST:
        faults.append(Issue("required", "right-note", "note", "An answer says what was done, or why not."))
    if status != "requested":
        faults.append(Issue("conflict", "right-answered", "Task.status", "This request has been answered."))
    if right == "delete" and outcome == "granted":
        # Its last day is not before today: the record is in use.
        faults += may_be_deleted("internet-outpatient-record", today, today, {})
    return tuple(faults)
