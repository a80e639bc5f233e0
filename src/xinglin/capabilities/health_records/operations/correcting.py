"""A resident says what is wrong in the record; the institution answers."""

from typing import Any, Final

from xinglin.capabilities.health_records.contract import CORRECTION, REQUESTS, Correction, Decision
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.rules.documents import Document, reference
from xinglin.capabilities.health_records.rules.forms import correction_faults, decision_faults
from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import Annotation, CodeableConcept, Coding, Meta, Reference
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

OUTCOMES: Final = {"corrected": "completed", "kept": "rejected"}
MOST: Final = 50


@cites("R7-008")
async def ask(work: UnitOfWork, given: Correction) -> Task:
    """Patient/$ask-correction: ask who wrote an entry, or who keeps the record, to correct it (申请更正)."""
    refuse(correction_faults(given.text))
    record = Record(work, given.id)
    patient = await record.patient()
    type, _, id = given.entry.partition("/")
    entry = await record.one(type, id) if given.entry and type != "Patient" else None
    owner = await _owner(record, entry) if entry is not None else ""
    owner = owner or reference(patient.get("managingOrganization"))
    if not owner.startswith("Organization/"):
        text = "No institution is known that wrote this or keeps the record."
        raise OutcomeError(Issue("not-found", "no-keeper", "Patient.managingOrganization", text), status=422)
    task = Task(
        meta=Meta(profile=[CORRECTION.url]),
        status="requested",
        intent="proposal",
        code=CodeableConcept(coding=[Coding(system=REQUESTS.system, code="correction")]),
        focus=Reference(reference=given.entry if entry is not None else f"Patient/{given.id}"),
        for_=Reference(reference=f"Patient/{given.id}"),
        requester=Reference(reference=work.principal.patient or f"Patient/{given.id}"),
        owner=Reference(reference=owner),
        authoredOn=work.now.isoformat(),
        description=given.text.strip(),
    )
    written = await work.platform.create(task, type="Task")
    return await _task(work, written.id)


async def decide(work: UnitOfWork, given: Decision) -> Task:
    """Task/$decide-correction: say to the resident what was done (答复更正申请)."""
    row = await work.fhir.read("Task", given.id, lock=True)
    found: Any = codec.decode(row.body(), "Task")
    here = found.owner is not None and found.owner.reference == work.principal.organization
    coded = any(one.code == "correction" for one in (found.code.coding if found.code else None) or ())
    # Whoever treats the patient reads the request too, but only the institution that is asked answers.
    if not (here and coded):
        raise OutcomeError(Issue("not-found", "not-found", text=f"Task/{given.id} is not known."), status=404)
    refuse(decision_faults(found.status, given.outcome, given.note))
    found.status = OUTCOMES[given.outcome]
    found.note = [Annotation(text=given.note.strip(), time=work.now.isoformat())]
    await work.platform.update(found, type="Task", id=given.id)
    return await _task(work, given.id)


async def asked(record: Record) -> list[Document]:
    """Give what was asked about a record, newest first, as far as the reader sees it."""
    if record.work.fhir.reach("search", "Task").nothing:
        return []
    code = f"{REQUESTS.system}|correction"
    page = await record.work.fhir.find(
        "Task", patient=f"Patient/{record.id}", code=code, _sort="-authored-on", _count=str(MOST)
    )
    return [document_of(row.body()) for row in page.matches]


async def _owner(record: Record, entry: Document) -> str:
    """Name the institution that an entry comes from: its own, else that of its visit."""
    for member in ("serviceProvider", "custodian", "managingOrganization", "performer", "author"):
        value = entry.get(member)
        for one in value if isinstance(value, list) else [value]:
            found = reference(one.get("actor", one) if isinstance(one, dict) else None)
            if found.startswith("Organization/"):
                return found
    visit = reference(entry.get("encounter") or entry.get("context")).removeprefix("Encounter/")
    for encounter in await record.several("Encounter", [visit] if visit else []):
        return reference(encounter.get("serviceProvider"))
    return ""


async def _task(work: UnitOfWork, id: str) -> Task:
    found = codec.decode((await work.platform.read("Task", id)).body(), "Task")
    if not isinstance(found, Task):
        raise TypeError("a Task is a Task")
    return found
