"""A city is like the real one, within the tolerances; one that is not fails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from xinglin.city import pyramid
from xinglin.city.marginals import Counts, count, lines
from xinglin.city.spec import CitySpec


def counted(spec: CitySpec, city: list[dict[str, Any]]) -> Counts:
    counts = Counts(spec)
    for one in city:
        counts.add(one)
    return counts


@pytest.mark.rule("PG-01", "PG-03", "PG-04", "PG-05", "PG-06", "PG-07", "PG-08")
def test_a_city_holds_what_was_published(spec: CitySpec, city: list[dict[str, Any]]) -> None:
    assert [line for line in lines(counted(spec, city)) if not line.holds] == []


def test_a_city_of_another_day_does_not(spec: CitySpec, city: list[dict[str, Any]]) -> None:
    """Eight years later everybody is eight years older: the report says so."""
    later = replace(spec, until=spec.until + timedelta(days=8 * 365))
    outside = [line.name for line in lines(counted(later, city)) if not line.holds]
    assert "age 0-4" in outside
    assert "births" in outside


def test_bytes_are_counted_as_the_resources_are(spec: CitySpec, raw: list[bytes], city: list[dict[str, Any]]) -> None:
    assert count(spec, raw[:9000]) == counted(spec, city[:9000])


def test_the_pyramid_adds_up() -> None:
    assert abs(sum(pyramid.targets()) - 1) < 1e-9
    assert abs(sum(pyramid.UNDER_FIVE) - 1) < 0.01
    assert [pyramid.group_of(age) for age in (0, 4, 5, 84, 85, 101)] == [0, 0, 1, 16, 17, 17]
