"""What is sealed, under which data key, and the place that sealed bytes are bound to."""

from typing import Final

from xinglin.store.vault.vault import Vault

# Whoever is named in them can be found: the people, and those who act for them.
IDENTITY: Final = frozenset({"Patient", "Person", "Practitioner", "PractitionerRole", "RelatedPerson"})

# Definitions and terminology: the same everywhere, about nobody, and meant to be read by all.
PUBLIC: Final = frozenset(
    """
    ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap
    DeviceDefinition EffectEvidenceSynthesis EventDefinition Evidence EvidenceVariable ExampleScenario GraphDefinition
    ImplementationGuide Library Measure MedicationKnowledge MessageDefinition NamingSystem ObservationDefinition
    OperationDefinition PlanDefinition Questionnaire ResearchDefinition ResearchElementDefinition
    RiskEvidenceSynthesis SearchParameter SpecimenDefinition StructureDefinition StructureMap TerminologyCapabilities
    TestScript ValueSet
    """.split()
)


def domain_of(rt: str) -> str | None:
    """Name the domain whose key seals bodies of type *rt*; None: they stay plain."""
    if rt in IDENTITY:
        return "identity"
    if rt == "AuditEvent":
        return "audit"
    return None if rt in PUBLIC else "clinical"


def dictionary_place(enc: int) -> bytes:
    """Say what a sealed dictionary is bound to."""
    return f"dict/{enc}".encode()


def seal_dictionary(vault: Vault, rt: str, enc: int, content: bytes) -> tuple[bool, bytes]:
    """Seal a dictionary as the bodies are that it was made of; tells whether, and gives what to store."""
    domain = domain_of(rt) if vault.seals_bodies else None
    return (False, content) if domain is None else (True, vault.seal(domain, dictionary_place(enc), content))
