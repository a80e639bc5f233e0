"""What people do with messages: read them; the service desk sends again, calls, and notes that somebody was told."""

from typing import Any

from xinglin.capabilities.notifications import rules
from xinglin.capabilities.notifications.contract import CALLS, DELIVER, Called, One
from xinglin.capabilities.notifications.operations.deliver import message_of, person_of
from xinglin.capabilities.notifications.rules import Try
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.cells import named


async def mark_read(work: UnitOfWork, given: One) -> bool:
    """Communication/$mark-read: its recipient has opened a message; True the first time."""
    document = await _within_reach(work, given.id)
    if document["recipient"][0]["reference"] not in recipients(work):
        raise OutcomeError(Issue("forbidden", "not-recipient", text="Only its recipient reads a message."), status=403)
    if document.get("received"):
        return False
    if document["status"] == "stopped":
        await _close(work, given.id, "cancelled")
    await work.platform.patch(
        lambda before: before | {"received": work.now.isoformat(), "status": "completed"},
        type="Communication",
        id=given.id,
    )
    return True


async def resend(work: UnitOfWork, given: One) -> bool:
    """Communication/$resend: begin a new round of what failed."""
    document = await _within_reach(work, given.id)
    refuse(rules.resend_faults(document["status"]))
    await _note(work, given.id, Try("person", "again", work.now), status="preparation")
    await _close(work, given.id, "cancelled")
    await work.defer(DELIVER, message=given.id)
    return True


async def call(work: UnitOfWork, given: One) -> Called:
    """Communication/$call: whom to call of what failed, and the words that a phone may hear; stands in the ledger."""
    document = await _within_reach(work, given.id)
    refuse(rules.resend_faults(document["status"]))
    recipient = document["recipient"][0]["reference"]
    person = await person_of(work, recipient)
    work.note("read", type=recipient.partition("/")[0], refs=(recipient,), detail="message-call")
    return Called(named(person), rules.phone_of(person), rules.short_of(document))


async def told(work: UnitOfWork, given: One) -> bool:
    """Communication/$told: somebody was told by telephone."""
    document = await _within_reach(work, given.id)
    refuse(rules.resend_faults(document["status"]))
    media = [*document.get("medium", ()), *rules.medium("person")]
    note = [{"text": given.note.strip(), "authorString": work.principal.id, "time": work.now.isoformat()}]
    members = {"note": note} if given.note.strip() else {}
    await _note(
        work,
        given.id,
        Try("person", "told", work.now),
        status="completed",
        received=work.now.isoformat(),
        medium=media,
        **members,
    )
    await _close(work, given.id, "completed")
    return True


def recipients(work: UnitOfWork) -> tuple[str, ...]:
    """Give for whom somebody gets messages."""
    who = work.principal
    return tuple(dict.fromkeys(one for one in (who.patient, *who.patients, who.practitioner) if one))


async def _within_reach(work: UnitOfWork, id: str) -> dict[str, Any]:
    """Read a message whole that the caller reaches; the desk sees it masked otherwise."""
    await work.fhir.read("Communication", id)
    document = await message_of(work, id)
    if document is None:
        raise OutcomeError(not_found("Communication", id))
    return document


async def _note(work: UnitOfWork, id: str, one: Try, **members: Any) -> None:
    await work.platform.patch(lambda document: rules.tried(document, one, **members), type="Communication", id=id)


async def _close(work: UnitOfWork, id: str, status: str) -> None:
    """Close the calls that a message still asks for."""
    code = f"{CALLS.system}|message-call"
    page = await work.platform.find("Task", code=code, focus=f"Communication/{id}", status="requested", _count="10")
    for row in page.matches:
        await work.platform.patch(lambda task: task | {"status": status}, type="Task", id=row.id)
