"""Every night the internet hospitals are judged anew, and licences looked at; long imports go on in parts."""

from collections.abc import AsyncIterator
from typing import Any, Final

from xinglin.capabilities.directory import contract
from xinglin.capabilities.directory.operations import importing, readiness
from xinglin.capabilities.directory.operations.reading import pages, today
from xinglin.capabilities.directory.operations.reminders import remind_of
from xinglin.fhir.document import document_of
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import INSTITUTION_LICENCE
from xinglin.security.institution_forms import INTERNET_HOSPITAL, KINDS
from xinglin.store.door import UnitOfWork

PAGE: Final = 100


async def recheck(work: UnitOfWork, *, suspends: bool) -> None:
    """Suspend internet hospitals that lost a mandatory item (R1-020) [CFG]."""
    async for one in _active(work):
        await readiness.recheck(work, one, suspends=suspends)


async def _active(work: UnitOfWork) -> AsyncIterator[dict[str, Any]]:
    async for page in pages(work.platform, "Organization", type=f"{KINDS}|{INTERNET_HOSPITAL}", active="true"):
        for row in page.matches:
            yield document_of(row.body())


@cites("R2-003")
async def remind(work: UnitOfWork, token: str = "") -> None:
    """Look at the licences of one page of institutions, every day, and go on with the next page."""
    licensed = {"active:not": "false", "identifier": f"{INSTITUTION_LICENCE}|"}
    more = {TOKEN: token} if token else {}
    page = await work.platform.find("Organization", _count=str(PAGE), **licensed, **more)
    for row in page.matches:
        await remind_of(work, document_of(row.body()), today(work.now))
    if page.next_token is not None:
        await work.defer(contract.REMIND, token=page.next_token)


async def apply_import(work: UnitOfWork, task: str, start: int) -> None:
    """Apply the next part of a long import, and enqueue the one after."""
    await importing.apply_part(work, task, start)
