"""Profiles, tags and security labels in use: what the dictionary of codes lists, as far as within reach.

The dictionary only grows, so each label is looked up in the index before it is told. Nobody walks the resources.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.search import keys
from xinglin.fhir.search.query import Keys, Query
from xinglin.store.executor import Executor
from xinglin.store.search.pages import run
from xinglin.store.search.sql import ReachOf

PARAMETERS: Final = {"profile": "_profile", "security": "_security", "tag": "_tag"}
MOST: Final = 500
"""Labels of one kind that are looked up; whoever makes more tags than that finds them by search."""

_LISTED: Final = f"""
SELECT DISTINCT t.param, t.system, t.code, t.key FROM unnest($1::int8[]) p
 CROSS JOIN LATERAL (SELECT * FROM term t WHERE t.param = p AND t.code <> ''
  ORDER BY left(t.code, 128) LIMIT {MOST + 1}) t
 ORDER BY t.code, t.system, t.key LIMIT {MOST + 1}"""
_USED: Final = """
SELECT k FROM unnest($1::int8[]) k WHERE EXISTS (SELECT FROM ix x WHERE x.key = k)"""

Label = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by kind: (system, code), the code of a profile being its address; complete: none were left out."""

    found: dict[str, list[Label]]
    complete: bool


async def labels(executor: Executor, types: Sequence[str], reach: ReachOf) -> Labels:
    """Find what *types* are labelled with within reach.

    A profile that is claimed with its version is found with and without it, as search finds it. Codes that look like
    the number of a person are told as the index has them, by a digest.
    """
    found: dict[str, list[Label]] = {}
    complete = True
    for kind, code in PARAMETERS.items():
        each = {keys.kind_key(on, code, "terms"): on for on in types if not reach(on).nothing}
        records = await executor.fetch(_LISTED, list(each))
        complete &= len(records) <= MOST
        listed = [(each[one["param"]], (one["system"], one["code"]), one["key"]) for one in records[:MOST]]
        whole = [key for on, _, key in listed if reach(on).whole]
        used = {one["k"] for one in await executor.fetch(_USED, whole)} if whole else set()
        known: dict[Label, None] = {}
        for on, label, key in listed:
            if label in known:
                continue
            if key in used or (not reach(on).whole and await _is_used(executor, on, key, code, reach)):
                known[label] = None
        found[kind] = list(known)
    return Labels(found, complete)


async def _is_used(executor: Executor, on: str, key: int, code: str, reach: ReachOf) -> bool:
    """Ask the search, which knows how to find one row within a reach."""
    query = Query(on, Keys((key,), coded=code != "_profile"), count=1)
    return bool((await run(executor, query, reach)).matches)
