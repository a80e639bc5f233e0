"""Value sets and code hierarchies for ``:in``, ``:not-in``, ``:above`` and ``:below``.

`Expander` is what search asks; `StoredTerminology` answers from the table of concepts, which is in step with the
CodeSystem resources, and from the value sets that R4 binds as required. Definitions are public knowledge, so no reach
applies to them here.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from xinglin.fhir.outcome import OutcomeError
from xinglin.store.executor import Executor
from xinglin.store.terminology.members import members, value_set
from xinglin.store.terminology.systems import system_of

Codes = list[tuple[str, str]]
# A search by more codes than these is refused.
MOST_CODES: Final = 100_000
NOT_KNOWN: Final = 404


class Expander(Protocol):
    """What search has to know of terminology; every answer is None when the value set or code system is not known.

    Of more codes than MOST_CODES they give one more than that.
    """

    async def expand(self, url: str, *, among: Sequence[str] | None = None, most: int = MOST_CODES + 1) -> Codes | None:
        """Give the (system, code) pairs of a value set, by its address with or without a version.

        among: only these codes matter. most: of more than so many, so many are enough.
        """

    async def descendants(self, system: str, code: str) -> Codes | None:
        """Give a code and everything below it."""

    async def ancestors(self, system: str, code: str) -> Codes | None:
        """Give a code and everything above it."""


class StoredTerminology:
    """Terminology as it stands in the store."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def expand(self, url: str, *, among: Sequence[str] | None = None, most: int = MOST_CODES + 1) -> Codes | None:
        """Give the codes of a value set; None also when a system or value set that it names is not known."""
        try:
            held = await members(self._executor, await value_set(self._executor, url))
        except OutcomeError as refused:
            if refused.status != NOT_KNOWN:
                raise
            return None
        wanted = None if among is None else frozenset(among)
        found = [pair for pair in held.loose if wanted is None or pair[1] in wanted]
        if held.systems:
            narrowed = "" if among is None else f" AND c.code = ANY ({held.add(list(among))}::text[])"
            rows = await self._executor.fetch(
                f"SELECT c.sid, c.code FROM concept c WHERE {held.condition}{narrowed} LIMIT {int(most)}",
                *held.add.args,
                custom_plan=True,
            )
            found += [(held.systems[row["sid"]].url, row["code"]) for row in rows]
        return found

    async def descendants(self, system: str, code: str) -> Codes | None:
        """Give a code and everything below it in its code system."""
        return await self._related(system, code, "b.code", "b.ancestor")

    async def ancestors(self, system: str, code: str) -> Codes | None:
        """Give a code and everything above it in its code system."""
        return await self._related(system, code, "b.ancestor", "b.code")

    async def _related(self, url: str, code: str, wanted: str, given: str) -> Codes | None:
        system = await system_of(self._executor, url)
        if system is None or not (system.concepts or system.complete):
            return None
        rows = await self._executor.fetch(
            f"SELECT {wanted} AS code FROM concept_below b WHERE b.sid = $1 AND {given} = $2 LIMIT {MOST_CODES}",
            *(system.sid, code),
        )
        return [(url, code), *((url, row["code"]) for row in rows)]
