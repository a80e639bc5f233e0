"""The baseline of all roles: who may do what, on which part of the record, for which purpose, and what is covered.

Each rule is a line for people to read (`RULES`); the door obeys the grants made of it. Least privilege: what no line
says nobody may do. Relations and masks: docs/trust.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.access import contract
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import catalog
from xinglin.fhir.sources import cites
from xinglin.security.duties import NOTIFIABLE_SEARCH
from xinglin.security.grants import Grant
from xinglin.settings import Settings

READ: Final = frozenset({"read", "vread", "search", "history"})
ADD: Final = frozenset({"create"})
WRITE: Final = frozenset({"create", "update", "patch"})
CHANGE: Final = frozenset({"update", "patch"})
OPERATE: Final = frozenset({"operate"})

# What is about nobody's health: places, times, codes and forms.
PUBLIC: Final = tuple(
    """
    Organization Location HealthcareService Schedule Slot Medication MedicationKnowledge Substance CodeSystem ValueSet
    ConceptMap Questionnaire PlanDefinition ActivityDefinition ObservationDefinition SpecimenDefinition Endpoint
    """.split()
)
PEOPLE: Final = ("Practitioner", "PractitionerRole")
RECORD: Final = tuple(
    """
    Patient RelatedPerson AdverseEvent AllergyIntolerance Appointment AppointmentResponse CarePlan CareTeam
    ClinicalImpression Communication CommunicationRequest Composition Condition Consent DetectedIssue Device
    DeviceRequest DeviceUseStatement DiagnosticReport DocumentReference Encounter EpisodeOfCare FamilyMemberHistory Flag
    Goal ImagingStudy Immunization ImmunizationRecommendation List Media MedicationAdministration MedicationDispense
    MedicationRequest MedicationStatement MolecularSequence NutritionOrder Observation Procedure QuestionnaireResponse
    RequestGroup RiskAssessment ServiceRequest Specimen Task VisionPrescription
    """.split()
)
# What a clinician writes himself. Encounters and teams, which let people reach a record, come from elsewhere.
WRITTEN: Final = tuple(
    """
    AdverseEvent AllergyIntolerance CarePlan ClinicalImpression Communication CommunicationRequest Composition Condition
    DetectedIssue DeviceRequest DeviceUseStatement DiagnosticReport DocumentReference FamilyMemberHistory Flag Goal
    Immunization ImmunizationRecommendation List Media MedicationAdministration MedicationStatement NutritionOrder
    Observation Procedure QuestionnaireResponse RiskAssessment ServiceRequest Specimen Task VisionPrescription
    """.split()
)
# … and as drafts only: an order of medicine takes effect by the operation that signs it (R2-025).
DRAFTED: Final = ("MedicationRequest", "RequestGroup")
# An online visit is moved by its operations alone, each of which asks what the law asks of it (ADR 0099).
ON_SITE: Final = "class:not=VR"
NURSING: Final = tuple(
    """
    AdverseEvent AllergyIntolerance CarePlan Communication Flag Goal Immunization List MedicationAdministration
    Observation Procedure QuestionnaireResponse RiskAssessment Specimen Task
    """.split()
)
PHARMACY: Final = tuple(
    """
    Patient AllergyIntolerance Condition DetectedIssue Encounter MedicationAdministration MedicationDispense
    MedicationRequest MedicationStatement Observation Task
    """.split()
)
BENCH: Final = tuple(
    """
    Patient AllergyIntolerance Condition DiagnosticReport DocumentReference Encounter ImagingStudy Media Observation
    Procedure ServiceRequest Specimen Task
    """.split()
)
BENCH_WRITTEN: Final = ("DiagnosticReport", "DocumentReference", "ImagingStudy", "Media", "Observation", "Specimen")
COMMUNITY: Final = tuple(
    """
    Patient RelatedPerson Appointment CarePlan CareTeam Communication Condition EpisodeOfCare Immunization
    ImmunizationRecommendation Observation QuestionnaireResponse RiskAssessment Task
    """.split()
)
COMMUNITY_WRITTEN: Final = tuple(
    """
    CarePlan Communication EpisodeOfCare Immunization ImmunizationRecommendation Observation QuestionnaireResponse
    RiskAssessment Task
    """.split()
)
PAYMENT: Final = (
    "Account",
    "ChargeItem",
    "Claim",
    "ClaimResponse",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "ExplanationOfBenefit",
    "Invoice",
)
STUDIED: Final = tuple(
    """
    Patient AllergyIntolerance Condition DiagnosticReport Encounter Immunization MedicationRequest MedicationStatement
    Observation Procedure
    """.split()
)

# Relations that the writer cannot have founded by what he writes here.
CARE: Final = "_relation=encounter,appointment,contract,emergency"
ALL_RELATIONS: Final = "_relation=encounter,appointment,contract,referral,consult,order,emergency"

TREATMENT: Final = frozenset({"TREAT", "ETREAT"})
_NUMBERS: Final = ("identifier", "telecom", "address", "contact", "photo")
STRONG: Final = frozenset({"strong"})

DIRECTLY: Final = cites("R7-034")(frozenset(f"Patient.{name}" for name in _NUMBERS))
PERSON: Final = cites("R7-033", "R7-034")(DIRECTLY | {"Patient.name", "Patient.birthDate"})
_OWN_BUSINESS: Final = ("identifier", "qualification", "telecom", "address", "birthDate")
STAFF_FILE: Final = frozenset(f"Practitioner.{name}" for name in _OWN_BUSINESS)

BOOK: Final = "R7-031"
LEAST: Final = "GB/T 22239, access d"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy: everything that a grant says, for several types at once."""

    role: str
    types: tuple[str, ...]
    interactions: frozenset[str]
    reach: str
    name: str
    source: str
    purposes: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    needs: frozenset[str] = STRONG
    operations: frozenset[str] = frozenset()

    def grants(self) -> Iterator[Grant]:
        """Make the grant of each type; ``{about}`` in the reach is the parameter that names the patient."""
        for on in self.types:
            masks = frozenset(one for one in self.masks if one.startswith(f"{on}."))
            reach = self.reach.replace("{about}", about(on)) if "{about}" in self.reach else self.reach
            yield Grant(
                self.role,
                self.interactions,
                on,
                reach,
                self.operations,
                self.purposes,
                masks,
                self.needs,
                self.name,
                self.source,
            )


def about(type: str) -> str:
    """Name the parameter of a type that says whose record it belongs to."""
    if type == "Patient":
        return "_id"
    if "patient" in PARAMETERS[type]:
        return "patient"
    primary = sorted(catalog.primary(type))
    if not primary:
        raise ValueError(f"{type} belongs to no patient")
    return primary[0]


@cites("R2-025", "R7-017", "R7-030", "R7-031", "R7-032")
def rules(settings: Settings) -> tuple[Rule, ...]:
    """Give every line of the policy."""
    return (
        *_for_everybody(),
        *_residents(settings),
        *(line for role in ("physician", "village-doctor") for line in _physicians(role)),
        *_family_doctors(),
        *_nurses(),
        *_pharmacists(),
        *_technicians(),
        *_public_health(),
        *_reception(),
        *_others(),
    )


def grants(settings: Settings) -> tuple[Grant, ...]:
    """Give the grants of all lines."""
    return tuple(grant for rule in rules(settings) for grant in rule.grants())


def _for_everybody() -> Iterator[Rule]:
    for role in contract.STAFF_ROLES:
        yield Rule(role, PUBLIC, READ, "", "public", LEAST)
        if role != "system-admin":  # sees the staff of the own institution (practitioners)
            yield Rule(role, PEOPLE, READ, "", "colleagues", LEAST, masks=STAFF_FILE)
    for role in ("resident", "guardian"):
        yield Rule(role, PUBLIC, READ, "", "public", LEAST, needs=frozenset())
        yield Rule(role, PEOPLE, READ, "", "who-treats", LEAST, needs=frozenset(), masks=STAFF_FILE)


@cites("R6-042", "R6-043", "A11-21", "R7-008")
def _residents(settings: Settings) -> Iterator[Rule]:
    """Residents and guardians: the own record and those of dependants, by the level of their proofing."""
    record = frozenset({settings.level_record})
    booking = frozenset({settings.level_appointment})
    rest = tuple(on for on in (*RECORD, *PAYMENT) if on not in {"Patient", "Appointment", "AppointmentResponse"})
    for role in ("resident", "guardian"):
        yield Rule(role, ("Patient",), READ, "_id={patients.id}", "own-person", "R6-043", needs=booking)
        yield Rule(
            role,
            ("Appointment", "AppointmentResponse"),
            READ,
            "{about}={patients}",
            "own-visits",
            "R6-043",
            needs=booking,
        )
        yield Rule(role, rest, READ, "{about}={patients}", "own-record", "R7-008, R8-030", needs=record)
        yield Rule(
            role,
            ("Observation", "QuestionnaireResponse", "Communication"),
            ADD,
            "{about}={patients}",
            "own-reports",
            "R7-008",
            needs=record,
        )


def _physicians(role: str) -> Iterator[Rule]:
    yield Rule(role, RECORD, READ, ALL_RELATIONS, "care", BOOK, purposes=TREATMENT)
    yield Rule(role, WRITTEN, WRITE, CARE, "care-writing", BOOK, purposes=TREATMENT)
    yield Rule(role, DRAFTED, WRITE, f"{CARE}&status=draft", "care-drafting", "R2-025", purposes=TREATMENT)
    own = f"_relation=encounter&{ON_SITE}"
    yield Rule(role, ("Encounter",), CHANGE, own, "own-encounters", BOOK, purposes=TREATMENT)
    yield Rule(role, ("Appointment",), READ, "practitioner={practitioner}", "own-list", LEAST, purposes=TREATMENT)
    yield Rule(role, ("Task",), READ | CHANGE, "owner={practitioner}", "own-tasks", LEAST, purposes=TREATMENT)
    yield _break_glass(role)


def _family_doctors() -> Iterator[Rule]:
    role = "family-doctor"
    reach = "_relation=contract,encounter,appointment,referral,emergency"
    yield Rule(role, RECORD, READ, reach, "contract-care", BOOK, purposes=TREATMENT)
    yield Rule(role, WRITTEN, WRITE, CARE, "contract-writing", BOOK, purposes=TREATMENT)
    yield Rule(role, DRAFTED, WRITE, f"{CARE}&status=draft", "contract-drafting", "R2-025", purposes=TREATMENT)
    yield Rule(role, ("EpisodeOfCare",), WRITE, CARE, "contract-writing", BOOK, purposes=TREATMENT)
    yield Rule(role, ("Appointment",), READ, "practitioner={practitioner}", "own-list", LEAST, purposes=TREATMENT)
    yield _break_glass(role)


def _nurses() -> Iterator[Rule]:
    types = tuple(on for on in RECORD if on not in {"MolecularSequence", "Consent", "FamilyMemberHistory"})
    here = "_relation:organization=encounter"
    for reach in ("_relation=encounter,appointment,order,emergency", here):
        yield Rule("nurse", types, READ, reach, "nursing", BOOK, purposes=TREATMENT)
    for reach in ("_relation=encounter,emergency", here):
        yield Rule("nurse", NURSING, WRITE, reach, "nursing-writing", BOOK, purposes=TREATMENT)
    yield _break_glass("nurse")


def _pharmacists() -> Iterator[Rule]:
    here = "_relation:organization=encounter"
    yield Rule("pharmacist", PHARMACY, READ, here, "review", BOOK, purposes=TREATMENT, masks=DIRECTLY)
    yield Rule(
        "pharmacist", ("DetectedIssue", "MedicationDispense"), WRITE, here, "dispensing", BOOK, purposes=TREATMENT
    )
    sent = "intended-dispenser={organization}"
    yield Rule("retail-pharmacist", ("MedicationRequest",), READ, sent, "sent-here", "R7-006", purposes=TREATMENT)
    yield Rule(
        "retail-pharmacist",
        ("Patient",),
        READ,
        f"_has:MedicationRequest:patient:{sent}",
        "sent-here",
        "R7-006",
        purposes=TREATMENT,
        masks=DIRECTLY,
    )
    yield Rule(
        "retail-pharmacist",
        ("MedicationDispense",),
        READ | WRITE,
        "performer={organization}",
        "dispensed-here",
        "R7-006",
        purposes=TREATMENT,
    )


def _technicians() -> Iterator[Rule]:
    for reach in ("_relation=order", "_relation:organization=order"):
        yield Rule("technician", BENCH, READ, reach, "orders", BOOK, purposes=TREATMENT, masks=DIRECTLY)
        yield Rule("technician", BENCH_WRITTEN, WRITE, reach, "results", BOOK, purposes=TREATMENT)


def _public_health() -> Iterator[Rule]:
    role, purposes = "public-health", frozenset({"PUBHLTH"})
    for reach in ("_relation=contract", "_relation:organization=contract"):
        yield Rule(role, COMMUNITY, READ, reach, "public-health", "R7-030", purposes=purposes)
        yield Rule(role, COMMUNITY_WRITTEN, WRITE, reach, "public-health-writing", "R7-030", purposes=purposes)
    law = "传染病防治法"
    yield Rule(role, ("Condition",), READ, NOTIFIABLE_SEARCH, "infectious-disease-report", law, purposes=purposes)
    found = f"_has:Condition:patient:{NOTIFIABLE_SEARCH}"
    yield Rule(role, ("Patient",), READ, found, "infectious-disease-report", law, purposes=purposes)


def _reception() -> Iterator[Rule]:
    role = "receptionist"
    yield Rule(role, ("Patient", "RelatedPerson"), READ, "_relation:organization=appointment,encounter", "desk", BOOK)
    yield Rule(role, ("Patient",), READ | CHANGE, "organization={organization}", "registered-here", BOOK)
    yield Rule(role, ("Patient",), ADD, "organization={organization}", "registering", BOOK)
    here = "location:Location.organization={organization}"
    yield Rule(role, ("Appointment",), READ | WRITE, here, "appointments-here", BOOK)
    visits = "service-provider={organization}"
    yield Rule(role, ("Encounter",), READ, visits, "visits-here", BOOK)
    yield Rule(role, ("Encounter",), WRITE, f"{visits}&{ON_SITE}", "visits-here", BOOK)
    yield Rule(role, ("Coverage",), READ, "_relation:organization=appointment,encounter", "desk", BOOK)


def _others() -> Iterator[Rule]:
    """Who looks from outside: payers, supervision, research, systems, administrators."""
    paying = frozenset({"HPAYMT"})
    insured = "insurer={organization}"
    for on in ("Claim", "ClaimResponse", "CoverageEligibilityRequest", "CoverageEligibilityResponse"):
        if "insurer" in PARAMETERS[on]:
            yield Rule("insurer", (on,), READ, insured, "insured", "R7-030", purposes=paying)
    yield Rule("insurer", ("ClaimResponse",), WRITE, insured, "deciding", "R7-030", purposes=paying)
    yield Rule("insurer", ("Coverage",), READ, "payor={organization}", "insured", "R7-030", purposes=paying)
    member = "_has:Coverage:beneficiary:payor={organization}"
    yield Rule("insurer", ("Patient",), READ, member, "insured", "R7-030", purposes=paying, masks=DIRECTLY)

    watched = tuple(on for on in (*RECORD, *PAYMENT) if on not in {"Communication", "MolecularSequence"})
    yield Rule("regulator", watched, READ, "", "supervision", "R1-060", purposes=frozenset({"HLEGAL"}), masks=PERSON)
    yield Rule(
        "researcher",
        STUDIED,
        READ,
        "_permit=HRESCH",
        "research",
        "R7-021, R7-032",
        purposes=frozenset({"HRESCH"}),
        masks=PERSON,
    )
    # What a system may is what its scopes say, and nothing without scopes.
    every = tuple(dict.fromkeys((*RECORD, *PAYMENT, *PUBLIC, *PEOPLE)))
    yield Rule("partner", every, READ | WRITE, "", "scopes", "SMART App Launch 2.2", needs=frozenset({"scopes"}))
    yield Rule("security-admin", ("Task",), READ, f"code={contract.TASKS.system}|break-glass", "review", "R7-032")
    yield Rule(
        "security-admin", ("Task",), OPERATE, "", "review", "R7-032", operations=frozenset({"review-break-glass"})
    )
    for role in ("security-admin", "audit-admin", "developer"):
        needs = frozenset() if role == "developer" else STRONG
        yield Rule(role, ("Patient",), OPERATE, "", "explain", LEAST, needs=needs, operations=frozenset({"may"}))


@cites("R7-032")
def _break_glass(role: str) -> Rule:
    called = frozenset({"break-glass"})
    return Rule(role, ("Patient",), OPERATE, "", "break-glass", "R7-032", operations=called)
