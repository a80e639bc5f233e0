"""Reading what an act is told from, and what a chain is made of; always as the platform, which tells no page."""

from collections.abc import Sequence
from typing import Any, Final

from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision.rules.documents import Document, claims, reference
from xinglin.capabilities.supervision.rules.telling import Papers
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork

MOST: Final = 200
STEPS: Final = 6  # from one record to the next, on the way to a visit
GONE: Final = frozenset({404, 410})


async def read(work: UnitOfWork, named: str) -> Document:
    """Read what a reference names; empty when it names nothing, or what is not there any more."""
    type, _, id = named.partition("/")
    if not id:
        return {}
    try:
        found: Document = document_of((await work.platform.read(type, id.partition("/")[0])).body())
    except OutcomeError as refused:
        if refused.status not in GONE:
            raise
        return {}
    return found


async def find(work: UnitOfWork, type: str, **parameters: str) -> list[Document]:
    """Find documents, at most `MOST`."""
    page = await work.platform.find(type, _count=str(MOST), **parameters)
    return [document_of(row.body()) for row in page.matches]


async def papers(work: UnitOfWork, focus: str) -> Papers | None:
    """Read what an act about *focus* is told from; None when it is gone, or belongs to no online visit."""
    about = await read(work, focus)
    if not about:
        return None
    visit = await read(work, await visit_of(work, about))
    if not claims(visit, visits.VISIT.url):
        return None
    id = f"Encounter/{visit['id']}"
    hospital = await read(work, reference(visit, "serviceProvider"))
    notes = [one for one in await find(work, "Composition", encounter=id) if claims(one, visits.NOTE.url)]
    more = await _of_kind(work, about)
    note = next(iter(notes), {})
    signed = [f"Composition/{note['id']}"] if note else []
    signed += [f"Task/{more['review']['id']}"] if more.get("review") else []
    return Papers(
        visit=visit,
        patient=await read(work, reference(visit, "subject")),
        hospital=hospital,
        host=await read(work, reference(hospital, "partOf")),
        doctor=await read(work, reference(more.get("prescription", {}), "author") or doctor_of(visit)),
        note=note,
        conditions=tuple(await find(work, "Condition", encounter=id)),
        evidence=tuple(await evidence(work, id)),
        seals=tuple([seal for one in signed for seal in await find(work, "Provenance", target=one)]),
        rating=await rating(work, id),
        **more,
    )


async def _of_kind(work: UnitOfWork, about: Document) -> dict[str, Any]:
    """Read what only some acts need."""
    kind = about["resourceType"]
    if kind == "RequestGroup":
        review = await review_of(work, f"RequestGroup/{about['id']}")
        reviewer: Document = next(
            (one for one in review.get("output", ()) if one["type"].get("text") == "reviewer"), {}
        )
        lines = [await read(work, reference(one, "resource")) for one in about.get("action", ())]
        return {
            "prescription": about,
            "lines": tuple(filter(None, lines)),
            "review": review,
            "pharmacist": await read(work, reference(reviewer, "valueReference")),
        }
    if kind == "Task":
        return {"supply": about}
    if kind == "Invoice":
        items = [reference(one, "chargeItemReference") for one in about.get("lineItem", ())]
        return {"bill": about, "charges": tuple([await read(work, one) for one in items])}
    return {}


async def visit_of(work: UnitOfWork, about: Document, *, steps: int = STEPS) -> str:
    """Give the reference of the Encounter that something belongs to; empty when none is found within some steps."""
    kind = about.get("resourceType")
    if kind == "Encounter":
        return f"Encounter/{about['id']}"
    extension = next((one for one in about.get("extension", ()) if one["url"].endswith("/bill-visit")), None)
    if extension is not None:
        return reference(extension, "valueReference")
    found = (
        reference(about, "encounter")
        or reference(about, "context")
        or reference(about, "context", "encounter")
        or reference(about, "item", "encounter")
    )
    if found or kind not in {"Task", "MedicationDispense", "ClaimResponse", "SupplyDelivery", "PaymentNotice"}:
        return found if found.startswith("Encounter/") else ""
    for member in ("focus", "authorizingPrescription", "request", "basedOn", "payment"):
        if named := reference(about, member):
            return await visit_of(work, await read(work, named), steps=steps - 1) if steps else ""
    return ""


async def evidence(work: UnitOfWork, visit: str) -> list[Document]:
    """Read the papers that show the diagnosis of a visit."""
    found = await find(work, "DocumentReference", encounter=visit)
    return [one for one in found if claims(one, visits.EVIDENCE.url)]


async def review_of(work: UnitOfWork, prescription: str) -> Document:
    """Read the last review of a prescription; empty when there is none."""
    kind = f"{prescriptions.REVIEWS.system}|{prescriptions.REVIEW}"
    return next(iter(await find(work, "Task", focus=prescription, code=kind, _sort="-authored-on")), {})


async def rating(work: UnitOfWork, visit: str) -> int | None:
    """Give the stars that the patient gave for a visit, 1 to 5; None when there are none."""
    answers = await find(work, "QuestionnaireResponse", encounter=visit, questionnaire=RATING)
    items = (item for one in answers for item in one.get("item", ()) if item["linkId"] == "stars")
    return next((int(item["answer"][0]["valueInteger"]) for item in items), None)


def doctor_of(visit: Document) -> str:
    """Give the reference of the doctor of a visit; empty while nobody has it."""
    found = (reference(one, "individual") for one in visit.get("participant", ()))
    return next((one for one in found if one.startswith("Practitioner/")), "")


def unique(references: Sequence[str]) -> tuple[str, ...]:
    """Give references once each, in their order."""
    return tuple(dict.fromkeys(one for one in references if one))


RATING: Final = "https://xinglin.health/fhir/Questionnaire/rating"
