"""Second records of some residents, made at another institution by mistake: work for the duplicates desk."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from xinglin.city import acute, papers, reports
from xinglin.city.errors import corrupt, storable
from xinglin.city.institutions import by_id
from xinglin.city.people import SHOWN_FAMILY, Household, key_of
from xinglin.city.record import Record
from xinglin.city.stream import Stream, Weighted
from xinglin.city.terms import Json, reference

# Most are made at the largest hospital, at whose desk somebody of the demonstration sits.
_WHERE: Final = Weighted((("jz-renmin", 0.7), ("jz-second", 0.1), ("jz-jiaomei", 0.1), ("jz-tcm", 0.1)))


def second(record: Record, patient: Json) -> Iterator[Json]:
    """Yield a second Patient of the person, and a visit that was written under it.

    Draws come from a stream of its own, so that a city is the same with and without second records.
    """
    spec, house = record.spec, record.house
    stream = Stream(spec.seed, "second", record.person.id)
    # The aged mother of the family that is shown has one in every city that has any.
    is_shown = house.number == SHOWN_FAMILY and record.person.role == "mother"
    if record.person.left is not None or not (stream.chance(spec.duplicates) or is_shown):
        return
    person = replace(record.person, key=key_of(record.person.id.encode(), 0), made=0)
    where = by_id()[_WHERE.draw(stream)]
    made = storable(corrupt(patient, stream), spec.until)
    made["id"] = person.id
    made["managingOrganization"] = reference("Organization", where.id, where.name)
    yield made
    other = Record(
        spec, Household(house.number, house.village, house.line, stream, house.people), person, record.ill, record.body
    )
    day = max(person.born, spec.until - timedelta(days=stream.between(5, 300)))
    acute.visit(other, stream.pick(acute.illnesses()[:5]), day)
    reports.reports(other, other.visits)
    papers.papers(other, papers.under_visits(other))
    yield from other.out
