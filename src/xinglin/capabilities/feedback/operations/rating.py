"""Encounter/$rate-visit: the patient says how a visit was."""

from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.contract import Rating
from xinglin.capabilities.feedback.rules import ratings
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork


@cites("R2-040")
async def rate(work: UnitOfWork, given: Rating) -> str:
    """Rate an own visit, once; only whoever was the patient, or acts for one."""
    visit = document_of((await work.fhir.read("Encounter", given.id)).body())
    patient = visit.get("subject", {}).get("reference", "")
    if patient not in {work.principal.patient, *work.principal.patients}:
        raise OutcomeError(Issue("forbidden", "rating-not-yours", text="Only the patient rates a visit."), status=403)
    refuse(ratings.faults(given, visit))
    made = ratings.made(given, visit, work.principal.patient or patient, work.now.isoformat())
    written = await work.platform.create(bytes_of(made), type="QuestionnaireResponse")
    work.note("visit-rated", type=contract.RATING.on, refs=(f"Encounter/{given.id}",))
    return written.id
