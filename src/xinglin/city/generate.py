"""The city as a stream of resources, in parts that can be made at the same time."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

import msgspec

from xinglin.city import institutions, internet, rosters, shelves, staff
from xinglin.city.lives import of_household
from xinglin.city.people import Place, household, plan
from xinglin.city.spec import CitySpec

PART: Final = 64  # households made in one go

_encode: Final = msgspec.json.Encoder().encode


def generate(spec: CitySpec) -> Iterator[bytes]:
    """Yield the resources of a city as JSON, each with an id: institutions and staff, then household by household."""
    yield from commons(spec)
    for part in parts(spec):
        yield from made(spec, part)


def commons(spec: CitySpec) -> Iterator[bytes]:
    """Yield what belongs to no household."""
    for one in chain(
        institutions.resources(),
        internet.resources(spec.until),
        staff.resources(),
        shelves.resources(),
        rosters.resources(spec.until),
    ):
        yield _encode(one)


def parts(spec: CitySpec) -> Iterator[tuple[Place, ...]]:
    """Yield the households in parts. What is made of a part depends on the part alone."""
    stands = plan(spec)
    while part := tuple(islice(stands, PART)):
        yield part


def made(spec: CitySpec, part: tuple[Place, ...]) -> Iterator[bytes]:
    """Yield the resources of the households of one part."""
    for place in part:
        for one in of_household(spec, household(spec, place)):
            yield _encode(one)
