"""Look through residents written since the last time for pairs that may be one person."""

from datetime import UTC, datetime
from typing import Final

from xinglin.capabilities.residents.contract import FIND_DUPLICATES
from xinglin.capabilities.residents.operations import matching
from xinglin.fhir.document import document_of
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.sources import cites
from xinglin.store import residents
from xinglin.store.door import UnitOfWork

PAGE: Final = 200
# In one transaction; the rest is a job of its own, so that the night after a great load holds no lock for hours.
MOST: Final = 2_000
RAISED: Final = frozenset({"certain", "probable"})


@cites("CD-11", "HR-03")
async def find(work: UnitOfWork, *, terms: matching.Terms, most: int = MOST) -> int:
    """Raise pairs of those written since the last look; give how many were new. Looking again raises none twice.

    most: how many are looked at before the rest is put off to another job.
    """
    await work.lock("residents.duplicates")
    since = await residents.sought_until(work.executor) or datetime(1970, 1, 1, tzinfo=UTC)
    raised = looked = 0
    last = since
    more: dict[str, str] = {}
    while looked < most:
        page = await work.platform.find(
            "Patient", _lastUpdated=f"ge{since.isoformat()}", _sort="_lastUpdated", _count=str(PAGE), **more
        )
        for row in page.matches:
            raised += await _pairs(work, row.id, document_of(row.body()), terms)
            last = row.ts
        looked += len(page.matches)
        if page.next_token is None:
            break
        more = {TOKEN: page.next_token}
    else:
        await work.defer(FIND_DUPLICATES)
    await residents.sought(work.executor, last)
    return raised


async def _pairs(work: UnitOfWork, id: str, document: dict[str, object], terms: matching.Terms) -> int:
    if document.get("active") is False or matching.replaced(document):
        return 0
    found = await matching.same_as(work, document, terms, but=id)
    return sum(
        [
            await matching.raise_duplicate(work, min(id, one.id), max(id, one.id), one.grade, one.probability)
            for one in found
            if one.grade in RAISED
        ]
    )
