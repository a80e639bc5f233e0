"""Examining and taking an edition that somebody sent as a file: at once when it is small, else by a job."""

from typing import Final

from xinglin.capabilities.terminology import contract
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Executor
from xinglin.store.terminology import loads
from xinglin.store.terminology.editions import Edition
from xinglin.store.terminology.loading import Tell, Wanted, examined, take

SMALL: Final = 2**18  # bytes that are examined while one waits
EXAMINE: Final = "examine"
TAKE: Final = "take"


async def begin(work: UnitOfWork, id: str, what: str, *, size: int) -> None:
    """Examine or take a file that is kept: now, or by a job. OutcomeError when it is refused now."""
    if size > SMALL:
        await loads.begun(work.executor, id)
        await work.defer(contract.LOADING, load=id, what=what)
        return
    async with loads.unpacked(work.executor, await loads.load(work.executor, id)) as wanted:
        edition = await examined(work.executor, wanted, _nobody)
        if what == TAKE:
            await take(work, wanted, edition, _nobody)
    await loads.ended(work.executor, id, edition, taken=what == TAKE)


async def go_on(work: UnitOfWork, id: str, what: str) -> None:
    """Examine or take a file as a job does, telling how far it is; a refusal is kept beside the file."""
    store = work.door.store
    one = await loads.load(store, id)
    if one.state != loads.RUNNING:
        return  # done before
    try:
        async with loads.telling(store, id) as tell, loads.unpacked(store, one) as wanted:
            edition = await _done(work, store, wanted, what, tell)
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
        await loads.refused(store, id, refused.issues)
        return
    await loads.ended(store, id, edition, taken=what == TAKE)


async def _done(work: UnitOfWork, executor: Executor, wanted: Wanted, what: str, tell: Tell) -> Edition:
    edition = await examined(executor, wanted, tell)
    if what == TAKE:
        # A transaction of its own: only when it is committed is it told to be taken.
        async with work.door.work(SYSTEM) as own:
            await take(own, wanted, edition, tell)
    return edition


def _nobody(_doing: str, _rows: int) -> None:
    """Tell nobody how far it is: the page answers when it is done."""
