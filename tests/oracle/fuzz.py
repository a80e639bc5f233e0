"""Comparing many pairs of a principal and a request."""

import random  # noqa: TID251  seeded: every run asks the same
from collections.abc import Collection

from tests.oracle.requests import Asker, Difference
from tests.oracle.world import World


async def differences(world: World, *, seed: int, pairs: int, most: int = 10, only: Collection[str] = ()) -> list[str]:
    """Ask so many times, each time somebody; give what differs, at most so many. only: ways of asking by name."""
    chance = random.Random(seed)
    crowd = sorted(set(world.crowd) - {"dev"})
    found: list[str] = []
    for _ in range(pairs):
        try:
            await Asker(world, chance.choice(crowd), chance).ask(only)
        except Difference as told:
            found.append(str(told))
            if len(found) >= most:
                break
    return found
