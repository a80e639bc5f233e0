"""Task/$answer-objection: the security officer tells a resident what became of an objection to an access."""

from collections.abc import Iterator

import msgspec

from xinglin.capabilities.audit.contract import OBJECTIONS
from xinglin.capabilities.watching.contract import Answer
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import Annotation
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


@cites("R7-041")
async def answer(work: UnitOfWork, given: Answer) -> Task:
    """Write the answer down; the resident reads it beside the objection."""
    row = await work.fhir.read("Task", given.id)
    task = codec.decode(row.body(), "Task")
    codings = (task.code.coding if isinstance(task, Task) and task.code else None) or ()
    if not isinstance(task, Task) or not any(one.system == OBJECTIONS.system for one in codings):
        raise OutcomeError(not_found("Task", given.id))
    refuse(answer_faults(given, task.status or ""))
    note = Annotation(text=given.note.strip(), time=work.now.isoformat(), authorString=work.principal.id)
    answered = msgspec.structs.replace(task, status="completed", note=[*(task.note or ()), note])
    await work.platform.update(answered, type="Task", id=given.id, if_match=row.vid)
    work.note("objection-answered", type="Task", refs=(f"Task/{given.id}",))
    return answered


def answer_faults(given: Answer, status: str) -> Iterator[Issue]:
    """Reasons why an answer is not taken."""
    if not given.note.strip():
        yield Issue("required", "answer-note", "note", "An answer says what was found.")
    if status == "completed":
        yield Issue("conflict", "answered-already", "Task.status", "This objection has been answered.")
