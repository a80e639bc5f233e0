"""Second records of some residents, made at another institution by mistake: work for the duplicates desk."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from xinglin.city import acute
from xinglin.city.errors import corrupt, storable
from xinglin.city.institutions import by_id
from xinglin.city.people import Household, key_of
from xinglin.city.record import Record
from xinglin.city.stream import Stream
from xinglin.city.terms import Json, reference

_WHERE: Final = ("jz-renmin", "jz-second", "jz-jiaomei", "jz-tcm")


def second(record: Record, patient: Json) -> Iterator[Json]:
    """Yield a second Patient of the person, and a visit that was written under it.

    Draws come from a stream of its own, so that a city is the same with and without second records.
    """
    spec, house = record.spec, record.house
    stream = Stream(spec.seed, "second", record.person.id)
    if record.person.left is not None or not stream.chance(spec.duplicates):
        return
    person = replace(record.person, key=key_of(record.person.id.encode(), 0), made=0)
    where = by_id()[stream.pick(_WHERE)]
    made = storable(corrupt(patient, stream), spec.until)
    made["id"] = person.id
    made["managingOrganization"] = reference("Organization", where.id, where.name)
    yield made
    other = Record(spec, Household(house.number, house.village, house.line, stream), person, record.ill, record.body)
    day = max(person.born, spec.until - timedelta(days=stream.between(5, 300)))
    acute.visit(other, stream.pick(acute.illnesses()[:5]), day)
    yield from other.out
