"""Requests of rights: asked by a person or guardian, answered by the security officer within the term."""

from typing import Any

import msgspec

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.privacy.contract import (
    ANSWERED,
    RIGHTS,
    RIGHTS_CODE,
    RIGHTS_REQUEST,
    TASKS,
    Answer,
    Asking,
)
from xinglin.capabilities.privacy.rules import rights as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import today

# What an outcome is of Task.status.
STATUS = {"granted": "completed", "restricted": "completed", "refused": "rejected"}


@cites("R7-008")
async def ask(working_days: int, work: UnitOfWork, given: Asking) -> str:
    """Task/$request-right: ask for a right over one's own data, or a dependant's; the term is told with it."""
    person = f"Patient/{given.patient}"
    if person not in {work.principal.patient, *work.principal.patients}:
        raise OutcomeError(Issue("forbidden", "right-whose", "patient", "One asks for oneself, or for whom one acts."))
    refuse(rules.asking_faults(given.right, given.text))
    until = rules.last_day(today(work.now), working_days)
    task: dict[str, Any] = {
        "resourceType": "Task",
        "meta": {"profile": [RIGHTS_REQUEST.url]},
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASKS.system, "code": "rights-request"}]},
        "reasonCode": {"coding": [{"system": RIGHTS.system, "code": given.right}]},
        "for": {"reference": person},
        "requester": {"reference": work.principal.patient or person},
        "authoredOn": work.now.isoformat(),
        "restriction": {"period": {"end": until.isoformat()}},
        "description": given.text.strip(),
    }
    made = await work.platform.create(msgspec.json.encode(task), type="Task")
    work.note("right-asked", type="Task", refs=(person, f"Task/{made.id}"), detail=given.right)
    return made.id


@cites("R7-008")
async def answer(work: UnitOfWork, given: Answer) -> str:
    """Task/$answer-right: answer a request, and tell whoever asked. Gives the status."""
    row = await work.fhir.read("Task", given.id)
    task = document_of(row.body())
    if not is_request(task):
        raise OutcomeError(not_found("Task", given.id))
    refuse(rules.answer_faults(right_of(task), given.outcome, given.note, str(task["status"]), today(work.now)))
    task["status"] = STATUS[given.outcome]
    task["output"] = [{"type": {"text": "outcome"}, "valueString": given.outcome}]
    note = {"time": work.now.isoformat(), "authorString": work.principal.id, "text": given.note.strip()}
    task["note"] = [*task.get("note", ()), note]
    await work.platform.update(msgspec.json.encode(task), type="Task", id=given.id, if_match=row.vid)
    about = f"Task/{given.id}"
    notice = Notice(ANSWERED.code, task["requester"]["reference"], about=about, key=f"right {given.id}")
    await work.platform.operate(NOTIFY, notice)
    work.note("right-answered", type="Task", refs=(task["for"]["reference"], about), detail=given.outcome)
    return str(task["status"])


def is_request(task: dict[str, Any]) -> bool:
    """Tell requests of rights from other tasks."""
    return any(
        f"{one.get('system')}|{one.get('code')}" == RIGHTS_CODE for one in task.get("code", {}).get("coding", ())
    )


def right_of(task: dict[str, Any]) -> str:
    """Read which right is asked for."""
    return str(task["reasonCode"]["coding"][0]["code"])


def outcome_of(task: dict[str, Any]) -> str:
    """Read what came of it; empty while it waits."""
    return next((str(one["valueString"]) for one in task.get("output", ()) if "valueString" in one), "")
