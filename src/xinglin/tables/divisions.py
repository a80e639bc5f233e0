"""Divisions of the city: counties, towns, villages, and the segment of a village in a record number.

Legal divisions are those of GB/T 2260; a management area (410871) stands beside them and has towns of its own (CD-30).
Codes of towns (9 digits) and villages (12) are those of the statistics bureau, for addresses; the first 12 digits of a
record number come from the table, never from cutting such a code (HR-02, CD-32).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from xinglin.fhir.sources import cites
from xinglin.tables.codes import concepts

TABLE: Final = "divisions"
Kind = Literal[
    "province", "city", "district", "county", "county-city", "area",
    "subdistrict", "town", "township", "unit",
    "residents", "villagers", "other",
]  # fmt: skip

_LEVELS: Final = {6: "county", 9: "town", 12: "village"}


@dataclass(frozen=True, slots=True)
class Division:
    """One division.

    parent: the legal division above. area: the statistical or management area above, the same as parent for most.
    record: first 12 digits of record numbers opened here (villages and committees only), else empty.
    """

    code: str
    name: str
    en: str
    kind: str
    parent: str
    area: str
    record: str

    @property
    def level(self) -> str:
        """``county``, ``town`` or ``village``, by the length of the code; the city and the province are counties."""
        return _LEVELS[len(self.code)]


@cache
def divisions() -> Mapping[str, Division]:
    """Give every division by code, from above to below."""
    return {
        one.code: Division(
            code=one.code,
            name=one.name,
            en=one.en,
            kind=one.properties["kind"],
            parent=one.parent,
            area=one.parents[-1] if one.parents else "",
            record=one.properties.get("record", ""),
        )
        for one in concepts(TABLE)
    }


def division(code: str) -> Division | None:
    """Give a division by its 6, 9 or 12 digits; None when the table does not have it."""
    return divisions().get(code)


@cache
def within(code: str) -> tuple[Division, ...]:
    """Give the divisions directly below one, by law or as a management area."""
    return tuple(one for one in divisions().values() if code in {one.parent, one.area})


@cites("CD-30")
def county_of(code: str) -> Division | None:
    """Give the legal county of a town or village (a town of 410871 lies in 410811); None for what is unknown."""
    found = division(code)
    while found is not None and found.level != "county":
        found = division(found.parent)
    return found


def place_of(code: str) -> str:
    """Write the names of a division and of those above it, from the city down; empty for what is unknown."""
    names: list[str] = []
    found = division(code)
    while found is not None and found.kind != "province":
        names.append(found.name)
        found = division(found.parent)
    return "".join(reversed(names))


@cites("HR-02", "CD-32")
def record_prefix(village: str) -> str | None:
    """Give the first 12 digits of record numbers of a village or committee; None where no record is opened."""
    found = division(village)
    return found.record or None if found is not None else None
