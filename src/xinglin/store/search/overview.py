"""How much of each type one may see; counts stop at a limit, so that a large store answers like a small one."""

from collections.abc import Sequence
from typing import Final

from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.store.executor import Executor
from xinglin.store.search.sql import Builder, ReachOf

MOST: Final = 10_000
_NAMES: Final = {code: name for name, code in TYPE_CODES.items()}


async def overview(executor: Executor, types: Sequence[str], reach: ReachOf) -> dict[str, int]:
    """Count the living resources of each type within reach, at most MOST of each; types without any are left out."""
    builder = Builder(reach, persons=executor.persons)
    whole: list[int] = []
    parts: list[str] = []
    for on in types:
        reached = reach(on)
        if reached.whole:
            whole.append(TYPE_CODES[on])
        elif not reached.nothing:
            inside = builder.check(on, builder.reach(on), "r")
            parts.append(_part(f"(VALUES ({TYPE_CODES[on]}::int2)) t(rt)", f" AND {inside}"))
    if whole:
        parts.append(_part(f"unnest({builder.arg(whole, 'int2[]')}) t(rt)", ""))
    if not parts:
        return {}
    records = await executor.fetch(" UNION ALL ".join(parts), *builder.values(executor.now))
    return {_NAMES[record["rt"]]: record["n"] for record in records if record["n"]}


def _part(source: str, inside: str) -> str:
    rows = f"SELECT FROM res r WHERE r.rt = t.rt AND NOT r.deleted{inside} LIMIT {MOST}"
    return f"SELECT t.rt, (SELECT count(*) FROM ({rows}) c) AS n FROM {source}"
