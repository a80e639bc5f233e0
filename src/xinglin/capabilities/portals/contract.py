"""Addresses of the portals' own pages."""

from typing import Final

PEOPLE: Final = "/people"
VISITS: Final = "/my/visits"
CASES: Final = "/clinic/patients"
CONTRACTS: Final = "/clinic/contracts"
ORDERS: Final = "/clinic/orders"
PRESCRIPTIONS: Final = "/clinic/prescriptions"
DAY: Final = "/clinic/today"
BOOKED: Final = "/institution/appointments"
HERE: Final = "/institution/visits"
PLACES: Final = "/commission/institutions"
SEEN: Final = "/commission/visits"
RESIDENTS: Final = "/commission/residents"
