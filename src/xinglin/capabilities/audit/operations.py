"""What is done about the ledger: a resident objects to an access."""

from xinglin.capabilities.audit.contract import OBJECTION, OBJECTIONS, Objection
from xinglin.capabilities.audit.rules import objection_faults
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding, Meta, Reference
from xinglin.fhir.r4.resources import AuditEvent, Task
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork


@cites("R7-041")
async def object_to(work: UnitOfWork, given: Objection) -> str:
    """Ask the security officer to look into an act about one's own record (对访问提出异议)."""
    refuse(objection_faults(given.text))
    patient = work.principal.patient
    if patient is None:
        raise OutcomeError(Issue("forbidden", "no-patient", text="Only who has a record here may object."))
    event = codec.decode((await work.fhir.read("AuditEvent", given.event)).body(), "AuditEvent")
    if not isinstance(event, AuditEvent):
        raise TypeError("an AuditEvent is an AuditEvent")
    task = Task(
        meta=Meta(profile=[OBJECTION.url]),
        status="requested",
        intent="order",
        code=CodeableConcept(coding=[Coding(system=OBJECTIONS.system, code="access-objection")]),
        focus=Reference(reference=f"AuditEvent/{given.event}"),
        for_=Reference(reference=patient),
        requester=Reference(reference=patient),
        authoredOn=work.now.isoformat(),
        description=given.text.strip(),
    )
    written = await work.platform.create(task, type="Task")
    work.note("objection", type="Task", refs=(patient, f"Task/{written.id}/_history/1"), detail=given.event)
    return f"Task/{written.id}"
