"""Patient/$break-glass: open a record in an emergency, for a short time, with a notice and a review."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from xinglin.capabilities.access.contract import EMERGENCY, OPENED, REVIEWS, TASKS, BreakGlass
from xinglin.capabilities.access.rules import opening_faults, review_due
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding, Meta, Period, Reference
from xinglin.fhir.r4.resources import Task, TaskRestriction
from xinglin.fhir.sources import cites
from xinglin.security.relations import BREAK_GLASS as CODE
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


@dataclass(frozen=True, slots=True)
class Terms:
    """How emergency access runs: minutes open, working days until its review, and the calendar."""

    minutes: int
    review_days: int
    zone: str
    holidays: Collection[date] = ()
    workdays: Collection[date] = ()


@cites("R7-032")
async def break_glass(work: UnitOfWork, given: BreakGlass, *, terms: Terms) -> Task:
    """Open a patient's record to who asks, no further than the role's own types, and tell patient and reviewer."""
    who = work.principal
    refuse(opening_faults(given, practitioner=who.practitioner))
    await _must_exist(work, given.id)
    patient = Reference(reference=f"Patient/{given.id}")
    due = review_due(work.now.astimezone(ZoneInfo(terms.zone)), terms.review_days, terms.holidays, terms.workdays)
    start, end = work.now, work.now + timedelta(minutes=terms.minutes)
    task = Task(
        meta=Meta(profile=[EMERGENCY.url]),
        status="in-progress",
        intent="order",
        code=CodeableConcept(coding=[Coding(system=TASKS.system, code=CODE)]),
        businessStatus=CodeableConcept(coding=[Coding(system=REVIEWS.system, code="awaiting")]),
        for_=patient,
        requester=Reference(reference=who.practitioner, display=who.display or None),
        authoredOn=start.isoformat(),
        executionPeriod=Period(start=start.isoformat(), end=end.isoformat()),
        restriction=TaskRestriction(period=Period(end=due.isoformat())),
        reasonCode=CodeableConcept(text=given.reason.strip()),
    )
    written = await work.platform.create(task, type="Task")
    await work.platform.operate(NOTIFY, _notice(task, written.id, days=terms.review_days))
    work.note("break-glass", type="Patient", refs=(f"Patient/{given.id}",), detail=f"Task/{written.id}")
    made = codec.decode((await work.platform.read("Task", written.id)).body(), "Task")
    if not isinstance(made, Task):
        raise TypeError("a Task is a Task")
    return made


async def _must_exist(work: UnitOfWork, id: str) -> None:
    try:
        await work.platform.read("Patient", id)
    except OutcomeError as missing:
        raise OutcomeError(not_found("Patient", id)) from missing


def _notice(task: Task, id: str, *, days: int) -> Notice:
    """Tell the patient (R7-032): who, when and why."""
    who = task.requester.display if task.requester and task.requester.display else "一名医务人员"
    reason = task.reasonCode.text if task.reasonCode else ""
    patient = task.for_.reference if task.for_ else ""
    parameters = (f"who={who}", f"reason={reason}", f"days={days}")
    return Notice(OPENED.code, patient or "", parameters, about=f"Task/{id}", key=f"break-glass {id}")
