"""What the searched parameters find in a document, written by hand: knows nothing of FHIRPath, keys or SQL."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

Document = dict[str, Any]
Kind = Literal["reference", "token", "string"]
# a reference "Type/id"; a token (system, code); a text
Value = str | tuple[str, str]


def many(found: Any) -> list[Any]:
    """A member that is missing, single or several, as a list."""
    return found if isinstance(found, list) else [] if found is None else [found]


def down(document: Any, *path: str) -> list[Any]:
    """Everything at a path, through lists."""
    found = [document]
    for name in path:
        found = [each for one in found if isinstance(one, dict) for each in many(one.get(name))]
    return found


def pointing(*paths: str, to: Iterable[str] = ()) -> Callable[[Document], list[Value]]:
    """References at dotted paths, without versions; *to* leaves those to other types out."""
    types = set(to)

    def find(document: Document) -> list[Value]:
        told = [one["reference"] for path in paths for one in down(document, *path.split(".")) if "reference" in one]
        plain = ["/".join(one.split("/")[:2]) for one in told]
        return [one for one in plain if not types or one.split("/")[0] in types]

    return find


def coded(*paths: str) -> Callable[[Document], list[Value]]:
    """Codings of CodeableConcepts at dotted paths."""

    def find(document: Document) -> list[Value]:
        concepts = [one for path in paths for one in down(document, *path.split("."))]
        return [(one.get("system", ""), one["code"]) for one in down(concepts and {"c": concepts}, "c", "coding")]

    return find


def plain(path: str) -> Callable[[Document], list[Value]]:
    """Codes at a dotted path that have no system of their own in the document."""
    return lambda document: [("", one) for one in down(document, *path.split("."))]


def coding(path: str) -> Callable[[Document], list[Value]]:
    """Codings at a dotted path."""
    return lambda document: [(one.get("system", ""), one["code"]) for one in down(document, *path.split("."))]


def numbered(path: str) -> Callable[[Document], list[Value]]:
    """Identifiers at a path."""
    return lambda document: [(one.get("system", ""), one["value"]) for one in down(document, *path.split("."))]


def families(document: Document) -> list[Value]:
    return [one["family"].lower() for one in down(document, "name") if "family" in one]


PATIENT: Final = ("Patient",)
REFERENCES: Final[Mapping[str, Mapping[str, Callable[[Document], list[Value]]]]] = {
    "Patient": {
        "organization": pointing("managingOrganization"),
        "general-practitioner": pointing("generalPractitioner"),
    },
    "PractitionerRole": {"practitioner": pointing("practitioner"), "organization": pointing("organization")},
    "Organization": {"partof": pointing("partOf")},
    "Encounter": {
        "patient": pointing("subject", to=PATIENT),
        "participant": pointing("participant.individual"),
        "service-provider": pointing("serviceProvider"),
    },
    "Appointment": {
        "patient": pointing("participant.actor", to=PATIENT),
        "practitioner": pointing("participant.actor", to=("Practitioner",)),
        "actor": pointing("participant.actor"),
    },
    "CareTeam": {"patient": pointing("subject", to=PATIENT), "participant": pointing("participant.member")},
    "ServiceRequest": {
        "patient": pointing("subject", to=PATIENT),
        "performer": pointing("performer"),
        "requester": pointing("requester"),
        "encounter": pointing("encounter"),
    },
    "Task": {"patient": pointing("for", to=PATIENT), "owner": pointing("owner"), "requester": pointing("requester")},
    "Consent": {"patient": pointing("patient"), "organization": pointing("organization")},
    "Condition": {"patient": pointing("subject", to=PATIENT), "encounter": pointing("encounter")},
    "Observation": {
        "patient": pointing("subject", to=PATIENT),
        "encounter": pointing("encounter"),
        "performer": pointing("performer"),
        "has-member": pointing("hasMember"),
    },
    "MedicationRequest": {
        "patient": pointing("subject", to=PATIENT),
        "requester": pointing("requester"),
        "encounter": pointing("encounter"),
    },
    "AllergyIntolerance": {"patient": pointing("patient")},
    "DiagnosticReport": {"patient": pointing("subject", to=PATIENT), "result": pointing("result")},
    "DocumentReference": {"patient": pointing("subject", to=PATIENT), "author": pointing("author")},
    "Communication": {"patient": pointing("subject", to=PATIENT), "recipient": pointing("recipient")},
    "RelatedPerson": {"patient": pointing("patient")},
    "Practitioner": {},
    "Schedule": {"actor": pointing("actor")},
    "Slot": {"schedule": pointing("schedule")},
    "RequestGroup": {
        "patient": pointing("subject", to=PATIENT),
        "author": pointing("author"),
        "encounter": pointing("encounter"),
    },
    "Claim": {"patient": pointing("patient"), "provider": pointing("provider")},
    "Invoice": {"patient": pointing("subject", to=PATIENT), "issuer": pointing("issuer")},
    "Composition": {
        "patient": pointing("subject", to=PATIENT),
        "author": pointing("author"),
        "encounter": pointing("encounter"),
    },
}
TOKENS: Final[Mapping[str, Mapping[str, Callable[[Document], list[Value]]]]] = {
    "Patient": {"gender": plain("gender"), "identifier": numbered("identifier")},
    "Practitioner": {"identifier": numbered("identifier")},
    "Encounter": {"status": plain("status"), "class": coding("class")},
    "Appointment": {"status": plain("status")},
    "CareTeam": {"status": plain("status")},
    "ServiceRequest": {"status": plain("status"), "code": coded("code")},
    "Task": {"status": plain("status"), "code": coded("code")},
    "Consent": {"status": plain("status")},
    "Condition": {"code": coded("code"), "category": coded("category")},
    "Observation": {"code": coded("code"), "category": coded("category"), "status": plain("status")},
    "MedicationRequest": {"status": plain("status"), "code": coded("medicationCodeableConcept")},
    "AllergyIntolerance": {"code": coded("code")},
    "DiagnosticReport": {"code": coded("code"), "category": coded("category")},
    "DocumentReference": {"status": plain("status"), "type": coded("type")},
    "Communication": {"status": plain("status")},
    "Slot": {"status": plain("status")},
    "RequestGroup": {"status": plain("status")},
    "Claim": {"status": plain("status")},
    "Invoice": {"status": plain("status")},
    "Composition": {"status": plain("status"), "type": coded("type")},
}
STRINGS: Final = {"Patient": {"family": families}, "Practitioner": {"family": families}}
TYPES: Final = tuple(REFERENCES)
# where a reference parameter may lead, for chains
TARGETS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    (type, code): ("Patient",)
    if code == "patient"
    else ("Encounter",)
    if code == "encounter"
    else ("Observation",)
    if code in {"result", "has-member"}
    else ("Organization",)
    if code in {"organization", "service-provider", "partof", "provider", "issuer"}
    else ("Schedule",)
    if code == "schedule"
    else ("Practitioner",)
    for type, codes in REFERENCES.items()
    for code in codes
}

# what the Patient compartment of R4 names, as places
COMPARTMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "Encounter": ("subject",),
    "Appointment": ("participant.actor",),
    "CareTeam": ("subject", "participant.member"),
    "ServiceRequest": ("subject", "performer"),
    "Consent": ("patient",),
    "Condition": ("subject", "asserter"),
    "Observation": ("subject", "performer"),
    "MedicationRequest": ("subject",),
    "AllergyIntolerance": ("patient", "recorder", "asserter"),
    "DiagnosticReport": ("subject",),
    "DocumentReference": ("subject", "author"),
    "Communication": ("subject", "sender", "recipient"),
    "RelatedPerson": ("patient",),
    "Schedule": ("actor",),
    "RequestGroup": ("subject", "action.participant"),
    "Claim": ("patient", "payee.party"),
    "Invoice": ("subject", "recipient"),
    "Composition": ("subject", "author", "attester.party"),
}

# merged patient → who stands for it, while the world that is tested has such
SURVIVORS: dict[str, str] = {}


def person(name: str) -> str:
    """The patient who stands for one; everything else stands for itself."""
    return SURVIVORS.get(name, name)
