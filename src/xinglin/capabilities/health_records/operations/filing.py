"""Filing what a shared document of elsewhere holds: proposed to a clinician, written when he says so."""

from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.health_records.contract import Filing
from xinglin.capabilities.health_records.operations.files import file_of
from xinglin.capabilities.health_records.operations.reading import Found, Pairs, Record
from xinglin.capabilities.health_records.rules.cda.reading import read
from xinglin.capabilities.health_records.rules.cda.unread import Unread, unread
from xinglin.capabilities.health_records.rules.documents import Document, day, reference, when
from xinglin.capabilities.health_records.rules.filing import FILED, Proposal, left, proposals
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Bundle
from xinglin.fhir.search.catalog import main_date
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import forbidden

MOST_THERE: Final = 500
# What is recognised by its day is looked for around the days of the document alone.
_DATED: Final = ("Observation", "DiagnosticReport", "MedicationRequest")
# What a clinician writes as a draft alone (R2-025). What was prescribed elsewhere is no draft, nor an order of his: the
# platform writes it, for who may draft it and write in this record.
_ORDERED: Final = "MedicationRequest"


@dataclass(frozen=True, slots=True)
class Preview:
    """What filing a document would do. left: entries that others write; unread: what stays in the document alone."""

    document: Document
    proposals: tuple[Proposal, ...]
    left: tuple[Document, ...]
    unread: tuple[Unread, ...]


async def preview(record: Record, id: str) -> Preview:
    """Say what of a document can be filed; OutcomeError 404 for what is not of the record, 422 without a template."""
    document = await record.one("DocumentReference", id)
    xml = (await file_of(record, document, 0)).body
    bundle = read(xml)
    made = proposals(bundle, f"Patient/{record.id}", f"DocumentReference/{id}", ())
    there: list[Document] = []
    for type, pairs in _wanted(made).items():
        there += (await _all(record, type, pairs)).documents
    again = proposals(bundle, f"Patient/{record.id}", f"DocumentReference/{id}", there)
    return Preview(document, again, left(bundle), unread(xml))


@cites("ST-08")
async def file_entries(work: UnitOfWork, given: Filing) -> Bundle:
    """DocumentReference/$file-entries: write the new entries of a document into the record (归档); gives them.

    Said again, nothing is written: what stands there is recognised. The writer is whoever confirms; a Provenance names
    the document that they come from.
    """
    document = document_of((await work.fhir.read("DocumentReference", given.id)).body())
    record = Record(work, reference(document.get("subject")).removeprefix("Patient/"))
    await work.lock(f"filing into Patient/{record.id}")  # two clinicians at once would both find it new
    found = await preview(record, given.id)
    keys = {one.key for one in found.proposals}
    wrong = [one for one in given.entry if one not in keys]
    if wrong:
        text = f"The document has no entry {wrong[0][:40]}."
        raise OutcomeError(Issue("value", "no-such-entry", "entry", text), status=422)
    chosen = set(given.entry) or keys
    names = {one.key: one.same for one in found.proposals if one.same}
    new = [one for one in found.proposals if not one.same and one.key in chosen]
    if any(one.type == _ORDERED for one in new):
        await _must_write(work, given.id)
    written = []
    for one in new:
        results = [{"reference": names[key]} for key in _keys(one) if key in names]
        resource = {**one.resource, **({"result": results} if results else {})}
        fhir = work.platform if one.type == _ORDERED else work.fhir
        id = (await fhir.create(bytes_of(resource), type=one.type)).id
        names[one.key] = f"{one.type}/{id}"
        written.append(names[one.key])
    if written:
        await work.platform.create(
            bytes_of(_provenance(work, written, f"DocumentReference/{given.id}")), type="Provenance"
        )
    rows = [await work.fhir.read(*name.split("/")) for name in written]
    entries = [{"resource": document_of(row.body())} for row in rows]
    made = {"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})}
    decoded = codec.decode(bytes_of(made), "Bundle")
    if not isinstance(decoded, Bundle):
        raise TypeError("a Bundle is a Bundle")
    return decoded


async def _must_write(work: UnitOfWork, document: str) -> None:
    """Refuse who may draft no medicines, or may not write a document such as this one in this record."""
    if work.fhir.reach("create", _ORDERED).nothing:
        raise OutcomeError(forbidden("create", _ORDERED))
    if not (await work.fhir.explain(work.principal, "create", "DocumentReference", document)).allowed:
        text = "You may not write in this record."
        raise OutcomeError(Issue("forbidden", "outside-reach", _ORDERED, text))


def _keys(one: Proposal) -> list[str]:
    return [key.removeprefix("urn:uuid:") for key in one.results]


def _provenance(work: UnitOfWork, targets: list[str], document: str) -> dict[str, Any]:
    by = work.principal.practitioner
    who = {"reference": by} if by else {"display": work.principal.display or work.principal.id}
    return {
        "resourceType": "Provenance",
        "target": [{"reference": one} for one in targets],
        "recorded": work.now.isoformat(),
        "activity": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": "CREATE"}]
        },
        "agent": [{"who": who}],
        "entity": [{"role": "source", "what": {"reference": document}}],
    }


def _wanted(made: tuple[Proposal, ...]) -> dict[str, Pairs]:
    """Give the searches that find what could be the same."""
    wanted: dict[str, Pairs] = {}
    for type in FILED:
        days = [day(when(one.resource)) for one in made if one.type == type]
        known = [one for one in days if one is not None]
        date = "issued" if type == "DiagnosticReport" else main_date(type)
        if type in _DATED and date and known and len(known) == len(days):
            wanted[type] = ((date, f"ge{min(known)}"), (date, f"le{max(known)}"))
        elif days:
            wanted[type] = ()
    return wanted


async def _all(record: Record, type: str, pairs: Pairs) -> Found:
    """Find all of a type; OutcomeError when there is too much to tell what is the same."""
    found = await record.search({type: pairs}, MOST_THERE)
    if found.token is not None:
        text = f"The record holds more than {MOST_THERE} of {type} within the days of the document."
        raise OutcomeError(Issue("too-costly", "too-many-entries", type, text), status=422)
    return found
