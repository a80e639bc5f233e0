"""Findings: opened by the commission, answered by the institution, judged; and what is not answered is escalated."""

from typing import Final

from xinglin.capabilities.notifications.contract import NOTIFY_ROLE, RoleNotice
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.rules import findings
from xinglin.capabilities.supervision.rules.documents import CHINA, Document, claims, reference, value
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

COUNT: Final = 200


@cites("R2-041")
async def open_(work: UnitOfWork, given: contract.Opening) -> Task:
    """Task/$open-finding: the institution is asked to rectify by a day, and told so."""
    task = await _read(work, given.id)
    today = work.now.astimezone(CHINA).date()
    refuse((*findings.move_faults(task, "open"), *findings.deadline_faults(given.deadline, today)))
    made = findings.opened(task, text=given.text, deadline=given.deadline, by=_by(work), now=work.now)
    await _write(work, made)
    await _tell(work, made, f"opened {given.id}")
    return await _typed(work, given.id)


@cites("R2-041")
async def answer(work: UnitOfWork, given: contract.Answering) -> Task:
    """Task/$answer-finding: the institution says what it has done, and when."""
    task = await _read(work, given.id)
    refuse((*findings.move_faults(task, "answered"), *findings.words_faults(given.measures)))
    text = f"{given.done} {given.measures}".strip()
    await _write(work, findings.noted(findings.moved(task, "answered", work.now), text, _by(work), work.now))
    return await _typed(work, given.id)


@cites("R2-041", "R8-043")
async def judge(work: UnitOfWork, given: contract.Judging) -> Task:
    """Task/$judge-finding: a lead is dismissed; an answer is accepted, or goes back with the reason."""
    task = await _read(work, given.id)
    state = findings.state_of(task)
    to = "dismissed" if state == "lead" else "accepted" if given.accept else "returned"
    issues = list(findings.move_faults(task, to))
    if to != "accepted":
        issues += findings.words_faults(given.note)
    refuse(issues)
    made = findings.moved(task, to, work.now)
    await _write(work, findings.noted(made, given.note, _by(work), work.now) if given.note.strip() else made)
    if to == "returned":
        await _tell(work, made, f"returned {given.id} {work.now.isoformat()}")
    return await _typed(work, given.id)


@cites("R2-041")
async def escalate(work: UnitOfWork) -> int:
    """Mark findings that were not answered in time, once, and tell the institution again; gives how many."""
    today = work.now.astimezone(CHINA).date()
    system = contract.FINDING_STATES.system
    page = await work.platform.find(
        "Task", **{"business-status": f"{system}|open,{system}|returned"}, _sort="authored-on", _count=str(COUNT)
    )
    count = 0
    for row in page.matches:
        task: Document = document_of(row.body())
        if findings.is_overdue(task, today) and value(task, contract.ESCALATED) is None:
            mark = {"url": contract.ESCALATED, "valueInstant": work.now.isoformat()}
            await _write(work, task | {"priority": "urgent", "extension": [*task["extension"], mark]})
            await _tell(work, task, f"overdue {row.id}")
            count += 1
    return count


async def raise_(work: UnitOfWork, made: Document) -> bool:
    """Keep a lead, once for its key; False when it was there."""
    key = made["identifier"][0]["value"]
    where = f"identifier={contract.FINDING_KEYS}|{key}"
    return (await work.platform.create(bytes_of(made), type="Task", if_none_exist=where)).created


async def _tell(work: UnitOfWork, task: Document, key: str) -> None:
    until = str(task.get("restriction", {}).get("period", {}).get("end", ""))[:10]
    parameters = (f"until={until}", f"text={task['description'][:200]}")
    owner = reference(task, "owner")
    told = RoleNotice(contract.FOUND.code, "system-admin", owner, parameters, f"Task/{task['id']}", key)
    await work.platform.operate(NOTIFY_ROLE, told)


async def _read(work: UnitOfWork, id: str) -> Document:
    task: Document = document_of((await work.fhir.read("Task", id)).body())
    if not claims(task, contract.FINDING.url):
        raise OutcomeError(not_found("Task", id))
    return task


async def _write(work: UnitOfWork, task: Document) -> None:
    await work.platform.update(bytes_of(task), type="Task", id=task["id"])


async def _typed(work: UnitOfWork, id: str) -> Task:
    found = codec.decode((await work.platform.read("Task", id)).body(), "Task")
    if not isinstance(found, Task):
        raise TypeError("a Task is a Task")
    return found


def _by(work: UnitOfWork) -> str:
    return work.principal.practitioner or work.principal.organization or "Organization/unknown"
