"""Who may sign this, and what a signed Provenance allows to be changed."""

from msgspec import Struct

from xinglin.capabilities.signatures.contract import SEALED, SIGNERS, Rule
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import to_dict
from xinglin.security.principal import Principal
from xinglin.security.signatures import evidence_of, faults_at_write


@cites("R6-052")
def rule_of(roles: frozenset[str], type_name: str, *, seal: bool) -> Rule | None:
    """Give the rule by which somebody in *roles* signs a resource of this type; None when there is none."""
    rules = (SEALED,) if seal else SIGNERS
    return next((rule for rule in rules if roles & set(rule.roles) and type_name in rule.types), None)


def holder_of(principal: Principal, rule: Rule) -> str | None:
    """Give the reference whose key the rule asks for; None when the principal has no such."""
    match rule.whose:
        case "practitioner":
            return principal.practitioner
        case "patient":
            return principal.patient
        case "organization":
            return principal.organization


@cites("R6-050", "R6-051")
def signed_stays(before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """What is signed is never changed or deleted; a signature that somebody brings must hold in itself."""
    if before is not None and _is_signed(before):
        if after is not None and _content(before) == _content(after):
            return ()
        text = "A signature stays as it is: sign the new version instead."
        return (Issue("business-rule", "signature-stays", "Provenance", text),)
    if after is None or not _is_signed(after):
        return ()
    faults = faults_at_write(to_dict(after))
    if not faults:
        return ()
    text = f"The signature does not hold: {', '.join(faults)}."
    return (Issue("business-rule", "signature-broken", "Provenance.signature", text),)


def _is_signed(resource: Struct) -> bool:
    return evidence_of(to_dict(resource)) is not None


def _content(resource: Struct) -> dict[str, object]:
    return {name: value for name, value in to_dict(resource).items() if name != "meta"}
