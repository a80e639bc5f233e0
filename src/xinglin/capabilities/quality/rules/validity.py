"""Whether codes have the form of their edition, stand in it, counted on their day, and bear its name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.quality.rules.case import ICD9, ICD10, LABS, TCM, Case, Finding, Json, codings
from xinglin.fhir.sources import cites
from xinglin.tables.shapes import is_disease_code, is_operation_code, is_tcm_code

CODED = frozenset({"Condition", "Procedure"})
# Where the code of other records stands.
NAMED: Final[Mapping[str, str]] = {
    "Condition": "code",
    "Procedure": "code",
    "MedicationRequest": "medicationCodeableConcept",
    "Immunization": "vaccineCode",
    "DiagnosticReport": "code",
    "Observation": "code",
}
# Dictionaries whose codes are held against the terminology, beside those of diagnoses and operations.
DICTIONARIES: Final = frozenset(
    {
        "https://xinglin.health/fhir/CodeSystem/drug",
        "https://xinglin.health/fhir/CodeSystem/tcm-slice",
        "https://xinglin.health/fhir/CodeSystem/vaccine",
        "http://www.whocc.no/atc",
        "http://loinc.org",
        LABS,
    }
)
_STATES = {
    "unknown-code": "DQ-V03",
    "other-display": "DQ-V04",
    "retired": "DQ-V05",
    "not-yet": "DQ-V05",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the terminology says of a coding: code, and state as of `store.terminology.checking`."""

    code: str
    state: str


@cites("ST-50", "ST-51", "ST-53", "ST-54")
def shapes(case: Case) -> Iterator[Finding]:
    """Judge the form of the codes of a diagnosis or operation, and whether others have one."""
    if case.type not in NAMED:
        return
    given = _given(case)
    if not given and case.type in CODED:
        yield Finding("DQ-V07", "code")
    elif not given and not case.resource.get("medicationReference"):
        yield Finding("DQ-V08", NAMED[case.type])
    yield from _named(case, given)
    for one in given if case.type in CODED else ():
        system, code = str(one.get("system", "")), str(one["code"])
        if system == ICD10 and not is_disease_code(code):
            yield Finding("DQ-V01", code)
        elif system == ICD9 and not is_operation_code(code):
            yield Finding("DQ-V02", code)
        elif system.startswith(TCM) and not is_tcm_code(code):
            yield Finding("DQ-V06", code)


def _given(case: Case) -> list[Json]:
    """Give the codings that say what a record is."""
    return [one for one in codings(case.resource.get(NAMED[case.type])) if one.get("code")]


@cites("CD-21")
def _named(case: Case, given: list[Json]) -> Iterator[Finding]:
    """Every coded field keeps what the user saw: the name of a coding, or the text beside it."""
    if given and not (case.resource.get(NAMED[case.type]) or {}).get("text"):
        bare = [str(one["code"]) for one in given if not one.get("display")]
        if len(bare) == len(given):
            yield Finding("DQ-V09", ", ".join(bare))


@cites("ST-57")
def known(judged: Iterable[Judged]) -> Iterator[Finding]:
    """Say what the terminology holds against codings; of one code each rule once."""
    yield from dict.fromkeys(Finding(_STATES[one.state], one.code) for one in judged if one.state in _STATES)


def asked(case: Case) -> tuple[Json, ...]:
    """Give the codings that are asked of the terminology: in the national form, or of a dictionary."""
    if case.type not in NAMED:
        return ()
    return tuple(
        one
        for one in _given(case)
        if (
            one.get("system") in DICTIONARIES
            or (one.get("system") == ICD10 and is_disease_code(one["code"]))
            or (one.get("system") == ICD9 and is_operation_code(one["code"]))
            or (str(one.get("system", "")).startswith(TCM) and is_tcm_code(one["code"]))
        )
    )
