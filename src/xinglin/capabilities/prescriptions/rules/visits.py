"""In which visit a prescription may be written, and by whom."""

from datetime import datetime, timedelta
from typing import Any, Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

OPEN: Final = frozenset({"arrived", "triaged", "in-progress", "onleave"})
AFTER: Final = timedelta(hours=24)  # [CFG] how long after its end a visit may still be prescribed for


@cites("R2-025", "R3-003")
def visit_faults(encounter: Any, practitioner: str, now: datetime) -> tuple[Issue, ...]:
    """Say why somebody may not prescribe in a visit: it is another's, it has not begun, or it is over.

    Source: 监管细则 Art. 21, whoever receives the patient prescribes in person.
    """
    issues = []
    seen_by = {one.individual.reference for one in encounter.participant or () if one.individual is not None}
    if practitioner not in seen_by:
        issues.append(Issue("business-rule", "not-your-visit", text="Whoever receives the patient prescribes."))
    if encounter.status not in OPEN and not (encounter.status == "finished" and _lately(encounter, now)):
        issues.append(Issue("business-rule", "visit-closed", text="The visit is not open: prescribe in an open visit."))
    return tuple(issues)


def _lately(encounter: Any, now: datetime) -> bool:
    end = encounter.period.end if encounter.period is not None else None
    if not end or "T" not in end:
        return False
    return now - AFTER <= datetime.fromisoformat(end) <= now
