"""What can be told while a record is written, of itself alone: a warning, never a refusal.

What needs the patient, the visit, what else was recorded or the terminology is judged at night.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.quality.contract import RULES
from xinglin.capabilities.quality.rules import completeness, front_page, plausibility, timeliness, validity
from xinglin.capabilities.quality.rules.case import Case, Finding
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# FHIR issue types of what a domain finds.
_CODES: Final[Mapping[str, str]] = {
    "completeness": "incomplete",
    "validity": "code-invalid",
    "plausibility": "value",
    "timeliness": "business-rule",
    "front-page": "business-rule",
}
# Detail of one warning, in characters.
LONGEST: Final = 200


@cites("ST-50")
def warnings(document: Mapping[str, Any], now: datetime) -> tuple[Issue, ...]:
    """Give what the rules find in a resource that is being written, each rule once."""
    if document.get("status") == "entered-in-error":
        return ()
    found: dict[str, str] = {}
    for one in _found(document, now):
        found[one.rule] = f"{found[one.rule]}; {one.detail}" if one.rule in found else one.detail
    type = str(document["resourceType"])
    return tuple(
        Issue(
            _CODES[RULES[rule].domain],
            rule,
            type,
            f"{RULES[rule].title.en}: {detail[:LONGEST]}." if detail else f"{RULES[rule].title.en}.",
            "information" if RULES[rule].severity == "low" else "warning",
        )
        for rule, detail in found.items()
    )


def _found(document: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    alone = Case(document, now, document if document["resourceType"] == "Patient" else {})
    yield from completeness.judge(alone)
    yield from validity.shapes(alone)
    yield from plausibility.judge(alone)
    yield from timeliness.reported(alone)
    yield from front_page.alone(alone)
