"""Complaints: made, taken up by whoever receives them first, answered, confirmed; disputes about money among them."""

from collections.abc import Mapping
from typing import Any

from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.contract import Answering, Complaining, Confirming, Taking
from xinglin.capabilities.feedback.rules import complaints
from xinglin.capabilities.feedback.rules.complaints import CHINA, Document
from xinglin.capabilities.notifications.contract import NOTIFY, NOTIFY_ROLE, Notice, RoleNotice
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

COUNT = 200


@cites("R8-001", "R8-005", "R2-032")
async def complain(work: UnitOfWork, given: Complaining) -> str:
    """Patient/$complain: a complaint reaches the institution that it is about, and its term begins."""
    if f"Patient/{given.id}" not in {work.principal.patient, *work.principal.patients}:
        raise OutcomeError(
            Issue("forbidden", "complaint-not-yours", text="You may not act for this person."), status=403
        )
    refuse(complaints.faults(given))
    owner = await _responsible(work, given)
    requester = work.principal.patient or f"Patient/{given.id}"
    made = complaints.made(given, owner=owner, requester=requester, now=work.now)
    written = await work.platform.create(bytes_of(made), type="Task")
    await _tell_here(work, contract.RECEIVED.code, made | {"id": written.id}, f"received {written.id}")
    work.note("complaint", type="Task", refs=(f"Patient/{given.id}", f"Task/{written.id}"))
    return written.id


async def _responsible(work: UnitOfWork, given: Complaining) -> str:
    """Give the institution that answers: where the visit was, that signed the prescription's visit, that was paid."""
    type, _, id = given.about.partition("/")
    document = document_of((await work.fhir.read(type, id)).body())
    if type == "Organization":
        return given.about
    subject = document.get("subject", {}).get("reference", "")
    if subject != f"Patient/{given.id}":
        raise OutcomeError(not_found(type, id))
    if type == "RequestGroup":
        encounter = document.get("encounter", {}).get("reference", "").partition("/")[2]
        document = document_of((await work.fhir.read("Encounter", encounter)).body()) if encounter else {}
    found = document.get("serviceProvider") or document.get("issuer") or {}
    if not found.get("reference"):
        raise OutcomeError(Issue("business-rule", "complaint-place", text="The record names no institution."))
    return str(found["reference"])


@cites("R8-001", "R8-007")
async def take(work: UnitOfWork, given: Taking) -> Task:
    """Task/$take-complaint: whoever receives it first is responsible; it is looked into, or declined with a reason."""
    task = await _read(work, given.id)
    refuse(complaints.take_faults(given, task))
    made = complaints.taken(task, given, by=_by(work), now=work.now)
    await _write(work, made)
    if given.declined:
        await _tell(work, made, complaints.answers(made)[-1]["text"])
    return await _typed(work, given.id)


@cites("R8-002")
async def answer(work: UnitOfWork, given: Answering) -> Task:
    """Task/$answer-complaint: the institution answers; in a dispute about money it says how much goes back."""
    task = await _read(work, given.id)
    refuse(complaints.answer_faults(given, task))
    await _write(work, complaints.answered(task, given, by=_by(work), now=work.now))
    if given.percent:
        await _bills(work, task["focus"]["reference"], task["for"]["reference"])  # refused when nothing was paid
        await work.defer(contract.GIVE_BACK, complaint=given.id)
    await _tell(work, task, given.text.strip())
    return await _typed(work, given.id)


async def confirm(work: UnitOfWork, given: Confirming) -> Task:
    """Task/$confirm-answer: the complainant closes it, or has it looked into once more."""
    task = document_of((await work.fhir.read("Task", given.id)).body())
    mine = task.get("for", {}).get("reference") in {work.principal.patient, *work.principal.patients}
    if not mine or contract.COMPLAINT.url not in task.get("meta", {}).get("profile", ()):
        raise OutcomeError(not_found("Task", given.id))
    refuse(complaints.move_faults(task, "closed"))
    await _write(work, complaints.confirmed(task, satisfied=given.satisfied, now=work.now))
    return await _typed(work, given.id)


async def remind(work: UnitOfWork) -> int:
    """Tell institutions, once a day, of complaints whose term ends; gives how many."""
    today = work.now.astimezone(CHINA).date()
    states = ",".join(f"{contract.STATES.system}|{one}" for one in contract.OPEN)
    page = await work.platform.find("Task", **{"business-status": states}, _sort="authored-on", _count=str(COUNT))
    count = 0
    for row in page.matches:
        task: Document = document_of(row.body())
        if complaints.is_due(task, today) and complaints.value(task, contract.WARNED) != today.isoformat():
            await _tell_here(work, contract.DUE.code, task, f"due {row.id} {today}")
            await _write(work, complaints.warned(task, today))
            count += 1
    return count


@cites("R5-015")
async def give_back(work: UnitOfWork, complaint: str) -> None:
    """Have what was charged given back as the answer says, by billing's rules; once for a complaint."""
    task: Document = document_of((await work.fhir.read("Task", complaint)).body())
    percent = complaints.value(task, contract.REFUNDED)
    if not percent or complaints.value(task, contract.ASKED):
        return
    by = complaints.answers(task)[-1]["by"]["reference"]
    for bill in await _bills(work, task["focus"]["reference"], task["for"]["reference"]):
        for charged in _charged(bill):
            given = bills.Refunding(bill["id"], charged, "complaint", percent, by)
            await work.fhir.operate(bills.REFUND, given)
    asked = {"url": contract.ASKED, "valueInstant": work.now.isoformat()}
    await _write(work, task | {"extension": [*task["extension"], asked]})


async def _bills(work: UnitOfWork, about: str, patient: str) -> list[Document]:
    """Give the bill that a dispute is about; none is a refusal."""
    type, _, id = about.partition("/")
    if type == "Invoice":
        found = [document_of((await work.platform.read(type, id)).body())]
    else:
        page = await work.platform.find("Invoice", patient=patient, _count=str(COUNT))
        every = [document_of(row.body()) for row in page.matches]
        found = [one for one in every if (_extension(one, bills.VISIT) or {}).get("reference") == about]
    paid = [one for one in found if _extension(one, bills.STATE) == bills.PAID]
    if not paid:
        raise OutcomeError(
            Issue("business-rule", "complaint-unpaid", "percent", "Nothing was paid that could go back.")
        )
    return paid


def _charged(bill: Mapping[str, Any]) -> tuple[str, ...]:
    """Give what the lines of a bill are paid for, each once."""
    found = ((_extension(line, bills.ABOUT) or {}).get("reference", "") for line in bill.get("lineItem", ()))
    return tuple(dict.fromkeys(filter(None, found)))


def _extension(document: Mapping[str, Any], url: str) -> Any:
    return complaints.value(document, url)


async def _read(work: UnitOfWork, id: str) -> Document:
    """Read a complaint of the caller's institution."""
    task: Document = document_of((await work.fhir.read("Task", id, lock=True)).body())
    if contract.COMPLAINT.url not in task.get("meta", {}).get("profile", ()):
        raise OutcomeError(not_found("Task", id))
    return task


async def _write(work: UnitOfWork, task: Document) -> None:
    await work.platform.update(bytes_of(task), type="Task", id=task["id"])


async def _typed(work: UnitOfWork, id: str) -> Task:
    found = codec.decode((await work.platform.read("Task", id)).body(), "Task")
    if not isinstance(found, Task):
        raise TypeError("a Task is a Task")
    return found


async def _tell_here(work: UnitOfWork, kind: str, task: Mapping[str, Any], key: str) -> None:
    """Tell the administrators of the institution that answers, with the last day."""
    until = f"until={task['restriction']['period']['end'][:10]}"
    told = RoleNotice(kind, "system-admin", task["owner"]["reference"], (until,), f"Task/{task['id']}", key)
    await work.platform.operate(NOTIFY_ROLE, told)


async def _tell(work: UnitOfWork, task: Mapping[str, Any], text: str) -> None:
    """Tell the complainant."""
    owner = task["owner"]["reference"].partition("/")[2]
    place = document_of((await work.platform.read("Organization", owner)).body()).get("name", "")
    key = f"answered {task['id']} {work.now.isoformat()}"
    parameters = (f"place={place}", f"text={text[:500]}")
    notice = Notice(contract.ANSWERED.code, task["for"]["reference"], parameters, f"Task/{task['id']}", key)
    await work.platform.operate(NOTIFY, notice)


def _by(work: UnitOfWork) -> str:
    who = work.principal.practitioner
    if who is None:
        raise OutcomeError(
            Issue("forbidden", "complaint-staff", text="Only staff of the institution answers."), status=403
        )
    return who
