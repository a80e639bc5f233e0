"""A rating: of an own visit that is over, once."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.contract import Rating
from xinglin.fhir.outcome import Issue

TEXT_MOST: Final = 1000


def faults(given: Rating, visit: Mapping[str, Any]) -> tuple[Issue, ...]:
    """Say why a visit cannot be rated so."""
    issues = []
    if visit.get("status") != "finished":
        issues.append(Issue("business-rule", "rating-early", "Encounter.status", "A visit is rated when it is over."))
    if given.stars not in contract.STARS:
        issues.append(Issue("value", "rating-stars", "stars", "Give one to five stars."))
    if len(given.text) > TEXT_MOST:
        issues.append(Issue("too-long", "rating-long", "text", f"At most {TEXT_MOST} characters."))
    return tuple(issues)


def made(given: Rating, visit: Mapping[str, Any], author: str, at: str) -> dict[str, Any]:
    """Write a rating."""
    items: list[dict[str, Any]] = [
        {"linkId": "stars", "answer": [{"valueInteger": given.stars}]},
        {"linkId": "solved", "answer": [{"valueBoolean": given.solved}]},
    ]
    if given.text.strip():
        items.append({"linkId": "text", "answer": [{"valueString": given.text.strip()}]})
    return {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [contract.RATING.url]},
        "questionnaire": contract.QUESTIONNAIRE,
        "status": "completed",
        "subject": visit["subject"],
        "encounter": {"reference": f"Encounter/{visit['id']}"},
        "author": {"reference": author},
        "authored": at,
        "item": items,
    }


def alone(rating: Any) -> tuple[str, ...]:
    """Give what only one rating may hold: its visit."""
    return (f"rating/{rating.encounter.reference}",)
