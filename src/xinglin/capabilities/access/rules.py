"""Decisions about emergency access: who may open a record, until when, and when it is reviewed."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from xinglin.capabilities.access.contract import REVIEWS, BreakGlass, Review
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

REASON_LEAST: Final = 5  # characters; "急" alone tells a reviewer nothing
REASON_MOST: Final = 500


@cites("R7-032")
def opening_faults(given: BreakGlass, *, practitioner: str | None) -> tuple[Issue, ...]:
    """Reasons why a record is not opened."""
    issues = []
    if practitioner is None:
        text = "Only a practitioner known by name opens a record in an emergency."
        issues.append(Issue("forbidden", "no-practitioner", text=text))
    if not REASON_LEAST <= len(given.reason.strip()) <= REASON_MOST:
        text = f"Say why in {REASON_LEAST} to {REASON_MOST} characters: the security officer reads it, and the patient."
        issues.append(Issue("business-rule", "reason-missing", "Task.reasonCode", text))
    return tuple(issues)


@cites("R7-032", "A11-20")
def review_due(opened: datetime, days: int, holidays: Collection[date], workdays: Collection[date]) -> date:
    """Give the last day of the review: *days* working days after the day it was opened (local time).

    holidays: days off besides weekends. workdays: days of weekends that are worked (调休).
    """
    day, left = opened.date(), days
    while left:
        day += timedelta(days=1)
        left -= day in workdays or (day.weekday() < 5 and day not in holidays)
    return day


def review_faults(given: Review, *, reviewer: str | None, requester: str | None, state: str) -> Iterator[Issue]:
    """Reasons why a review is not taken. state: the code of Task.businessStatus."""
    if given.outcome not in REVIEWS.codes or given.outcome == "awaiting":
        yield Issue("value", "review-outcome", "outcome", "The outcome is justified or unjustified.")
    if not given.note.strip():
        yield Issue("required", "review-note", "note", "A review says why.")
    if state != "awaiting":
        yield Issue("conflict", "reviewed-already", "Task.businessStatus", "This access has been reviewed.")
    if reviewer is not None and reviewer == requester:
        yield Issue("forbidden", "own-review", text="Nobody reviews an access of one's own.")


def days_of(text: str) -> frozenset[date]:
    """Read the days of a calendar: ISO dates with commas between; ValueError for anything else."""
    return frozenset(date.fromisoformat(one.strip()) for one in text.split(",") if one.strip())
