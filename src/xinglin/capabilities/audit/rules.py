"""How acts are told to the person they are about: who, did what, with which kinds of data; repeats in one line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

TEXT_LEAST: Final = 5
TEXT_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One AuditEvent as far as its reader cares.

    at: FHIR instant. who: reference of a practitioner, or an account; institution: reference or "". types: FHIR types
    of what was shown.
    """

    id: str
    at: str
    who: str
    role: str
    institution: str
    what: str
    purpose: str
    outcome: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What one did with one's record within an hour. first: the newest of its events, to which one may object."""

    first: Seen
    count: int
    types: tuple[str, ...]


@cites("R7-041")
def lines(events: Iterable[Seen]) -> tuple[Line, ...]:
    """Put events that stand side by side, of one person, kind and hour, into one line; newest first, as given."""
    made: list[Line] = []
    for event in events:
        if made and _alike(made[-1].first, event):
            last = made[-1]
            made[-1] = Line(last.first, last.count + 1, tuple(dict.fromkeys((*last.types, *event.types))))
        else:
            made.append(Line(event, 1, tuple(dict.fromkeys(event.types))))
    return tuple(made)


def objection_faults(text: str) -> tuple[Issue, ...]:
    """Say what is wrong with the text of an objection."""
    said = text.strip()
    if len(said) < TEXT_LEAST:
        return (Issue("required", "objection-short", "Task.description", "Say in some words what is wrong."),)
    if len(said) > TEXT_MOST:
        return (Issue("too-long", "objection-long", "Task.description", f"At most {TEXT_MOST} characters."),)
    return ()


def kinds(types: Sequence[str]) -> tuple[str, ...]:
    """Leave out what is no data of one's own: people and institutions that came along."""
    own = tuple(one for one in types if one not in {"Practitioner", "PractitionerRole", "Organization", "Location"})
    return own or tuple(types)


def _alike(one: Seen, other: Seen) -> bool:
    return (one.at[:13], one.who, one.role, one.what, one.purpose, one.outcome) == (
        other.at[:13], other.who, other.role, other.what, other.purpose, other.outcome,
    )  # fmt: skip
