"""All rules over one record, and who answers for it."""

from collections.abc import Iterable

from xinglin.capabilities.quality.contract import DOMAINS
from xinglin.capabilities.quality.rules import completeness, front_page, plausibility, timeliness, validity
from xinglin.capabilities.quality.rules.case import Case, Finding, Json, is_stay
from xinglin.capabilities.quality.rules.validity import Judged

# What is looked at, in the order of the stream. ChargeItems are looked at with their stay.
TYPES = (
    *("Patient", "Encounter", "Condition", "Procedure", "Observation"),
    *("MedicationRequest", "DiagnosticReport", "Immunization", "ChargeItem"),
)
# What is judged of itself alone while it is written.
ALONE = tuple(type for type in TYPES if type != "ChargeItem")
_BY_TYPE = {
    "Patient": ("completeness", "plausibility"),
    "Encounter": ("completeness", "plausibility"),
    "Condition": ("completeness", "validity", "plausibility", "timeliness"),
    "Procedure": ("validity", "plausibility"),
    "Observation": ("validity", "plausibility", "timeliness"),
    "MedicationRequest": ("completeness", "validity", "plausibility"),
    "DiagnosticReport": ("completeness", "validity", "plausibility", "timeliness"),
    "Immunization": ("completeness", "validity", "plausibility"),
}


def judge(case: Case, judged: Iterable[Judged] = ()) -> tuple[Finding, ...]:
    """Give what all rules find in a record, each rule once.

    judged: what the terminology says of its codings. A record that was entered in error is not judged.
    """
    if case.resource.get("status") == "entered-in-error":
        return ()
    found = (
        *completeness.judge(case),
        *validity.shapes(case),
        *validity.known(judged),
        *plausibility.judge(case),
        *timeliness.judge(case),
        *front_page.judge(case),
    )
    once: dict[str, Finding] = {}
    for one in found:
        before = once.get(one.rule)
        told = one.detail if before is None else f"{before.detail}; {one.detail}"
        once[one.rule] = Finding(one.rule, told[:500])
    return tuple(once.values())


def domains(resource: Json) -> tuple[str, ...]:
    """Name the domains that look at a record: it counts in their scores."""
    found = set(_BY_TYPE.get(str(resource["resourceType"]), ()))
    if is_stay(resource):
        found |= {"front-page", "timeliness"}
    return tuple(one for one in DOMAINS if one in found)


def owner(case: Case) -> str:
    """Name the institution that answers for a record, as ``Organization/1``; empty when none is named.

    A visit's institution, of other records that of their visit, else who performed it, else who keeps the person's
    record.
    """
    for element in (
        case.resource.get("serviceProvider"),
        case.encounter.get("serviceProvider"),
        *(one.get("actor", one) for one in case.resource.get("performer") or ()),
        case.resource.get("managingOrganization"),
        case.patient.get("managingOrganization"),
    ):
        reference = str((element or {}).get("reference", ""))
        if reference.startswith("Organization/"):
            return reference
    return ""
