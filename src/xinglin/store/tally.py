"""Counts for the platform itself that nobody is shown the rows of, such as how many of one's own messages are new."""

from xinglin.fhir.search.grammar import parse
from xinglin.security.grants import Reach
from xinglin.store import search
from xinglin.store.executor import Executor


async def tally(executor: Executor, type: str, /, **parameters: str) -> int:
    """Count what a search finds, without an entry in the ledger: no record is opened by it."""
    asked = parse(type, [*parameters.items(), ("_summary", "count")], strict=True)
    page = await search.run(executor, asked, lambda _type: Reach(everything=True))
    return page.total or 0
