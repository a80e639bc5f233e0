"""The fuzz test sees: when a single filter is taken away, it finds a difference.

Each case removes one filter where it stands. Whoever moves a filter mends its case here.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.oracle.fuzz import differences
from tests.oracle.world import World
from xinglin.fhir.search.query import Always, And, Never
from xinglin.security.grants import ALL, Reach
from xinglin.server.interactions import search as searches
from xinglin.store import rights
from xinglin.store.door import Fhir
from xinglin.store.kept import Kept
from xinglin.store.search import includes, pages, shapes, shield
from xinglin.store.search.sql import Builder, flat

PAIRS = 1_500
# Where few questions touch a filter, only these are asked.
ONLY = {"versions that are read": ("vread", "history")}

Patch = pytest.MonkeyPatch
Cut = Callable[[Patch, World], None]


def reaches(change: Callable[[Reach], Reach]) -> Cut:
    """Take something away from every reach but those that are nothing."""

    def cut(patch: Patch, world: World) -> None:
        asked = world.door.reach

        def reach(*asks: Any) -> Reach:
            found = asked(*asks)
            return found if found.nothing else change(found)

        patch.setattr(world.door, "reach", reach)

    return cut


def includes_reach_all(patch: Patch, _: World) -> None:
    kept = includes._fetch
    patch.setattr(
        includes,
        "_fetch",
        lambda executor, wanted, patients, _reach, judge: kept(executor, wanted, patients, _all, judge),
    )


def reverse_includes_reach_all(patch: Patch, _: World) -> None:
    kept = includes._referring
    patch.setattr(
        includes, "_referring", lambda executor, asked, start, _reach, room: kept(executor, asked, start, _all, room)
    )


def _all(_type: str) -> Reach:
    return ALL


def joins_reach_all(patch: Patch, _: World) -> None:
    """Chains and _has end at whatever there is: the reach holds for the type that is asked for alone."""
    within = Builder.within

    def without(self: Builder, type: str, condition: Any) -> Any:
        self._searched = getattr(self, "_searched", type)  # type: ignore[attr-defined]
        if type == self._searched:  # type: ignore[attr-defined]
            return within(self, type, condition)
        return tuple(flat(And((condition, Always()))))

    patch.setattr(Builder, "within", without)


def count_all(patch: Patch, _: World) -> None:
    kept = pages._total
    patch.setattr(pages, "_total", lambda executor, query, _reach, persons: kept(executor, query, _all, persons))


async def _unjudged(_asking: Any, rows: Any) -> list[Any]:
    return list(rows)


async def _true(*_: Any) -> bool:
    return True


async def _nothing(*_: Any) -> None:
    return None


async def _uncovered(_self: Any, _interaction: str, rows: Any, **_: Any) -> list[Any]:
    return list(rows)


def criteria_reach_all(patch: Patch, world: World) -> None:
    kept = Fhir.only_match

    async def only_match(self: Fhir, type: str, criteria: str, **more: Any) -> Any:
        platform = self._work.platform if self._work is not None else self
        return await kept(platform, type, criteria, **more)

    patch.setattr(Fhir, "only_match", only_match)


def reads_reach_all(patch: Patch, _: World) -> None:
    kept = Fhir._single

    async def single(self: Fhir, reach: Reach, type: str, id: str, **more: Any) -> Any:
        return (await kept(self, reach, type, id, **more))[0], True

    patch.setattr(Fhir, "_single", single)


_CHECK_HAS = Builder._check_has


def has_of_the_row(self: Builder, asked: Any, rid: str) -> str:
    return _CHECK_HAS(self, asked, rid.replace(".pat", ".rid"))


CUTS: dict[str, Cut] = {
    "searches of grants": reaches(lambda found: replace(found, searches=(), everything=True)),
    "scopes": reaches(lambda found: replace(found, also=())),
    "shield": reaches(lambda found: replace(found, shield=None)),
    "masks": reaches(lambda found: replace(found, masks=frozenset(), bare=())),
    "denials": lambda patch, _: patch.setattr(shield, "denied", lambda *_: Never()),
    "level 5": lambda patch, _: patch.setattr(shield, "opened_level_5", lambda *_: Always()),
    "ends of relations": lambda patch, _: patch.setattr(shield, "live", lambda *_: "true"),
    "times of consents": lambda patch, _: patch.setattr(shield, "_now", lambda *_: "true"),
    "includes": includes_reach_all,
    "reverse includes": reverse_includes_reach_all,
    "chains and _has": joins_reach_all,
    "totals": count_all,
    "reads": reads_reach_all,
    "versions that are read": lambda patch, _: patch.setattr(Fhir, "_must_reach", _nothing),
    "old versions": lambda patch, _: patch.setattr(rights, "shown", _unjudged),
    "covering": lambda patch, _: patch.setattr(Fhir, "_covered", _uncovered),
    "questions about masked elements": lambda patch, _: patch.setattr(rights, "telling", lambda *_: None),
    "criteria": criteria_reach_all,
    "merged patients that are asked for": lambda patch, _: patch.setattr(pages, "of_persons", lambda query, _: query),
    "merged patients of accounts": lambda patch, _: patch.setattr(shield, "reached", lambda _type, found, _: found),
    "merged patients in chains": lambda patch, _: patch.setattr(Builder, "targets", Builder.found),
    "merged patients in _has": lambda patch, _: patch.setattr(Builder, "_check_has", has_of_the_row),
    "writes": lambda patch, _: patch.setattr(Fhir, "_reaches_row", _true),
}


def _forget() -> None:
    """Nothing that was worked out with a filter may serve without it, nor the other way round."""
    shield.condition_of.cache_clear()
    pages._STATEMENTS = shapes.Statements()  # type: ignore[misc]
    searches._QUERIES = Kept(2**20)  # type: ignore[misc]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    _forget()
    yield
    _forget()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", CUTS)
async def test_a_filter_that_is_missing_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    CUTS[what](monkeypatch, world)
    found = await differences(world, seed=21, pairs=PAIRS, most=1, only=ONLY.get(what, ()))
    assert found, "nobody noticed"
    assert "internal" not in found[0], f"the cut broke the platform instead: {found[0]}"
