"""What insurance pays in the city, by the day (data/benefits.toml; section 4.4 of the book).

A settlement is bound to the rules of its day: `on(day)` gives them with an id that is made of their content, and
`named(id)` gives the same again, so that a settlement can be reckoned anew years later (R4-025).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent / "data/benefits.toml"
CITY: Final = "410800"

# How high an institution is; and, for stays, where it stands: -3 is level 3.
Level = Literal["primary", "second", "third"]
Seat = Literal["township", "county", "city", "province", "outside"]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What every entry says of itself. until: the last day."""

    id: str
    title: str
    since: date
    until: date = date.max
    source: str
    tag: str


class Band(msgspec.Struct, frozen=True):
    """A part of the costs in scope. to: its upper bound in fen; None: no bound. retired: the rate of the retired."""

    rate: Decimal
    to: int | None = None
    retired: Decimal | None = None


class Outpatient(Held, frozen=True, kw_only=True):
    """Ordinary outpatient care. deductible: of each visit. retired, contract: points added to the rate."""

    insurance: str
    deductible: Mapping[Level, int]
    rate: Mapping[Level, Decimal]
    retired: Decimal = Decimal(0)
    contract: Decimal = Decimal(0)
    cap: int
    cap_retired: int | None = None


class TwoDiseases(Held, frozen=True, kw_only=True):
    """Drugs for hypertension and diabetes at primary institutions. diagnoses: ICD-10; drugs: ATC; by disease."""

    insurance: str
    rate: Decimal
    cap: int
    diagnoses: Mapping[str, tuple[str, ...]]
    drugs: Mapping[str, tuple[str, ...]]


class Place(msgspec.Struct, frozen=True):
    """Stays at one kind of institution."""

    deductible: int
    bands: tuple[Band, ...]


class Inpatient(Held, frozen=True, kw_only=True):
    """Stays. child_until_age: up to that age the deductible is halved; later_from: where it is from the second stay."""

    insurance: str
    cap: int
    places: Mapping[str, Place]
    later_from: tuple[str, ...] = ()
    child_until_age: int | None = None


class LargeAmount(Held, frozen=True, kw_only=True):
    """What is paid of the costs in scope above the cap of the pooled fund."""

    insurance: str
    rate: Decimal
    cap: int


class Serious(Held, frozen=True, kw_only=True):
    """Serious illness insurance, on the burden of the year. groups: for whom; empty: for who is in no group."""

    insurance: str
    groups: tuple[str, ...]
    deductible: int
    bands: tuple[Band, ...]
    categories: tuple[str, ...]
    cap: int | None = None
    bonus_after_years: int = 0
    bonus_a_year: int = 0
    bonus_most: Decimal = Decimal(0)

    @cites("R4-020")
    def cap_after(self, years: int) -> int | None:
        """Give the cap for who has been insured without a break for *years*."""
        if self.cap is None or not self.bonus_a_year:
            return self.cap
        more = max(0, years - self.bonus_after_years) * self.bonus_a_year
        return self.cap + min(more, int(self.cap * self.bonus_most))


class Assistance(Held, frozen=True, kw_only=True):
    """Medical assistance of a group. deductible: of the year, for stays. cap: of the year, for stays and visits."""

    groups: tuple[str, ...]
    rate: Decimal
    deductible: int
    outpatient_rate: Decimal
    cap: int


class Special(Held, frozen=True, kw_only=True):
    """Chronic and special diseases. rate: by insurance type and class of the disease."""

    rate: Mapping[str, Mapping[str, Decimal]]


class Book(msgspec.Struct, frozen=True):
    """All entries of all days."""

    outpatient: tuple[Outpatient, ...]
    two_diseases: tuple[TwoDiseases, ...]
    inpatient: tuple[Inpatient, ...]
    large_amount: tuple[LargeAmount, ...]
    serious: tuple[Serious, ...]
    assistance: tuple[Assistance, ...]
    special: tuple[Special, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a day. id: made of their content, e.g. ``410800/2025-01-01/1f0c9a2b``."""

    id: str
    book: Book

    def outpatient(self, insurance: str) -> Outpatient | None:
        """Give the rule for ordinary outpatient care."""
        return next((one for one in self.book.outpatient if one.insurance == insurance), None)

    def two_diseases(self, insurance: str) -> TwoDiseases | None:
        """Give the rule for drugs of the two diseases."""
        return next((one for one in self.book.two_diseases if one.insurance == insurance), None)

    def inpatient(self, insurance: str) -> Inpatient | None:
        """Give the rule for stays."""
        return next((one for one in self.book.inpatient if one.insurance == insurance), None)

    def large_amount(self, insurance: str) -> LargeAmount | None:
        """Give the rule for large amounts."""
        return next((one for one in self.book.large_amount if one.insurance == insurance), None)

    def serious(self, insurance: str, groups: frozenset[str]) -> Serious | None:
        """Give the rule for serious illness: that of a group of the person before the common one."""
        found = [one for one in self.book.serious if one.insurance == insurance]
        special = (one for one in found if groups.intersection(one.groups))
        return next(special, next((one for one in found if not one.groups), None))

    def assistance(self, groups: frozenset[str]) -> Assistance | None:
        """Give the best rule for assistance that one of *groups* has: the highest rate."""
        found = (one for one in self.book.assistance if groups.intersection(one.groups))
        return max(found, key=lambda one: (one.rate, -one.deductible), default=None)

    def special(self, insurance: str, kind: str) -> tuple[Special, Decimal] | None:
        """Give the rule for a class of chronic or special diseases, with its rate."""
        for one in self.book.special:
            rate = one.rate.get(insurance, {}).get(kind)
            if rate is not None:
                return one, rate
        return None

    def entries(self) -> Iterator[Held]:
        """Yield every entry."""
        for name in Book.__struct_fields__:
            yield from getattr(self.book, name)


HeldT = TypeVar("HeldT", bound=Held)


@cache
def book() -> Book:
    """Read the data, once."""
    document: dict[str, Any] = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return msgspec.convert(document, Book)


@cites("R4-025")
def on(day: date, given: Book | None = None) -> Policy:
    """Give the rules of *day*; LookupError when there are none. given: other entries than those of the city."""
    begun = [one for one in starts(given) if one <= day]
    if not begun:
        raise LookupError(f"there are no rules of insurance on {day}")
    return _city(begun[-1]) if given is None else _made(begun[-1], given)


@cites("R4-025")
def named(id: str, given: Book | None = None) -> Policy:
    """Give the rules called *id*; LookupError when the data no longer say the same, which they must."""
    for start in starts(given):
        policy = on(start, given)
        if policy.id == id:
            return policy
    raise LookupError(f"no rules are called {id}")


def starts(given: Book | None = None) -> tuple[date, ...]:
    """Give the days on which something changes, in order."""
    return _city_starts() if given is None else _starts(given)


@cache
def _city_starts() -> tuple[date, ...]:
    return _starts(book())


@cache
def _city(start: date) -> Policy:
    return _made(start, book())


def _starts(whole: Book) -> tuple[date, ...]:
    entries = tuple(one for name in Book.__struct_fields__ for one in getattr(whole, name))
    ends = {one.until + timedelta(days=1) for one in entries if one.until < date.max}
    return tuple(sorted({one.since for one in entries} | ends))


def _made(start: date, whole: Book) -> Policy:
    then = Book(*(_holding(getattr(whole, name), start) for name in Book.__struct_fields__))
    digest = blake2b(msgspec.json.encode(then, order="sorted"), digest_size=4).hexdigest()
    return Policy(f"{CITY}/{start}/{digest}", then)


def _holding(entries: tuple[HeldT, ...], day: date) -> tuple[HeldT, ...]:
    return tuple(one for one in entries if one.since <= day <= one.until)
