"""Large files of editions are examined and taken beside the requests; old ones are dropped."""

from datetime import timedelta
from typing import Final

from xinglin.capabilities.terminology.operations import load as loading
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology import loads

FILES_KEPT: Final = timedelta(days=7)  # that nobody took
REPORTS_KEPT: Final = timedelta(days=3 * 365)


async def load(work: UnitOfWork, load: str, what: str) -> None:
    """Examine a file, or take it; one that was done before is left alone."""
    await loading.go_on(work, load, what)


async def forget(work: UnitOfWork) -> None:
    """Drop files that nobody took within a week, and reports after three years."""
    await loads.forget(work.executor, files=work.now - FILES_KEPT, reports=work.now - REPORTS_KEPT)
