"""Whether a city is like the real one: what is counted in its resources, beside what was published, with tolerances.

Figures are counted from the stream itself, one resource after another, so a city of any size takes little memory. A
tolerance has a fixed part, for what the model leaves open, and three standard errors of the sample, which shrink as
the city grows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from math import sqrt
from typing import Any, Final

import msgspec

from xinglin.city import places, pyramid
from xinglin.city.diseases import COPD, DIABETES, HYPERTENSION
from xinglin.city.spec import CitySpec, age_on
from xinglin.tables.codes import by_code

Json = dict[str, Any]

ERRORS: Final = 3.0  # standard errors allowed beside the fixed tolerance
# Visits a year and resident, all but stays. The nation counts 6.8 (2023, general knowledge) with many that leave no
# entry in a record, such as a refill or an injection; the city aims at those that do (design).
VISITS: Final = 3.8
_CHRONIC: Final = {"hypertension": ("I10", HYPERTENSION), "diabetes": ("E1", DIABETES), "copd": ("J44", COPD)}
_GROUPS: Final = {"20+": (20, 200), "20-39": (20, 40), "40-59": (40, 60), "60-74": (60, 75), "75+": (75, 200)}


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. found, published: in the same unit; tolerance: how far they may lie apart."""

    name: str
    found: float
    published: float
    tolerance: float
    unit: str
    source: str

    @property
    def holds(self) -> bool:
        """Whether the difference lies within the tolerance."""
        return abs(self.found - self.published) <= self.tolerance


@dataclass(slots=True)
class Counts:
    """What was counted of a city."""

    spec: CitySpec
    cells: Counter[tuple[int, str]] = field(default_factory=Counter)
    counties: Counter[str] = field(default_factory=Counter)
    households: set[str] = field(default_factory=set)
    ages: dict[str, int] = field(default_factory=dict)
    ill: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in _CHRONIC})
    births: int = 0
    deaths: int = 0
    visits: int = 0
    resources: int = 0

    def add(self, one: Json) -> None:
        """Count a resource."""
        self.resources += 1
        match one["resourceType"]:
            case "Patient":
                self._patient(one)
            case "Condition":
                self._condition(one)
            case "Encounter":
                self.visits += one["class"]["code"] != "IMP"

    def _patient(self, one: Json) -> None:
        if len(one["meta"]["tag"]) > 1:
            return  # a second record of somebody who was counted
        born = date.fromisoformat(one["birthDate"])
        self.births += born > self.spec.since
        if "deceasedDateTime" in one:
            self.deaths += 1
        if not one["active"]:
            return
        age = age_on(born, self.spec.until)
        self.ages[f"Patient/{one['id']}"] = age
        self.cells[pyramid.group_of(age), one["gender"]] += 1
        self.counties[one["address"][0]["district"]] += 1
        self.households.update(
            each["valueIdentifier"]["value"] for each in one["extension"] if each["url"].endswith("/household")
        )

    def _condition(self, one: Json) -> None:
        if one["category"][0]["coding"][0]["code"] != "problem-list-item":
            return
        code = one["code"]["coding"][0]["code"]
        for name, (start, _) in _CHRONIC.items():
            if code.startswith(start):
                self.ill[name].add(one["subject"]["reference"])


def count(spec: CitySpec, resources: Iterable[bytes]) -> Counts:
    """Count the resources of a city."""
    counts = Counts(spec)
    for raw in resources:
        counts.add(msgspec.json.decode(raw))
    return counts


def lines(counts: Counts) -> Iterator[Line]:
    """Yield the comparisons."""
    people = len(counts.ages)
    yield from _ages(counts, people)
    yield from _counties(counts, people)
    for name, (_, shares) in _CHRONIC.items():
        yield from _disease(counts, name, shares)
    years = counts.spec.years
    yield Line("household size", people / len(counts.households), pyramid.HOUSEHOLD, 0.25, "persons", "census 2020")
    yield _rate("births", counts.births, people, years, pyramid.BIRTHS, "PG-04")
    yield _rate("deaths", counts.deaths, people, years, pyramid.DEATHS, "PG-04")
    yield Line("visits", counts.visits / people / years, VISITS, 0.8, "a year", "design")


def _ages(counts: Counts, people: int) -> Iterator[Line]:
    total = sum(share for _, share, _ in pyramid.GROUPS)
    men = 0
    for group, (first, share, _) in enumerate(pyramid.GROUPS):
        found = counts.cells[group, "male"] + counts.cells[group, "female"]
        men += counts.cells[group, "male"]
        wanted = share / total
        # People of a household are not drawn one by one: brothers, couples and parents come together.
        spread = 100 * ERRORS * 1.4 * sqrt(wanted * (1 - wanted) / people)
        name = f"age {first}-{first + 4}" if group < pyramid.OLDEST else f"age {first}+"
        yield Line(name, 100 * found / people, 100 * wanted, 0.35 + spread, "%", "PG-03")
    wanted = sum(pyramid.targets()[: len(pyramid.GROUPS)])
    yield Line("men", 100 * men / people, 100 * wanted, 0.6 + 100 * ERRORS * sqrt(0.25 / people), "%", "PG-03")


def _counties(counts: Counts, people: int) -> Iterator[Line]:
    total = sum(places.RESIDENTS.values())
    for county, residents in places.RESIDENTS.items():
        wanted, name = residents / total, by_code("divisions")[county].name
        # Whole households live in a place.
        spread = 100 * ERRORS * sqrt(wanted * (1 - wanted) * 1.3 * pyramid.HOUSEHOLD / people)
        yield Line(name, 100 * counts.counties[name] / people, 100 * wanted, 0.2 + spread, "%", "PG-01")


def _disease(counts: Counts, name: str, shares: tuple[float, ...]) -> Iterator[Line]:
    """Compare all adults, and within four spans of age, there with what the ages of this very city make one expect."""
    for title, (low, high) in _GROUPS.items():
        ages = {who: age for who, age in counts.ages.items() if low <= age < high}
        if not ages:
            continue
        expected = sum(shares[pyramid.group_of(age)] for age in ages.values()) / len(ages)
        if title == "20+":
            expected = _of_adults(shares)
        found = 100 * len(counts.ill[name] & ages.keys()) / len(ages)
        share = expected / 100
        spread = 100 * ERRORS * sqrt(share * (1 - share) / len(ages))
        yield Line(f"{name} {title}", found, expected, 1.0 + spread, "%", "PG-05..09")


def _of_adults(shares: tuple[float, ...]) -> float:
    """Give the share of who is 20 or older, on the pyramid."""
    grown = [(share, ill) for (first, share, _), ill in zip(pyramid.GROUPS, shares, strict=True) if first >= 20]
    return sum(share * ill for share, ill in grown) / sum(share for share, _ in grown)


def _rate(name: str, found: int, people: int, years: int, published: float, source: str) -> Line:
    """Compare events a year and thousand residents."""
    spread = ERRORS * sqrt(published * people * years) / people / years
    return Line(name, 1000 * found / people / years, 1000 * published, 1000 * spread + 1.0, "‰ a year", source)
