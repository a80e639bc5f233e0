"""The second half of test_fuzz.py, with another town and other questions."""

import pytest

from tests.oracle.fuzz import differences
from tests.oracle.world import World

TOWN = 4


@pytest.mark.timeout(3600)
async def test_everybody_is_shown_exactly_what_is_theirs(world: World, pytestconfig: pytest.Config) -> None:
    assert await differences(world, seed=12, pairs=pytestconfig.getoption("pairs")) == []
