"""Addresses of the portals' own pages."""

from typing import Final

PEOPLE: Final = "/people"
VISITS: Final = "/my/visits"
CASES: Final = "/clinic/patients"
DAY: Final = "/clinic/today"
HERE: Final = "/institution/visits"
PLACES: Final = "/commission/institutions"
SEEN: Final = "/commission/visits"
