"""The registers of processing: an entry is made, and an entrusted processing ended."""

from typing import Any

import msgspec

from xinglin.capabilities.privacy.contract import ENDED, ENTRY, RECORD, REGISTER, Ending, Entry
from xinglin.capabilities.privacy.rules import registers as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import today


@cites("R7-005", "R7-010", "R7-012")
async def enter(work: UnitOfWork, given: Entry) -> str:
    """Basic/$record-processing: make an entry."""
    refuse(rules.entry_faults(given))
    fields = [(name, getattr(given, name).strip()) for name in rules.FIELDS]
    parts = [{"url": name, "valueString": value} for name, value in fields if value]
    document: dict[str, Any] = {
        "resourceType": "Basic",
        "meta": {"profile": [RECORD.url]},
        "extension": [{"url": ENTRY, "extension": [*parts, {"url": "by", "valueString": work.principal.id}]}],
        "code": {"coding": [{"system": REGISTER.system, "code": given.kind}]},
        "created": today(work.now).isoformat(),
    }
    made = await work.platform.create(msgspec.json.encode(document), type="Basic")
    work.note("processing-recorded", type="Basic", refs=(f"Basic/{made.id}",), detail=given.kind)
    return made.id


@cites("R7-005")
async def end(work: UnitOfWork, given: Ending) -> str:
    """Basic/$end-entrusting: write down that an entrusted processing ended, and how the data came back."""
    row = await work.fhir.read("Basic", given.id)
    document = document_of(row.body())
    if not rules.kind_of(document):
        raise OutcomeError(not_found("Basic", given.id))
    refuse(rules.ending_faults(rules.kind_of(document), given.note, ended=rules.is_ended(document)))
    parts = (("day", today(work.now).isoformat()), ("note", given.note.strip()), ("by", work.principal.id))
    ended = {"url": ENDED, "extension": [{"url": name, "valueString": value} for name, value in parts]}
    document["extension"] = [*document["extension"], ended]
    await work.platform.update(msgspec.json.encode(document), type="Basic", id=given.id, if_match=row.vid)
    work.note("processing-ended", type="Basic", refs=(f"Basic/{given.id}",))
    return given.id
