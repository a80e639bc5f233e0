"""Whoever asks whatever: the platform shows exactly what the slow evaluation allows.

With test_fuzz_more.py, which runs beside it, 20,000 pairs; ``--pairs N`` gives each of both another number.
"""

import pytest

from tests.oracle.fuzz import differences
from tests.oracle.world import World


@pytest.mark.timeout(3600)
async def test_everybody_is_shown_exactly_what_is_theirs(world: World, pytestconfig: pytest.Config) -> None:
    assert await differences(world, seed=11, pairs=pytestconfig.getoption("pairs")) == []
