"""What follows from the type alone: the level (1 to 5 of GB/T 39725) and the class of its data (R7-030, R7-031).

A level or class that follows from the type is not kept with each resource. It stands in every answer all the same
(`security.labels.addition`), and a search for it is answered from the type (`implied`).
"""

from functools import cache
from typing import Final

from xinglin.fhir.search import catalog, keys
from xinglin.fhir.search.query import And, Condition, Keys, Never, Not, Or
from xinglin.fhir.sources import cites

LEVEL: Final = "https://xinglin.health/fhir/CodeSystem/security-level"
CLASS: Final = "https://xinglin.health/fhir/CodeSystem/data-class"
HIGHEST: Final = 5

# Types that may be about a patient although the standard's compartment leaves them out: the element that says so.
BESIDE: Final = {"Contract": "subject", "Device": "patient", "GuidanceResponse": "subject", "Task": "for_"}

_PERSONAL: Final = frozenset({"Patient", "Person", "RelatedPerson", "Consent"})
_PAYMENT: Final = frozenset(
    {
        *("Account", "ChargeItem", "Claim", "ClaimResponse", "Coverage", "CoverageEligibilityRequest"),
        *("CoverageEligibilityResponse", "EnrollmentRequest", "EnrollmentResponse", "ExplanationOfBenefit", "Invoice"),
        *("PaymentNotice", "PaymentReconciliation"),
    }
)
_STATUS: Final = frozenset(
    {
        *("AllergyIntolerance", "Condition", "FamilyMemberHistory", "Flag", "Goal", "Observation", "RiskAssessment"),
        *("QuestionnaireResponse", "ClinicalImpression", "MolecularSequence"),
    }
)
_PUBLIC_HEALTH: Final = frozenset({"Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"})
_PEOPLE: Final = frozenset({"Practitioner", "PractitionerRole", "Person", "Group"})


def belongs(type: str) -> bool:
    """Tell whether resources of the type may belong to patients."""
    return type == "Patient" or type in BESIDE or bool(catalog.belonging(type))


@cites("R7-030")
def class_of(type: str) -> str:
    """Give the class of data that a type holds."""
    for code, types in (
        ("personal", _PERSONAL),
        ("payment", _PAYMENT),
        ("status", _STATUS),
        ("public-health", _PUBLIC_HEALTH),
    ):
        if type in types:
            return code
    return "application" if belongs(type) and type != "Device" else "resource"


@cites("R7-031")
def level_of(type: str) -> int:
    """Give the level that a type has before anybody looks into it: 4 names a patient, 3 other people, 1 nobody."""
    if belongs(type):
        return 4
    return 3 if type in _PEOPLE else 1


@cache
def _stated_above(type: str) -> Keys:
    """Say that a resource states a level above that of its type."""
    return Keys(
        tuple(keys.token_key(type, "_security", LEVEL, str(level)) for level in range(level_of(type) + 1, HIGHEST + 1)),
        coded=True,
    )


@cites("R7-031")
def implied(type: str, system: str | None, code: str, stated: Condition) -> Condition:
    """Widen a search by ``_security`` to the labels that follow from the type.

    system: None asks for a code of any system; code: "" for any code of the system. stated: finds what is kept.
    A resource that states a higher level has that one alone.
    """
    if system == CLASS:
        return And(()) if code in {"", class_of(type)} else Never()
    if system == LEVEL and not code:
        return And(())
    if system is None and code == class_of(type):
        return And(())
    if system in {None, LEVEL} and code == str(level_of(type)):
        plain = Not(_stated_above(type))
        return plain if system == LEVEL else Or((plain, stated))
    return stated
