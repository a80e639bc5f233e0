"""Whether a record has what its use needs."""

from collections.abc import Iterator

from xinglin.capabilities.quality.rules.case import Case, Finding, Json, codings
from xinglin.fhir.sources import cites

# Kinds of visits that end with a diagnosis.
DIAGNOSED = frozenset({"AMB", "EMER", "IMP"})


def missing(resource: Json, *names: str) -> str:
    """Name the elements that are not there, with commas."""
    return ", ".join(name for name in names if not resource.get(name))


@cites("HR-04", "ST-30")
def judge(case: Case) -> Iterator[Finding]:
    """Judge a Patient, an Encounter, a Condition, a prescription, a report or a vaccination."""
    match case.type:
        case "Patient":
            yield from _patient(case.resource)
        case "Encounter":
            yield from _encounter(case.resource)
        case "Condition":
            # What stands on the problem list may come from the person, or from another record.
            listed = {one.get("code") for kind in case.resource.get("category") or () for one in codings(kind)}
            asked = ("recordedDate",) if "problem-list-item" in listed else ("recordedDate", "recorder")
            if lacking := missing(case.resource, *asked):
                yield Finding("DQ-C06", lacking)
        case "MedicationRequest":
            if lacking := missing(case.resource, "dosageInstruction", "requester", "authoredOn"):
                yield Finding("DQ-C07", lacking)
        case "DiagnosticReport":
            yield from _report(case.resource)
        case "Immunization" if case.resource.get("status") == "completed":
            times = "" if case.resource.get("occurrenceDateTime") else "occurrence"
            lacking = missing(case.resource, "lotNumber", "performer")
            if bare := ", ".join(one for one in (lacking, times) if one):
                yield Finding("DQ-C09", bare)


def _patient(patient: Json) -> Iterator[Finding]:
    if lacking := missing(patient, "name", "gender", "birthDate"):
        yield Finding("DQ-C01", lacking)
    if not any(
        one.get("system", "").startswith("urn:oid:") or "/id/" in one.get("system", "") for one in _ids(patient)
    ):
        yield Finding("DQ-C02")
    if lacking := missing(patient, "telecom", "address"):
        yield Finding("DQ-C03", lacking)


def _ids(patient: Json) -> Iterator[Json]:
    """Give numbers that stand for the person, not for the record."""
    for one in patient.get("identifier") or ():
        kinds = {coding.get("code") for coding in (one.get("type") or {}).get("coding") or ()}
        if one.get("value") and "MR" not in kinds:
            yield one


def _report(report: Json) -> Iterator[Finding]:
    if report.get("status") not in {"final", "amended", "corrected", "appended"}:
        return
    told = report.get("result") or report.get("conclusion") or report.get("presentedForm") or report.get("media")
    timed = report.get("effectiveDateTime") or report.get("effectivePeriod")
    given = (("result", told), ("effective", timed), ("performer", report.get("performer")))
    if lacking := ", ".join(name for name, value in given if not value):
        yield Finding("DQ-C08", lacking)


def _encounter(visit: Json) -> Iterator[Finding]:
    lacking = missing(visit, "serviceType", "participant", "serviceProvider")
    period = visit.get("period") or {}
    ended = visit.get("status") != "finished" or period.get("end")
    times = "" if period.get("start") and ended else "period"
    if bare := ", ".join(one for one in (lacking, times) if one):
        yield Finding("DQ-C04", bare)
    kind = visit.get("class", {}).get("code")
    # A follow-up or another visit of a programme says by its type what it was for; one of a series names its reason.
    told = visit.get("diagnosis") or visit.get("type") or visit.get("reasonReference")
    if visit.get("status") == "finished" and kind in DIAGNOSED and not told:
        yield Finding("DQ-C05", "diagnosis")
