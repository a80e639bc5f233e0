"""Whether codes have the form of their edition, stand in it, counted on their day, and bear its name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xinglin.capabilities.quality.rules.case import ICD9, ICD10, TCM, Case, Finding, Json, codings
from xinglin.fhir.sources import cites
from xinglin.tables.shapes import is_disease_code, is_operation_code, is_tcm_code

CODED = frozenset({"Condition", "Procedure"})
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
    """Judge the form of the codes of a diagnosis or operation."""
    if case.type not in CODED:
        return
    given = [one for one in codings(case.resource.get("code")) if one.get("code")]
    if not given:
        yield Finding("DQ-V07", "code")
    for one in given:
        system, code = str(one.get("system", "")), str(one["code"])
        if system == ICD10 and not is_disease_code(code):
            yield Finding("DQ-V01", code)
        elif system == ICD9 and not is_operation_code(code):
            yield Finding("DQ-V02", code)
        elif system.startswith(TCM) and not is_tcm_code(code):
            yield Finding("DQ-V06", code)


@cites("ST-57")
def known(judged: Iterable[Judged]) -> Iterator[Finding]:
    """Say what the terminology holds against codings; of one code each rule once."""
    yield from dict.fromkeys(Finding(_STATES[one.state], one.code) for one in judged if one.state in _STATES)


def asked(case: Case) -> tuple[Json, ...]:
    """Give the codings that are asked of the terminology: of diagnoses and operations, in the national form."""
    if case.type not in CODED:
        return ()
    return tuple(
        one
        for one in codings(case.resource.get("code"))
        if one.get("code")
        and (
            (one.get("system") == ICD10 and is_disease_code(one["code"]))
            or (one.get("system") == ICD9 and is_operation_code(one["code"]))
            or (str(one.get("system", "")).startswith(TCM) and is_tcm_code(one["code"]))
        )
    )
