"""Who may review a prescription, and what a decision needs."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any, Final

from xinglin.capabilities.prescriptions.contract import CHECKS, REASONS, Reviewing
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.credentials import Site, Standing, may_work, site_holds, years_after

YEARS: Final = cites("R3-051")(3)
OUTCOMES: Final = ("pass", "return", "refuse")
GROUPS: Final = {"1": "non-standard", "2": "unsuitable", "3": "abnormal"}
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BELOW: Final = "药士"  # the title below that of a pharmacist


@cites("R3-051", "R3-052")
def reviewer_faults(
    reviewer: Standing, sites: Iterable[Site], prescriber: Standing, organization: str, now: datetime, *, duty: bool
) -> tuple[Issue, ...]:
    """Say why somebody may not review for *organization*, all reasons at once.

    now: in the time of the region. duty: whether the roster has the reviewer at work now. The prescriber is known by
    the identity number too: two entries in the directory may be one person.
    """
    today = now.date()
    issues = list(may_work(reviewer, "pharmacist", today))
    same = reviewer.reference == prescriber.reference
    if same or (reviewer.person is not None and reviewer.person == prescriber.person):
        issues.append(_no("review-own", "Whoever prescribed does not review."))
    if reviewer.credential("pharmacist-title") is None or reviewer.title.startswith(_BELOW):
        issues.append(_no("review-title", "Reviewing needs the title of a pharmacist or above."))
    since = reviewer.dispensing_since
    if since is None or today < years_after(since, YEARS):
        issues.append(_no("review-experience", f"Reviewing needs {YEARS} years of dispensing."))
    if not any(one.organization == organization and site_holds(one, today) for one in sites):
        issues.append(_no("review-place", "This prescription is reviewed elsewhere."))
    if not duty:
        issues.append(_no("review-duty", "You are not on duty now, by the roster."))
    return tuple(issues)


@cites("R3-051")
def on_duty(role: Any, now: datetime) -> bool:
    """Tell whether a PractitionerRole has its holder at work. A role without hours keeps no roster: always."""
    hours = role.availableTime or ()
    return not hours or any(
        DAYS[now.weekday()] in (one.daysOfWeek or DAYS) and (one.allDay is True or _within(one, now.time()))
        for one in hours
    )


def _within(one: Any, at: time) -> bool:
    start = time.fromisoformat(one.availableStartTime or "00:00:00")
    end = time.fromisoformat(one.availableEndTime or "23:59:59")
    return start <= at <= end


@cites("R3-053", "R3-054", "R3-055")
def decision_faults(given: Reviewing) -> tuple[Issue, ...]:
    """Say what a decision lacks: all four checks for a pass, a coded reason for anything else."""
    issues = []
    if given.outcome not in OUTCOMES:
        issues.append(Issue("code-invalid", "decision-outcome", "outcome", "Pass, return or refuse."))
    unknown = [one for one in given.reason if one not in REASONS.codes]
    unknown += [one for one in given.checked if one not in CHECKS.codes]
    if unknown:
        issues.append(Issue("code-invalid", "review-code", "reason", "There is no such reason or check."))
    if given.outcome == "pass" and set(given.checked) != set(CHECKS.codes):
        issues.append(Issue("required", "review-checks", "checked", "All four checks come before a pass."))
    if given.outcome == "pass" and given.reason:
        issues.append(Issue("business-rule", "review-pass-reason", "reason", "What is passed has no fault."))
    if given.outcome in {"return", "refuse"} and not given.reason:
        issues.append(Issue("required", "review-reason", "reason", "Say why, by a code."))
    if given.outcome == "refuse" and not given.note.strip():
        issues.append(Issue("required", "decision-note", "note", "A refusal says in words what is wrong."))
    if "2-9" in given.reason and not given.note.strip():
        issues.append(Issue("required", "decision-note", "note", "Say what is unsuitable."))
    return tuple(issues)


@cites("R3-053")
def result_of(reasons: Sequence[str]) -> str:
    """Give the result that reasons come to: the gravest group among them; without any it is reasonable."""
    return GROUPS[max(one[0] for one in reasons)] if reasons else "reasonable"


def _no(key: str, text: str) -> Issue:
    return Issue("business-rule", key, text=text)
