"""A city is like the real one, within the tolerances; one that is not fails."""

from dataclasses import replace
from datetime import timedelta

import pytest

from xinglin.city import pyramid
from xinglin.city.marginals import count, lines
from xinglin.city.spec import CitySpec


@pytest.mark.rule("PG-01", "PG-03", "PG-04", "PG-05", "PG-06", "PG-07")
def test_a_city_holds_what_was_published(spec: CitySpec, raw: list[bytes]) -> None:
    outside = [line for line in lines(count(spec, raw)) if not line.holds]
    assert outside == []


def test_a_city_of_another_day_does_not(spec: CitySpec, raw: list[bytes]) -> None:
    """Eight years later everybody is eight years older: the report says so."""
    later = replace(spec, until=spec.until + timedelta(days=8 * 365))
    outside = [line.name for line in lines(count(later, raw)) if not line.holds]
    assert "age 0-4" in outside
    assert "births" in outside


def test_the_pyramid_adds_up() -> None:
    assert abs(sum(pyramid.targets()) - 1) < 1e-9
    assert abs(sum(pyramid.UNDER_FIVE) - 1) < 0.01
    assert [pyramid.group_of(age) for age in (0, 4, 5, 84, 85, 101)] == [0, 0, 1, 16, 17, 17]
