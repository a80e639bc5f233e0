"""Distances on the earth, taken as a sphere."""

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_METRES: Final = 6_371_008.8
"""Mean radius of the earth (IUGG)."""


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Give the great-circle distance of two points in degrees (haversine)."""
    north, east = radians(other_latitude - latitude), radians(other_longitude - longitude)
    half = sin(north / 2) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(half)))
