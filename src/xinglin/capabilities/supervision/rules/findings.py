"""Findings and their way (R2-041): a lead, opened with a deadline, answered, accepted or returned, escalated."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.rules.documents import CHINA, Document, code_of
from xinglin.care.calendar import after
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

DAYS: Final = 10  # working days to answer, where the commission names no day [CFG]
TEXT_LEAST: Final = 5
_STATUS: Final = {
    "lead": "draft",
    "open": "requested",
    "answered": "in-progress",
    "returned": "rejected",
    "accepted": "completed",
    "dismissed": "cancelled",
}
MOVES: Final = cites("R2-041")(
    {
        "lead": frozenset({"open", "dismissed"}),
        "open": frozenset({"answered"}),
        "returned": frozenset({"answered"}),
        "answered": frozenset({"accepted", "returned"}),
        "accepted": frozenset[str](),
        "dismissed": frozenset[str](),
    }
)


def lead(key: str, rule: str, text: str, *, owner: str, about: Sequence[str], now: datetime) -> Document:
    """Write a lead. key: makes it once. rule: id or code. owner: the institution. about: references that show it."""
    return {
        "resourceType": "Task",
        "meta": {"profile": [contract.FINDING.url]},
        "identifier": [{"system": contract.FINDING_KEYS, "value": key}],
        "extension": [
            {"url": contract.RULE, "valueString": rule},
            *({"url": contract.EVIDENCE, "valueReference": {"reference": one}} for one in about),
        ],
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS.system, "code": "finding"}]},
        "businessStatus": _state("lead"),
        "description": text,
        "owner": {"reference": owner},
        "authoredOn": now.isoformat(),
        "lastModified": now.isoformat(),
    }


@cites("R2-041")
def opened(task: Document, *, text: str, deadline: str, by: str, now: datetime) -> Document:
    """Give a lead that the institution has to answer by a day."""
    last = date.fromisoformat(deadline) if deadline else after(now.astimezone(CHINA).date(), DAYS)
    made = moved(task, "open", now) | {"restriction": {"period": {"end": last.isoformat()}}}
    made["requester"] = {"reference": by}
    return made | ({"description": text.strip()} if text.strip() else {})


def noted(task: Document, text: str, by: str, now: datetime) -> Document:
    """Give a finding with a note: who said what when."""
    note = {"authorReference": {"reference": by}, "time": now.isoformat(), "text": text.strip()}
    return task | {"note": [*task.get("note", ()), note]}


def moved(task: Document, state: str, now: datetime) -> Document:
    """Give a finding in another state."""
    return task | {"status": _STATUS[state], "businessStatus": _state(state), "lastModified": now.isoformat()}


def move_faults(task: Mapping[str, Any], state: str) -> tuple[Issue, ...]:
    """Say why a finding cannot go on to a state."""
    if state in MOVES.get(state_of(task), frozenset()):
        return ()
    return (Issue("conflict", "finding-state", text="This is not possible any more, or not yet."),)


def words_faults(text: str) -> tuple[Issue, ...]:
    """Say that words are missing."""
    if len(text.strip()) >= TEXT_LEAST:
        return ()
    return (Issue("required", "finding-words", text="Say in some words what was done, or why."),)


def deadline_faults(deadline: str, today: date) -> tuple[Issue, ...]:
    """Say why a day cannot be a deadline."""
    try:
        good = not deadline or date.fromisoformat(deadline) > today
    except ValueError:
        good = False
    return () if good else (Issue("value", "finding-deadline", "deadline", "Name a day that is still to come."),)


@cites("R2-041")
def is_overdue(task: Mapping[str, Any], today: date) -> bool:
    """Tell whether the institution has not answered in time."""
    end = task.get("restriction", {}).get("period", {}).get("end", "")
    return state_of(task) in {"open", "returned"} and bool(end) and date.fromisoformat(end[:10]) < today


def state_of(task: Mapping[str, Any]) -> str:
    """Read the state."""
    return code_of(task.get("businessStatus"))


def kept(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every write: a finding is never deleted."""
    if before is None or after is not None:
        return ()
    return (Issue("business-rule", "finding-kept", "Task", "A finding is kept."),)


def _state(code: str) -> Document:
    return {"coding": [{"system": contract.FINDING_STATES.system, "code": code}]}
