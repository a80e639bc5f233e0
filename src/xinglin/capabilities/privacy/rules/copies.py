"""Copies without identity: what must be said to ask for one, and who may review it."""

import re
from typing import Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

REASON_LEAST: Final = 10
REASON_MOST: Final = 1_000
METHOD: Final = "named elements kept, keyed pseudonym, dates moved, words dropped (security/deidentify.py)"
_PROJECT: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}", re.ASCII)


@cites("R7-031")
def asking_faults(project: str, reason: str) -> tuple[Issue, ...]:
    """Reasons why a request is not taken: a lowering is documented."""
    faults = []
    if not _PROJECT.fullmatch(project):
        text = "A project is named by small letters, digits and hyphens, 2 to 40."
        faults.append(Issue("value", "copy-project", "project", text))
    if not REASON_LEAST <= len(reason.strip()) <= REASON_MOST:
        faults.append(Issue("required", "copy-reason", "reason", "Say what the copy is needed for."))
    return tuple(faults)


@cites("R7-031")
def judging_faults(asker: str, reviewer: str, status: str, note: str) -> tuple[Issue, ...]:
    """Reasons why a review is not taken: nobody reviews what he asked for himself."""
    faults = []
    if asker == reviewer:
        faults.append(Issue("forbidden", "copy-own", text="Nobody reviews his own request."))
    if status != "requested":
        faults.append(Issue("conflict", "copy-judged", "Task.status", "This request was reviewed already."))
    if len(note.strip()) < 5:
        faults.append(Issue("required", "copy-note", "note", "A review says why."))
    return tuple(faults)
