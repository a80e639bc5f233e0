"""Every night the internet hospitals are judged anew; long imports go on in parts."""

from collections.abc import AsyncIterator
from typing import Any

from xinglin.capabilities.directory.operations import importing, readiness
from xinglin.capabilities.directory.operations.reading import pages
from xinglin.fhir.document import document_of
from xinglin.security.institution_forms import INTERNET_HOSPITAL, KINDS
from xinglin.store.door import UnitOfWork


async def recheck(work: UnitOfWork, *, suspends: bool) -> None:
    """Suspend internet hospitals that lost a mandatory item (R1-020) [CFG]."""
    async for one in _active(work):
        await readiness.recheck(work, one, suspends=suspends)


async def _active(work: UnitOfWork) -> AsyncIterator[dict[str, Any]]:
    async for page in pages(work.platform, "Organization", type=f"{KINDS}|{INTERNET_HOSPITAL}", active="true"):
        for row in page.matches:
            yield document_of(row.body())


async def apply_import(work: UnitOfWork, task: str, start: int) -> None:
    """Apply the next part of a long import, and enqueue the one after."""
    await importing.apply_part(work, task, start)
