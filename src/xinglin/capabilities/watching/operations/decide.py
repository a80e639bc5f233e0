"""Task/$decide-alert: the security officer has seen an alert, or closes it and says why."""

from collections.abc import Iterator

import msgspec

from xinglin.capabilities.watching.contract import ALERTS, STATES, Decision
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import Annotation, CodeableConcept, Coding
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


@cites("R7-042")
async def decide(work: UnitOfWork, given: Decision) -> Task:
    """Move an alert on; a closed one stays closed."""
    row = await work.fhir.read("Task", given.id)
    task = codec.decode(row.body(), "Task")
    if not isinstance(task, Task) or not is_alert(task):
        raise OutcomeError(not_found("Task", given.id))
    refuse(decision_faults(given, state_of(task), own=account_of(task) == work.principal.id))
    note = Annotation(text=given.note.strip(), time=work.now.isoformat(), authorString=work.principal.id)
    decided = msgspec.structs.replace(
        task,
        status="in-progress" if given.state == "seen" else "completed",
        businessStatus=CodeableConcept(coding=[Coding(system=STATES.system, code=given.state)]),
        note=[*(task.note or ()), note] if given.note.strip() else task.note,
    )
    await work.platform.update(decided, type="Task", id=given.id, if_match=row.vid)
    work.note(f"alert-{given.state}", type="Task", refs=(f"Task/{given.id}",))
    return decided


def decision_faults(given: Decision, state: str, *, own: bool) -> Iterator[Issue]:
    """Reasons why a decision is not taken. state: of the alert; own: it is about the officer."""
    if given.state not in {"seen", "closed"}:
        yield Issue("value", "alert-state", "state", "An alert is seen or closed.")
    if state in {"closed", given.state}:
        yield Issue("conflict", "alert-decided", "Task.businessStatus", "This alert has been dealt with.")
    if given.state == "closed" and not given.note.strip():
        yield Issue("required", "alert-note", "note", "Who closes an alert says why.")
    if given.state == "closed" and own:
        yield Issue("forbidden", "own-alert", text="Nobody closes an alert about himself.")


def is_alert(task: Task) -> bool:
    """Tell alerts from other tasks."""
    return any(one.system == ALERTS.system for one in (task.code.coding if task.code else None) or ())


def state_of(task: Task) -> str:
    """Give the state of an alert."""
    codings = (task.businessStatus.coding if task.businessStatus else None) or ()
    return next((one.code or "" for one in codings if one.system == STATES.system), "")


def account_of(task: Task) -> str:
    """Give the account that an alert is about."""
    known = task.requester.identifier if task.requester else None
    return (known.value if known else None) or ""
