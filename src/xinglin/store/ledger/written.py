"""What a write came to, as acts: one for each patient in whose record it stands."""

from collections.abc import Iterable

from msgspec.structs import replace

from xinglin.security.ledger import Act, encounter_of
from xinglin.store.executor import Change, Written
from xinglin.store.steps import Insert, Replace, Step


def acts_of(change: Change, outcome: Step | Written) -> list[Act]:
    """Complete the act of a change by the version made and its patients; empty when nobody wants it recorded."""
    act = change.act
    if act is None:
        return []
    refs = (f"{change.rt}/{change.id}/_history/{_version(outcome)}",)
    visit = encounter_of(change.rt, change.id, change.tail)
    return [replace(act, refs=refs, patient=patient, encounter=visit) for patient in _patients(change, outcome)]


def batch_of(changes: Iterable[Change]) -> list[Act]:
    """Make one act of a whole batch that is loaded: how many of each type, from which to which resource."""
    acted = [change for change in changes if change.act is not None]
    if not acted or acted[0].act is None:
        return []
    counts: dict[str, int] = {}
    for change in acted:
        counts[change.rt] = counts.get(change.rt, 0) + 1
    detail = " ".join(f"{rt}:{count}" for rt, count in sorted(counts.items()))
    refs = tuple(dict.fromkeys(f"{change.rt}/{change.id}/_history/1" for change in (acted[0], acted[-1])))
    return [replace(acted[0].act, what="load", action="C", type="", refs=refs, detail=detail)]


def _version(outcome: Step | Written) -> int:
    match outcome:
        case Insert():
            return 1
        case Replace():
            return outcome.old.row.vid + 1
        case _:
            return outcome.vid


def _patients(change: Change, outcome: Step | Written) -> tuple[int | None, ...]:
    entry = change.entry
    now = () if entry is None else entry.pats or (entry.pat,)
    # Who loses a resource is told like who gets it.
    before: tuple[int, ...] = ()
    if isinstance(outcome, Replace) and outcome.old.pat is not None:
        before = (outcome.old.pat,)
    if entry is not None and entry.named:
        # Of merged records the one that is named.
        before = tuple(one for one in before if one not in now)
        now = entry.named if len(now) == 1 else (*entry.named, *now)
    return tuple(dict.fromkeys((*now, *before))) or (None,)
