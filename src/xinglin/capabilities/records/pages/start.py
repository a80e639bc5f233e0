"""The start page: what is in the store, what changed last, and where to go."""

from typing import Final

from xinglin.capabilities.records.contract import listing
from xinglin.capabilities.records.pages.shown import row_of
from xinglin.fhir.r4 import RESOURCES
from xinglin.store.door import UnitOfWork
from xinglin.store.search.overview import MOST
from xinglin.web.view import Form, View

LAST: Final = 8

# subject area → its types, as FHIR's own modules group them; what no area names stands under "other"
AREAS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("people", "users", ("Patient", "RelatedPerson", "Person", "Practitioner", "PractitionerRole", "Group")),
    ("places", "building-hospital", (
        *("Organization", "Location", "HealthcareService", "Endpoint", "Device", "DeviceMetric"),
    )),
    ("visits", "stethoscope", (
        *("Encounter", "EpisodeOfCare", "Appointment", "AppointmentResponse", "Schedule", "Slot", "Communication"),
        *("CommunicationRequest", "Flag", "List", "Account"),
    )),
    ("clinical", "heartbeat", (
        *("Condition", "AllergyIntolerance", "Procedure", "FamilyMemberHistory", "ClinicalImpression", "AdverseEvent"),
        *("DetectedIssue", "CarePlan", "CareTeam", "Goal", "RiskAssessment", "NutritionOrder", "VisionPrescription"),
    )),
    ("diagnostics", "test-pipe", (
        *("Observation", "DiagnosticReport", "Specimen", "ImagingStudy", "Media", "BodyStructure", "MolecularSequence"),
        *("ServiceRequest", "QuestionnaireResponse"),
    )),
    ("medication", "pill", (
        *("Medication", "MedicationRequest", "MedicationDispense", "MedicationAdministration", "MedicationStatement"),
        *("MedicationKnowledge", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"),
    )),
    ("workflow", "clipboard-list", (
        *("Task", "RequestGroup", "GuidanceResponse", "DeviceRequest", "DeviceUseStatement", "SupplyRequest"),
        *("SupplyDelivery", "Contract", "Consent"),
    )),
    ("finance", "currency-yuan", (
        *("Coverage", "Claim", "ClaimResponse", "ExplanationOfBenefit", "Invoice", "ChargeItem", "PaymentNotice"),
        *("PaymentReconciliation", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "InsurancePlan"),
        *("EnrollmentRequest", "EnrollmentResponse", "ChargeItemDefinition"),
    )),
    ("documents", "file-text", (
        *("DocumentReference", "DocumentManifest", "Composition", "Binary", "Bundle", "Provenance", "AuditEvent"),
    )),
)  # fmt: skip


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the figures of what there is, area by area, and the last changes."""
    counts = await work.fhir.overview()
    recent = await work.fhir.history(count=LAST)
    values = {
        "areas": [one for one in _areas(counts) if one["types"]],
        "total": sum(counts.values()),
        "capped": any(count >= MOST for count in counts.values()),
        "recent": [(row_of(row, form.language), row.op, row.vid) for row in recent.rows],
        "base": form.base,
    }
    return View("records/start.html", values)


async def types(work: UnitOfWork, form: Form) -> View:
    """List every type of R4, with how much there is of each."""
    counts = await work.fhir.overview()
    return View("records/types.html", {"areas": _areas(counts, every=True), "base": form.base})


def _areas(counts: dict[str, int], *, every: bool = False) -> list[dict[str, object]]:
    named = {one for _, _, types in AREAS for one in types}
    other = ("other", "book", tuple(one for one in RESOURCES if one not in named))
    return [
        {
            "key": key,
            "icon": icon,
            "types": [
                {"code": on, "count": counts.get(on, 0), "capped": counts.get(on, 0) >= MOST, "href": listing(on)}
                for on in types
                if every or counts.get(on)
            ],
        }
        for key, icon, types in (*AREAS, other)
    ]
