"""Decisions about errands."""

from msgspec import Struct

from xinglin.fhir.outcome import Issue


def status_may_change(before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """A completed errand stays completed, and may not be deleted."""
    if before is None or before.status != "completed":  # type: ignore[attr-defined]
        return ()
    if after is not None and after.status == "completed":  # type: ignore[attr-defined]
        return ()
    return (Issue("business-rule", "errand-completed", "Task.status", "A completed errand stays as it is."),)


def refusals(status: str, owner: str | None) -> tuple[Issue, ...]:
    """Reasons why an errand cannot be claimed."""
    if status != "requested" or owner is not None:
        return (Issue("conflict", "errand-taken", "Task.owner", "Somebody else has claimed this errand."),)
    return ()
