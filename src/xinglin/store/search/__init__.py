"""Search over the index: plans, pages, includes, counts, always within reach."""

from xinglin.store.search.pages import ATTEMPTS, PAGE, Page, count, reach_predicate, run, statement
from xinglin.store.search.sql import ReachOf
from xinglin.store.search.terminology import Expander, StoredTerminology

__all__ = [
    "ATTEMPTS",
    "PAGE",
    "Expander",
    "Page",
    "ReachOf",
    "StoredTerminology",
    "count",
    "reach_predicate",
    "run",
    "statement",
]
