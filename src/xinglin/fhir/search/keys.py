"""The numbers that the index is made of: identities, buckets, keys; 64-bit hashes that are computed, never looked up.

A key stands for (type, search parameter, spelling of a value). Nobody else hashes, so writer and reader agree.
Spellings are veiled first (`veil`): a 64-bit hash of a telephone number is undone by trying all of them.
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from xinglin.fhir.search.veil import forget_with, veiled

RESOURCE_TYPES: Final[tuple[str, ...]] = tuple(
    """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
    BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
    ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
    CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
    DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest
    EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
    FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
    ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List
    Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
    MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
    MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
    MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder
    Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation
    Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole
    Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition
    ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule
    SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription
    Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation
    SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport
    TestScript ValueSet VerificationResult VisionPrescription
    """.split()
)
"""The concrete resource types of R4 in alphabetical order."""

TYPE_CODES: Final[dict[str, int]] = {name: code for code, name in enumerate(RESOURCE_TYPES, 1)}
"""The number of each type in ``res.rt``; stored, so it never changes."""

TYPE_NAMES: Final[dict[int, str]] = {code: name for name, code in TYPE_CODES.items()}

BUCKETS: Final = 1024
"""Number of values of the distribution key."""

UNDATED: Final = -(2**62)
"""Added to the time of writing it is the `ord` of a resource without a main date, which so sorts behind the dated."""

DATED: Final = -(2**61)
"""Every `ord` from here on is a date; below are resources without one."""

FIRST: Final = -(2**63)
"""Open lower end of a range of time."""

LAST: Final = 2**63 - 1
"""Open upper end of a range of time."""

_UNIT = "\x1f"
_PART = "\x1e"
_BASE32 = "0123456789abcdefghijklmnopqrstuv"
_SERVER_MADE = re.compile(r"[0-9a-v]{2}-[0-9a-v]{20}", re.ASCII)
_SERVER_LENGTH = 23


def hash64(text: str) -> int:
    """Hash *text* to a signed 64-bit number (BLAKE2b with 8 bytes, big endian)."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=8_192)
def rid_of(resource_type: str, resource_id: str) -> int:
    """Compute the identity of a resource from its type and id; the resource need not exist."""
    return hash64(f"{resource_type}/{resource_id}")


@lru_cache(maxsize=8_192)
def bucket_of(resource_id: str) -> int:
    """Compute the distribution key (0-1023) of an id: its first two characters when the server made it, else a hash."""
    if len(resource_id) == _SERVER_LENGTH and _SERVER_MADE.fullmatch(resource_id):
        return _BASE32.index(resource_id[0]) * 32 + _BASE32.index(resource_id[1])
    return hash64(resource_id) % BUCKETS


def bucket_prefix(bucket: int) -> str:
    """Spell *bucket* as the two leading characters of a server-made id."""
    return _BASE32[bucket >> 5] + _BASE32[bucket & 31]


@lru_cache(maxsize=16_384)
def key_of(resource_type: str, parameter: str, spelling: str) -> int:
    """Compute the key of one spelling of a value: a code, boolean, id, uri, or an identifier's value alone."""
    return hash64(f"{resource_type}{_UNIT}{parameter}{_UNIT}{veiled(spelling)}")


@lru_cache(maxsize=16_384)
def token_key(resource_type: str, parameter: str, system: str, code: str) -> int:
    """Compute the key of ``system|code``; an empty *system* is the spelling ``|code``."""
    return hash64(f"{resource_type}{_UNIT}{parameter}{_UNIT}{veiled(system)}{_PART}{veiled(code)}")


def identifier_keys(resource_type: str, parameter: str, system: str, value: str) -> tuple[int, int]:
    """Compute `key_of` and `token_key` of an identifier, which hardly comes again and is not remembered.

    value: veiled.
    """
    place = f"{resource_type}{_UNIT}{parameter}{_UNIT}"
    return hash64(place + value), hash64(f"{place}{_veiled_system(system)}{_PART}{value}")


@lru_cache(maxsize=1_024)
def _veiled_system(system: str) -> str:
    """Veil a system, which comes with every number that it gives out."""
    return veiled(system)


@lru_cache(maxsize=8_192)
def system_key(resource_type: str, parameter: str, system: str) -> int:
    """Compute the key of ``system|``: any value of the system."""
    return token_key(resource_type, parameter, system, "")


def of_type_key(resource_type: str, parameter: str, system: str, code: str, value: str) -> int:
    """Compute the key of ``:of-type``: an identifier's value, veiled, under a type of identifier."""
    return hash64(
        f"{resource_type}{_UNIT}{parameter}{_UNIT}{_veiled_system(system)}{_PART}{veiled(code)}{_PART}{value}"
    )


@lru_cache(maxsize=8_192)
def kind_key(resource_type: str, parameter: str, kind: str) -> int:
    """Compute the key under which a table keeps the values of one parameter.

    kind: ``date``, ``text``, ``pinyin``, ``number``, ``uri``, ``terms`` … The part marks around it keep kinds and
    spellings apart.
    """
    return hash64(f"{resource_type}{_UNIT}{parameter}{_UNIT}{_PART}{kind}{_PART}")


def present_key(resource_type: str, parameter: str) -> int:
    """Compute the key that says "has a value of this parameter"; it stands in ``res.keys`` only."""
    return kind_key(resource_type, parameter, "present")


@lru_cache(maxsize=8_192)
def reference_salt(resource_type: str, parameter: str) -> int:
    """Compute the number that turns a target's identity into a reference key and back (exclusive or)."""
    return hash64(f"{resource_type}{_UNIT}{parameter}{_UNIT}ref")


def reference_key(resource_type: str, parameter: str, target: int) -> int:
    """Compute the key of a reference to the resource with identity *target*."""
    return reference_salt(resource_type, parameter) ^ target


@lru_cache(maxsize=8_192)
def part_key(base: int, spelling: str) -> int:
    """Compute a key below another key: the unit of a quantity, the second half of a composite."""
    return hash64(f"{base}{_PART}{veiled(spelling)}")


@lru_cache(maxsize=16_384)
def text_key(base: int, text: str) -> int:
    """Compute the key of a display text (normalised) below a parameter's ``terms`` key; it makes ``:text`` exact."""
    return part_key(base, "text" + _PART + text)


for _remembered in (key_of, token_key, system_key, part_key, text_key, _veiled_system):
    forget_with(_remembered.cache_clear)
