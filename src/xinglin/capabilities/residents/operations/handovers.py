"""Hand a health record over to the institution where the resident lives now: asked for there, answered here."""

from datetime import timedelta
from typing import Any

from xinglin.capabilities.notifications.contract import NOTIFY, NOTIFY_ROLE, Notice, RoleNotice
from xinglin.capabilities.residents.contract import (
    DESK_ROLES,
    HANDED_OVER,
    HANDOVER,
    HANDOVER_ANSWERED,
    HANDOVER_ASKED,
    HEALTH_RECORD,
    RECORD_HANDOVER,
    RECORD_MOVED,
    TASK_CODES,
    Handover,
    HandoverDecision,
)
from xinglin.capabilities.residents.operations import people
from xinglin.capabilities.residents.rules import handovers as rules
from xinglin.capabilities.residents.rules.records import closing_of, number_of
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.matching.persons import values
from xinglin.security.relations import REQUESTS
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

_ENDS = {"refuse": "rejected", "withdraw": "cancelled"}


@cites("HR-07", "HR-08")
async def request(work: UnitOfWork, given: Handover) -> Task:
    """Patient/$request-handover: ask the institution that keeps the record of a number; one request at a time."""
    here = work.principal.organization or ""
    found = [one for one in await people.with_number(work, given.number) if one.get("active") is not False]
    person = next((one for one in found if number_of(one)), None)
    refuse(rules.asking_faults(person, here, agreed=given.agreed))
    asker = work.principal.practitioner_role or work.principal.practitioner
    if person is None or not asker:
        raise OutcomeError(not_found("Patient", given.number))
    task: dict[str, Any] = {
        "resourceType": "Task",
        "meta": {"profile": [RECORD_HANDOVER.url]},
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODES, "code": HANDOVER}]},
        "for": {"reference": f"Patient/{person['id']}"},
        "requester": {"reference": here},
        "owner": {"reference": rules.keeper_of(person)},
        "authoredOn": work.now.isoformat(),
        "input": [
            {"type": {"text": "asker"}, "valueReference": {"reference": asker}},
            {"type": {"text": "agreed"}, "valueBoolean": True},
        ],
    }
    if given.note.strip():
        task["note"] = [{"time": work.now.isoformat(), "text": given.note.strip()}]
    id = (await work.platform.create(bytes_of(task), type="Task")).id
    work.note("handover-asked", type="Patient", refs=(f"Patient/{person['id']}", f"Task/{id}"))
    await _tell(work, HANDOVER_ASKED.code, task["owner"]["reference"], id)
    return await _struct(work, id)


@cites("HR-07")
async def decide(work: UnitOfWork, given: HandoverDecision, *, days: int) -> Task:
    """Task/$decide-handover: hand the record over, refuse, or withdraw the request.

    days: for which whoever asked may read the record; longer by what he founds himself (a contract, a visit).
    """
    task = await asked(work, given.id)
    person = document_of((await work.platform.read("Patient", patient_of(task))).body())
    refuse(rules.deciding_faults(task, person, given, work.principal.organization or ""))
    made = {**task, "status": _ENDS.get(given.decision, "accepted"), "lastModified": work.now.isoformat()}
    if given.reason.strip():
        made["note"] = [*(task.get("note") or ()), {"time": work.now.isoformat(), "text": given.reason.strip()}]
    if given.decision == "hand-over":
        told = {"number": next(values(person, HEALTH_RECORD), ""), **closing_of(person)}
        made["output"] = [{"type": {"text": name}, "valueString": text} for name, text in told.items() if text]
        to = task["requester"]["reference"]
        await people.rewritten(work, rules.handed_over(person, to), version=people.version_of(person))
        await _open(work, task, days)
        await _tell_resident(work, person, to, given.id)
    await work.platform.update(bytes_of(made), type="Task", id=given.id, if_match=people.version_of(task))
    work.note(f"handover-{made['status']}", type="Patient", refs=(f"Patient/{person['id']}", f"Task/{given.id}"))
    if given.decision != "withdraw":
        await _tell(work, HANDOVER_ANSWERED.code, task["requester"]["reference"], given.id)
    return await _struct(work, given.id)


async def asked(work: UnitOfWork, id: str) -> dict[str, Any]:
    """Read a request within the caller's reach; 404 for any other Task."""
    task: dict[str, Any] = document_of((await work.fhir.read("Task", id)).body())
    if not any(one.get("code") == HANDOVER for one in task.get("code", {}).get("coding", ())):
        raise OutcomeError(not_found("Task", id))
    return task


def patient_of(task: dict[str, Any]) -> str:
    """Give the id of the resident."""
    return str(task["for"]["reference"]).removeprefix("Patient/")


async def _open(work: UnitOfWork, task: dict[str, Any], days: int) -> None:
    """Let whoever asked read the record for some days, as after a referral."""
    asker = next(one["valueReference"] for one in task["input"] if one["type"]["text"] == "asker")
    reading = {
        "resourceType": "Task",
        "partOf": [{"reference": f"Task/{task['id']}"}],
        "status": "accepted",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODES, "code": HANDED_OVER}, {"system": REQUESTS, "code": "referral"}]},
        "for": task["for"],
        "requester": task["owner"],
        "owner": asker,
        "authoredOn": work.now.isoformat(),
        "executionPeriod": {"start": work.now.isoformat(), "end": (work.now + timedelta(days=days)).isoformat()},
    }
    await work.platform.create(bytes_of(reading), type="Task")


async def _tell(work: UnitOfWork, kind: str, organization: str, task: str) -> None:
    """Tell everybody of an institution who keeps records there."""
    for role in sorted(DESK_ROLES):
        given = RoleNotice(kind, role, organization, about=f"Task/{task}", key=f"{kind} {task} {role}")
        await work.platform.operate(NOTIFY_ROLE, given)


async def _tell_resident(work: UnitOfWork, person: dict[str, Any], keeper: str, task: str) -> None:
    recipient = f"Patient/{person['id']}"
    given = Notice(RECORD_MOVED.code, recipient, key=f"{RECORD_MOVED.code} {task}", sender=keeper)
    await work.platform.operate(NOTIFY, given)


async def _struct(work: UnitOfWork, id: str) -> Task:
    found = codec.decode((await work.platform.read("Task", id)).body(), "Task")
    if not isinstance(found, Task):
        raise OutcomeError(not_found("Task", id))
    return found
