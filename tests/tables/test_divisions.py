import re

import pytest

from xinglin.tables.divisions import county_of, division, divisions, place_of, record_prefix, within


def test_the_city_has_its_counties_towns_and_villages() -> None:
    levels = [one.level for one in divisions().values()]
    assert (levels.count("town"), levels.count("village")) == (112, 2024)
    assert len(within("410800")) == 11


@pytest.mark.rule("CD-30")
def test_a_town_of_the_management_area_lies_in_a_legal_district() -> None:
    town = division("410871060")
    assert town is not None
    assert (town.parent, town.area) == ("410811", "410871")
    assert town in within("410811")
    assert town in within("410871")
    county = county_of("410871060001")
    assert county is not None
    assert county.code == "410811"


@pytest.mark.rule("HR-02", "CD-32")
def test_a_record_number_begins_by_the_table_and_not_by_the_statistics_code() -> None:
    villages = [one for one in divisions().values() if one.level == "village"]
    prefixes = [record_prefix(one.code) for one in villages]
    assert len(set(prefixes)) == len(villages)
    for one, prefix in zip(villages, prefixes, strict=True):
        assert prefix is not None
        segment = int(prefix[9:])
        low, high = {"residents": (1, 99), "villagers": (101, 199), "other": (901, 999)}[one.kind]
        assert low <= segment <= high, one
        legal = county_of(one.code)
        assert legal is not None
        assert re.fullmatch(legal.code + r"\d{6}", prefix)
    assert record_prefix("410802001") is None
    assert record_prefix("999999999999") is None


def test_a_place_is_written_from_the_city_down() -> None:
    assert place_of("410802001003") == "焦作市解放区民生街道学苑社区居民委员会"
    assert place_of("1") == ""
