"""What the doctor's decision about evidence, and the note, must say. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from xinglin.capabilities.internet_hospital.contract import DECISIONS, Judging, Noting
from xinglin.capabilities.internet_hospital.rules.forms import ICD10, TCM
from xinglin.care.revisit import is_icd10
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

MOST: Final = 4000
DIAGNOSES_MOST: Final = 10


@cites("R1-042", "R2-021")
def judging_faults(given: Judging, *, side: str, open_visit: bool, uploaded: bool, today: date) -> Iterator[Issue]:
    """Reasons why a decision about evidence is not taken: by the doctor, before the note, with what the paper shows."""
    if side != "doctor":
        yield Issue("forbidden", "visit-not-yours", text="The receiving doctor judges evidence.")
    if not open_visit:
        yield Issue("conflict", "visit-state", text="The visit is over; its evidence is not judged any more.")
    if given.decision not in DECISIONS.codes:
        yield Issue("value", "evidence-decision", "decision", "Say whether it is taken.")
    if given.decision == "refused" and not given.reason.strip():
        yield Issue("required", "evidence-reason", "reason", "Say why it is not taken.")
    if given.decision != "reviewed" or not uploaded:
        return
    if not given.physical or not given.source.strip():
        yield Issue("required", "evidence-source", "source", "Say which physical institution made it.")
    if not given.diagnoses or not all(map(is_icd10, given.diagnoses)):
        yield Issue("required", "evidence-diagnosis", "diagnoses", "Write down the diagnosis that it shows, by ICD-10.")
    if _day(given.dated) is None or (_day(given.dated) or today) > today:
        yield Issue("required", "evidence-date", "dated", "Write down its date, today or before.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def coding(text: str) -> tuple[str, str, str]:
    """Read ``system|code|display``."""
    system, _, rest = text.partition("|")
    code, _, display = rest.partition("|")
    return system, code, display


@cites("R1-060")
def note_faults(given: Noting, codings: Sequence[tuple[str, str, str]]) -> Iterator[Issue]:
    """Reasons why a note is not complete: complaint, history, a coded diagnosis, and what to do."""
    for name in ("complaint", "history", "advice"):
        text = str(getattr(given, name)).strip()
        if not text:
            yield Issue("required", f"note-{name}", name, f"The note lacks: {name}.")
        if len(text) > MOST:
            yield Issue("too-long", "note-long", name, f"At most {MOST} characters.")
    if not codings or any(system not in {ICD10, TCM} or not code for system, code, _ in codings):
        yield Issue("required", "note-diagnosis", "diagnoses", "The note has at least one diagnosis, by its code.")
    if len(codings) > DIAGNOSES_MOST:
        yield Issue("too-many", "note-diagnoses", "diagnoses", f"At most {DIAGNOSES_MOST} diagnoses.")
