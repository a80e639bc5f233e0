"""Files of a record: attached, or kept as a Binary of their own."""

from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.capabilities.health_records.rules.files import File, attachments, belongs, binary, data, media_type
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.executor import Row


async def file_of(record: Record, document: Document, at: int) -> File:
    """Give the file number *at* of a resource that the reader has; OutcomeError 404 when it has none.

    A Binary is given to whoever may read it, and else only when it is tied to the document or its patient: a document
    that names somebody else's Binary opens nothing.
    """
    found = attachments(document)
    attachment = found[at] if at < len(found) else {}
    body = data(attachment.get("data"))
    if body is not None:
        return File(body, media_type(attachment.get("contentType")))
    id = binary(attachment, record.work.door.base_url)
    kept = await _binary(record, document, id) if id else None
    body = None if kept is None else data(kept.get("data"))
    if kept is None or body is None:
        text = f"{document.get('resourceType')}/{document.get('id')} has no such file here."
        raise OutcomeError(Issue("not-found", "no-file", text=text), status=404)
    return File(body, media_type(kept.get("contentType") or attachment.get("contentType")))


async def _binary(record: Record, document: Document, id: str) -> Document | None:
    work = record.work
    allowed = await _read(record, id, platform=work.fhir.reach("read", "Binary").nothing)
    if allowed is None or (work.fhir.reach("read", "Binary").nothing and not belongs(allowed, document, record.id)):
        return None
    work.note("read", type="Binary", refs=(f"Patient/{record.id}", f"Binary/{id}"))
    return allowed


async def _read(record: Record, id: str, *, platform: bool) -> Document | None:
    asked = record.work.platform if platform else record.work.fhir
    try:
        row: Row | None = await asked.read("Binary", id)
    except OutcomeError as refused:
        if refused.status in {403, 404, 410}:
            return None
        raise
    if row is not None and record.at is not None:
        row = await record.then(row)
    return None if row is None else document_of(row.body())
