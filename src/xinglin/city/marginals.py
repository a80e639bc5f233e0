"""Whether a city is like the real one: what is counted in its resources, beside what was published, with tolerances.

Figures are counted from the stream itself, one resource after another, so a city of any size takes little memory. A
tolerance has a fixed part, for what the model leaves open, and three standard errors of the sample, which shrink as
the city grows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import median
from typing import Any, Final

import msgspec

from xinglin.city import contracts, mental, papers, places, pyramid, reports, tuberculosis
from xinglin.city.diseases import AWARE, COPD, DIABETES, HYPERTENSION, MENTAL
from xinglin.city.errors import truth
from xinglin.city.institutions import by_id
from xinglin.city.spec import CitySpec, age_on
from xinglin.city.terms import FAULT, UNDIAGNOSED
from xinglin.tables.codes import by_code

Json = dict[str, Any]

ERRORS: Final = 3.0  # standard errors allowed beside the fixed tolerance
# Visits a year and resident, all but stays. The nation counts 6.8 (2023, general knowledge) with many that leave no
# entry in a record, such as a refill or an injection; the city aims at those that do (design).
VISITS: Final = 3.1
# What a visit that is billed and a stay cost in the middle, in yuan, and stays a year and thousand residents (design:
# prices of the service items and made-up ones of drugs; the nation counts more and dearer ones, with imaging).
VISIT_FEE: Final = 55
STAY_FEE: Final = 2000
STAYS: Final = 88
_CHRONIC: Final = {"hypertension": ("I10", HYPERTENSION), "diabetes": ("E1", DIABETES), "copd": ("J44", COPD)}
_MANAGED_FROM: Final = 35
_INJURY: Final = ("S", "T")
_CAUSES: Final = ("V", "W", "X", "Y")
_DIAGNOSED: Final = "17"  # item of the report card
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
    unknown: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in AWARE})
    enrolled: dict[str, set[str]] = field(default_factory=dict)
    injured: set[str] = field(default_factory=set)
    caused: set[str] = field(default_factory=set)
    recent: dict[str, set[str]] = field(default_factory=lambda: {"IMP": set(), "AMB": set()})
    papers: dict[str, set[str]] = field(default_factory=lambda: {"IMP": set(), "AMB": set()})
    fees: dict[str, list[float]] = field(default_factory=lambda: {"IMP": [], "AMB": []})
    cards: int = 0
    late: int = 0
    forgotten: int = 0
    stays: int = 0
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
                self._encounter(one)
            case "EpisodeOfCare":
                self.enrolled.setdefault(one["type"][0]["coding"][0]["code"], set()).add(one["patient"]["reference"])
            case "QuestionnaireResponse" if one["questionnaire"].endswith(f"/{reports.FORM}"):
                self._card(one)
            case "Composition":
                code = one["type"]["coding"][0]["code"]
                self.papers["IMP" if code == papers.SUMMARY[0] else "AMB"].add(one["encounter"]["reference"])
            case "Claim":
                stay = one["item"][0]["encounter"][0]["reference"] in self.recent["IMP"]
                self.fees["IMP" if stay else "AMB"].append(one["total"]["value"])

    def _encounter(self, one: Json) -> None:
        kind, name = one["class"]["code"], f"Encounter/{one['id']}"
        self.visits += kind != "IMP"
        self.stays += kind == "IMP"
        recent = date.fromisoformat(one["period"]["start"][:10]) > self.spec.until - timedelta(days=papers.DAYS)
        if recent and one["status"] == "finished" and kind in self.recent and (kind == "IMP" or _hospital(one)):
            self.recent[kind].add(name)

    def _card(self, one: Json) -> None:
        """Count a report card, late when it came more than a day after the diagnosis (SV-12)."""
        self.cards += 1
        told = next(each for each in one["item"] if each["linkId"].endswith(f".{_DIAGNOSED}"))
        taken = datetime.fromisoformat(told["answer"][0]["valueDateTime"])
        self.late += datetime.fromisoformat(one["authored"]) - taken > timedelta(hours=24)

    def _patient(self, one: Json) -> None:
        if truth(one) is not None:
            return  # a second record of somebody who was counted
        for tag in one["meta"]["tag"]:
            if tag["system"] == UNDIAGNOSED:
                self.unknown[tag["code"]].add(f"Patient/{one['id']}")
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
        code = one["code"]["coding"][0]["code"]
        if one["category"][0]["coding"][0]["code"] != "problem-list-item":
            self.forgotten += any(
                tag["system"] == FAULT and tag["code"] == reports.NOT_REPORTED for tag in one["meta"]["tag"]
            )
            if code[0] in _INJURY:
                self.injured.add(one["encounter"]["reference"])
            elif code[0] in _CAUSES:
                self.caused.add(one["encounter"]["reference"])
            return
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
    yield from _programmes(counts, people)
    yield from _reporting(counts)
    yield from _written(counts, people)


def _programmes(counts: Counts, people: int) -> Iterator[Line]:
    """Compare who knows, who is registered and who is managed."""
    for name, share in AWARE.items():
        has = (counts.ill[name] | counts.unknown[name]) & counts.ages.keys()
        grown = {who for who in has if counts.ages[who] >= 20}
        source = {"hypertension": "PG-05", "diabetes": "PG-06"}.get(name, "design")
        yield _share(f"{name} known", len(counts.ill[name] & grown), len(grown), share, 1.0, source)
    for name in ("hypertension", "diabetes"):
        known = {who for who in counts.ill[name] & counts.ages.keys() if counts.ages[who] >= _MANAGED_FROM}
        managed = counts.enrolled.get(name, set()) & known
        yield _share(f"{name} managed", len(managed), len(known), contracts.MANAGED, 2.5, "PG-05")
    registered = len(counts.enrolled.get(mental.NAME, set()) & counts.ages.keys())
    spread = 1000 * ERRORS * sqrt(MENTAL / people)
    yield Line("severe mental disorder", 1000 * registered / people, 1000 * MENTAL, 0.5 + spread, "‰", "PG-08")
    found, years = len(counts.enrolled.get(tuberculosis.NAME, set())), counts.spec.years
    spread = 1e5 * ERRORS * sqrt(tuberculosis.NOTIFIED * 1e-5 / people / years)
    # One has it in every city, so that a small one has too many.
    rate, shown = 1e5 * found / people / years, 1e5 / people / years
    yield Line("tuberculosis", rate, tuberculosis.NOTIFIED, 5 + shown + spread, "/100,000 a year", "PG-08")


def _reporting(counts: Counts) -> Iterator[Line]:
    due = counts.cards + counts.forgotten
    yield _share("notifiable reported", counts.cards, due, 1 - reports.FORGOTTEN, 1.0, "design")
    late = reports.LATE / (1 - reports.FORGOTTEN)
    yield _share("reported in time", counts.cards - counts.late, counts.cards, 1 - late, 1.0, "design")


def _written(counts: Counts, people: int) -> Iterator[Line]:
    """Compare stays, what they and visits cost, and whether what has to be written of them is."""
    yield _rate("stays", counts.stays, people, counts.spec.years, STAYS / 1000, "design", fixed=15.0)
    for kind, name, wanted in (("AMB", "fee of a visit", VISIT_FEE), ("IMP", "fee of a stay", STAY_FEE)):
        amounts = counts.fees[kind]
        if len(amounts) > 1:
            # Few are very dear: the middle one says more than the mean.
            spread = ERRORS * 1.25 * wanted / sqrt(len(amounts))
            yield Line(name, median(amounts), wanted, 0.25 * wanted + spread, "yuan", "design")
    yield _share("causes of injuries", len(counts.injured & counts.caused), len(counts.injured), 1.0, 0.0, "ST-34")
    stays, seen = counts.recent["IMP"], counts.recent["AMB"]
    yield _share("stays with summary", len(stays & counts.papers["IMP"]), len(stays), 1.0, 0.0, "design")
    yield _share("visits with note", len(seen & counts.papers["AMB"]), len(seen), 1.0, 0.0, "design")


def _hospital(one: Json) -> bool:
    """Tell whether a visit is one of which a note is written: to a hospital, with a diagnosis."""
    id = one["serviceProvider"]["reference"].partition("/")[2]
    return by_id()[id].is_hospital and "diagnosis" in one


def _share(name: str, part: int, whole: int, published: float, fixed: float, source: str) -> Line:
    """Compare a share in per cent; nothing of nothing is as published."""
    spread = 100 * ERRORS * sqrt(published * (1 - published) / whole) if whole else 0.0
    return Line(name, 100 * part / whole if whole else 100 * published, 100 * published, fixed + spread, "%", source)


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
        found = 100 * len((counts.ill[name] | counts.unknown[name]) & ages.keys()) / len(ages)
        share = expected / 100
        spread = 100 * ERRORS * sqrt(share * (1 - share) / len(ages))
        yield Line(f"{name} {title}", found, expected, 1.0 + spread, "%", "PG-05..09")


def _of_adults(shares: tuple[float, ...]) -> float:
    """Give the share of who is 20 or older, on the pyramid."""
    grown = [(share, ill) for (first, share, _), ill in zip(pyramid.GROUPS, shares, strict=True) if first >= 20]
    return sum(share * ill for share, ill in grown) / sum(share for share, _ in grown)


def _rate(name: str, found: int, people: int, years: int, published: float, source: str, *, fixed: float = 1.0) -> Line:
    """Compare events a year and thousand residents."""
    spread = ERRORS * sqrt(published * people * years) / people / years
    return Line(name, 1000 * found / people / years, 1000 * published, 1000 * spread + fixed, "‰ a year", source)
