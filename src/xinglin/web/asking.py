"""Searches by pairs, where a parameter is asked more than once; and counts that are kept for some minutes."""

from datetime import datetime, timedelta
from typing import Final

from xinglin.fhir.search.grammar import parse
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork
from xinglin.store.search import Page

MINUTES: Final = 5
MOST: Final = 10_000


async def ask(work: UnitOfWork, type: str, *pairs: tuple[str, str]) -> Page:
    """Search by *pairs* with the rights of whoever asks; a page without anything when they may find nothing."""
    asked = parse(type, pairs, strict=True, base_url=work.door.base_url)
    if work.fhir.reach("search", type).nothing:
        return Page([], [], None, 0, (), asked)
    return await work.fhir.search(asked)


async def count(work: UnitOfWork, type: str, *pairs: tuple[str, str]) -> int:
    """Count what *pairs* find for whoever asks."""
    return (await ask(work, type, *pairs, ("_summary", "count"))).total or 0


class Counts:
    """What was counted lately in this process; a capability makes one where it declares its pages."""

    def __init__(self, minutes: int = MINUTES) -> None:
        self._kept: dict[tuple[Principal, str, tuple[tuple[str, str], ...]], tuple[datetime, int]] = {}
        self._for = timedelta(minutes=minutes)

    async def count(self, work: UnitOfWork, type: str, *pairs: tuple[str, str]) -> int:
        """Count what a search finds for whoever asks, now or some minutes ago."""
        key = (work.principal, type, pairs)
        known = self._kept.get(key)
        if known is not None and known[0] > work.now:
            return known[1]
        found = await count(work, type, *pairs)
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = (work.now + self._for, found)
        return found
