"""A principal's reach over whole types as one predicate, for what is not a search: history."""

from collections.abc import Sequence

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store.executor import SqlFragment
from xinglin.store.search.sql import Builder, ReachOf


def reach_predicate(types: Sequence[str], reach: ReachOf, base_url: str = "") -> SqlFragment | None:
    """Give the condition on a current row r that it lies in the reach of its type; None when everything does."""
    reaches = {on: reach(on) for on in types}
    if all(one.everything for one in reaches.values()):
        return None
    builder = Builder(reach, base_url)
    whole = [TYPE_CODES[on] for on, one in reaches.items() if one.everything]
    parts = [f"r.rt = ANY({builder.arg(whole, 'int2[]')})"] if whole else []
    for on, one in reaches.items():
        if one.searches:
            inside = builder.check(on, builder.reach(on), "r")
            parts.append(f"(r.rt = {builder.arg(TYPE_CODES[on], 'int2')} AND NOT r.deleted AND {inside})")
    return SqlFragment(" OR ".join(parts) or "false", tuple(builder.args))
