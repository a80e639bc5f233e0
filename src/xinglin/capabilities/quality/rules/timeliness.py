"""Whether what happened was written down, reported and uploaded in time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from xinglin.capabilities.quality.rules.case import Case, Finding, is_stay, moment, updated
from xinglin.fhir.sources import cites

# Design: a diagnosis stands in the record a day after the visit, a result three days after it was taken.
RECORDED: Final = timedelta(hours=24)
REPORTED: Final = timedelta(hours=72)
# Uploading is monthly.
UPLOADED: Final = cites("ST-42")(timedelta(days=30))
SYNTHETIC: Final = "https://xinglin.health/fhir/CodeSystem/synthetic"


@cites("ST-42")
def judge(case: Case) -> Iterator[Finding]:
    """Judge a Condition, an Observation, or a stay."""
    match case.type:
        case "Condition":
            ended = moment((case.encounter.get("period") or {}).get("end"))
            recorded = moment(case.resource.get("recordedDate"))
            if ended and recorded and recorded - ended > RECORDED:
                yield Finding("DQ-T01", _hours(recorded - ended))
        case "Observation" | "DiagnosticReport":
            yield from reported(case)
        case "Encounter" if is_stay(case.resource) and not _made_up(case):
            left = moment((case.resource.get("period") or {}).get("end"))
            # A later correction is an upload of its own; only the first version tells.
            first = case.resource.get("meta", {}).get("versionId", "1") == "1"
            if left and first and updated(case.resource) - left > UPLOADED:
                yield Finding("DQ-T03", f"{(updated(case.resource) - left).days} d")


@cites("ST-42")
def reported(case: Case) -> Iterator[Finding]:
    """Say when a result or report came late; nothing of other records."""
    if case.type not in {"Observation", "DiagnosticReport"}:
        return
    taken, issued = moment(case.resource.get("effectiveDateTime")), moment(case.resource.get("issued"))
    if taken and issued and issued - taken > REPORTED:
        yield Finding("DQ-T02", _hours(issued - taken))


def _hours(time: timedelta) -> str:
    return f"{int(time.total_seconds() // 3600)} h"


def _made_up(case: Case) -> bool:
    """Tell whether a record was loaded as an example: when it was written says nothing of its institution."""
    return any(one.get("system") == SYNTHETIC for one in case.resource.get("meta", {}).get("tag") or ())
