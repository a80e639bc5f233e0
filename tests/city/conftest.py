"""One city for all tests of the folder: made once, read many times."""

import gc
from datetime import date
from typing import Any

import msgspec
import pytest

from xinglin.city.generate import generate
from xinglin.city.spec import CitySpec

SPEC = CitySpec(residents=1000, seed=5, years=3, until=date(2026, 11, 22), duplicates=0.02)


@pytest.fixture(scope="session")
def spec() -> CitySpec:
    return SPEC


@pytest.fixture(scope="session")
def raw() -> list[bytes]:
    return list(generate(SPEC))


@pytest.fixture(scope="session")
def city(raw: list[bytes]) -> list[dict[str, Any]]:
    # Nothing here is ever collected: looking through a million dicts again and again took most of the time.
    gc.disable()
    made = [msgspec.json.decode(one) for one in raw]
    gc.freeze()
    gc.enable()
    return made


@pytest.fixture(scope="session")
def by_type(city: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in city:
        found.setdefault(one["resourceType"], []).append(one)
    return found
