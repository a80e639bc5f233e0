"""What of a complaint can be taken, and the advice on it."""

from collections.abc import Iterator
from typing import Final

from xinglin.capabilities.triage.contract import Asked
from xinglin.care.triage import Advice, Complaint, Person, assess
from xinglin.fhir.outcome import Issue

LONGEST: Final = 500  # characters of a complaint
MOST: Final = 100  # facts named at once
OLDEST: Final = 366 * 130  # days


def advise(asked: Asked) -> Advice:
    """Give the advice on a complaint."""
    return assess(Complaint(asked.text, asked.yes, asked.no), Person(asked.age_days, asked.sex))


def refusals(asked: Asked) -> tuple[Issue, ...]:
    """Say what of a complaint cannot be taken."""
    issues = []
    if len(asked.text) > LONGEST:
        issues.append(Issue("too-long", "triage-long", text=f"A complaint has at most {LONGEST} characters."))
    if len(asked.yes) + len(asked.no) > MOST:
        issues.append(Issue("too-costly", "triage-many", text=f"At most {MOST} facts are taken at once."))
    if asked.age_days is not None and not 0 <= asked.age_days <= OLDEST:
        issues.append(Issue("value", "triage-age", text="An age lies between 0 and 130 years."))
    if asked.sex not in {"", "male", "female", "other", "unknown"}:
        issues.append(Issue("value", "triage-sex", text="The sex is male, female, other or unknown."))
    return tuple(issues)


def fired(advice: Advice) -> Iterator[str]:
    """Name every rule that fired, once: red flags, urgency, departments."""
    reasons = (reason for place in advice.departments for reason in place.reasons)
    yield from dict.fromkeys(one.code for one in (*advice.flags, *advice.causes, *reasons))
