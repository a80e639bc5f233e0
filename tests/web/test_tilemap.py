"""The schematic map: every district has a place of its own, and is the darker the more there is."""

from xinglin.capabilities.portals.pages.commission import districts
from xinglin.web.tilemap import COLUMNS, PLACES, ROWS, STEPS, tiles


def test_every_district_has_a_place_of_its_own() -> None:
    assert {one.code for one in districts()} == PLACES.keys()
    assert len(set(PLACES.values())) == len(PLACES) == 11
    assert all(0 <= x < COLUMNS and 0 <= y < ROWS for x, y in PLACES.values())


def test_a_tile_says_what_it_shows_and_is_the_darker_the_more() -> None:
    shares = [0.0, 0.01, 0.3, 0.5, 0.99, 1.0]
    made = [tiles([("410811", "山阳区", "山阳区", "9", share, "/x")])[0] for share in shares]
    assert [one.step for one in made] == [0, 1, 2, 3, STEPS, STEPS]
    assert (made[0].said, made[0].href) == ("山阳区 9", "/x")
    assert tiles([("999999", "?", "?", "1", 1.0, "/x")]) == ()
