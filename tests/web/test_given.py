"""Rows at hand: filtered, put in order and paged like a search."""

from typing import Any, Final, cast

import pytest

from xinglin.fhir.declarations import Text
from xinglin.store.door import UnitOfWork
from xinglin.web.given import at_hand
from xinglin.web.listing import Asked, Column, Empty, Filter, Listing

ROWS: Final = [
    {"name": "王芳", "roles": ["nurse"], "state": "active", "made": "2026-11-03T08:00:00+08:00", "n": 10},
    {"name": "Li Na", "roles": ["physician", "nurse"], "state": "active", "made": "2026-11-01T08:00:00+08:00", "n": 9},
    {"name": "赵强", "roles": [], "state": "disabled", "made": "2026-11-02T08:00:00+08:00", "n": 100},
]
LISTING: Final = Listing(
    name="rows",
    title=Text("行", "Rows"),
    type="Row",
    columns=(Column(Text("姓名", "Name"), lambda found: str(found.document["name"]), "name"),),
    filters=(
        Filter("name", Text("姓名", "Name")),
        Filter("role", Text("角色", "Role"), "choice", "roles"),
        Filter("made", Text("日期", "Made"), "days"),
    ),
    empty=Empty("users", Text("无", "None"), Text("无", "None")),
)


async def _rows(_work: UnitOfWork) -> list[dict[str, Any]]:
    return list(ROWS)


async def names(sort: str = "", token: str = "", count: int = 20, **filters: str) -> list[str]:
    asked = {name.replace("_", "."): value for name, value in filters.items()}
    found = await at_hand(_rows)(cast("UnitOfWork", None), Asked(LISTING, asked, sort, token, count))
    return [str(one["name"]) for one in found.documents]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["王芳", "Li Na", "赵强"]),
        ({"name": "li"}, ["Li Na"]),
        ({"role": "nurse"}, ["王芳", "Li Na"]),
        ({"role": "physician", "name": "王"}, []),
        ({"made_since": "2026-11-02"}, ["王芳", "赵强"]),
        ({"made_since": "2026-11-02", "made_until": "2026-11-02"}, ["赵强"]),
    ],
)
async def test_filters_keep_what_fits(filters: dict[str, Any], found: list[str]) -> None:
    assert await names(**filters) == found


async def test_numbers_are_ordered_as_numbers_and_days_as_days() -> None:
    assert await names("n") == ["Li Na", "王芳", "赵强"]
    assert await names("-made") == ["王芳", "赵强", "Li Na"]


async def test_pages_follow_each_other() -> None:
    source = at_hand(_rows)
    first = await source(cast("UnitOfWork", None), Asked(LISTING, {}, "n", "", 2))
    assert (first.total, first.next) == (3, "2")
    assert await names("n", first.next, 2) == ["赵强"]
    assert await names("n", "nonsense", 2) == ["Li Na", "王芳"]
