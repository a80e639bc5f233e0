"""What the index makes of the standard's search parameters: main dates, primary references, implied systems, parts."""

import re
from functools import cache
from typing import Final

from xinglin.fhir.definitions import SearchParameter
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.parameters import PARAMETERS

# The date that orders the resources of a type, where it is not called "date" or the standard's "date" is another thing.
_MAIN: Final[dict[str, str]] = {
    "Account": "period",
    "Basic": "created",
    "Bundle": "timestamp",
    "ChargeItem": "occurrence",
    "Claim": "created",
    "ClaimResponse": "created",
    "Communication": "sent",
    "CommunicationRequest": "authored",
    "Condition": "onset-date",
    "Contract": "issued",
    "CoverageEligibilityRequest": "created",
    "CoverageEligibilityResponse": "created",
    "DetectedIssue": "identified",
    "DeviceRequest": "authored-on",
    "DocumentManifest": "created",
    "ExplanationOfBenefit": "created",
    "Goal": "start-date",
    "ImagingStudy": "started",
    "Media": "created",
    "MedicationAdministration": "effective-time",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "NutritionOrder": "datetime",
    "Patient": "birthdate",
    "PaymentNotice": "created",
    "PaymentReconciliation": "created",
    "Person": "birthdate",
    "Provenance": "recorded",
    "QuestionnaireResponse": "authored",
    "RelatedPerson": "birthdate",
    "RequestGroup": "authored",
    "ServiceRequest": "authored",
    "Slot": "start",
    "Specimen": "collected",
    "Task": "authored-on",
    "TestReport": "issued",
    "VisionPrescription": "datewritten",
}

# Code systems of required bindings whose address is not that of the value set without "ValueSet/".
_SYSTEMS: Final[dict[str, tuple[str, ...]]] = {
    "all-types": ("abstract-types", "data-types", "resource-types"),
    "care-plan-activity-kind": ("resource-types",),
    "care-plan-intent": ("request-intent",),
    "clinicalimpression-status": ("event-status",),
    "currencies": ("urn:iso:std:iso:4217",),
    "defined-types": ("data-types", "resource-types"),
    "event-timing": ("event-timing", "http://terminology.hl7.org/CodeSystem/v3-TimingEvent"),
    "immunization-evaluation-status": ("http://terminology.hl7.org/CodeSystem/medication-admin-status",),
    "immunization-status": ("event-status",),
    "insuranceplan-applicability": ("http://terminology.hl7.org/CodeSystem/applicability",),
    "medication-statement-status": ("CodeSystem/medication-statement-status",),
    "medication-status": ("CodeSystem/medication-status",),
    "medicationrequest-intent": ("CodeSystem/medicationrequest-intent",),
    "medicationrequest-status": ("CodeSystem/medicationrequest-status",),
    "mimetypes": ("urn:ietf:bcp:13",),
    "supplydelivery-type": ("http://terminology.hl7.org/CodeSystem/supply-item-type",),
    "system-restful-interaction": ("restful-interaction",),
    "task-intent": ("request-intent", "task-intent"),
    "type-restful-interaction": ("restful-interaction",),
    "ucum-units": ("http://unitsofmeasure.org",),
    "units-of-time": ("http://unitsofmeasure.org",),
    "verificationresult-status": ("CodeSystem/status",),
    "v3-ConfidentialityClassification": ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality",),
}
# Value sets of HL7 whose codes come from a code system of the same name under terminology.hl7.org.
_TERMINOLOGY: Final = frozenset(
    {
        "adverse-event-outcome",
        "adverse-event-severity",
        "allergyintolerance-clinical",
        "allergyintolerance-verification",
        "condition-clinical",
        "condition-ver-status",
        "measure-improvement-notation",
        "medication-admin-status",
        "medicationdispense-status",
        "medicationknowledge-status",
    }
)

# The standard's parts of this composite name each other's element (relatesTo.code is `relation`).
_PARTS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("DocumentReference", "relationship"): ("relation", "relatesto")
}

_SIMPLE = re.compile(r"\(?([A-Za-z]+(?:\.[A-Za-z]+)*)(?: as code\)|\.as\(code\))?\)?")
_TYPE_SUFFIX = re.compile(r"\.where\(resolve\(\) is [A-Za-z]+\)")


def kept_as(code: str) -> str:
    """Give the code under which values are kept: a phonetic name is found as a name, which has its readings."""
    return "name" if code == "phonetic" else code


_UNITED: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("Observation", f"combo-{what}"): (what, f"component-{what}")
    for what in ("code", "value-concept", "value-quantity", "data-absent-reason")
}


def united(resource_type: str, code: str) -> tuple[str, ...]:
    """Give the parameters whose values together are those of a parameter, which so needs no rows; empty otherwise."""
    return _UNITED.get((resource_type, code), ())


def parameter(resource_type: str, code: str) -> SearchParameter | None:
    """Find a search parameter of a type; None when the type has none of that code."""
    return PARAMETERS.get(resource_type, {}).get(code)


@cache
def main_date(resource_type: str) -> str | None:
    """Name the date parameter whose lower bound orders the type; None when it has none."""
    known = PARAMETERS.get(resource_type, {})
    code = _MAIN.get(resource_type, "date")
    return code if code in known and known[code].kind == "date" else None


def compartment(name: str, resource_type: str) -> tuple[str, ...]:
    """Give the reference parameters by which *resource_type* belongs to a compartment; empty when it never does."""
    return tuple(c for c in COMPARTMENTS.get(name, {}).get(resource_type, ()) if c != "{def}")


@cache
def primary(resource_type: str) -> frozenset[str]:
    """Name the parameters that say whose record a resource belongs to: patient and subject, which agree on patients.

    Types outside the patient's compartment, and Patient itself, have none.
    """
    if resource_type == "Patient" or not compartment("Patient", resource_type):
        return frozenset()
    known = PARAMETERS[resource_type]
    found = [code for code in ("patient", "subject") if code in known]
    if len(found) == 2 and _TYPE_SUFFIX.sub("", known["patient"].expression) != known["subject"].expression:
        found = ["patient"]
    return frozenset(found or compartment("Patient", resource_type)[:1])


@cache
def belonging(resource_type: str) -> tuple[str, ...]:
    """Name every parameter by which a resource belongs to patients."""
    return (*compartment("Patient", resource_type), *primary(resource_type))


@cache
def implied_systems(resource_type: str, code: str) -> frozenset[str] | None:
    """Give the code systems and value sets that a plain code of this parameter is understood to be of.

    None when no element of it is a code with a required binding: then a code has no known system.
    """
    found = parameter(resource_type, code)
    if found is None or found.kind != "token":
        return None
    systems: set[str] = set()
    for branch in found.expression.split(" | "):
        path = _SIMPLE.fullmatch(branch.strip())
        if path:
            systems.update(_bound(path.group(1).split(".")))
    return frozenset(systems) or None


def _bound(path: list[str]) -> set[str]:
    """Give systems and value set of the binding at the end of *path*, e.g. Patient, gender."""
    at = path[0]
    binding: str | None = None
    for step in path[1:]:
        element = next((e for e in TYPES[at].elements if e.name == step), None) if at in TYPES else None
        if element is None:
            return set()
        at, binding = element.types[0], element.binding
    return {binding.split("|", 1)[0], *systems_of(binding)} if binding and at in {"code", "string", "uri"} else set()


def systems_of(valueset: str) -> set[str]:
    """Give the code systems of a value set that a required binding of R4 names."""
    url = valueset.split("|", 1)[0]
    base, _, name = url.rpartition("ValueSet/")
    if name in _SYSTEMS:
        return {s if ":" in s else base + s for s in _SYSTEMS[name]}
    return {f"http://terminology.hl7.org/CodeSystem/{name}" if name in _TERMINOLOGY else base + name}


def parts(resource_type: str, composite: SearchParameter) -> tuple[SearchParameter, ...]:
    """Give the parameters whose values a composite joins, in order."""
    codes = _PARTS.get((resource_type, composite.code)) or tuple(code for code, _ in composite.components)
    known = PARAMETERS[resource_type]
    return tuple(known[code] for code in codes)


@cache
def targets(resource_type: str, code: str) -> tuple[str, ...]:
    """Give the types that a reference parameter may point to; all resource types when the standard names none."""
    found = parameter(resource_type, code)
    named = tuple(t for t in (found.targets if found else ()) if t in PARAMETERS)
    if found is not None and found.expression:
        # Observation.patient has Group among its targets, but its expression takes patients alone.
        ends = [_RESOLVED.search(branch) for branch in found.expression.split(" | ")]
        taken = {end[1] for end in ends if end is not None}
        if taken and None not in ends:
            return tuple(t for t in named or PARAMETERS if t in taken)
    return named or tuple(PARAMETERS)


_RESOLVED: Final = re.compile(r"\.where\(resolve\(\) is ([A-Za-z]+)\)$")


@cache
def element_types(resource_type: str, code: str) -> frozenset[str]:
    """Give the FHIR types of the values of a parameter, as far as its expression tells; ``*`` stands for any."""
    found = parameter(resource_type, code)
    if found is None or not found.expression:
        return frozenset({"*"})
    if _BOOLEAN.search(found.expression):
        return frozenset({"boolean"})
    types: set[str] = set()
    for branch in found.expression.split(" | "):
        types.update(_branch_types(branch.strip()))
    return frozenset(types)


_BOOLEAN = re.compile(r"\.exists\(\) and ")
_CAST = re.compile(r"\(?([A-Za-z.]+)(?: as ([A-Za-z]+)\)|\.as\(([A-Za-z]+)\))")
_PATH = re.compile(r"\(?([A-Za-z]+(?:\.[A-Za-z]+)*)(?:\.where\([^()]*(?:\(\)[^()]*)?\))?\)?")


def _branch_types(branch: str) -> set[str]:
    cast = _CAST.fullmatch(branch)
    if cast:
        return {cast.group(2) or cast.group(3)}
    path = _PATH.fullmatch(branch)
    if path is None:
        return {"*"}
    first, *steps = path.group(1).split(".")
    at = {"Resource" if first == "Resource" else first}
    for step in steps:
        at = {t for owner in at if owner in TYPES for e in TYPES[owner].elements if e.name == step for t in e.types}
    return at or {"*"}
