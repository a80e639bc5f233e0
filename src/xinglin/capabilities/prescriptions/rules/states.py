"""The states of a prescription, as a table; and what guards every writer of one."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.prescriptions.contract import STATES, state_of
from xinglin.care import dispensing
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import to_dict

# What follows a state. From `released` on the pharmacies' table goes on (`care.dispensing`).
MOVES: Final[Mapping[str, frozenset[str]]] = cites("R3-080")(
    {
        "": frozenset({"draft", "signed"}),
        "draft": frozenset({"signed", "cancelled"}),
        "signed": frozenset({"review-pending"}),
        "review-pending": frozenset({"released", "review-failed", "rejected", "cancelled", "expired"}),
        "review-failed": frozenset({"revised", "cancelled", "expired"}),
        "revised": frozenset(),
        "cancelled": frozenset(),
        "expired": frozenset(),
        **dispensing.MOVES,
    }
)
# RequestGroup.status and MedicationRequest.status of each state: effective only after review (R1-057, R3-050).
STATUS: Final[Mapping[str, tuple[str, str]]] = cites("R1-057", "R3-050")(
    {
        "draft": ("draft", "draft"),
        "signed": ("on-hold", "on-hold"),
        "review-pending": ("on-hold", "on-hold"),
        "review-failed": ("on-hold", "on-hold"),
        "revised": ("revoked", "cancelled"),
        "released": ("active", "active"),
        "cancelled": ("revoked", "cancelled"),
        "expired": ("revoked", "stopped"),
        "rejected": ("revoked", "cancelled"),
    }
)
# Of the header, what the act of signing fixed.
_MOVING: Final = frozenset({"status", "meta", "extension", "id"})
# Of a review, what the decision adds; all else stays as the prescriber signed it.
_DECIDED: Final = frozenset(
    {"status", "businessStatus", "meta", "lastModified", "executionPeriod", "output", "note", "reasonCode", "id"}
)


@cites("R3-080")
def refusals(state: str, to: str) -> tuple[Issue, ...]:
    """Say why a prescription in *state* cannot become *to*; empty when it can."""
    if to in MOVES.get(state, frozenset()):
        return ()
    named = STATES.codes[state].en.lower() if state in STATES.codes else "new"
    return (Issue("conflict", "prescription-state", text=f"The prescription is {named}: this cannot be done now."),)


@cites("R3-080", "R3-010")
def moves_by_the_table(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every writer: a state follows the table, and what was signed is never changed or deleted."""
    old = state_of(before) if before is not None else ""
    if after is None:
        return () if old in {"", "draft"} else (_stays(),)
    new = state_of(after)
    if new and new not in STATES.codes:
        return (Issue("value", "prescription-state-unknown", "RequestGroup.extension", "There is no such state."),)
    issues = () if old == new else refusals(old, new)
    if before is not None and old not in {"", "draft"} and _content(before, _MOVING) != _content(after, _MOVING):
        return (*issues, _stays())
    return issues


@cites("R3-010", "R2-025")
def line_stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every writer of a line: a drug, dose or quantity that was signed is never changed."""
    if before is None or before.status == "draft":
        return ()
    if after is None or _content(before, _LINE_MOVING) != _content(after, _LINE_MOVING):
        return (_stays(),)
    return ()


_LINE_MOVING: Final = frozenset({"status", "statusReason", "meta", "id", "eventHistory", "detectedIssue"})


@cites("R3-052")
def review_stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every writer of a review: what was asked stays, and what was decided is not decided again."""
    if before is None:
        return ()
    if after is None or _content(before, _DECIDED) != _content(after, _DECIDED):
        return (_stays(),)
    if before.status == "completed" and _content(before, frozenset({"meta"})) != _content(after, frozenset({"meta"})):
        return (Issue("conflict", "review-decided", "Task.status", "This review has been decided."),)
    return ()


def _content(resource: Any, without: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in to_dict(resource).items() if name not in without}


def _stays() -> Issue:
    return Issue(
        "business-rule", "prescription-stays", text="What was signed stays as it is: write a new prescription."
    )
