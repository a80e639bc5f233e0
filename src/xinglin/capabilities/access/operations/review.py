"""Task/$review-break-glass: the security officer judges an emergency access afterwards."""

from datetime import UTC, datetime

import msgspec

from xinglin.capabilities.access.contract import REVIEWS, Review
from xinglin.capabilities.access.rules import review_faults
from xinglin.fhir import codec
from xinglin.fhir.outcome import refuse
from xinglin.fhir.r4.datatypes import Annotation, CodeableConcept, Coding, Period
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork


@cites("R7-032")
async def review(work: UnitOfWork, given: Review) -> Task:
    """Write down what was found; an access that is not justified ends at once."""
    row = await work.fhir.read("Task", given.id)
    task = codec.decode(row.body(), "Task")
    if not isinstance(task, Task):
        raise TypeError("a Task is a Task")
    requester = task.requester.reference if task.requester else None
    refuse(review_faults(given, reviewer=work.principal.practitioner, requester=requester, state=_state(task)))
    note = Annotation(text=given.note.strip(), time=work.now.isoformat(), authorString=work.principal.id)
    reviewed = msgspec.structs.replace(
        task,
        status="completed" if given.outcome == "justified" else "rejected",
        businessStatus=CodeableConcept(coding=[Coding(system=REVIEWS.system, code=given.outcome)]),
        executionPeriod=_ended(task.executionPeriod, work.now),
        note=[*(task.note or ()), note],
    )
    await work.platform.update(reviewed, type="Task", id=given.id, if_match=row.vid)
    work.note("break-glass-review", type="Task", refs=(f"Task/{given.id}",), detail=given.outcome)
    return reviewed


def _state(task: Task) -> str:
    codings = (task.businessStatus.coding if task.businessStatus else None) or ()
    return next((coding.code or "" for coding in codings if coding.system == REVIEWS.system), "")


def _ended(period: Period | None, now: datetime) -> Period | None:
    """End a period now, unless it has ended before."""
    if period is None or period.end is None or datetime.fromisoformat(period.end).astimezone(UTC) <= now:
        return period
    return msgspec.structs.replace(period, end=now.isoformat())
