"""Telling the province: what has happened is found, made into records, checked, sent, and sent again until taken."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.pharmacy import contract as supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.gateways import Answer, Port, PortSilent
from xinglin.capabilities.supervision.operations import gathering
from xinglin.capabilities.supervision.rules import telling, uploads
from xinglin.capabilities.supervision.rules.documents import Document, claims, instant, reference, value
from xinglin.capabilities.supervision.rules.telling import Papers
from xinglin.care.upload.checks import Known, check
from xinglin.care.upload.records import CHINA, Record, digest
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text, canonical
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.sources import cites
from xinglin.security.credential_forms import standing_of
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row

RATING: Final = canonical("rating")
# What is looked at for acts: type and profile.
SOURCES: Final = (
    ("Encounter", visits.VISIT.url),
    ("RequestGroup", prescriptions.PRESCRIPTION.url),
    ("Task", supplies.DISPENSE.url),
    ("Invoice", bills.BILL.url),
    ("QuestionnaireResponse", RATING),
)
PAGE: Final = 100
PAGES: Final = 5  # of one look; what is left is found by the next
OVERLAP: Final = timedelta(minutes=2)  # longer than a transaction that writes what is found here
BEGINNING: Final = "2000-01-01T00:00:00Z"
MARK: Final = canonical("upload-mark")


@cites("R0-005", "R2-042")
async def look(work: UnitOfWork, *, minutes: int) -> int:
    """Find acts that are new, or told from records that changed since; give how many are to be sent."""
    await work.lock("supervision.look")
    return sum([await _look(work, type, profile, minutes) for type, profile in SOURCES])


async def _look(work: UnitOfWork, type: str, profile: str, minutes: int) -> int:
    since = await _mark(work, type)
    token: str | None = None
    last: datetime | None = None
    count = 0
    for _ in range(PAGES):
        more = {TOKEN: token} if token else {}
        page = await work.platform.find(
            type, _profile=profile, _lastUpdated=f"ge{since}", _sort="_lastUpdated", _count=str(PAGE), **more
        )
        for row in page.matches:
            count += await _register(work, row, minutes)
            last = row.ts
        token = page.next_token
        if token is None:
            break
    if last is not None:
        await _keep_mark(work, type, since, last - OVERLAP)
    return count


async def _register(work: UnitOfWork, row: Row, minutes: int) -> int:
    """Make the uploads of one record, and have those sent that were not looked at since it changed."""
    document: Document = document_of(row.body())
    # A rating belongs to the record of its visit, which it changes.
    focus = reference(document, "encounter") if row.rt == "QuestionnaireResponse" else f"{row.rt}/{row.id}"
    count = 0
    for told in telling.told(document):
        known = await _upload(work, uploads.key_of(told.act, focus))
        if known is not None and known.ts > row.ts:
            continue
        if known is None:
            id = await _make(work, document, focus, told, minutes)
        else:
            id = known.id
        if id:
            await work.defer(contract.SEND, upload=id)
            count += 1
    return count


async def _make(work: UnitOfWork, document: Document, focus: str, told: telling.Told, minutes: int) -> str:
    visit = await gathering.read(work, await gathering.visit_of(work, document))
    if not claims(visit, visits.VISIT.url):
        return ""  # on site: not told by this port
    made = uploads.made(
        told.act,
        focus,
        patient=reference(visit, "subject"),
        owner=reference(visit, "serviceProvider"),
        until=uploads.due(told.act, told.at, minutes),
        now=work.now,
    )
    return (await work.platform.create(bytes_of(made), type="Task")).id


@cites("R2-040", "R2-042", "R2-044")
async def send(work: UnitOfWork, upload: str, *, port: Port | None) -> str:
    """Send one upload; gives the state that it is in now. What was taken as it stands is not sent again.

    Reads, asks outside, and writes only then; without an answer it comes again, later each time.
    """
    row = await work.platform.read("Task", upload)
    task: Document = document_of(row.body())
    if not claims(task, contract.UPLOAD.url):
        raise OutcomeError(Issue("not-found", "not-found", text="This is no upload."))
    gathered = await gathering.papers(work, reference(task, "focus"))
    if gathered is None:
        return await _write(work, task, row.vid, "held", faults=(Text("原始记录已不存在", "Its record is gone"),))
    act = str(value(task, contract.ACT))
    try:
        records = telling.records(act, gathered)
    except ValueError as fault:
        faults = (Text(f"原始记录无法读取：{fault}", f"Its record cannot be read: {fault}"),)
        return await _write(work, task, row.vid, "held", faults=faults)
    mark = digest(records)
    if mark == value(task, contract.DIGEST):
        return await _write(work, task, row.vid, "taken")
    found = check(records, await _known(work, act, gathered))
    if found:
        return await _write(work, task, row.vid, "held", faults=uploads.words(found))
    if port is None:
        return await _write(work, task, row.vid, "waiting")
    answer = await _told(port, task, mark, records)
    if answer is None:
        wait = uploads.again_after(uploads.attempts(task))
        state = await _write(work, task, row.vid, "waiting", sent=True, faults=(SILENT,))
        await work.defer_at(work.now + wait, contract.SEND, upload=upload)
        return state
    if answer.receipt:
        return await _write(work, task, row.vid, "taken", digest=mark, receipt=answer.receipt, sent=True)
    return await _write(
        work, task, row.vid, "refused", sent=True, faults=tuple(Text(one, one) for one in answer.reasons)
    )


SILENT: Final = Text("监管平台没有应答，将自动重发", "The province did not answer; it is sent again")


async def _told(port: Port, task: Document, mark: str, records: tuple[Record, ...]) -> Answer | None:
    """Tell the port; None when it was silent."""
    try:
        return await port.tell(task["identifier"][0]["value"], mark, records)
    except PortSilent:
        return None


async def _write(work: UnitOfWork, task: Document, version: int, state: str, **more: Any) -> str:
    """Write what became of an upload, if nobody else has meanwhile."""
    made = uploads.moved(task, state, work.now, **more)
    await work.platform.update(bytes_of(made), type="Task", id=task["id"], if_match=version)
    await work.announce(contract.topic(reference(task, "owner")))
    return state


async def sweep(work: UnitOfWork, *, before: timedelta) -> int:
    """Have uploads sent that wait or are held for long: their job gave up, or what held them may be mended."""
    since = (work.now - before).isoformat()
    system = contract.UPLOAD_STATES.system
    page = await work.platform.find(
        "Task",
        **{"business-status": f"{system}|waiting,{system}|held"},
        _lastUpdated=f"lt{since}",
        _sort="_lastUpdated",
        _count=str(PAGE),
    )
    for row in page.matches:
        await work.defer(contract.SEND, upload=row.id)
    return len(page.matches)


async def resend(work: UnitOfWork, given: contract.One) -> str:
    """Task/$resend-upload: what was held or refused goes again, as it stands now."""
    task: Document = document_of((await work.fhir.read("Task", given.id)).body())
    if not claims(task, contract.UPLOAD.url):
        raise OutcomeError(Issue("not-found", "not-found", text="This is no upload."))
    state = uploads.state_of(task)
    if state == "taken":
        raise OutcomeError(Issue("business-rule", "upload-taken", text="The province has taken it."))
    await work.defer(contract.SEND, upload=given.id)
    return state


async def stands_as_sent(work: UnitOfWork, task: Mapping[str, Any]) -> bool | None:
    """Tell whether the record still is what the province has taken; None when it has taken nothing."""
    mark = value(task, contract.DIGEST)
    gathered = await gathering.papers(work, reference(task, "focus")) if mark else None
    if gathered is None:
        return None
    return bool(digest(telling.records(str(value(task, contract.ACT)), gathered)) == mark)


async def _known(work: UnitOfWork, act: str, papers: Papers) -> Known:
    """Read what the checks know beside the records."""
    day = (instant(papers.visit["period"]["start"]) or work.now).astimezone(CHINA).date()
    faults: tuple[str, ...] = ()
    if act == "prescription" and papers.doctor:
        standing = standing_of(codec.decode(bytes_of(papers.doctor), "Practitioner"))
        faults = telling.prescriber_faults(standing, day)
    charges = {}
    if act == "refund":
        charge = telling.charge_of(papers, refund=False)
        charges = {charge.number: charge.total}
    return Known(
        day=day,
        # A visit that goes on has its T2 when it ends; one that ended without a reception never has.
        visits=frozenset(() if value(papers.visit, visits.STATE) in telling.OVER else {str(papers.visit["id"])}),
        charges=charges,
        prescriber_faults=faults,
        evidenced=telling.evidenced(papers) if act == "reception" else None,
        guardian=telling.accompanied(papers.visit),
    )


async def _upload(work: UnitOfWork, key: str) -> Row | None:
    """Find the upload of a key."""
    page = await work.platform.find("Task", identifier=f"{contract.KEYS}|{key}", _count="1")
    return next(iter(page.matches), None)


async def _mark(work: UnitOfWork, type: str) -> str:
    """Read up to when a type was looked at."""
    kept = await gathering.read(work, f"Basic/{_mark_id(type)}")
    return str(value(kept, MARK) or BEGINNING)


async def _keep_mark(work: UnitOfWork, type: str, before: str, at: datetime) -> None:
    later = at.isoformat()
    if (instant(before) or at) >= at:
        return
    mark = {
        "resourceType": "Basic",
        "id": _mark_id(type),
        "code": {"text": "upload-mark"},
        "extension": [{"url": MARK, "valueInstant": later}],
    }
    await work.platform.update(bytes_of(mark), type="Basic", id=_mark_id(type))


def _mark_id(type: str) -> str:
    return f"upload-mark-{type.lower()}"
