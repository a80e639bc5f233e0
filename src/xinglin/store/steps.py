"""What a change comes to, given the current state of its resource: decided without touching the database."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search import keys
from xinglin.fhir.search.entry import Entry
from xinglin.store.executor import Change, Row, Written

_TICK: Final = timedelta(milliseconds=1)
# A tail begins within meta, and 1.0 is not 1.00.
_HEAD: Final = b'{"meta":{"versionId":0'
_READER: Final = msgspec.json.Decoder(float_hook=lambda digits: ("number", digits))


class State(Struct, frozen=True):
    """The current version and its inline index columns."""

    row: Row
    pat: int | None
    ord: int
    keys: list[int]


class Insert(Struct, frozen=True):
    """Write version 1."""

    change: Change
    entry: Entry
    rid: int
    ts: datetime


class Replace(Struct, frozen=True):
    """Write the next version (also after a delete, also the delete itself: then *entry* is None)."""

    change: Change
    entry: Entry | None
    old: State
    ts: datetime
    ord: int


Step = Insert | Replace


def fresh(change: Change) -> bool:
    """Tell whether the resource cannot be there yet: a create under an id that the server just made."""
    return change.op == "create" and change.expect is None and len(change.id) == 23 and change.id[2] == "-"


def decide(change: Change, state: State | None, *, now: datetime, keep: bool) -> Step | Written:
    """Return the step that *change* needs, or the answer when it needs none.

    keep: write a version also when the content is the same.
    Raises OutcomeError: 412 when the version is not the expected one or the resource exists though it must not, 409
    when a create meets a living resource, 404 or 410 when it must exist and does not.
    """
    if change.must == "hidden":
        state = None
    row = state.row if state is not None else None
    living = row is not None and not row.deleted
    if row is not None and (row.rt, row.id) != (change.rt, change.id):
        text = f"{change.rt}/{change.id} cannot be stored: choose another id."
        raise OutcomeError(Issue("conflict", "identity-taken", text=text))
    if change.expect is not None and (row is None or row.vid != change.expect):
        current = "no version" if row is None else f"version {row.vid}"
        text = f"{change.rt}/{change.id} is at {current}, not at version {change.expect}."
        raise OutcomeError(Issue("conflict", "version-mismatch", text=text), status=412)
    if living and change.must == "new":
        raise OutcomeError(Issue("conflict", "exists", text=f"{change.rt}/{change.id} exists."), status=412)
    if living and change.op == "create":
        raise OutcomeError(Issue("conflict", "exists", text=f"{change.rt}/{change.id} exists."))
    if not living and change.must == "exists":
        known = row is not None
        raise OutcomeError(
            Issue("deleted", "deleted", text=f"{change.rt}/{change.id} has been deleted.")
            if known
            else Issue("not-found", "not-found", text=f"{change.rt}/{change.id} is not known.")
        )
    if change.op == "delete":
        return _delete(change, state, now)
    entry = _entry(change)
    if state is None or row is None:
        return Insert(change, entry, entry.rid, now)
    if living and not keep and (row.tail == change.tail or _says_the_same(state, change.tail, entry)):
        return Written(change.rt, change.id, row.vid, row.ts, created=False, unchanged=True, tail=row.tail)
    return Replace(change, entry, state, _after(row, now), place_of(entry, state))


def place_of(entry: Entry, state: State) -> int:
    """Give the order of a version; an undated resource keeps its place, which is the time of its first writing."""
    return state.ord if entry.ord < keys.DATED and state.ord < keys.DATED else entry.ord


def written(step: Step) -> Written:
    """Answer for a step that was done."""
    change = step.change
    if isinstance(step, Insert):
        return Written(change.rt, change.id, 1, step.ts, created=True, tail=change.tail)
    row = step.old.row
    return Written(change.rt, change.id, row.vid + 1, step.ts, created=row.deleted, tail=change.tail)


def _delete(change: Change, state: State | None, now: datetime) -> Step | Written:
    if state is None:
        return Written(change.rt, change.id, 0, now, created=False, unchanged=True)
    if state.row.deleted:
        return Written(change.rt, change.id, state.row.vid, state.row.ts, created=False, unchanged=True)
    return Replace(change, None, state, _after(state.row, now), state.ord)


def _says_the_same(state: State, tail: bytes, entry: Entry) -> bool:
    """Tell whether only spaces, escapes or the order of members differ; numbers count by their digits.

    What changes usually changes a key, so that hardly any write parses.
    """
    if state.ord != entry.ord and entry.ord >= keys.DATED:
        return False
    if set(state.keys) != set(entry.keys):
        return False
    return _alike(_READER.decode(_HEAD + state.row.tail), _READER.decode(_HEAD + tail))


def _alike(one: object, other: object) -> bool:
    """Tell whether two JSON values are spelled with the same digits and letters; true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return type(one) is type(other) and one == other


def _after(row: Row, now: datetime) -> datetime:
    # Clocks of several machines differ; versions of one resource never run backwards.
    return max(now, row.ts + _TICK)


def _entry(change: Change) -> Entry:
    if change.entry is None:
        raise ValueError(f"{change.op} of {change.rt}/{change.id} has no entry")
    return change.entry
