"""Whether two records may be merged, and what the two Patients say before and after."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xinglin.capabilities.duplicates.contract import FIELDS
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

Document = dict[str, Any]
REASON_LEAST: Final = 4
# An element of a primitive type may have a companion with extensions.
_COMPANIONS: Final = ("", "_")


@cites("HR-03", "CD-11")
def merge_faults(
    reason: str, keep: tuple[str, ...], *, two_citizens: bool, override: bool, may_override: bool
) -> Iterator[Issue]:
    """Reasons why records are not merged. two_citizens: both have valid identity numbers, and different ones."""
    yield from reason_faults(reason)
    unknown = [one for one in keep if one not in FIELDS.codes]
    if unknown:
        text = f"What is taken from the other record is one of {', '.join(FIELDS.codes)}."
        yield Issue("value", "merge-field", "keep", text)
    if two_citizens and not override:
        text = "Both have valid identity numbers, and different ones: they are not merged unless that is overridden."
        yield Issue("business-rule", "merge-two-citizens", "target-patient", text)
    elif two_citizens and not may_override:
        text = "Only public health may merge records with two valid identity numbers."
        yield Issue("forbidden", "merge-override", "override", text)


def reason_faults(reason: str) -> Iterator[Issue]:
    """Reasons why a reason is none."""
    if len(reason.strip()) < REASON_LEAST:
        yield Issue("required", "merge-reason", "reason", "Write down why, so that another can follow it.")


def decision_faults(decision: str, reason: str, status: str) -> Iterator[Issue]:
    """Reasons why a decision over a candidate is not taken. status: of its Task."""
    if decision not in {"different", "open"}:
        yield Issue("value", "duplicate-decision", "decision", "They are different persons, or it is decided anew.")
    elif status == "completed":
        yield Issue("conflict", "duplicate-merged", "Task.status", "The records are merged: undo that first.")
    elif status == "in-progress":
        yield Issue("conflict", "duplicate-in-progress", "Task.status", "They are being merged or parted: wait for it.")
    elif (decision == "different") == (status == "rejected"):
        yield Issue("conflict", "duplicate-decided", "Task.status", "This has been decided so already.")
    yield from reason_faults(reason)


# -- the two Patients -------------------------------------------------------------------------------------------------


def stands(target: Document, source: Document, keep: tuple[str, ...]) -> Document:
    """Give the survivor: linked to the record that it stands for, with what is taken from there.

    Numbers of kinds that it has none of come with it, so that the person is found by them.
    """
    made = dict(target)
    for field in keep:
        for mark in _COMPANIONS:
            if mark + field in source:
                made[mark + field] = source[mark + field]
            else:
                made.pop(mark + field, None)
    added = _added(target, source)
    if added:
        made["identifier"] = [*(target.get("identifier") or ()), *added]
    return _linked(made, source["id"], "replaces")


def stood_for(source: Document, target: str) -> Document:
    """Give the record that another stands for: not in use, with a link to the one that is."""
    return _linked(source | {"active": False}, target, "replaced-by")


def stands_alone(now: Document, before: Document, source: Document, keep: tuple[str, ...]) -> Document:
    """Give the survivor after the undoing: what was taken over goes back, unless somebody changed it since.

    before: as it was before the merge. source: the other record as it was then.
    """
    made = dict(now)
    for field in keep:
        for name in (mark + field for mark in _COMPANIONS):
            if made.get(name) == source.get(name):
                made.pop(name, None)
                made |= {name: before[name]} if name in before else {}
    added = _added(before, source)
    kept = [one for one in made.get("identifier") or () if one not in added]
    made.pop("identifier", None)
    made |= {"identifier": kept} if kept else {}
    return _unlinked(made, source["id"], "replaces")


def stands_for_itself(now: Document, before: Document, target: str) -> Document:
    """Give the record that stands for itself again: in use as far as it was before."""
    made = {name: value for name, value in now.items() if name != "active"}
    made |= {"active": before["active"]} if "active" in before else {}
    return _unlinked(made, target, "replaced-by")


def _added(target: Document, source: Document) -> list[Document]:
    known = {one.get("system") for one in target.get("identifier") or ()}
    return [one for one in source.get("identifier") or () if one.get("system") not in known]


def _linked(document: Document, other: str, type: str) -> Document:
    link = {"other": {"reference": f"Patient/{other}"}, "type": type}
    links = document.get("link") or []
    return document if link in links else document | {"link": [*links, link]}


def _unlinked(document: Document, other: str, type: str) -> Document:
    link = {"other": {"reference": f"Patient/{other}"}, "type": type}
    links = [one for one in document.get("link") or () if one != link]
    made = {name: value for name, value in document.items() if name != "link"}
    return made | ({"link": links} if links else {})


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    """Say of each field how two records stand: ``same``, ``different``, ``one`` (only one has it) or ``none``."""
    return {field: _relation(one.get(field), other.get(field)) for field in FIELDS.codes}


def _relation(one: object, other: object) -> str:
    if not one and not other:
        return "none"
    if not one or not other:
        return "one"
    return "same" if one == other else "different"
