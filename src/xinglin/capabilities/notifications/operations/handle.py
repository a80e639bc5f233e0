"""What people do with messages: read them; the service desk sends again, calls, and notes that somebody was told."""

from typing import Any, Final

from xinglin.capabilities.notifications.contract import DELIVER, NOTICES, Called, Mine, One
from xinglin.capabilities.notifications.operations.confirm import close
from xinglin.capabilities.notifications.operations.deliver import hearer_of, message_of, note, person_of
from xinglin.capabilities.notifications.rules import messages as rules
from xinglin.capabilities.notifications.rules.messages import Try
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.store.tally import tally
from xinglin.web.cells import named

ALL_MOST: Final = 200


async def mark_read(work: UnitOfWork, given: One) -> bool:
    """Communication/$mark-read: its recipient has opened a message; True the first time."""
    document = await _within_reach(work, given.id)
    if document["recipient"][0]["reference"] not in recipients(work):
        raise OutcomeError(Issue("forbidden", "not-recipient", text="Only its recipient reads a message."), status=403)
    if document.get("received"):
        return False
    await _open(work, document)
    return True


async def mark_all_read(work: UnitOfWork, _given: Mine) -> int:
    """Communication/$mark-all-read: mark what one has not opened, at most `ALL_MOST`; gives how many there were."""
    found = await work.fhir.find("Communication", _count=str(ALL_MOST), **_new(work)) if recipients(work) else None
    documents = [document_of(row.body()) for row in found.matches] if found else []
    for document in documents:
        await _open(work, document)
    return len(documents)


async def unread(work: UnitOfWork, _given: Mine) -> int:
    """Communication/$unread: count what one has not opened; one's own, so that no right is asked for."""
    return await tally(work.executor, "Communication", **_new(work)) if recipients(work) else 0


async def resend(work: UnitOfWork, given: One) -> bool:
    """Communication/$resend: begin a new round of what failed."""
    document = await _within_reach(work, given.id)
    refuse(rules.resend_faults(document["status"]))
    await note(work, document, Try("person", "again", work.now), status="preparation")
    await close(work, given.id, "cancelled")
    await work.defer(DELIVER, message=given.id)
    return True


async def call(work: UnitOfWork, given: One) -> Called:
    """Communication/$call: whom to call of what failed, and the words that a phone may hear; stands in the ledger."""
    document = await _within_reach(work, given.id)
    refuse(rules.resend_faults(document["status"]))
    hearer = await hearer_of(work, document)
    person = await person_of(work, hearer.reference)
    work.note("read", type=hearer.reference.partition("/")[0], refs=(hearer.reference,), detail="message-call")
    short = rules.about(rules.short_of(document), hearer.about, str(document.get("language", "zh")))
    return Called(named(person), hearer.addresses.get("voice", ""), short)


async def told(work: UnitOfWork, given: One) -> bool:
    """Communication/$told: somebody was told by telephone."""
    document = await _within_reach(work, given.id)
    refuse(rules.resend_faults(document["status"]))
    media = [*document.get("medium", ()), *rules.medium("person")]
    said = [{"text": given.note.strip(), "authorString": work.principal.id, "time": work.now.isoformat()}]
    members = {"note": said} if given.note.strip() else {}
    await note(
        work,
        document,
        Try("person", "told", work.now),
        status="completed",
        received=work.now.isoformat(),
        medium=media,
        **members,
    )
    await close(work, given.id, "completed")
    return True


def recipients(work: UnitOfWork) -> tuple[str, ...]:
    """Give for whom somebody gets messages."""
    who = work.principal
    return tuple(dict.fromkeys(one for one in (who.patient, *who.patients, who.practitioner) if one))


def _new(work: UnitOfWork) -> dict[str, str]:
    return {"category": f"{NOTICES}|", "recipient": ",".join(recipients(work)), "received:missing": "true"}


async def _open(work: UnitOfWork, document: dict[str, Any]) -> None:
    if document["status"] == "stopped":
        await close(work, document["id"], "cancelled")
    await work.platform.patch(
        lambda before: before | {"received": work.now.isoformat(), "status": "completed"},
        type="Communication",
        id=document["id"],
    )


async def _within_reach(work: UnitOfWork, id: str) -> dict[str, Any]:
    """Read a message whole that the caller reaches; the desk sees it masked otherwise."""
    await work.fhir.read("Communication", id)
    document = await message_of(work, id)
    if document is None:
        raise OutcomeError(not_found("Communication", id))
    return document
