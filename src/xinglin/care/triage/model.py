"""What triage takes and gives."""

from dataclasses import dataclass
from typing import Final, Literal

from xinglin.fhir.declarations import Text

Urgency = Literal["emergency", "today", "days", "routine", "unknown"]
# From the gravest on; unknown: nothing was understood.
URGENCIES: Final[tuple[Urgency, ...]] = ("emergency", "today", "days", "routine", "unknown")
EMERGENCY: Final = "20"
GENERAL: Final = "02"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody says. text: own words. chosen, denied: facts picked, or answered with yes and no."""

    text: str = ""
    chosen: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about, as far as known. age_days: in days. sex: ``male``, ``female`` or empty."""

    age_days: int | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was understood: facts that hold, facts that were denied, and what was long ago."""

    present: frozenset[str]
    denied: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that held: its code, what it says, and the facts that made it hold."""

    code: str
    text: Text
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Department:
    """A department (诊疗科目): its code, how strongly it is meant, and why.

    otherwise: the code to look for where nobody offers it; empty: none.
    """

    code: str
    weight: int
    reasons: tuple[Fired, ...]
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """Where to go, and how soon. flags: red flags that held. departments: the best first; at most three.

    causes: why it is that urgent. bring: codes of what to bring along. facts: what was understood.
    """

    urgency: Urgency
    flags: tuple[Fired, ...]
    departments: tuple[Department, ...]
    causes: tuple[Fired, ...]
    bring: tuple[str, ...]
    facts: Facts
