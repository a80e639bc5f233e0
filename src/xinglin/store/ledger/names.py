"""Names of those who acted, for people who read the ledger: looked up when read, as entries hold none."""

from collections.abc import Iterable
from typing import Any

from xinglin.fhir import codec
from xinglin.store.executor import Executor, Row

_NAMED = ("Practitioner", "Organization")


async def of(executor: Executor, refs: Iterable[str]) -> dict[str, str]:
    """Give the names of practitioners and institutions by reference; of nobody else, and none that is not known."""
    pairs = [(kind, id) for kind, _, id in (ref.partition("/") for ref in sorted(set(refs))) if kind in _NAMED and id]
    rows = await executor.get_many(pairs)
    return {f"{row.rt}/{row.id}": name for row in rows if row is not None and not row.deleted and (name := _name(row))}


def _name(row: Row) -> str:
    resource: Any = codec.decode(row.body(), row.rt)
    if row.rt == "Organization":
        return resource.name or ""
    for name in resource.name or ():
        told = name.text or " ".join([*([name.family] if name.family else ()), *(name.given or ())])
        if told:
            return str(told)
    return ""
