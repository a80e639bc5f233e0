"""Operations of signatures, and who signs what: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final, Literal

from xinglin.fhir.declarations import Operation, Text
from xinglin.fhir.r4.resources import Provenance
from xinglin.fhir.sources import cites
from xinglin.security.signatures import AUTHOR, CONSENT, RECEIPT, SEAL, VERIFIER

Whose = Literal["practitioner", "patient", "organization"]

SWEEP: Final = "signatures.sweep"


@dataclass(frozen=True, slots=True)
class Rule:
    """Holders of *roles* sign resources of *types* for *purpose* (ASTM E1762) with the key of *whose* reference."""

    roles: tuple[str, ...]
    types: tuple[str, ...]
    purpose: str
    title: Text
    whose: Whose


_RECORD: Final = ("ClinicalImpression", "Composition", "DocumentReference", "QuestionnaireResponse")
_OPINION: Final = ("Communication", "DiagnosticReport", "Encounter", "Task")
_ORDER: Final = ("CarePlan", "DeviceRequest", "MedicationRequest", "ServiceRequest")

# In order: the first that fits counts.
SIGNERS: Final[tuple[Rule, ...]] = cites("R6-052")(
    (
        # records, diagnoses, prescriptions, orders, consult opinions, terminations
        Rule(
            ("physician", "village-doctor", "family-doctor"),
            (*_RECORD, "Condition", *_ORDER, *_OPINION),
            AUTHOR,
            Text("作者签名", "Author's signature"),
            "practitioner",
        ),
        Rule(
            ("pharmacist", "retail-pharmacist"),
            ("DetectedIssue", "MedicationDispense", "MedicationRequest", "Task"),
            VERIFIER,
            Text("审核签名", "Verifier's signature"),
            "practitioner",
        ),
        Rule(
            ("technician",),
            ("DiagnosticReport", "ImagingStudy", "Observation"),
            AUTHOR,
            Text("作者签名", "Author's signature"),
            "practitioner",
        ),
        Rule(
            ("resident", "guardian"),
            ("Consent", "Contract"),
            CONSENT,
            Text("同意签名", "Consent signature"),
            "patient",
        ),
        Rule(
            ("resident", "guardian"),
            ("MedicationDispense", "SupplyDelivery"),
            RECEIPT,
            Text("签收", "Signature of receipt"),
            "patient",
        ),
    )
)
# With the institution's seal: reports given to patients, and agreements.
SEALED: Final = cites("R6-052")(
    Rule(
        ("physician", "village-doctor", "family-doctor", "technician", "receptionist"),
        ("Composition", "Contract", "DiagnosticReport", "DocumentReference"),
        SEAL,
        Text("机构签章", "Institution's seal"),
        "organization",
    )
)
TYPES: Final = tuple(sorted({one for rule in (*SIGNERS, SEALED) for one in rule.types}))


@dataclass(frozen=True, slots=True)
class Sign:
    """What signing takes. seal: with the institution's seal instead of the signer's own key."""

    id: str
    seal: bool = False


@dataclass(frozen=True, slots=True)
class Verify:
    """What verifying takes: the id of a signed resource, or of a Provenance."""

    id: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the signatures of a resource are worth.

    signed: the current version has a signature, and every signature of it holds. finding: one line a signature, as
    ``Provenance/1 Composition/1/_history/2 valid signer=… time=… certificate=… test``, or the faults in place of
    ``valid``.
    """

    signed: bool
    finding: tuple[str, ...]


SIGN: Final = {
    type_name: Operation(
        code="sign",
        on=type_name,
        takes=Sign,
        gives=Provenance,
        level="instance",
        title=Text("电子签名", "Sign electronically"),
    )
    for type_name in TYPES
}
VERIFY: Final = {
    type_name: Operation(
        code="verify",
        on=type_name,
        takes=Verify,
        gives=Judgement,
        level="instance",
        affects_state=False,
        title=Text("验证电子签名", "Verify electronic signatures"),
    )
    for type_name in (*TYPES, "Provenance")
}
