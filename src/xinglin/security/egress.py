"""Export abroad (数据出境): denied unless the destination is listed and its ground is strong enough."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from xinglin.fhir.outcome import Issue
from xinglin.fhir.search.sensitivity import class_of
from xinglin.fhir.sources import cites

# What an export rests on: nothing, a filed standard contract, a certification, or a security assessment.
Ground = Literal["exempt", "contract", "certification", "assessment"]
_STRENGTH: Final = {"exempt": 0, "contract": 1, "certification": 1, "assessment": 2}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Persons in a calendar year, of all destinations together, from which more is asked for.

    contract: persons without sensitive data from which a contract or certification is needed; any person with
    sensitive data needs one. assessed, sensitive_assessed: from which a security assessment is.
    """

    since: date
    contract: int
    assessed: int
    sensitive_assessed: int
    source: str


TABLE: Final = cites("R7-020")(
    (Thresholds(date(2024, 3, 22), 100_000, 1_000_000, 10_000, "促进和规范数据跨境流动规定 第五条, 第七条, 第八条"),)
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A recipient abroad that the security officer listed. number: of the filing or the decision. until: its end."""

    id: str
    name: str
    country: str
    ground: Ground
    number: str
    until: date | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Persons:
    """How many different persons' data have left in a year: all of them, and those with sensitive data."""

    all: int
    sensitive: int


def in_force(day: date) -> Thresholds:
    """Give the thresholds of a day; the first ones for what was before them."""
    return max((one for one in TABLE if one.since <= day), key=lambda one: one.since, default=TABLE[0])


@cites("R7-020")
def needed(persons: Persons, day: date, *, sensitive: bool, critical: bool) -> Ground:
    """Give the weakest ground on which so many persons' data may leave.

    sensitive: whether this destination is sent sensitive data. critical: critical infrastructure.
    """
    limits = in_force(day)
    if critical or persons.all >= limits.assessed or persons.sensitive >= limits.sensitive_assessed:
        return "assessment"
    return "contract" if sensitive or persons.all >= limits.contract else "exempt"


@cites("R7-020", "R7-022")
def refusals(
    to: Destination | None, persons: Persons, day: date, *, sensitive: bool, genetic: bool, critical: bool
) -> tuple[Issue, ...]:
    """Reasons why data may not leave for a destination.

    persons: the year's count of all destinations with those who would be added. sensitive, genetic: whether such data
    are among them.
    """
    if to is None or to.ended or (to.until is not None and to.until < day):
        return (_refused("egress-destination", "Nothing leaves for a destination abroad that is not on the list."),)
    if genetic:
        return (_refused("egress-genetic", "Genetic information does not leave the country by this platform."),)
    ground = needed(persons, day, sensitive=sensitive, critical=critical)
    if _STRENGTH[to.ground] < _STRENGTH[ground]:
        text = f"So many persons' data leave abroad on the ground of {ground} only; the destination has {to.ground}."
        return (_refused("egress-ground", text),)
    return ()


@cites("R7-001", "R7-020")
def is_sensitive(type: str, labels: frozenset[str]) -> bool:
    """Tell whether a resource is sensitive personal information: of health, or of somebody under 14."""
    return class_of(type) != "personal" or bool(labels)


def _refused(key: str, text: str) -> Issue:
    return Issue("forbidden", key, text=text)
