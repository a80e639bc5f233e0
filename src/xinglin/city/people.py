"""The people of a household: who they are, what they are called, how they are numbered and reached."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b
from typing import Final, Literal

from xinglin.city import names, places, pyramid
from xinglin.city.households import Family, Member, Role, Sex, kinds
from xinglin.city.places import Village
from xinglin.city.spec import CitySpec, age_on, years_before
from xinglin.city.stream import Stream
from xinglin.security.identifiers import person_check

Reason = Literal["", "death", "moved"]

MOVES: Final = 0.004  # a year and resident leave the city (design; "small")
# Identity numbers: each person of a county has a place of his own among the days of a year of life and the order
# numbers, so that no number comes twice among the first 182,500 people of a county (a city of about 960,000).
_SLOTS: Final = 365 * 500
_STEP: Final = 76_253  # has no common divisor with the slots: visits all of them in an order that looks like none
_FIRST: Final = 40_503
# Beginnings of numbers that no operator has (general knowledge), so that nobody's telephone rings.
_PHONES: Final = ("154", "163", "164", "168", "169")
# Households that are the same in every city: one to show a resident with a child and an aged mother, one to show a
# record of thousands of entries, and one of 修武县 whose head has hypertension that a hospital has diagnosed. The heads
# of two more have a severe mental disorder and tuberculosis in every city.
SHOWN_FAMILY: Final = 0
SHOWN_DIALYSIS: Final = 1
SHOWN_MENTAL: Final = 2
SHOWN_TUBERCULOSIS: Final = 3
SHOWN_DIZZY: Final = 4
_SHOWN: Final[dict[int, tuple[tuple[Role, Sex, int], ...]]] = {
    SHOWN_FAMILY: (("head", "male", 44), ("spouse", "female", 42), ("mother", "female", 71), ("child", "male", 9)),
    SHOWN_DIALYSIS: (("head", "male", 66), ("spouse", "female", 64)),
    SHOWN_DIZZY: (("head", "female", 58), ("spouse", "male", 60)),
}
SHOWN_TOWN: Final = "410802002"
_TOWNS: Final = {SHOWN_DIZZY: "410821101"}  # others live in the town that is shown
_BASE32: Final = "0123456789abcdefghijklmnopqrstuv"


@dataclass(slots=True, eq=False)
class Person:
    """One resident, or one who has died or moved away in the years of the city.

    key: first part of the ids of the resources about the person; they lie in the bucket of the Patient.
    left: day of death or of moving. number: identity number; "" for a small child that has none yet.
    undiagnosed: names of the diseases that nobody knows of.
    """

    role: Role
    sex: Sex
    born: date
    family: str
    given: str
    ethnic: str
    number: str
    record: str
    key: str
    phone: str
    village: Village
    marital: str
    left: date | None = None
    reason: Reason = ""
    mother: "Person | None" = None
    father: "Person | None" = None
    spouse: "Person | None" = None
    undiagnosed: tuple[str, ...] = ()
    made: int = 0

    @property
    def id(self) -> str:
        """The id of the Patient."""
        return f"{self.key}00000000"

    @property
    def name(self) -> str:
        """The whole name."""
        return names.whole(self.family, self.given, self.ethnic)

    @property
    def male(self) -> bool:
        """Whether it is a man."""
        return self.sex == "male"

    def next_id(self) -> str:
        """Give the id of the next resource about the person."""
        self.made += 1
        return f"{self.key}{self.made:08d}"

    def age(self, day: date) -> int:
        """Give the completed years of age."""
        return age_on(self.born, day)

    def last(self, until: date) -> date:
        """Give the last day on which the person lives here."""
        return until if self.left is None else self.left


@dataclass(slots=True)
class Household:
    """A household, its address, and the stream of which all that happens to it is drawn."""

    number: int
    village: Village
    line: str
    stream: Stream
    people: list[Person] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a household stands in the city: its number, and how many people of village and county stand before it."""

    number: int
    in_village: int
    in_county: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A household before it has names; gone: who has died or moved away."""

    village: Village
    family: Family
    gone: Family
    stream: Stream


def draft(spec: CitySpec, number: int) -> Draft:
    """Draw village and family of a household."""
    stream = Stream(spec.seed, number)
    if number in _SHOWN:
        village = next(one for one in places.villages() if one.town == _TOWNS.get(number, SHOWN_TOWN))
        return Draft(village, [Member(*one) for one in _SHOWN[number]], [], stream)
    village = places.weights().draw(stream)
    family = kinds().draw(stream).draw(stream)
    return Draft(village, family, list(_gone(stream, spec, family)), stream)


def plan(spec: CitySpec) -> Iterator[Place]:
    """Give the households that hold the residents asked for; the last one may hold more."""
    villages = [0] * len(places.villages())
    counties = dict.fromkeys(places.RESIDENTS, 0)
    living = number = 0
    while living < spec.residents:
        one = draft(spec, number)
        yield Place(number, villages[one.village.place], counties[one.village.county])
        size = len(one.family) + len(one.gone)
        villages[one.village.place] += size
        counties[one.village.county] += size
        living += len(one.family)
        number += 1


def household(spec: CitySpec, place: Place) -> Household:
    """Make the people of a household."""
    one = draft(spec, place.number)
    stream = one.stream
    made = Household(place.number, one.village, places.line(stream, one.village), stream)
    ethnic = names.ethnic_group(stream)
    surname = names.surname(stream, ethnic)
    phone = _phone(stream)
    seed = blake2b(repr((spec.seed, place.number)).encode(), digest_size=8, person=b"xinglin house").digest()
    for order, member in enumerate((*one.family, *one.gone)):
        serial = place.in_county + order
        born, sequence = _born(spec.until, member.age, serial)
        area = _area(stream, one.village.county, member, born)
        own = ethnic if member.role != "spouse" or stream.chance(0.9) else names.HAN
        bears = member.role in {"head", "child", "grandchild", "father"} or (
            member.role == "gone" and member.sex == "male"
        )
        number = f"{area}{born:%Y%m%d}{sequence * 2 + (member.sex == 'male'):03d}"
        made.people.append(
            Person(
                role=member.role,
                sex=member.sex,
                born=born,
                family=surname if bears else names.surname(stream, own),
                given=names.given_name(stream, member.sex, born.year, own),
                ethnic=own,
                number=number + person_check(number),
                record=f"{one.village.record}{place.in_village + order + 1:05d}",
                key=key_of(seed, order),
                phone=phone if member.age < 16 or stream.chance(0.2) else _phone(stream),
                village=one.village,
                marital="",
            )
        )
    _tie(made)
    for person in made.people[len(one.family) :]:
        _leave(stream, spec, person)
    for person in made.people:
        person.marital = _marital(stream, person, spec.until)
        if person.mother is not None and (spec.until - person.born).days < 45 and person.left is None:
            person.number = ""
    return made


def _gone(stream: Stream, spec: CitySpec, family: Family) -> Iterator[Member]:
    """Draw who died (mostly parents of the head, or a spouse) or moved away (brothers and sisters)."""
    head = family[0]
    if stream.chance(len(family) * spec.years * pyramid.DEATHS):
        if len(family) == 1 and head.age >= 60 and stream.chance(0.7):
            sex: Sex = "female" if head.sex == "male" else "male"
            yield Member("gone", sex, max(45, head.age + stream.between(-3, 5)))
        else:
            older = head.age + stream.between(20, 32) if head.age < 66 else max(50, head.age - stream.between(-8, 16))
            yield Member("gone", "male" if stream.chance(0.55) else "female", min(older, 98))
    if stream.chance(len(family) * spec.years * MOVES):
        yield Member("gone", "male" if stream.chance(0.5) else "female", stream.between(19, 44))


def _leave(stream: Stream, spec: CitySpec, person: Person) -> None:
    """Give one who is gone the day and the reason."""
    person.left = spec.since + timedelta(days=stream.between(10, spec.years * 365 - 3))
    person.reason = "death" if person.age(spec.until) >= 45 else "moved"


def _born(until: date, age: int, serial: int) -> tuple[date, int]:
    """Give the birthday of who has that age, and a sequence from 0 to 499, by the place among the county's people."""
    slot = (serial * _STEP + _FIRST) % _SLOTS
    return years_before(until, age) - timedelta(days=slot % 365), slot // 365


def _area(stream: Stream, county: str, member: Member, born: date) -> str:
    """Draw the division where somebody was registered at birth; old numbers carry codes that were given up since."""
    if member.age >= 16 and stream.chance(0.25 if member.role == "spouse" else 0.06):
        return stream.pick(places.ELSEWHERE[county])
    former = places.FORMER.get(county)
    return former[0] if former is not None and born.year < former[1] else county


def key_of(seed: bytes, order: int) -> str:
    """Give two characters of the bucket, a dash and twelve of the household and person; the form of ids made here."""
    number = int.from_bytes(blake2b(bytes((order,)), key=seed, digest_size=9).digest())
    return (
        "".join(_BASE32[number >> shift & 31] for shift in (60, 65))
        + "-"
        + "".join(_BASE32[number >> shift & 31] for shift in range(0, 60, 5))
    )


def _phone(stream: Stream) -> str:
    return f"{stream.pick(_PHONES)}{stream.below(100_000_000):08d}"


def _tie(made: Household) -> None:
    """Say who is whose spouse, mother and father."""
    by_role: dict[str, Person] = {}
    for person in made.people:
        by_role.setdefault(person.role, person)
    head, spouse = by_role["head"], by_role.get("spouse")
    if spouse is not None:
        head.spouse, spouse.spouse = spouse, head
    mother, father = by_role.get("mother"), by_role.get("father")
    if mother is not None and father is not None:
        mother.spouse, father.spouse = father, mother
    head.mother, head.father = mother, father
    parents = [one for one in (head, spouse) if one is not None]
    for person in made.people:
        if person.role == "child":
            person.father = next((one for one in parents if one.male), None)
            person.mother = next((one for one in parents if not one.male), None)


def _marital(stream: Stream, person: Person, until: date) -> str:
    """Give the code of GB/T 2261.2."""
    age = person.age(until)
    if person.spouse is not None:
        return "21" if stream.chance(0.95) else "22"
    if person.role in {"child", "grandchild"} or age < 22:
        return "10"
    if person.role in {"mother", "father"} or age >= 68:
        return "30"
    return "10" if stream.chance(max(0.1, 1.2 - age / 40)) else "40" if stream.chance(0.55) else "30"
